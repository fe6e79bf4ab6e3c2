package faults

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// vitals are what a server takes of its process and of PostgreSQL.
type vitals struct{ goroutines, descriptors, connections, openUnits int }

// patient is a server whose vitals are watched.
type patient struct {
	*harness.Server
	metrics string
	before  vitals
}

// admit starts a server that can be measured.
func admit(t *testing.T, d *harness.Database, env ...harness.Environment) *patient {
	t.Helper()
	address := harness.FreeAddress(t)
	return &patient{Server: harness.Start(t, d, append(env, harness.Environment{"METRICS_ADDR": address})...), metrics: address}
}

func (p *patient) vitals(t *testing.T) vitals {
	t.Helper()
	var v vitals
	for name, number := range map[string]*int{"go_goroutines": &v.goroutines, "process_open_fds": &v.descriptors} {
		value, err := measure(t, p.metrics, name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		*number = int(value)
	}
	if p.Database.Engine == harness.Postgres {
		const ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tenantry%'"
		v.connections = p.Count(t, ours)
		v.openUnits = p.Count(t, ours+" AND state LIKE 'idle in transaction%'")
	}
	return v
}

// rest takes the vitals to which the server is to come back: after work, and
// without clients.
func (p *patient) rest(t *testing.T, c *caller) {
	t.Helper()
	c.http.CloseIdleConnections()
	p.before = p.vitals(t)
	for begin := time.Now(); time.Since(begin) < 2*time.Second; <-time.After(100 * time.Millisecond) {
		if now := p.vitals(t); now.goroutines < p.before.goroutines || now.descriptors < p.before.descriptors {
			p.before, begin = now, time.Now()
		}
	}
}

const (
	// allConnections are what DATABASE_MAX_CONNECTIONS is when nobody sets it, and
	// the one by which changes are heard.
	allConnections = 32 + 1
	// slack is what comes and goes while nothing happens.
	slack = 6
)

// perReader are the files that each connection to SQLite has open, and readers
// how many of them there are at most.
const perReader, readers = 3, 8

// back fails the test where the server does not come back to how it was before.
// Pools may be fuller than they were.
func (p *patient) back(t *testing.T, c *caller) {
	t.Helper()
	const limit = 20 * time.Second
	c.http.CloseIdleConnections()
	var now vitals
	for begin := time.Now(); time.Since(begin) < limit; <-time.After(100 * time.Millisecond) {
		now = p.vitals(t)
		grown := max(0, now.connections-p.before.connections)
		if p.Database.Engine == harness.SQLite {
			grown = perReader * readers
		}
		if now.goroutines <= p.before.goroutines+slack && now.descriptors <= p.before.descriptors+grown+slack &&
			now.connections <= allConnections && now.openUnits == 0 {
			t.Logf("before %+v, after %+v", p.before, now)
			return
		}
	}
	t.Errorf("the server took %+v before, and takes %+v since", p.before, now)
}
