package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/migrations"
	"github.com/tenantry/tenantry/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func migrated(t testing.TB) string {
	t.Helper()
	content, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a file?with 100%25.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// schema is the file of an empty database, migrated once for all tests.
var schema = sync.OnceValues(func() (content []byte, err error) {
	directory, err := os.MkdirTemp("", "schema")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	path := filepath.Join(directory, "schema.db")
	migrator, err := OpenMigrator(context.Background(), path)
	if err != nil {
		return nil, err
	}
	_, err = migrator.Up(context.Background())
	if err := errors.Join(err, migrator.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path) //nolint:gosec // what was just written
})

func opened(t testing.TB, path string, clock ports.Clock) *sqlstore.Store {
	t.Helper()
	store, err := Open(t.Context(), path, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func TestEveryConnectionOfAPoolHasThePragmas(t *testing.T) {
	path := migrated(t)
	for name, pool := range map[string]struct {
		settings string
		readOnly int
	}{"the writer": {writing, 0}, "the readers": {reading, 1}} {
		t.Run(name, func(t *testing.T) {
			db, err := openPool(t.Context(), path, pool.settings, 3)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			for range 3 { // none goes back before all were asked
				conn, err := db.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = conn.Close() }()
				for pragma, want := range map[string]any{
					"busy_timeout": 2000, "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "query_only": pool.readOnly,
				} {
					expectPragma(t, conn, pragma, want)
				}
			}
		})
	}
}

func expectPragma(t *testing.T, conn *sql.Conn, pragma string, want any) {
	t.Helper()
	row := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma)
	var got any
	var err error
	if _, text := want.(string); text {
		var s string
		err = row.Scan(&s)
		got = s
	} else {
		var n int
		err = row.Scan(&n)
		got = n
	}
	if err != nil || got != want {
		t.Errorf("%s is %v, want %v (%v)", pragma, got, want, err)
	}
}

func TestADatabaseInMemoryIsRefused(t *testing.T) {
	for _, path := range []string{"", ":memory:", "file::memory:?cache=shared", "x?mode=memory"} {
		if _, err := Open(t.Context(), path, systemClock{}); !errors.Is(err, errMemory) {
			t.Errorf("%q: got %v", path, err)
		}
	}
}

func TestANewDatabaseIsForItsOwnerAlone(t *testing.T) {
	path := migrated(t)
	opened(t, path, systemClock{})
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s%s has mode %o", filepath.Base(path), suffix, mode)
		}
	}
}

func TestADatabaseThatCannotBeOpenedIsAnError(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "such", "directory.db")
	if _, err := Open(t.Context(), missing, systemClock{}); err == nil {
		t.Error("a directory that is not there was no error")
	}
	text := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(text, []byte("this is no database, however long one reads in it"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenMigrator(t.Context(), text); err == nil {
		t.Error("a file of text was no error")
	}
}

func TestPingTellsASchemaThatIsNotOurs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty.db")
	store := opened(t, path, systemClock{})
	if err := store.Ping(t.Context()); !errors.Is(err, migrations.ErrBehind) || !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if err := opened(t, migrated(t), systemClock{}).Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// two stores on one file stand for two processes.
func TestAnotherProcessThatWritesIsWaitedFor(t *testing.T) {
	path := migrated(t)
	one, other := opened(t, path, systemClock{}), opened(t, path, systemClock{})
	const each = 20
	var tasks sync.WaitGroup
	for _, store := range []*sqlstore.Store{one, one, other, other} {
		tasks.Go(func() {
			for range each {
				if err := take(t.Context(), store); err != nil {
					t.Error(err)
				}
			}
		})
	}
	tasks.Wait()
	err := one.View(t.Context(), func(tx ports.Tx) error {
		wait, err := tx.Throttles().Wait(t.Context(), "key", 4*each)
		if err == nil && wait == 0 {
			t.Error("attempts were lost")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func take(ctx context.Context, store *sqlstore.Store) error {
	return store.Do(ctx, func(tx ports.Tx) error {
		_, err := tx.Throttles().Take(ctx, "key", 1000, time.Hour)
		return err
	})
}

func TestAFullPoolEndsWithTheContext(t *testing.T) {
	store := opened(t, migrated(t), systemClock{})
	err := store.Do(t.Context(), func(ports.Tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := take(ctx, store); !errors.Is(err, fault.ErrUnavailable) {
			t.Errorf("got %v, want UNAVAILABLE", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWhatIsStoredOutsideTheRulesIsRefused(t *testing.T) {
	store := opened(t, migrated(t), systemClock{})
	err := store.Do(t.Context(), func(tx ports.Tx) error {
		return tx.Accounts().Add(t.Context(), account.Account{Email: account.StoredEmail("Ada@Example.com")})
	})
	if fault.KindOf(err) != fault.Internal {
		t.Errorf("got %v, want the schema to refuse an address in upper case", err)
	}
}
