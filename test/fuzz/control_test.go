package fuzz

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// faulty stands before the server and spoils three of the answers that it
// passes on: one is a failure, one does not come, and one is not documented.
func faulty(t *testing.T, s *harness.Server, every int64) string {
	t.Helper()
	upstream, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(upstream)
		p.Out.Header["X-Forwarded-For"] = p.In.Header["X-Forwarded-For"]
		p.Out.URL.RawQuery = p.In.URL.RawQuery
	}}
	var passed atomic.Int64
	stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch passed.Add(1) {
		case every:
			http.Error(w, "no", http.StatusInternalServerError)
		case 2 * every:
			_, _ = io.Copy(io.Discard, r.Body) // only then a client that goes is noticed
			<-r.Context().Done()
		case 3 * every:
			w.Header().Set("X-Request-ID", "x")
			w.WriteHeader(http.StatusTeapot)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(stub.Close)
	return stub.URL
}

// Hundreds of requests with three spoiled answers among them: all three are
// found, each judged by itself, and nothing else is.
func TestASpoiledAnswerAmongHundredsIsSeen(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), settings)
	c, worlds := newCampaign(t, s)
	c.base = faulty(t, s, 120)
	c.run(worlds, 0, 400)
	for _, what := range []string{"500 is a failure", "context deadline exceeded", "418"} {
		seen := 0
		for _, finding := range c.findings.bad {
			if strings.Contains(finding, what) {
				seen++
			}
		}
		if seen != 1 {
			t.Errorf("%q was seen %d times", what, seen)
		}
	}
	if len(c.findings.bad) != 3 {
		t.Errorf("%d findings, want the three: %s", len(c.findings.bad), strings.Join(c.findings.bad, "\n"))
	}
}

func TestAnAnswerBelowADialectThatIsNoneIsJudged(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), settings)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, faulty(t, s, 1)+"/compat/"+harness.Unique()+"/things", nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{TB: t}
	s.Client(r).Send(request)
	if said := strings.Join(r.said, "\n"); !strings.Contains(said, "500 is a failure") {
		t.Errorf("a failure is judged so: %s", said)
	}
}
