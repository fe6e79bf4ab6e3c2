package api

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// public are the operations that need no credential, and why.
var public = map[string]string{
	"POST /v1/auth/register": "makes the account",
	"POST /v1/auth/signup":   "makes the account",
	"POST /v1/auth/login":    "proves the account",
	"POST /v1/auth/refresh":  "the refresh token is the credential",

	"GET /v1/auth/verify-email":             "a page with a button",
	"GET /v1/auth/verify-email/{asset}":     "the page's script and style",
	"POST /v1/auth/verify-email":            "the mailed token is the credential",
	"POST /v1/auth/send-verification-email": "answers alike for every address",
	"POST /v1/auth/password/forgot":         "answers alike for every address",
	"POST /v1/auth/password/reset":          "the mailed token is the credential",
	"POST /v1/auth/email/undo":              "the mailed token is the credential",
	"POST /v1/invitations/preview":          "the mailed token is the credential",
	"POST /v1/invitations/accept":           "the mailed token is the credential",
	"POST /v1/invitations/decline":          "the mailed token is the credential",

	"GET /healthz":               "for orchestrators",
	"GET /readyz":                "for orchestrators",
	"GET /openapi.json":          "documentation",
	"GET /docs":                  "documentation",
	"GET /docs/{asset}":          "documentation",
	"GET /.well-known/jwks.json": "public keys",
}

func TestEveryRouteAsksWhoIsCallingButTheDeclaredOnes(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		seen := map[string]bool{}
		for _, o := range harness.Spec(t).Operations {
			_, open := public[o.Name()]
			seen[o.Name()] = true
			if open == o.Secured {
				t.Errorf("%s: secured is %v in the specification, the tests say otherwise", o.Name(), o.Secured)
			}
			if open {
				continue
			}
			for what, c := range map[string]*harness.Client{"nothing": s.Client(t), "a bad token": s.Client(t).Bearer("x.y.z"), "an empty token": s.Client(t).Bearer(""), "another scheme": s.Client(t).With("Authorization", "Negotiate x")} {
				for _, body := range []any{bodyOf(t, o), "no JSON", nil} {
					if r := c.Do(o.Method, o.Fill(randomID()), body); r.Status != 401 {
						t.Errorf("%s with %s: %d", o.Name(), what, r.Status)
					}
				}
				if r := c.Do(o.Method, o.Fill("no-id"), nil); r.Status != 401 {
					t.Errorf("%s with %s and a malformed id: %d", o.Name(), what, r.Status)
				}
			}
		}
		for name := range public {
			if !seen[name] {
				t.Errorf("%s is declared public, but not documented", name)
			}
		}
	})
}

func TestWhatIsDocumentedIsServedAndWhatIsServedIsDocumented(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		spec := harness.Spec(t)
		documented := served(spec)
		for _, o := range spec.Operations {
			if r := s.Client(t).Do(o.Method, o.Fill(randomID()), nil); r.Status == 405 || r.Status == 404 && !strings.HasSuffix(o.Path, "/{asset}") {
				t.Errorf("%s is documented, but not served: %d", o.Name(), r.Status)
			}
		}
		// The Allow header tells what the router serves.
		for _, path := range slices.Sorted(maps.Keys(spec.Document["paths"].(M))) {
			address := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, randomID())
			allow := s.Client(t).Do("TRACE", address, nil).Refused(405, "METHOD_NOT_ALLOWED").Header.Get("Allow")
			for method := range strings.SplitSeq(allow, ", ") {
				if method != "HEAD" && method != "OPTIONS" && !slices.Contains(documented[path], method) {
					t.Errorf("%s %s is served, but not documented", method, path)
				}
			}
		}
	})
}

func TestTheSpecificationIsOneDocumentEverywhere(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		printed := harness.Spec(t)
		committed, err := os.ReadFile(filepath.Join(harness.Root(t), "adapters", "httpapi", "openapi.json"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(printed.Text, string(committed)); diff != "" {
			t.Errorf("openapi.json is stale (-printed +committed):\n%s", diff)
		}
		served := s.Client(t).Get("/openapi.json").Want(200).Object()
		if diff := cmp.Diff(printed.Document, served); diff != "" {
			t.Errorf("what is served differs (-printed +served):\n%s", diff)
		}
	})
}

