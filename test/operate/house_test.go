package operate

import (
	"context"
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/pgtest"
)

// installation is a database in which people have worked, and what is in it.
type installation struct {
	ada, bob harness.Person
	key      string // of an environment, by its secret
}

// settings are what a command needs to find the database.
func settings(d *harness.Database) harness.Environment {
	env := harness.Environment{"DATABASE_URL": d.URL}
	if d.MasterKey != "" {
		env["MASTER_KEY"] = d.MasterKey
	}
	return env
}

// furnish lets people work on the database until there is something of
// everything, and stops the server.
func furnish(t *testing.T, d *harness.Database) (made installation) {
	t.Helper()
	within(t, func(t testing.TB) {
		s := harness.Start(t, d)
		made.ada, made.bob = s.Register(t), s.Register(t)
		made.key, _ = made.ada.NewKey(t, made.ada.Dev)
		_, rotated := made.ada.NewKey(t, made.ada.Dev)
		made.ada.Post("/v1/api-keys/"+rotated+"/rotate", harness.M{}).Want(201)
		made.ada.Post("/v1/auth/keys", harness.M{"name": "bound", "organization_id": made.ada.Organization}).Want(201)
		made.ada.Post("/v1/members/invite", harness.M{"email": harness.NewEmail(), "role": "developer"}).Want(201)
		s.Client(t).Post("/v1/auth/send-verification-email", harness.M{"email": made.bob.Email}).Want(202)
		made.bob.Login(t)
		s.Client(t).Post("/v1/auth/login", harness.M{"email": made.bob.Email, "password": "wrong and long enough"}).Want(401)
	})
	return made
}

// scope is a part of a test, after which its servers are stopped. A subtest would
// be one, too, but a filter leaves subtests out.
type scope struct {
	testing.TB
	cleanups []func()
}

// Cleanup implements testing.TB.
func (s *scope) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func within(t *testing.T, work func(t testing.TB)) {
	t.Helper()
	s := &scope{TB: t}
	defer func() {
		for _, f := range slices.Backward(s.cleanups) {
			f()
		}
	}()
	work(s)
}

// copies furnishes one database of the engine, and returns what makes copies of
// it that each test can spoil.
func copies(t *testing.T, engine harness.Engine) (installation, func(t *testing.T) *harness.Database) {
	t.Helper()
	first := harness.NewDatabase(t, engine)
	if engine == harness.SQLite {
		made := furnish(t, first)
		return made, func(t *testing.T) *harness.Database { return copyFile(t, first) }
	}
	var made installation
	clone := func(t *testing.T) *harness.Database {
		t.Helper()
		url := pgtest.Clone(t, t.Name()[:strings.IndexByte(t.Name()+"/", '/')], func(dsn string) error {
			made = furnish(t, &harness.Database{Engine: engine, URL: dsn, MasterKey: first.MasterKey})
			return nil
		})
		return &harness.Database{Engine: engine, URL: url, MasterKey: first.MasterKey}
	}
	clone(t)
	return made, clone
}

func copyFile(t *testing.T, from *harness.Database) *harness.Database {
	t.Helper()
	to := harness.NewDatabase(t, harness.SQLite)
	if _, err := from.Open(t).ExecContext(t.Context(), "VACUUM INTO $1", to.File()); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(from.File() + ".key")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to.File()+".key", key, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// spoil runs statements with everything switched off that would refuse them.
func spoil(t *testing.T, d *harness.Database, statements ...string) {
	t.Helper()
	off := []string{"PRAGMA foreign_keys = OFF", "PRAGMA ignore_check_constraints = ON"}
	if d.Engine == harness.Postgres {
		off = []string{"SET session_replication_role = replica"}
	}
	conn, err := d.Open(t).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, statement := range append(off, statements...) {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func number(t *testing.T, db *sql.DB, query string, arguments ...any) (n int) {
	t.Helper()
	if err := db.QueryRowContext(context.WithoutCancel(t.Context()), query, arguments...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
