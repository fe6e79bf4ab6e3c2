package httpapi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/adapters/memory"
	"github.com/tenantry/tenantry/adapters/metrics"
)

// blank is a response writer that keeps nothing.
type blank struct{ header http.Header }

func (b blank) Header() http.Header         { return b.header }
func (b blank) Write(p []byte) (int, error) { return len(p), nil }
func (b blank) WriteHeader(int)             {}

// warm serves one request again and again, as a connection that is kept open
// does.
func warm(handler http.Handler, target, key string) func() {
	request := httptest.NewRequestWithContext(context.Background(), http.MethodGet, target, http.NoBody)
	request.Header.Set(apiKeyHeader, key)
	request.Header.Set("User-Agent", "an SDK/1.2.3")
	writer := blank{http.Header{}}
	return func() {
		clear(writer.header)
		handler.ServeHTTP(writer, request)
	}
}

func warmHandler(tb testing.TB, limits Limits) (handler http.Handler, key string) {
	tb.Helper()
	w := newWorld()
	remembered, err := memory.New(w, fixedClock{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(remembered.Close)
	measured := metrics.New("test")
	w.credentials, w.tally = remembered, measured.Tally
	o := w.options(io.Discard)
	o.Observe = measured.Observe
	o.Limits = limits
	handler, err = New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return handler, w.key.Reveal()
}

// A gateway asks this for every request that it lets through.
func TestAWarmAuthorizationTakesTenAllocationsOfOurOwn(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	bare := gin.New()
	bare.GET("/v1/sdk/authorize", func(c *gin.Context) {
		for _, name := range []string{"Organization", "Project", "Environment", "Key", "Key-Type", "Scopes"} {
			c.Writer.Header()["X-Tenantry-"+name] = nil
		}
		c.Status(http.StatusNoContent)
	})
	handler, key := warmHandler(t, Limits{Environment: 10_000, KeyReads: 100}) // as they are by default
	floor := testing.AllocsPerRun(1000, warm(bare, "/v1/sdk/authorize", key))
	if own := testing.AllocsPerRun(1000, warm(handler, "/v1/sdk/authorize", key)) - floor; own > 10+allocationsBeside {
		t.Errorf("%.0f allocations beside the router's %.0f", own, floor)
	}
}

// unreached are limits that no benchmark comes up to.
var unreached = Limits{Environment: 10_000_000, KeyReads: 10_000_000}

func BenchmarkAuthorize(b *testing.B) {
	handler, key := warmHandler(b, unreached)
	serve := warm(handler, "/v1/sdk/authorize", key)
	b.ReportAllocs()
	for b.Loop() {
		serve()
	}
}

func BenchmarkEnvironment(b *testing.B) {
	handler, key := warmHandler(b, unreached)
	serve := warm(handler, "/v1/sdk/environment", key)
	b.ReportAllocs()
	for b.Loop() {
		serve()
	}
}
