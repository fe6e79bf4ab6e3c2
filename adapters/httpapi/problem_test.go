package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
)

func TestEveryKindOfFaultHasItsStatus(t *testing.T) {
	t.Parallel()
	seen := map[int]fault.Kind{}
	for _, kind := range fault.Kinds() {
		status, known := statusByKind[kind]
		if other, taken := seen[status]; !known || taken {
			t.Errorf("%s has the status %d, which %s has", kind, status, other)
		}
		seen[status] = kind
	}
}

// failing serves an error at /fails, through the whole machinery.
func failing(t testing.TB, err error, out *logs) http.Handler {
	t.Helper()
	s, failed := newServer(newWorld().options(out))
	if failed != nil {
		t.Fatal(failed)
	}
	engine := s.engine()
	engine.GET("/fails", func(c *gin.Context) { fail(c, err) })
	return engine
}

func TestEveryDeclaredFaultIsAProblem(t *testing.T) {
	t.Parallel()
	for _, f := range fault.Declared() {
		w := ask(t, failing(t, f.With(errors.New("the cause")), new(logs)), http.MethodGet, "/fails", "")
		p := refused(t, w, Status(f), f.Code)
		if p.Sentence != f.Public || strings.Contains(w.Body.String(), "the cause") {
			t.Errorf("%s: %s", f.Code, w.Body.String())
		}
		if challenged := w.Header().Get("WWW-Authenticate") != ""; challenged != (p.Status == http.StatusUnauthorized) && f.Code != "INSUFFICIENT_SCOPE" {
			t.Errorf("%s: WWW-Authenticate is %q", f.Code, w.Header().Get("WWW-Authenticate"))
		}
		if later := w.Header().Get("Retry-After") != ""; later != (p.Status == 429 || p.Status == 503 || f.Code == "IDEMPOTENCY_KEY_IN_PROGRESS") {
			t.Errorf("%s: Retry-After is %q", f.Code, w.Header().Get("Retry-After"))
		}
	}
}

func TestAnUnclassifiedErrorIsA500AndIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var out logs
	w := ask(t, failing(t, errors.New("pq: relation does not exist"), &out), http.MethodGet, "/fails", "")
	refused(t, w, http.StatusInternalServerError, "INTERNAL")
	if strings.Contains(w.Body.String(), "relation") || strings.Count(out.String(), "relation") != 1 {
		t.Errorf("answered %s, logged %s", w.Body.String(), out.String())
	}
}

func TestAContextThatEndedIsA503(t *testing.T) {
	t.Parallel()
	for _, err := range []error{context.DeadlineExceeded, context.Canceled} {
		refused(t, ask(t, failing(t, err, new(logs)), http.MethodGet, "/fails", ""), http.StatusServiceUnavailable, "UNAVAILABLE")
	}
}

func TestRetryAfterIsRoundedUp(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]string{0: "1", 1: "1", time.Second: "1", time.Second + 1: "2", 90 * time.Second: "90"} {
		err := account.ErrTooManyAttempts.After(after)
		if got := ask(t, failing(t, err, new(logs)), http.MethodGet, "/fails", "").Header().Get("Retry-After"); got != want {
			t.Errorf("%s is %q", after, got)
		}
	}
}

