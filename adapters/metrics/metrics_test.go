package metrics

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if answer.Code != http.StatusOK {
		t.Fatalf("/metrics answered %d", answer.Code)
	}
	return answer.Body.String()
}

func TestARequestIsCountedUnderItsRoute(t *testing.T) {
	m := New("v1.2.3")
	m.Observe(http.MethodGet, "/v1/projects/:id", http.StatusOK, 3*time.Millisecond)
	page := scrape(t, m)
	for _, want := range []string{
		`tenantry_http_request_duration_seconds_count{method="GET",route="/v1/projects/:id",status="200"} 1`,
		`tenantry_build_info{version="v1.2.3"} 1`,
		"go_goroutines",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestInventedRequestsShareOneSeries(t *testing.T) {
	m := New("")
	for _, method := range []string{"GET", "BREW", "X"} {
		m.Observe(method, "", http.StatusNotFound, time.Millisecond)
	}
	page := scrape(t, m)
	if want := `{method="unknown",route="unknown",status="404"} 3`; !strings.Contains(page, want) {
		t.Errorf("the page lacks %s", want)
	}
	if strings.Contains(page, "BREW") {
		t.Error("a stranger's method made a series")
	}
}

func TestProfilesAreServedHereOnly(t *testing.T) {
	answer := httptest.NewRecorder()
	New("").Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/debug/pprof/cmdline", http.NoBody))
	if answer.Code != http.StatusOK {
		t.Errorf("/debug/pprof/cmdline answered %d", answer.Code)
	}
}
