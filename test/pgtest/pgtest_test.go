package pgtest

import (
	"database/sql"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(With(m)) }

// connectTo opens a database for one test.
func connectTo(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func execute(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func number(t *testing.T, db *sql.DB, query string, arguments ...any) int {
	t.Helper()
	var n int
	if err := db.QueryRow(query, arguments...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func nameOf(t *testing.T, db *sql.DB) string {
	t.Helper()
	var name string
	if err := db.QueryRow("SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestNewGivesEachTestAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	first, second := connectTo(t, New(t)), connectTo(t, New(t))
	execute(t, first, "CREATE TABLE mark (id int)")
	if n := number(t, second, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"); n != 0 {
		t.Errorf("a fresh database has %d tables", n)
	}
	var encoding, order string
	err := second.QueryRow(`SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database
		WHERE datname = current_database()`).Scan(&encoding, &order)
	if err != nil || encoding != "UTF8" || order != "C" {
		t.Errorf("encoding %q, collation %q, error %v; want UTF8 and C", encoding, order, err)
	}
}

func TestADatabaseDisappearsWithItsTest(t *testing.T) {
	t.Parallel()
	observer := connectTo(t, New(t))
	var name string
	outer := t
	t.Run("inner", func(t *testing.T) {
		leaked := connectTo(outer, New(t)) // a connection that outlives its test must not keep the database
		name = nameOf(t, leaked)
	})
	if n := number(t, observer, "SELECT count(*) FROM pg_database WHERE datname = $1", name); n != 0 {
		t.Errorf("the database %s is still there", name)
	}
}

func TestCloneCopiesWhatWasPreparedOnce(t *testing.T) {
	t.Parallel()
	things := uniqueName() // prepared by nobody yet, also under -count=2
	var preparations atomic.Int32
	prepare := func(dsn string) error {
		preparations.Add(1)
		db, err := sql.Open("postgres", dsn)
		if err != nil {
			return err
		}
		_, err = db.Exec("CREATE TABLE thing (id int); INSERT INTO thing VALUES (1)")
		return errors.Join(err, db.Close())
	}
	t.Run("tests", func(t *testing.T) {
		for _, name := range []string{"a", "b", "c", "d"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				db := connectTo(t, Clone(t, things, prepare))
				execute(t, db, "INSERT INTO thing VALUES (2)")
				if n := number(t, db, "SELECT count(*) FROM thing"); n != 2 {
					t.Errorf("%d rows, want the prepared one and this test's own", n)
				}
			})
		}
	})
	if n := preparations.Load(); n != 1 {
		t.Errorf("prepared %d times, want once", n)
	}
}

// recorder is a test that fails without failing the suite.
type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatal(arguments ...any) {
	r.failure = arguments[0].(error).Error()
	panic(r)
}

// failureOf returns what a function told its test before it gave up.
func failureOf(t *testing.T, run func(tb testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	func() {
		defer func() {
			if thrown := recover(); thrown != nil && thrown != any(r) {
				panic(thrown)
			}
		}()
		run(r)
	}()
	return r.failure
}

func TestAFailedPreparationFailsEachTestThatNeedsIt(t *testing.T) {
	t.Parallel()
	for range 2 {
		failure := failureOf(t, func(tb testing.TB) {
			Clone(tb, "broken", func(string) error { return errors.New("no such column") })
		})
		if !strings.Contains(failure, "no such column") || !strings.Contains(failure, `"broken"`) {
			t.Errorf("the test was told %q", failure)
		}
	}
}

func TestAMachineWithoutPostgreSQLFailsTheTest(t *testing.T) {
	places := installed
	t.Cleanup(func() { installed = places })
	installed = nil
	t.Setenv("PATH", t.TempDir())
	failure := failureOf(t, func(tb testing.TB) { NewServer(tb, Options{}) })
	if !strings.Contains(failure, "apt-get install postgresql") {
		t.Errorf("the test was told %q, which does not say what to install", failure)
	}
}

func TestTheNewestVersionIsPreferred(t *testing.T) {
	t.Parallel()
	got := newestFirst([]string{"/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/15/bin"})
	if !strings.Contains(got[0], "17") || !strings.Contains(got[2], "9.6") {
		t.Errorf("order %v", got)
	}
}

func TestAnotherServerIsUsedAndLeftTidy(t *testing.T) {
	server := NewServer(t, Options{})
	t.Setenv("TEST_DATABASE_URL", server.DSN("postgres"))
	other, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	template, err := other.template("empty", func(string) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	observer := connectTo(t, server.DSN("postgres"))
	const count = "SELECT count(*) FROM pg_database WHERE datname = $1"
	if n := number(t, observer, count, template); n != 1 {
		t.Errorf("the template was not made in the server that the environment names")
	}
	if err := other.close(); err != nil {
		t.Fatal(err)
	}
	if n := number(t, observer, count, template); n != 0 {
		t.Errorf("the template %s was left behind", template)
	}
}

func TestAWrongAddressIsRefusedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"host=db password=hidden", "postgres://u:hidden@[", "mysql://u:hidden@db/x"} {
		_, err := external(address)
		if err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: error %v", address, err)
		}
	}
}

func TestRootNeverRunsTheServer(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		owner, err := unprivileged()
		if owner != nil || err != nil {
			t.Errorf("owner %v, error %v; want the current user", owner, err)
		}
		return
	}
	owner, err := unprivileged()
	if err != nil || owner == nil || owner.Uid == 0 || owner.Gid == 0 {
		t.Errorf("owner %v, error %v; want somebody but root", owner, err)
	}
}