func TestAViolationNamesTheFieldAndNeverTheValue(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	for _, c := range []struct{ method, target, body, field string }{
		{"POST", "/v1/auth/login", `{"password":17,"email":"a@b.c"}`, "password"},
		{"POST", "/v1/auth/login", `{"email":"a@b.c"}`, "password"},
		{"POST", "/v1/auth/login", `{"email":"a@b.c","password":null}`, "password"},
		{"POST", "/v1/auth/login", `{"email":"a@b.c","username":"ada","password":"CANARY"}`, "username"},
		{"POST", "/v1/auth/login", `{"password":"CANARY"}`, "email"},
		{"POST", "/v1/auth/login", `{"email":null,"password":"CANARY"}`, "email"},
		{"POST", "/v1/auth/login", `{"email":{"a":"CANARY"},"password":"CANARY"}`, "email"},
		{"POST", "/v1/auth/login", `{"email":"a@b.c","password":"CANARY","role":"CANARY"}`, "role"},
		{"POST", "/v1/auth/login", `{"email":"a@b.c","password":"CANARY","Email":"CANARY"}`, "Email"},
		{"POST", "/v1/auth/login", `{"email":"a@b.c","password":"CANARY","PASSWORD":"CANARY"}`, "PASSWORD"},
		{"POST", "/v1/auth/login", `{"email":"a@b.c","paſſword":"CANARY"}`, "paſſword"},
		{"POST", "/v1/auth/login", `{"email":"a@b.c","password":"x","password":"CANARY"}`, "password"},
		{"PATCH", "/v1/auth/me", `{"name":null}`, "name"},
		{"PATCH", "/v1/auth/me", `{"username":["CANARY"]}`, "username"},
		{"GET", "/v1/projects?limit=0", "", "limit"},
		{"GET", "/v1/projects?limit=101", "", "limit"},
		{"GET", "/v1/projects?limit=1e2", "", "limit"},
		{"GET", "/v1/projects?limit=99999999999999999999", "", "limit"},
		{"GET", "/v1/projects?limit=1&limit=2", "", "limit"},
		{"GET", "/v1/projects?org_id=CANARY", "", "org_id"},
		{"GET", "/v1/projects?a=%zz", "", "query"},
		{"GET", "/v1/projects?a;b", "", "query"},
		{"GET", "/v1/projects/CANARY", "", "id"},
		{"POST", "/v1/auth/switch-organization", `{"organization_id":"CANARY"}`, "organization_id"},
	} {
		w := ask(t, h, c.method, c.target, c.body, authorized)
		p := refused(t, w, http.StatusBadRequest, "VALIDATION_FAILED")
		named := false
		for _, f := range p.Fields {
			named = named || f.Field == c.field && f.Message != ""
		}
		if !named || strings.Contains(w.Body.String(), "CANARY") {
			t.Errorf("%s %s %s: %s", c.method, c.target, c.body, w.Body.String())
		}
	}
}

func FuzzAnyBodyIsAnsweredByAnAnswerOrAProblem(f *testing.F) {
	h := newTestHandler(f, newWorld())
	for _, body := range []string{`{}`, `{"key":"sdk-dev-x"}`, `{"key":1e400}`, `{"key":"\ud800"}`, `[`, "\x00", `{"key":"a","scope":"","environment":null}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := ask(t, h, http.MethodPost, "/v1/keys/verify", body, "Authorization: Bearer "+adminToken)
		if w.Code == http.StatusOK {
			return
		}
		var p problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || w.Code >= 500 {
			t.Errorf("%d %s", w.Code, w.Body.String())
		}
	})
}

func TestTheSentenceNamesTheFirstRefusedMember(t *testing.T) {
	t.Parallel()
	err := fault.ErrInvalid.WithField("password", "is too easy to guess").WithField("name", "is required")
	p := refused(t, ask(t, failing(t, err, new(logs)), http.MethodGet, "/fails", ""), http.StatusBadRequest, "VALIDATION_FAILED")
	if want := "password is too easy to guess."; p.Sentence != want || p.Detail != want {
		t.Errorf("error is %q, detail is %q", p.Sentence, p.Detail)
	}
}

func TestAClientThatWentAwayWakesNobody(t *testing.T) {
	t.Parallel()
	kept := new(logs)
	h := failing(t, fault.ErrUnavailable.With(context.Canceled), kept)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/fails", http.NoBody))
	if w.Code != statusGone || strings.Contains(kept.String(), "ERROR") {
		t.Errorf("%d, and the log says %s", w.Code, kept.String())
	}
}
