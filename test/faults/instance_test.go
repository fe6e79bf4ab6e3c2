package faults

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/pgtest"
)

// onServer is a database on a PostgreSQL server of the test's own.
func onServer(t *testing.T, options pgtest.Options) (*pgtest.Server, *harness.Database) {
	t.Helper()
	server := pgtest.NewServer(t, options)
	d := harness.NewDatabase(t, harness.Postgres)
	d.URL = server.DSN("postgres")
	return server, d
}

// However PostgreSQL is killed under fifty writers, what was acknowledged is
// there, nobody is told anything but to come back, and the server goes on by
// itself.
func TestPostgreSQLKilledUnderFiftyWritersLosesNothingThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	server, d := onServer(t, pgtest.Options{Durable: true})
	s := admit(t, d)
	people, l, c := muster(t, s.Server, 6), newLedger(), newCaller(t, s.Server)
	people.work(c, l)() // once each
	s.rest(t, c)
	c.begin()
	stop := people.work(c, l)
	defer func() { stop() }()
	rounds, worst := harness.Rounds(3, 20), time.Duration(0)
	for range rounds {
		l.await(50 + rand.N(100)) //nolint:gosec // any moment will do
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		before := c.away()
		for c.away() < before+20 { // the crowd has noticed
			<-time.After(10 * time.Millisecond)
		}
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		worst = max(worst, c.recovered(t, time.Now(), 5*time.Second))
	}
	stop()
	l.holds(t, s.Server)
	c.judge(t, true)
	s.back(t, c)
	d.Sound(t)
	acks, _ := l.entries()
	harness.Figure(t, "acknowledged writes lost, PostgreSQL killed under 50 writers", "0 of %d in %d rounds", acks, rounds)
	harness.Figure(t, "first success after PostgreSQL takes connections again", "%v at most, of %d", worst.Round(time.Millisecond), rounds)
	harness.Figure(t, "slowest request while PostgreSQL is killed", "%v", c.slowest().Round(time.Millisecond))
}

// The same kills, after commits that PostgreSQL acknowledges before it has written
// them, lose them: so a loss would be seen above.
func TestTheSameKillsLoseWhatIsCommittedAsynchronously(t *testing.T) {
	t.Parallel()
	server, d := onServer(t, pgtest.Options{Durable: true, Settings: map[string]string{
		"synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "1GB", "bgwriter_lru_maxpages": "0",
	}})
	s := harness.Start(t, d)
	people, l, c := muster(t, s, 6), newLedger(), newCaller(t, s)
	if _, err := s.DB().ExecContext(t.Context(), "CHECKPOINT"); err != nil { // the people themselves are kept
		t.Fatal(err)
	}
	lost, rounds := 0, 3
	for range rounds {
		// Whoever writes later may be late: so it is told to be.
		if err := syscall.Kill(s.Count(t, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"), syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		stop := people.work(c, l)
		l.await(50)
		err := server.Kill()
		stop()
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		lost = len(l.lost(t, s.DB()))
	}
	acks, _ := l.entries()
	if lost == 0 {
		t.Errorf("all of %d writes are there: these kills show nothing", acks)
	}
	harness.Figure(t, "control: lost by the same kills with synchronous_commit=off", "%d of %d in %d rounds", lost, acks, rounds)
}
