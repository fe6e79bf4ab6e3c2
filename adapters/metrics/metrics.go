// Package metrics measures the program for Prometheus, and serves the
// measurements and Go's profiles on a listener of their own, which is nobody's
// business outside.
package metrics

import (
	"net/http"
	"net/http/pprof"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is a registry of its own: nothing that a library registers globally
// gets in.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	// Tally counts what the use cases tell of.
	Tally Tally

	mu       sync.RWMutex
	bySeries map[labels]prometheus.Observer
}

// New registers what is measured. version is shown as a label of
// tenantry_build_info.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		bySeries: map[labels]prometheus.Observer{},
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tenantry_http_request_duration_seconds",
			Help:    "Time from a request's header to the end of its answer, by route (never by URL).",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route", "status"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tenantry_build_info", Help: "Always 1; the label tells the version.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.Tally = newTally(m.registry)
	m.registry.MustRegister(m.requests, build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Memory measures what answers are taken from in place of the database: behind
// is how far they may lag, and hears whether the changes of others are heard.
func (m *Metrics) Memory(behind func() time.Duration, hears func() bool) {
	m.gauge("tenantry_cache_staleness_seconds", "How far answers from memory may lag behind the database at most. Below 1 by design, whatever breaks.",
		nil, func() float64 { return behind().Seconds() })
	m.gauge("tenantry_change_feed_up", "1 while changes of other replicas are heard, else 0: then nothing is kept for longer than 0.9 s.",
		nil, func() float64 {
			if hears() {
				return 1
			}
			return 0
		})
}

// Observe counts one answered request. route is the pattern that matched, empty
// for none.
func (m *Metrics) Observe(method, route string, status int, took time.Duration) {
	if route == "" {
		route, method = "unknown", "unknown" // what strangers invent must not make series
	}
	m.series(labels{method, route, status}).Observe(took.Seconds())
}

// labels name one series of requests.
type labels struct {
	method, route string
	status        int
}

// series remembers what the labels lead to: to look it up by them costs more
// than some requests do.
func (m *Metrics) series(by labels) prometheus.Observer {
	m.mu.RLock()
	known := m.bySeries[by]
	m.mu.RUnlock()
	if known != nil {
		return known
	}
	known = m.requests.WithLabelValues(by.method, by.route, strconv.Itoa(by.status))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bySeries[by] = known
	return known
}

// Handler serves /metrics and /debug/pprof/.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
