package faults

import (
	"database/sql"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// mostWAL is how large SQLite's log of changes may grow, in bytes, while nobody
// stops writing and nobody stops reading.
const mostWAL = 256 << 20

// largest watches how large SQLite's log of changes becomes.
func largest(t *testing.T, d *harness.Database, until <-chan struct{}) (most int64) {
	t.Helper()
	for {
		if info, err := os.Stat(d.File() + "-wal"); err == nil {
			most = max(most, info.Size())
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-until:
			return most
		}
	}
}

// impatient counts how often somebody who does not wait is told that the file is
// locked: that clients are not is then the server's doing.
func impatient(t *testing.T, d *harness.Database, until <-chan struct{}) (refused int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+d.File()+"?_txlock=immediate")
	if err != nil {
		t.Error(err)
		return 0
	}
	defer func() { _ = db.Close() }()
	for {
		tx, err := db.BeginTx(t.Context(), nil)
		if err == nil {
			_ = tx.Rollback()
		} else if strings.Contains(err.Error(), "locked") {
			refused++
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-until:
			return refused
		}
	}
}

// reads asks for what only the database knows.
func (w *crew) reads(c *caller, i int) {
	who := byToken(w.of(i).AccessToken)
	for _, path := range []string{"/v1/projects?limit=20", "/v1/audit?limit=20", "/v1/members", "/v1/organizations"} {
		c.do(200, "GET", path, who, nil)
	}
}

// However many write and read one SQLite file at once, nobody is told that it is
// busy, and its log does not grow for as long as they go on.
func TestSixtyFourWritersAndReadersAreNeverToldThatSQLiteIsLocked(t *testing.T) {
	d := harness.NewDatabase(t, harness.SQLite)
	s := harness.Start(t, d)
	people, l := muster(t, s, 6), newLedger()
	writes, reads := newCaller(t, s), newCaller(t, s)
	const each = 64
	var crowd, watch sync.WaitGroup
	over := make(chan struct{})
	again := func(act func(i int), i int) {
		for {
			act(i)
			select {
			case <-over:
				return
			case <-time.After(rand.N(20 * time.Millisecond)): //nolint:gosec // spreads load
			}
		}
	}
	write := []writer{people.founds, people.issues, people.revokes}
	for i := range each {
		crowd.Go(func() { again(func(i int) { write[i%len(write)](writes, l, i) }, i) })
		crowd.Go(func() { again(func(i int) { people.reads(reads, i) }, i) })
	}
	var most int64
	var refused int
	watch.Go(func() { most = largest(t, d, over) })
	watch.Go(func() { refused = impatient(t, d, over) })
	length := time.Duration(harness.Rounds(10, 600)) * time.Second
	<-time.After(length)
	close(over)
	crowd.Wait()
	watch.Wait()
	for _, c := range []*caller{writes, reads} {
		c.judge(t, true)
		if n := c.away(); n > 0 {
			t.Errorf("%d requests were told to come back", n)
		}
	}
	if refused == 0 {
		t.Error("the file was never locked: the test has no power")
	}
	if most == 0 || most >= mostWAL {
		t.Errorf("SQLite's log had %d bytes, want less than %d", most, mostWAL)
	}
	if strings.Contains(s.Logs(), "database is locked") {
		t.Error("the server's log says that the database is locked")
	}
	l.holds(t, s)
	d.Sound(t)
	written, _ := writes.total()
	read, _ := reads.total()
	harness.Figure(t, "64 writers and 64 readers on one SQLite file", "%v: 0 of %d writes and %d reads refused; writes p99 %v, slowest %v; reads p99 %v; largest WAL %.1f MB; who does not wait was locked out %d times",
		length, written, read, writes.p99().Round(time.Millisecond), writes.slowest().Round(time.Millisecond), reads.p99().Round(time.Millisecond), float64(most)/1e6, refused)
}
