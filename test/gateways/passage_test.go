package gateways

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// M is a JSON object.
type M = harness.M

// forEachGateway runs a test with each.
func forEachGateway(t *testing.T, test func(t *testing.T, g gateway)) {
	t.Helper()
	t.Parallel()
	for _, g := range gateways {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			test(t, g)
		})
	}
}

// seen is a request as it reached the product.
type seen struct {
	Method, URL, Body string
	Header            http.Header
}

// product is a backend that says what reached it, and how often.
type product struct {
	*httptest.Server
	calls atomic.Int64
}

func startProduct(t *testing.T) *product {
	t.Helper()
	p := &product{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.calls.Add(1)
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.NewEncoder(w).Encode(seen{r.Method, r.URL.String(), string(body), r.Header})
		}
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func hostOf(url string) string { return strings.TrimPrefix(url, "http://") }

// ask sends a request, again and again while the answer is 503: on a loaded
// machine Tenantry may take longer than those who ask it are willing to wait.
func ask(t *testing.T, method, url, body string, headers ...string) (status int, header http.Header, text string) {
	t.Helper()
	for range 20 {
		if status, header, text = once(t, method, url, body, headers...); status != http.StatusServiceUnavailable {
			break
		}
	}
	return status, header, text
}

// once sends a request. Each header is "Name: value".
func once(t *testing.T, method, url, body string, headers ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header[name] = append(r.Header[name], value) // as it is written, underscores and all
	}
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(text)
}

// Keys as the published files want them, and not.
var (
	wanted     = M{"scopes": []string{"api", "other"}}
	otherScope = M{"scopes": []string{"other"}}
)

func TestAGoodKeyPassesAndTheProductLearnsWhoseItIs(t *testing.T) {
	forEachGateway(t, func(t *testing.T, g gateway) {
		s, p := harness.Start(t, harness.NewDatabase(t, harness.SQLite)), startProduct(t)
		ada := s.Register(t)
		key, id := ada.NewKey(t, ada.Production, wanted)
		at := g.start(t, s.Address(), hostOf(p.URL))
		whose := map[string]string{
			"Organization": ada.Organization, "Project": ada.Project, "Environment": ada.Production,
			"Key": id, "Key-Type": "server", "Scopes": "api other",
		}
		headers := []string{"X-Api-Key: " + key, "Content-Type: text/plain", "If-None-Match: *"}
		for name := range whose {
			headers = append(headers, "X-Tenantry-"+name+": forged", "x-tenantry-"+strings.ToLower(name)+": forged",
				"X_Tenantry_"+strings.ReplaceAll(name, "-", "_")+": forged")
		}
		for _, method := range []string{"GET", "POST", "DELETE"} {
			status, _, text := ask(t, method, at+"/orders/7?environment=dev&scope=none&page=2", "a body", headers...)
			var got seen
			if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 {
				t.Fatalf("%s: %d %s", method, status, text)
			}
			if got.Method != method || got.URL != "/orders/7?environment=dev&scope=none&page=2" || got.Body != "a body" {
				t.Errorf("%s reached the product as %s %s %q", method, got.Method, got.URL, got.Body)
			}
			told := map[string]string{}
			for name, values := range got.Header { // many products do not tell - from _
				if what, ours := strings.CutPrefix(http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-")), "X-Tenantry-"); ours {
					told[what] += strings.Join(values, ", ")
				}
			}
			if diff := cmp.Diff(whose, told); diff != "" {
				t.Errorf("%s: whose it is (-want +got):\n%s", method, diff)
			}
			if got.Header.Get("X-API-Key") != "" {
				t.Error("the product is shown the key")
			}
		}
	})
}

func TestABadKeyDoesNotPass(t *testing.T) {
	forEachGateway(t, func(t *testing.T, g gateway) {
		s, p := harness.Start(t, harness.NewDatabase(t, harness.SQLite)), startProduct(t)
		ada := s.Register(t)
		good, _ := ada.NewKey(t, ada.Production, wanted)
		dev, _ := ada.NewKey(t, ada.Dev, wanted)
		narrow, _ := ada.NewKey(t, ada.Production, otherScope)
		client, _ := ada.NewKey(t, ada.Production, wanted, M{"type": "client"})
		at := g.start(t, s.Address(), hostOf(p.URL))
		for what, test := range map[string]struct {
			path, header string
			status       int
		}{
			"no key":                      {"/", "Accept: */*", 401},
			"an empty key":                {"/", "X-Api-Key: ", 401},
			"a mistyped key":              {"/", "X-Api-Key: " + good[:len(good)-1] + "!", 401},
			"a key as a bearer":           {"/", "Authorization: Bearer " + good, 401},
			"a key in the address":        {"/?api_key=" + client, "Accept: */*", 401},
			"two keys":                    {"/", "X-Api-Key: " + good + ", " + good, 401},
			"a key of another stage":      {"/", "X-Api-Key: " + dev, 403},
			"a key without the scope":     {"/", "X-Api-Key: " + narrow, 403},
			"what the client asks itself": {"/?environment=dev", "X-Api-Key: " + dev, 403},
			"the authorizer's own path":   {"/v1/sdk/authorize/../environment", "X-Api-Key: " + dev, 403},
		} {
			for _, method := range []string{"GET", "POST", "OPTIONS"} {
				preflight := []string{test.header, "Origin: " + harness.PublicURL, "Access-Control-Request-Method: GET"}
				if status, header, text := ask(t, method, at+test.path, "", preflight...); status != test.status {
					t.Errorf("%s %s: %d, want %d\n%v\n%s", method, what, status, test.status, header, text)
				}
			}
		}
		if n := p.calls.Load(); n != 0 {
			t.Errorf("the product was reached %d times", n)
		}
	})
}

