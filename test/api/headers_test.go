package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

func TestBrowsersAreToldToBeCareful(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		for _, path := range []string{"/healthz", "/nothing", "/v1/auth/me", "/openapi.json"} {
			header := s.Client(t).Get(path).Header
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Powered-By": "", "Server": "", "Set-Cookie": ""} {
				if got := header.Get(name); got != want {
					t.Errorf("%s: %s is %q", path, name, got)
				}
			}
			if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("%s: the policy is %q", path, policy)
			}
		}
	})
}

// origins that look like the admitted one, and are others.
func strangers(origin string) []string {
	bare := strings.TrimPrefix(origin, "https://")
	return []string{
		"null", "*", origin + ".evil.example", "https://evil" + bare, "http://" + bare, origin + ":8443", origin + ":443", strings.ToUpper(origin), "https://sub." + bare,
		"https://user@" + bare, origin + "/", origin + "/path", "https://" + strings.ReplaceAll(bare, ".", "x"), origin + " https://evil.example", "file://", "https://",
	}
}

func TestOnlyListedOriginsMayReadAnswers(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		checkOrigins(t, s, []string{harness.PublicURL}, strangers(harness.PublicURL))
	})
}

func TestOriginsCanBeListed(t *testing.T) {
	t.Parallel()
	const one, other = "https://app.example.com", "http://localhost:5173"
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"CORS_ORIGINS": one + "," + other})
	checkOrigins(t, s, []string{one, other}, append(strangers(one), harness.PublicURL, "http://localhost:5174", "http://localhost"))
}

func checkOrigins(t *testing.T, s *harness.Server, admitted, refused []string) {
	t.Helper()
	ask := func(origin string) []*harness.Response {
		c := s.Client(t).With("Origin", origin)
		preflight := c.With("Access-Control-Request-Method", "PATCH").With("Access-Control-Request-Headers", "authorization,content-type,x-organization-id")
		return []*harness.Response{
			c.Get("/healthz"), c.Get("/v1/auth/me"), c.Get("/nothing"), preflight.Do(http.MethodOptions, "/v1/auth/me", nil), preflight.Do(http.MethodOptions, "/nothing", nil),
		}
	}
	for _, origin := range admitted {
		for _, r := range ask(origin) {
			if got := r.Header.Get("Access-Control-Allow-Origin"); got != origin {
				t.Errorf("%s %s from %q allows %q", r.Method, r.Path, origin, got)
			}
			if r.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s allows credentials", origin)
			}
		}
		preflight := ask(origin)[3]
		for _, name := range []string{"Authorization", "Content-Type", "X-API-Key", "X-Organization-ID", "Idempotency-Key", "X-Request-ID"} {
			if !strings.Contains(preflight.Header.Get("Access-Control-Allow-Headers"), name) {
				t.Errorf("a preflight does not allow %s", name)
			}
		}
		if methods := preflight.Header.Get("Access-Control-Allow-Methods"); preflight.Status != 204 || !strings.Contains(methods, "PATCH") || !strings.Contains(methods, "DELETE") {
			t.Errorf("a preflight is %d and allows %q", preflight.Status, methods)
		}
		for _, name := range []string{"Link", "Retry-After", "X-Request-ID", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
			if exposed := ask(origin)[0].Header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, name) {
				t.Errorf("%s is not exposed: %q", name, exposed)
			}
		}
	}
	for _, origin := range refused {
		for _, r := range ask(origin) {
			for name := range r.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s from %q has %s: %s", r.Method, r.Path, origin, name, r.Header.Get(name))
				}
			}
			if !slices.ContainsFunc(r.Header.Values("Vary"), func(v string) bool { return strings.Contains(v, "Origin") }) {
				t.Errorf("%s %s does not vary by origin", r.Method, r.Path)
			}
		}
	}
}

// addressOf is where the server believes the client to be.
func addressOf(t *testing.T, s *harness.Server, ada harness.Person, forwarded ...string) string {
	t.Helper()
	request := s.Client(t).NewRequest(http.MethodPost, "/v1/auth/login", strings.NewReader(`{"email":"`+ada.Email+`","password":"`+ada.Password+`"}`))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Del("X-Forwarded-For")
	request.Header["X-Forwarded-For"] = forwarded
	request.Header.Set("X-Real-IP", "198.51.100.99")
	request.Header.Set("Forwarded", "for=198.51.100.99")
	login := ada.Holding(s.Client(t).Send(request).Want(200).At("tokens"))
	for _, session := range login.Get("/v1/auth/sessions").Want(200).List() {
		if session["current"] == true {
			return session["address"].(string)
		}
	}
	t.Fatal("no session is the current one")
	return ""
}

func TestNobodyTellsHisOwnAddress(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"TRUSTED_PROXIES": harness.Unset})
	ada := s.Register(t)
	for _, forwarded := range [][]string{nil, {"203.0.113.1"}, {"127.0.0.1"}, {"203.0.113.1, 10.0.0.1"}} {
		if got := addressOf(t, s, ada, forwarded...); got != "127.0.0.1" {
			t.Errorf("%v: the address is %s", forwarded, got)
		}
	}
}

func TestATrustedProxyTellsTheNearestAddressThatIsNotOne(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"TRUSTED_PROXIES": "127.0.0.0/8,10.0.0.0/8,fd00::/8"})
	ada := s.Register(t)
	for _, test := range []struct {
		forwarded []string
		want      string
	}{
		{nil, "127.0.0.1"},
		{[]string{"203.0.113.1"}, "203.0.113.1"},
		{[]string{"198.51.100.1, 203.0.113.1"}, "203.0.113.1"},
		{[]string{"203.0.113.1, 10.0.0.1, 10.1.1.1"}, "203.0.113.1"},
		{[]string{"198.51.100.1", "203.0.113.1", "fd00::1"}, "203.0.113.1"},
		{[]string{"10.0.0.1"}, "10.0.0.1"},
		{[]string{"2001:db8::1"}, "2001:db8::1"},
		{[]string{"[2001:DB8::1]:1234"}, "2001:db8::1"},
		{[]string{"::ffff:203.0.113.1"}, "203.0.113.1"},
		{[]string{"203.0.113.1:80"}, "203.0.113.1"},
		{[]string{"unknown"}, "127.0.0.1"},
		{[]string{"203.0.113.1, x"}, "127.0.0.1"},
		{[]string{"203.0.113.1,"}, "127.0.0.1"},
		{[]string{"203.0.113.1, x, 10.0.0.1"}, "127.0.0.1"},
	} {
		if got := addressOf(t, s, ada, test.forwarded...); got != test.want {
			t.Errorf("%q: the address is %s, want %s", test.forwarded, got, test.want)
		}
	}
}
