package metrics

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// gauge shows a value as it is when somebody looks.
func (m *Metrics) gauge(name, help string, labels prometheus.Labels, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value))
}

// counter shows a value that only grows.
func (m *Metrics) counter(name, help string, labels prometheus.Labels, value func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, value))
}

// Pool measures one pool of connections to the database, and how many were not let
// to wait for one.
func (m *Metrics) Pool(name string, stats func() sql.DBStats, refused func() uint64) {
	labels := func(state string) prometheus.Labels { return prometheus.Labels{"pool": name, "state": state} }
	m.gauge("tenantry_database_connections", "Connections to the database.", labels("in_use"), func() float64 { return float64(stats().InUse) })
	m.gauge("tenantry_database_connections", "Connections to the database.", labels("idle"), func() float64 { return float64(stats().Idle) })
	of := prometheus.Labels{"pool": name}
	m.gauge("tenantry_database_connections_max", "Connections that the pool may have.", of, func() float64 { return float64(stats().MaxOpenConnections) })
	m.counter("tenantry_database_waits_total", "Times that work had to wait for a connection.", of, func() float64 { return float64(stats().WaitCount) })
	m.counter("tenantry_database_wait_seconds_total", "Time that work waited for a connection.", of, func() float64 { return stats().WaitDuration.Seconds() })
	m.counter("tenantry_database_refused_total", "Work that was refused, because too much waited for connections to a slow database.", of, func() float64 { return float64(refused()) })
}

// Crowd measures the connections of clients, and how many were one too many.
func (m *Metrics) Crowd(open func() int, refused func() uint64) {
	m.gauge("tenantry_connections", "Connections of clients.", nil, func() float64 { return float64(open()) })
	m.counter("tenantry_connections_refused_total", "Connections that were closed at once, because there were too many.", nil, func() float64 { return float64(refused()) })
}

// Schema shows which engine and schema this program works on.
func (m *Metrics) Schema(engine string, version int64) {
	m.gauge("tenantry_schema_version", "The number of the last step of the schema that this program needs, and has where tenantry_database_up is 1.",
		prometheus.Labels{"engine": engine}, func() float64 { return float64(version) })
}

// Lane is where passwords are hashed.
type Lane struct {
	Workers, Queue   int           // how many can hash and wait
	Working, Waiting func() int    // how many do
	Refused          func() uint64 // how many found the queue full
}

// Lane measures the hashing of passwords.
func (m *Metrics) Lane(l Lane) {
	m.gauge("tenantry_hash_lane_workers", "Passwords that can be hashed at once.", nil, func() float64 { return float64(l.Workers) })
	m.gauge("tenantry_hash_lane_queue", "Passwords that can wait to be hashed.", nil, func() float64 { return float64(l.Queue) })
	m.gauge("tenantry_hash_lane_working", "Passwords that are hashed.", nil, func() float64 { return float64(l.Working()) })
	m.gauge("tenantry_hash_lane_waiting", "Passwords that wait to be hashed.", nil, func() float64 { return float64(l.Waiting()) })
	m.counter("tenantry_hash_lane_refused_total", "Passwords that found the queue full.", nil, func() float64 { return float64(l.Refused()) })
}

// Cache measures what is remembered of one kind of credential.
func (m *Metrics) Cache(kind string, entries func() int, hits, misses func() uint64) {
	of := prometheus.Labels{"kind": kind}
	m.gauge("tenantry_cache_entries", "Credentials that are remembered.", of, func() float64 { return float64(entries()) })
	m.counter("tenantry_cache_hits_total", "Questions that were answered from memory.", of, func() float64 { return float64(hits()) })
	m.counter("tenantry_cache_misses_total", "Questions that were put to the database.", of, func() float64 { return float64(misses()) })
}

// Swept shows when it was last known that what has run out is deleted.
func (m *Metrics) Swept(last func() time.Time) {
	m.gauge("tenantry_last_sweep_timestamp_seconds", "When this server last knew that what has run out is deleted, by itself or another; 0 before the first time.",
		nil, func() float64 {
			if at := last(); !at.IsZero() {
				return float64(at.UnixMilli()) / 1000
			}
			return 0
		})
}

// Probe is what the database is asked when somebody looks.
type Probe struct {
	Ping    func(context.Context) error
	Backlog func(context.Context) (waiting int, since time.Time, err error)
	Now     func() time.Time
}

const (
	probeLimit = 2 * time.Second
	probeLife  = 5 * time.Second // of an answer, however many look
)

// probed is a collector that asks the database.
type probed struct {
	Probe
	up, waiting, age *prometheus.Desc

	mu      sync.Mutex
	asked   time.Time
	samples []prometheus.Metric
}

// Probe measures what only the database knows. Where it does not answer, that is
// shown, and the rest is missing.
func (m *Metrics) Probe(p Probe) {
	m.registry.MustRegister(&probed{
		Probe:   p,
		up:      prometheus.NewDesc("tenantry_database_up", "1 while the database answers and has this program's schema, else 0.", nil, nil),
		waiting: prometheus.NewDesc("tenantry_outbox_waiting", "Mails that wait to be sent, or to be tried again.", nil, nil),
		age:     prometheus.NewDesc("tenantry_outbox_oldest_age_seconds", "How long the oldest of the mails that wait has waited; 0 when none does.", nil, nil),
	})
}

// Describe implements prometheus.Collector.
func (p *probed) Describe(to chan<- *prometheus.Desc) {
	to <- p.up
	to <- p.waiting
	to <- p.age
}

// Collect implements prometheus.Collector.
func (p *probed) Collect(to chan<- prometheus.Metric) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.Now(); p.samples == nil || now.Sub(p.asked) >= probeLife {
		p.samples, p.asked = p.ask(now), now
	}
	for _, sample := range p.samples {
		to <- sample
	}
}

func (p *probed) ask(now time.Time) []prometheus.Metric {
	ctx, cancel := context.WithTimeout(context.Background(), probeLimit)
	defer cancel()
	show := func(what *prometheus.Desc, value float64) prometheus.Metric {
		return prometheus.MustNewConstMetric(what, prometheus.GaugeValue, value)
	}
	if err := p.Ping(ctx); err != nil {
		return []prometheus.Metric{show(p.up, 0)}
	}
	waiting, since, err := p.Backlog(ctx)
	if err != nil {
		return []prometheus.Metric{show(p.up, 0)}
	}
	age := 0.0
	if waiting > 0 {
		age = max(0, now.Sub(since).Seconds())
	}
	return []prometheus.Metric{show(p.up, 1), show(p.waiting, float64(waiting)), show(p.age, age)}
}