func TestTheSpecificationHoldsTogether(t *testing.T) {
	t.Parallel()
	spec := harness.Spec(t)
	if version, _ := spec.Document["openapi"].(string); !strings.HasPrefix(version, "3.1.") {
		t.Errorf("the version is %q", version)
	}
	raw, err := json.Marshal(spec.Document)
	if err != nil {
		t.Fatal(err)
	}
	components := spec.Document["components"].(M)
	for _, found := range regexp.MustCompile(`"\$ref":"#/components/(\w+)/([^"]+)"`).FindAllSubmatch(raw, -1) {
		kind, _ := components[string(found[1])].(M)
		if kind[string(found[2])] == nil {
			t.Errorf("%s leads nowhere", found[0])
		}
	}
	ids := map[string]bool{}
	for _, o := range spec.Operations {
		if o.ID == "" || ids[o.ID] {
			t.Errorf("%s has the operation id %q", o.Name(), o.ID)
		}
		ids[o.ID] = true
		node := spec.Document["paths"].(M)[o.Path].(M)[strings.ToLower(o.Method)].(M)
		parameters, _ := json.Marshal(node["parameters"])
		for _, slot := range o.Slots() {
			if !strings.Contains(string(parameters), `"name":"`+slot+`"`) {
				t.Errorf("%s does not document {%s}", o.Name(), slot)
			}
		}
		if node["summary"] == "" || node["tags"] == nil {
			t.Errorf("%s has no summary or no tag", o.Name())
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		words := strings.Fields(`admin administrator api app actuator actuator/health actuator/env actuator/heapdump assets backup backup.sql backups bin build cgi-bin
			config config.json config.yml console core dashboard data db debug debug/pprof debug/pprof/ debug/pprof/heap debug/pprof/goroutine debug/pprof/profile debug/vars
			debug/requests dump.sql env .env .env.local .git .git/config .git/HEAD .gitignore .svn/entries .hg .DS_Store .htaccess .htpasswd .ssh/id_rsa .aws/credentials .well-known
			.well-known/openid-configuration .well-known/security.txt error errors favicon.ico files graphql graphiql playground health info internal jolokia keys login logout logs
			log manage management master.key metrics metrics/ prometheus monitoring nginx_status openapi openapi.yaml phpinfo.php phpmyadmin pprof private proxy public redoc robots.txt root
			server-status server-info setup signup sitemap.xml sql src static stats status swagger swagger/index.html swagger-ui swagger.json swagger.yaml swagger-ui.html system
			telescope tenantry.db tenantry.db-wal tenantry.db.key test tmp trace upload uploads user users v1 v1/admin v1/debug v1/users v1/internal v1/accounts v1/audit v1/members v1/keys v1/sdk v1/auth
			v1/api-keys v1/environments v1/health v2 version vendor web.config webpack wp-admin wp-login.php xmlrpc.php ../../etc/passwd ..%2f..%2fetc%2fpasswd %2e%2e/%2e%2e/etc/passwd`)
		for _, word := range words {
			for _, method := range []string{"GET", "POST"} {
				r := s.Client(t).Do(method, "/"+word, nil)
				if r.Status != 404 && r.Status != 401 && r.Status != 405 && r.Status != 400 {
					t.Errorf("%s /%s: %d", method, word, r.Status)
				}
			}
		}
	})
}

func TestTheDocumentationIsOnePageOfOurOwn(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		page := s.Client(t).Get("/docs").Want(200)
		if media := page.Header.Get("Content-Type"); !strings.HasPrefix(media, "text/html") {
			t.Errorf("the page is %s", media)
		}
		if found := regexp.MustCompile(`(?:src|href)="(?:https?:)?//[^"]+"`).Find(page.Body); found != nil {
			t.Errorf("the page loads %s", found)
		}
		policy := page.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'; script-src 'self';") {
			t.Errorf("the page's policy is %q", policy)
		}
		for _, elsewhere := range []string{"unsafe-eval", "*", "http:", "https:"} {
			if strings.Contains(policy, elsewhere) {
				t.Errorf("the page's policy is %q", policy)
			}
		}
		for _, asset := range regexp.MustCompile(`(?:src|href)="(/docs/[^"]+)"`).FindAllSubmatch(page.Body, -1) {
			s.Client(t).Get(string(asset[1])).Want(200)
		}
		s.Client(t).Get("/docs/no-such.js").Refused(404, "NOT_FOUND")
	})
}

func TestHealthTellsNoSecrets(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		for _, path := range []string{"/healthz", "/readyz"} {
			r := s.Client(t).Get(path).Want(200)
			if len(r.Body) > 200 || strings.Contains(string(r.Body), "postgres") || strings.Contains(string(r.Body), "sqlite") {
				t.Errorf("%s tells %s", path, r.Body)
			}
		}
	})
}
