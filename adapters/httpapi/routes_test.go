package httpapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryRouteIsInTheSpecificationAndTheOtherWayRound(t *testing.T) {
	t.Parallel()
	s, err := newServer(newWorld().options(new(logs)))
	if err != nil {
		t.Fatal(err)
	}
	engine := s.engine()
	s.register(engine, newSpecification(), s.sections())
	var served []string
	for _, r := range engine.Routes() {
		served = append(served, r.Method+" "+r.Path)
	}
	var document struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal(published, &document); err != nil {
		t.Fatal(err)
	}
	var documented []string
	for path, methods := range document.Paths {
		for method := range methods {
			documented = append(documented, strings.ToUpper(method)+" "+ginPath(path))
		}
	}
	slices.Sort(served)
	slices.Sort(documented)
	if difference := cmp.Diff(served, documented); difference != "" {
		t.Error(difference)
	}
}

func TestEveryRouteButTheOpenOnesAsksForACredential(t *testing.T) {
	t.Parallel()
	s, err := newServer(newWorld().options(new(logs)))
	if err != nil {
		t.Fatal(err)
	}
	h := newTestHandler(t, newWorld())
	opens := []string{}
	slots := regexp.MustCompile(`\{[^}]*\}`)
	for _, section := range s.sections() {
		for _, r := range section.routes {
			if len(r.class.security) == 0 || r.class.name == byAnyone.name {
				opens = append(opens, r.id)
				continue
			}
			w := ask(t, h, r.method, slots.ReplaceAllString(r.path, "x")+"?unknown=1", "{", "Content-Type: text/plain")
			if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s: %d", r.method, r.path, w.Code)
			}
		}
	}
	want := []string{
		"register", "sign-up", "undo-email", "verify-email", "verify-email-page", "verify-email-asset", "send-verification-email",
		"forgot-password", "reset-password", "log-in", "refresh", "preview-invitation", "accept-invitation", "decline-invitation",
		"health", "readiness", "jwks", "openapi", "docs", "docs-asset",
	}
	if difference := cmp.Diff(want, opens); difference != "" {
		t.Error(difference)
	}
}

func TestEveryIDSlotTakesTheCanonicalFormAlone(t *testing.T) {
	t.Parallel()
	s, err := newServer(newWorld().options(new(logs)))
	if err != nil {
		t.Fatal(err)
	}
	h := newTestHandler(t, newWorld())
	id := home.String()
	slot := regexp.MustCompile(`\{(id|userId|envId)\}`)
	for _, section := range s.sections() {
		for _, r := range section.routes {
			if !slot.MatchString(r.path) {
				continue
			}
			credential := authorized
			if r.class.name == byOperator.name {
				credential = "Authorization: Bearer " + adminToken
			}
			for _, bad := range []string{
				"abc", "-1", "0", "9223372036854775808", "1e309", "%2e%2e", "..", "%00", id + "%00", strings.Repeat("a", 10<<10),
				strings.ToUpper(id), "%7B" + id + "%7D", strings.ReplaceAll(id, "-", ""), "urn:uuid:" + id, id + "," + id, id + "%2f" + id, "+" + id, id + "%20",
			} {
				target := slot.ReplaceAllString(r.path, strings.ReplaceAll(bad, "$", "$$"))
				w := ask(t, h, r.method, target, `{"name":"x","password":"x","confirm":"x"}`, credential)
				if w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound {
					t.Errorf("%s %.80s: %d", r.method, target, w.Code)
				}
			}
		}
	}
}

func TestThePageOfTheSpecificationLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	page := ask(t, h, http.MethodGet, "/docs", "")
	if policy := page.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; script-src 'self';") {
		t.Error(policy)
	}
	for _, match := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page.Body.String(), -1) {
		if match[1] == "data:," {
			continue
		}
		for _, encoding := range []string{"gzip", "identity"} {
			asset := ask(t, h, http.MethodGet, match[1], "", "Accept-Encoding: "+encoding)
			if !strings.HasPrefix(match[1], "/docs/") || asset.Code != http.StatusOK || asset.Body.Len() < 100 {
				t.Errorf("%s: %d, %d bytes", match[1], asset.Code, asset.Body.Len())
			}
			if media := asset.Header().Get("Content-Type"); !strings.HasPrefix(media, "text/") {
				t.Errorf("%s is %s", match[1], media)
			}
		}
	}
	if strings.Contains(page.Body.String(), "<script>") || strings.Contains(page.Body.String(), "://") {
		t.Error(page.Body.String())
	}
	refused(t, ask(t, h, http.MethodGet, "/docs/..%2fserver.go", ""), http.StatusNotFound, "NOT_FOUND")
	refused(t, ask(t, h, http.MethodGet, "/docs/swagger-ui.js", ""), http.StatusNotFound, "NOT_FOUND")
}

func TestThePageThatVerifiesAnAddressHoldsNoTokenAndLoadsItsOwnFilesAlone(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	const address = "https://tenantry.example/v1/auth/verify-email"
	page := ask(t, h, http.MethodGet, "/v1/auth/verify-email?token=CANARY%22%3E%3Cscript%3E", "")
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Cache-Control":           "no-store", "Referrer-Policy": "no-referrer", "Content-Type": htmlType,
	} {
		if got := page.Header().Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	text := page.Body.String()
	if page.Code != http.StatusOK || strings.Contains(text, "CANARY") || regexp.MustCompile(`<script>|<style|style=|\son[a-z]+=|://`).MatchString(text) {
		t.Error(page.Code, text)
	}
	base, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	assets := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(text, -1)
	for _, match := range assets {
		target, err := base.Parse(match[1])
		if err != nil || target.Host != base.Host {
			t.Fatal(match[1], err)
		}
		asset := ask(t, h, http.MethodGet, target.Path, "")
		if media := asset.Header().Get("Content-Type"); asset.Code != http.StatusOK || media != scriptType && media != cssType {
			t.Errorf("%s: %d %s", target, asset.Code, media)
		}
	}
	if len(assets) != 2 {
		t.Errorf("the page loads %v", assets)
	}
	refused(t, ask(t, h, http.MethodGet, "/v1/auth/verify-email/emails.go", ""), http.StatusNotFound, "NOT_FOUND")
}

func TestTheOpenDocumentsAreServed(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	for _, target := range []string{"/healthz", "/readyz", "/openapi.json", "/.well-known/jwks.json"} {
		w := ask(t, h, http.MethodGet, target, "", "Accept: text/html")
		var document map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil || w.Code != http.StatusOK || w.Header().Get("Content-Type") != jsonType {
			t.Errorf("%s: %d %s %v", target, w.Code, w.Header().Get("Content-Type"), err)
		}
	}
}
