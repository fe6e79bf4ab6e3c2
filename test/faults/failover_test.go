package faults

import (
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/pgtest"
)

// either is the address of whichever of the servers takes writes.
func either(t *testing.T, servers ...*pgtest.Server) string {
	t.Helper()
	var hosts, ports []string
	for _, server := range servers {
		host, port, err := net.SplitHostPort(server.Address())
		if err != nil {
			t.Fatal(err)
		}
		hosts, ports = append(hosts, host), append(ports, port)
	}
	query := url.Values{
		"host": {strings.Join(hosts, ",")}, "port": {strings.Join(ports, ",")},
		"target_session_attrs": {"read-write"}, "sslmode": {"disable"},
	}
	return "postgres://postgres@/postgres?" + query.Encode()
}

// PostgreSQL dies, its standby takes over, and the server finds it by itself:
// with every write that was acknowledged.
func TestAFailoverToTheStandbyLosesNothingThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	primary, d := onServer(t, pgtest.Options{Durable: true})
	standby := primary.Standby(t)
	d.URL = either(t, primary, standby)
	s := admit(t, d)
	people, l, c := muster(t, s.Server, 6), newLedger(), newCaller(t, s.Server)
	people.work(c, l)() // once each
	s.rest(t, c)
	c.begin()
	stop := people.work(c, l)
	defer func() { stop() }()
	rounds, worst := harness.Rounds(1, 20), time.Duration(0)
	for round := range rounds {
		l.await(100)
		killed := time.Now()
		if err := primary.Kill(); err != nil {
			t.Fatal(err)
		}
		for before := c.away(); c.away() < before+20; { // the crowd has noticed
			<-time.After(5 * time.Millisecond)
		}
		noticed := time.Now()
		if err := standby.Promote(); err != nil {
			t.Fatal(err)
		}
		took := noticed.Sub(killed) + c.recovered(t, noticed, 15*time.Second)
		worst = max(worst, took)
		if missing := l.lost(t, s.DB()); len(missing) > 0 {
			t.Fatalf("%d acknowledged writes are lost: %v", len(missing), missing[:min(10, len(missing))])
		}
		if round < rounds-1 { // the old one comes back as a standby, and is not mistaken for what it was
			if err := primary.Follow(standby); err != nil {
				t.Fatal(err)
			}
			primary, standby = standby, primary
		}
	}
	l.await(50)
	stop()
	l.holds(t, s.Server)
	c.judge(t, true)
	if c.away() == 0 {
		t.Error("nobody noticed that PostgreSQL was away")
	}
	s.back(t, c)
	d.Sound(t)
	acks, _ := l.entries()
	harness.Figure(t, "acknowledged writes lost, failover to a synchronous standby", "0 of %d in %d failovers", acks, rounds)
	harness.Figure(t, "first success after the primary's death", "%v at most, of %d", worst.Round(time.Millisecond), rounds)
}

// The network leads to a PostgreSQL that takes reads alone, as an old primary
// does that has become a standby: no write is said to have taken place.
func TestAWriteToAReadOnlyPostgreSQLIsNeverReportedAsDone(t *testing.T) {
	t.Parallel()
	primary, d := onServer(t, pgtest.Options{Durable: true})
	standby := primary.Standby(t)
	r := build(t, d.URL)
	s := admit(t, d, r.env()...)
	people, l, c := muster(t, s.Server, 6), newLedger(), newCaller(t, s.Server)
	people.work(c, l)() // once each
	s.rest(t, c)
	c.begin()
	r.lead(standby.Address())
	r.cutAll()
	stop := people.work(c, l)
	before, _ := l.entries()
	for c.away() < 200 {
		<-time.After(10 * time.Millisecond)
	}
	// Those whose session is known read; a warm token needs no write.
	c.do(200, "GET", "/v1/projects", byToken(people.people[0].AccessToken), nil)
	if after, _ := l.entries(); after > before {
		t.Errorf("%d writes to a standby are said to have taken place", after-before)
	}
	promoted := time.Now()
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	took := c.recovered(t, promoted, 15*time.Second)
	l.await(50)
	stop()
	if err := primary.Stop(); err != nil { // so that nothing is found there
		t.Fatal(err)
	}
	d.URL = standby.DSN("postgres")
	if missing := l.lost(t, d.Open(t)); len(missing) > 0 {
		t.Errorf("%d acknowledged writes are lost: %v", len(missing), missing[:min(10, len(missing))])
	}
	c.judge(t, true)
	d.Sound(t)
	harness.Figure(t, "first write after a read-only PostgreSQL takes writes", "%v", took.Round(time.Millisecond))
	if err := primary.Follow(standby); err != nil { // the server's own end looks there
		t.Fatal(err)
	}
}
