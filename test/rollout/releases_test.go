package rollout

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/migrations"
	"github.com/tenantry/tenantry/test/harness"
)

// next is the version of the schema that the next release brings.
var next = migrations.Latest(migrations.PostgreSQL) + 1

// What the next release's step does: add, where people work at that moment, or
// more than that.
const (
	adds = `ALTER TABLE projects ADD COLUMN note text;
ALTER TABLE sessions ADD COLUMN note text NOT NULL DEFAULT '';
ALTER TABLE environment_keys ADD COLUMN note text;
CREATE TABLE notes (organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE, id uuid NOT NULL, PRIMARY KEY (organization_id, id));
CREATE INDEX projects_note_idx ON projects (organization_id, note);`
	contracts = `DROP INDEX installation_home_id_idx;
INSERT INTO goose_floors (step, program) VALUES (%d, %d);`
)

// adding builds the next release that only adds, once.
var adding struct {
	once sync.Once
	path string
}

func addingRelease(t *testing.T) string {
	t.Helper()
	adding.once.Do(func() { adding.path = release(t, adds) })
	return adding.path
}

// release builds this program with one more step.
func release(t *testing.T, up string) (program string) {
	t.Helper()
	step := "-- +goose Up\n" + up + "\n-- +goose Down\nSELECT 1;\n"
	files := map[string]string{}
	for _, engine := range []string{"postgres", "sqlite"} {
		files[fmt.Sprintf("migrations/%s/%04d_next.sql", engine, next)] = step
	}
	return harness.BinaryWith(t, files)
}

func settings(d *harness.Database) harness.Environment {
	return harness.Environment{"DATABASE_URL": d.URL, "MASTER_KEY": d.MasterKey}
}

// ready asks a server until it is told to stop, and says how often it was ready
// and how often not.
type readiness struct{ yes, no atomic.Int64 }

func (r *readiness) watch(s *harness.Server, stop <-chan struct{}) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		answer, err := http.Get(s.URL + "/readyz") //nolint:noctx // loopback
		if err != nil {
			r.no.Add(1)
			continue
		}
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			r.yes.Add(1)
		} else {
			r.no.Add(1)
		}
	}
}

func TestThisReleaseAndTheNextServeTogether(t *testing.T) {
	t.Parallel()
	program := addingRelease(t)
	d := harness.NewDatabase(t, harness.Postgres)
	old := harness.Start(t, d)
	var both atomic.Pointer[[]string]
	both.Store(&[]string{old.URL})
	load := drive(t, old.Register(t), func() []string { return *both.Load() })
	stop := make(chan struct{})
	var first, second readiness
	go first.watch(old, stop)
	eventually(t, "the old release is asked", func() bool { return load.answered() > 50 })

	newer := harness.StartProgram(t, program, d)
	go second.watch(newer, stop)
	both.Store(&[]string{old.URL, newer.URL})
	length := time.Duration(harness.Rounds(10, 120)) * time.Second
	<-time.After(length)
	took := load.end(t)
	close(stop)
	if first.no.Load()+second.no.Load() > 0 || first.yes.Load() == 0 || second.yes.Load() == 0 {
		t.Errorf("this release was ready %d times and %d times not, the next %d and %d", first.yes.Load(), first.no.Load(), second.yes.Load(), second.no.Load())
	}
	if !strings.Contains(newer.Logs(), fmt.Sprintf(`"version":%d`, next)) {
		t.Error("the next release has not migrated")
	}
	if n := count(t, d, "SELECT count(*) FROM projects"); n != load.created+1 {
		t.Errorf("%d projects were acknowledged, there are %d", load.created, n-1)
	}
	d.Sound(t)

	// A replica of this release that has to start again does.
	old = old.Restart(t)
	old.Client(t).Get("/readyz").Want(200)
	if o := harness.Run(t, settings(d), "migrate", "status"); o.Code != 0 || !strings.Contains(o.Stdout, "this one can go on") {
		t.Errorf("status: code %d\n%s%s", o.Code, o.Stdout, o.Stderr)
	}
	if o := harness.Run(t, settings(d), "migrate", "down", "--yes"); o.Code != 1 || !strings.Contains(o.Stderr, "newer than this program knows") {
		t.Errorf("down: code %d\n%s%s", o.Code, o.Stdout, o.Stderr)
	}
	if n := count(t, d, "SELECT max(version_id) FROM goose_db_version"); n != int(next) {
		t.Errorf("the schema is at %d", n)
	}
	harness.Figure(t, "this release and the next on one database", "%s, %d requests, %d failed; p99 %s", length, len(took), len(load.failed), p99(took).Round(time.Millisecond))
}

