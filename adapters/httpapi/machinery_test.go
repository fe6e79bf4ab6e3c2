package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/domain/fault"
)

func TestAnAddressThatIsNotServedIsNotFoundAndNeverRedirected(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	for _, path := range []string{
		"/", "/v1", "/v1/projects/", "//v1/projects", "/v1//projects", "/./v1/projects", "/v1/../v1/projects", "/V1/projects",
		"/v1/%70rojects", "/v1/%2e%2e/v1/projects", "/v1/projects;x", "/healthz/../v1/projects", "/healthz%2f..%2fv1%2fprojects",
		"/debug/pprof/", "/metrics", "/.git/config", "/swagger", "/env",
	} {
		w := ask(t, h, http.MethodGet, path, "", authorized)
		refused(t, w, http.StatusNotFound, "NOT_FOUND")
	}
}

func TestAnEscapedSlashInAnIDNeverBecomesASlash(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	id := newWorld().projects[0].ID.String()
	refused(t, ask(t, h, http.MethodGet, "/v1/projects/"+id+"%2fenvironments", "", authorized), http.StatusBadRequest, "VALIDATION_FAILED")
}

func TestAWrongMethodIsToldWhichOnesThereAre(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	w := ask(t, h, http.MethodPut, "/v1/projects", "{}", authorized)
	refused(t, w, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
	if allow := w.Header().Get("Allow"); allow != "POST, GET, HEAD" {
		t.Errorf("Allow is %q", allow)
	}
	w = ask(t, h, http.MethodGet, "/v1/auth/login", "")
	refused(t, w, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
	if allow := w.Header().Get("Allow"); allow != "POST" {
		t.Errorf("Allow is %q", allow)
	}
}

func TestTwoMissingThingsDifferInNothingButTheRequestID(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	answer := func(path string) string {
		w := ask(t, h, http.MethodGet, path, "", authorized, "X-Request-ID: same")
		w.Header().Write(w.Body) //nolint:errcheck // a buffer does not fail
		return w.Body.String()
	}
	foreign := answer("/v1/organizations/" + away.String())
	missing := answer("/v1/projects/" + away.String())
	if difference := cmp.Diff(foreign, missing); difference != "" {
		t.Error(difference)
	}
}

func TestARequestIDIsAcceptedOrMade(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	for id, accepted := range map[string]bool{
		"abc-123": true, "with space": true, strings.Repeat("x", 128): true,
		strings.Repeat("x", 129): false, "a\tb": false, "é": false, "": false,
	} {
		w := ask(t, h, http.MethodGet, "/nowhere", "", "X-Request-ID: "+id)
		answered := w.Header().Get("X-Request-ID")
		if (answered == id) != accepted || answered == "" {
			t.Errorf("%q was answered by %q", id, answered)
		}
		if p := refused(t, w, http.StatusNotFound, "NOT_FOUND"); p.RequestID != answered {
			t.Errorf("the body says %q, the header %q", p.RequestID, answered)
		}
	}
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	for _, path := range []string{"/healthz", "/nowhere", "/v1/projects", "/v1/auth/me"} {
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got := ask(t, h, http.MethodGet, path, "", authorized).Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
}

func TestOnlyExactOriginsAreAdmitted(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	for _, origin := range []string{
		"https://tenantry.example", "null", "*", "https://tenantry.example.evil", "https://eviltenantry.example",
		"http://tenantry.example", "https://tenantry.example:8443", "https://TENANTRY.example", "https://www.tenantry.example",
		"https://user@tenantry.example", "https://tenantry.example/",
	} {
		want := ""
		if origin == "https://tenantry.example" {
			want = origin
		}
		for _, w := range []*httptest.ResponseRecorder{
			ask(t, h, http.MethodGet, "/healthz", "", "Origin: "+origin),
			ask(t, h, http.MethodOptions, "/v1/projects", "", "Origin: "+origin, "Access-Control-Request-Method: POST"),
		} {
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s: admitted as %q", origin, got)
			}
			if w.Header().Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(w.Header().Get("Vary"), "Origin") {
				t.Errorf("%s: %v", origin, w.Header())
			}
		}
	}
}

func TestAPreflightIsAnsweredWithoutCredentials(t *testing.T) {
	t.Parallel()
	w := ask(t, newTestHandler(t, newWorld()), http.MethodOptions, "/v1/projects", "",
		"Origin: https://tenantry.example", "Access-Control-Request-Method: POST")
	if w.Code != http.StatusNoContent || !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Idempotency-Key") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestAPanicIsA500ThatTellsNothing(t *testing.T) {
	t.Parallel()
	var out logs
	s, err := newServer(newWorld().options(&out))
	if err != nil {
		t.Fatal(err)
	}
	engine := s.engine()
	engine.GET("/panics", func(*gin.Context) { panic("the secret cause") })
	w := ask(t, engine, http.MethodGet, "/panics", "")
	refused(t, w, http.StatusInternalServerError, "INTERNAL")
	if strings.Contains(w.Body.String(), "secret cause") || strings.Contains(w.Body.String(), ".go") {
		t.Error(w.Body.String())
	}
	if !strings.Contains(out.String(), "the secret cause") || !strings.Contains(out.String(), "machinery_test.go") {
		t.Errorf("the log lacks the cause or the stack: %s", out.String())
	}
}

func TestAPanicAfterTheFirstByteBreaksTheConnection(t *testing.T) {
	t.Parallel()
	s, err := newServer(newWorld().options(new(logs)))
	if err != nil {
		t.Fatal(err)
	}
	engine := s.engine()
	engine.GET("/panics", func(c *gin.Context) {
		c.String(http.StatusOK, "half")
		panic("late")
	})
	defer func() {
		if cause, _ := recover().(error); !errors.Is(cause, http.ErrAbortHandler) {
			t.Errorf("recovered %v", cause)
		}
	}()
	ask(t, engine, http.MethodGet, "/panics", "")
}

func TestOneLineARequestIsLoggedWithTheRouteAndWithoutSecrets(t *testing.T) {
	t.Parallel()
	var out logs
	h, err := New(newWorld().options(&out))
	if err != nil {
		t.Fatal(err)
	}
	ask(t, h, http.MethodGet, "/v1/projects/"+away.String()+"?api_key=CANARY1", "", authorized, "X-Request-ID: r1", "User-Agent: CANARY2")
	ask(t, h, http.MethodPost, "/v1/auth/refresh", `{"refresh_token":"CANARY3"}`, "Cookie: a=CANARY4")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || strings.Contains(out.String(), "CANARY") || strings.Contains(out.String(), goodToken+`"`) {
		t.Fatalf("logged %d lines: %s", len(lines), out.String())
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	delete(line, "time")
	delete(line, "duration_ms")
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "GET", "route": "/v1/projects/:id", "status": 400.0, "code": "VALIDATION_FAILED",
		"request_id": "r1", "account_id": ada.String(), "organization_id": home.String(), "client": "192.0.2.1",
	}
	if difference := cmp.Diff(want, line); difference != "" {
		t.Error(difference)
	}
}

func TestALogLineCannotBeForged(t *testing.T) {
	t.Parallel()
	var out logs
	h, err := New(newWorld().options(&out))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/healthz", http.NoBody)
	r.Header["X-Request-Id"] = []string{"x\n{\"msg\":\"forged\"}\u2028\x1b[31m"}
	h.ServeHTTP(httptest.NewRecorder(), r)
	if strings.Count(out.String(), "\n") != 1 || bytes.ContainsRune([]byte(out.String()), '\x1b') {
		t.Errorf("%q", out.String())
	}
}

func TestHeadIsAnsweredAsGet(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newTestHandler(t, newWorld()))
	defer server.Close()
	response, err := server.Client().Head(server.URL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // there is no body
	if response.StatusCode != http.StatusOK || response.ContentLength <= 0 {
		t.Errorf("%d, %d bytes", response.StatusCode, response.ContentLength)
	}
}

func TestReadinessFailsBeforeTheProgramStopsAndWithTheStore(t *testing.T) {
	t.Parallel()
	w := newWorld()
	options := w.options(new(logs))
	h, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, h, http.MethodGet, "/readyz", ""); got.Code != http.StatusOK {
		t.Errorf("ready: %d", got.Code)
	}
	w.broken = errors.New("connection to 10.0.0.1 refused")
	got := ask(t, h, http.MethodGet, "/readyz", "")
	refused(t, got, http.StatusServiceUnavailable, "UNAVAILABLE")
	if strings.Contains(got.Body.String(), "10.0.0.1") || got.Header().Get("Retry-After") == "" {
		t.Errorf("%v %s", got.Header(), got.Body.String())
	}
	w.broken = nil
	options.Ready.Fail()
	refused(t, ask(t, h, http.MethodGet, "/readyz", ""), http.StatusServiceUnavailable, "UNAVAILABLE")
	if got := ask(t, h, http.MethodGet, "/healthz", ""); got.Code != http.StatusOK {
		t.Errorf("the process still runs: %d", got.Code)
	}
}

func TestAStoreThatCannotBeReachedIsA503WithoutItsWords(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.broken = fault.ErrUnavailable.With(errors.New("pq: SELECT failed"))
	h := newTestHandler(t, w)
	for _, got := range []*httptest.ResponseRecorder{
		ask(t, h, http.MethodGet, "/v1/projects", "", authorized),
		ask(t, h, http.MethodGet, "/v1/sdk/authorize", "", "X-API-Key: "+w.key.Reveal()),
	} {
		refused(t, got, http.StatusServiceUnavailable, "UNAVAILABLE")
		if strings.Contains(got.Body.String(), "SELECT") || got.Header().Get("Retry-After") == "" {
			t.Errorf("%v %s", got.Header(), got.Body.String())
		}
	}
}

func TestTheServerHasEveryTimeout(t *testing.T) {
	t.Parallel()
	s := Server(http.NotFoundHandler(), newWorld().options(new(logs)).Logger)
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Errorf("%+v", s)
	}
}