func TestARevokedKeyStopsWithinASecond(t *testing.T) {
	forEachGateway(t, func(t *testing.T, g gateway) {
		s, p := harness.Start(t, harness.NewDatabase(t, harness.SQLite)), startProduct(t)
		ada := s.Register(t)
		key, id := ada.NewKey(t, ada.Production, wanted)
		at := g.start(t, s.Address(), hostOf(p.URL))
		if status, _, _ := ask(t, "GET", at, "", "X-Api-Key: "+key); status != 200 {
			t.Fatalf("a good key is answered %d", status)
		}
		ada.Delete("/v1/api-keys/" + id).Want(204)
		stopsWithinASecond(t, at, key)
	})
}

// stopsWithinASecond asks with a key that was revoked just now until it is
// refused. No request that was sent later than a second from now may pass.
func stopsWithinASecond(t *testing.T, url, key string) {
	t.Helper()
	revoked := time.Now()
	for time.Since(revoked) < time.Minute {
		sent := time.Since(revoked)
		status, _, _ := once(t, "GET", url, "", "X-Api-Key: "+key)
		switch {
		case status == 401:
			return
		case status == 200 && sent > time.Second:
			t.Fatalf("%s after it was revoked, a key is good", sent)
		}
	}
	t.Fatal("a revoked key is not refused")
}

func TestWhatIsTooMuchIsRefusedAsThat(t *testing.T) {
	forEachGateway(t, func(t *testing.T, g gateway) {
		s, p := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"RATE_ENVIRONMENT_PER_MINUTE": "1"}), startProduct(t)
		ada := s.Register(t)
		key, _ := ada.NewKey(t, ada.Production, wanted)
		at := g.start(t, s.Address(), hostOf(p.URL))
		if status, _, _ := ask(t, "GET", at, "", "X-Api-Key: "+key); status != 200 {
			t.Fatalf("the first request is answered %d", status)
		}
		status, header, _ := ask(t, "GET", at, "", "X-Api-Key: "+key)
		if status != 429 || header.Get("Retry-After") == "" || p.calls.Load() != 1 {
			t.Errorf("the second is answered %d, Retry-After %q, and the product was reached %d times", status, header.Get("Retry-After"), p.calls.Load())
		}
	})
}

func TestWhoeverCannotBeAskedLetsNobodyPass(t *testing.T) {
	forEachGateway(t, func(t *testing.T, g gateway) {
		p := startProduct(t)
		answering := func(status int) string {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "7")
				w.Header().Set("X-Tenantry-Organization", "nobody's")
				w.WriteHeader(status)
			}))
			t.Cleanup(s.Close)
			return hostOf(s.URL)
		}
		silent := make(chan struct{})
		mute := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))
		t.Cleanup(mute.Close)
		t.Cleanup(func() { close(silent) })
		for what, test := range map[string]struct {
			authorizer string
			statuses   []int
		}{
			"a busy server":      {answering(503), []int{503}},
			"a failing server":   {answering(500), []int{500, 503}},
			"a moved server":     {answering(404), []int{404, 503}},
			"a silent server":    {hostOf(mute.URL), []int{502, 503, 504}},
			"a server that died": {harness.FreeAddress(t), []int{502, 503}},
		} {
			at := g.start(t, test.authorizer, hostOf(p.URL))
			begun := time.Now()
			status, header, text := once(t, "GET", at, "", "X-Api-Key: x")
			if took := time.Since(begun); !slices.Contains(test.statuses, status) || took > 10*time.Second {
				t.Errorf("%s: %d after %s\n%v\n%s", what, status, took, header, text)
			}
		}
		if n := p.calls.Load(); n != 0 {
			t.Errorf("the product was reached %d times", n)
		}
	})
}