func TestAReleaseThatLeavesNoRoomEndsTheServiceOfTheOneBefore(t *testing.T) {
	t.Parallel()
	program := release(t, fmt.Sprintf(contracts, next, next))
	d := harness.NewDatabase(t, harness.Postgres)
	old := harness.Start(t, d)
	old.Client(t).Get("/readyz").Want(200)
	newer := harness.StartProgram(t, program, d)
	newer.Client(t).Get("/readyz").Want(200)
	old.Client(t).Get("/readyz").Want(503)
	o := harness.Run(t, settings(d), "serve")
	if o.Code != 1 || !strings.Contains(o.Stderr, "newer than this program knows") {
		t.Errorf("code %d\n%s%s", o.Code, o.Stdout, o.Stderr)
	}
	if o := harness.Run(t, settings(d), "migrate", "status"); !strings.Contains(o.Stdout, "newer than this program knows") {
		t.Errorf("status: code %d\n%s%s", o.Code, o.Stdout, o.Stderr)
	}
	newer.Client(t).Get("/readyz").Want(200)
	if n := count(t, d, "SELECT max(version_id) FROM goose_db_version"); n != int(next) {
		t.Errorf("the schema is at %d", n)
	}
}

// reader begins to read a table and does not end.
func reader(t *testing.T, d *harness.Database) (release func()) {
	t.Helper()
	held, err := d.Open(t).BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := held.QueryRow("SELECT count(*) FROM projects").Scan(&n); err != nil { //nolint:noctx // the transaction has one
		t.Fatal(err)
	}
	return func() {
		if err := held.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

func TestAMigrationThatWaitsForAReaderHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	program := addingRelease(t)
	d := harness.NewDatabase(t, harness.Postgres)
	s := harness.Start(t, d)
	p := s.Register(t)
	release := reader(t, d)
	migrated := make(chan harness.Outcome, 1)
	length := time.Duration(harness.Rounds(6, 60)) * time.Second
	go func() { migrated <- harness.RunWithin(t, length+time.Minute, program, settings(d), "migrate", "up") }()
	waits := func() bool {
		return s.Count(t, `SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
			WHERE c.relname = 'projects' AND l.mode = 'AccessExclusiveLock' AND NOT l.granted`) > 0
	}
	eventually(t, "the migration waits", waits)
	load := drive(t, p, func() []string { return []string{s.URL} })
	<-time.After(length)
	select {
	case o := <-migrated:
		t.Fatalf("the migration did not wait: code %d\n%s%s", o.Code, o.Stdout, o.Stderr)
	default:
	}
	took := load.end(t)
	release()
	if o := <-migrated; o.Code != 0 || !strings.Contains(o.Stdout, fmt.Sprintf("applied %d", next)) {
		t.Fatalf("the migration, in the end: code %d\n%s%s", o.Code, o.Stdout, o.Stderr)
	}
	if worst := p99(took); worst >= time.Second {
		t.Errorf("p99 is %s while the migration waits", worst)
	}
	harness.Figure(t, "requests while a migration waits for a reader", "%s, %d requests, p99 %s, slowest %s",
		length, len(took), p99(took).Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
}

// A change of the schema that waits as long as it takes holds everybody up: so
// it would be seen if ours did.
func TestAMigrationWithoutABoundWouldHoldEverybodyUp(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	s := harness.Start(t, d)
	p := s.Register(t)
	release := reader(t, d)
	altered := make(chan error, 1)
	go func() {
		_, err := s.DB().Exec("ALTER TABLE projects ADD COLUMN note text")
		altered <- err
	}()
	eventually(t, "the change waits", func() bool {
		return s.Count(t, "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted") > 0
	})
	load := drive(t, p, func() []string { return []string{s.URL} })
	eventually(t, "requests fail or take longer than a second", func() bool {
		load.mutex.Lock()
		defer load.mutex.Unlock()
		for _, took := range load.took {
			if took > time.Second {
				return true
			}
		}
		return false
	})
	release()
	close(load.stop)
	load.group.Wait()
	if err := <-altered; err != nil {
		t.Error(err)
	}
}
