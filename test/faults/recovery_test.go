package faults

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/pgtest"
)

// reading holds a reader before everything that is written from now on, so that
// SQLite's log of changes cannot begin anew and only grows.
func reading(t *testing.T, d *harness.Database) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+d.File())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	tx, err := db.BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	var n int
	if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM accounts").Scan(&n); err != nil {
		t.Fatal(err)
	}
}

// asKilled copies what is left of the database when every process that had it open
// was killed: all but the index of the log, which is memory that they share.
func asKilled(t *testing.T, d *harness.Database) *harness.Database {
	t.Helper()
	from, to := filepath.Dir(d.File()), t.TempDir()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), "-shm") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, entry.Name())) //nolint:gosec // our own temporary file
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, entry.Name()), content, 0o600); err != nil { //nolint:gosec // as above
			t.Fatal(err)
		}
	}
	return d.In(to)
}

// readyWith starts a server on what another left, and wants it ready soon, with
// the key that was made last. It tells how long that took.
func readyWith(t *testing.T, d *harness.Database, secret string, soon time.Duration) (s *harness.Server, took time.Duration) {
	t.Helper()
	begun := time.Now()
	s = harness.Start(t, d)
	took = time.Since(begun)
	if took > soon {
		t.Errorf("it was ready after %v", took)
	}
	s.Client(t).Key(secret).Get("/v1/sdk/authorize").Want(204)
	return s, took
}

// A server that was killed with a huge log of changes is ready again soon, with
// all that is in the log.
func TestAServerKilledWithAHugeLogOfSQLiteIsReadySoon(t *testing.T) {
	t.Parallel()
	const soon = 30 * time.Second
	d := harness.NewDatabase(t, harness.SQLite)
	s := harness.Start(t, d)
	ada := s.Register(t)
	reading(t, d)
	size := int64(harness.Rounds(32, 256)) << 20
	for wal := int64(0); wal < size; {
		s.ExecUnheard(t, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80)
			INSERT INTO throttles (key, count, resets_at) SELECT hex(randomblob(50000)), 1, $1 FROM n`,
			time.Now().UTC().Add(time.Hour).Truncate(time.Microsecond))
		info, err := os.Stat(d.File() + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		wal = info.Size()
	}
	secret, _ := ada.NewKey(t, ada.Dev) // the last thing in the log
	s.Kill()
	left := asKilled(t, d)
	_, took := readyWith(t, left, secret, soon)
	left.Sound(t)
	harness.Figure(t, "ready after SIGKILL with a WAL of SQLite", "%v, with %d MB", took.Round(time.Millisecond), size>>20)
}

// How much PostgreSQL keeps makes no difference: once it takes connections after
// both were killed, the server is ready within seconds.
func TestAServerKilledOnALargePostgreSQLIsReadySoon(t *testing.T) {
	t.Parallel()
	const soon = 10 * time.Second
	server, d := onServer(t, pgtest.Options{Durable: true})
	s := harness.Start(t, d)
	ada := s.Register(t)
	for range harness.Rounds(1, 40) {
		s.ExecUnheard(t, `INSERT INTO throttles (key, count, resets_at)
			SELECT 'filler/' || gen_random_uuid(), 1, $1 FROM generate_series(1, 100000)`,
			time.Now().UTC().Add(time.Hour).Truncate(time.Microsecond))
	}
	secret, _ := ada.NewKey(t, ada.Dev)
	size := s.Count(t, "SELECT pg_database_size(current_database())")
	s.Kill()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	recovered := time.Now()
	again, took := readyWith(t, d, secret, soon)
	harness.Figure(t, "ready after SIGKILL on a large PostgreSQL", "%v, with %d MB; PostgreSQL itself took %v",
		took.Round(time.Millisecond), size>>20, recovered.Sub(begun).Round(time.Millisecond))
	again.Kill() // whose end does not read all of that for secrets
}
