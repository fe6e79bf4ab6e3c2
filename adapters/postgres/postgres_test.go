package postgres

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/migrations"
	"github.com/tenantry/tenantry/ports"
	"github.com/tenantry/tenantry/test/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.With(m)) }

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// migrate prepares a database that tests have copies of.
func migrate(dsn string) error {
	ctx := context.Background()
	migrator, err := OpenMigrator(ctx, Config{DSN: dsn})
	if err != nil {
		return err
	}
	_, err = migrator.Up(ctx)
	return errors.Join(err, migrator.Close())
}

func opened(t testing.TB, config Config, clock ports.Clock) *sqlstore.Store {
	t.Helper()
	store, err := Open(t.Context(), config, clock)
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

func take(ctx context.Context, store *sqlstore.Store) error {
	return store.Do(ctx, func(tx ports.Tx) error {
		_, err := tx.Throttles().Take(ctx, "key", 1_000_000, time.Hour)
		return err
	})
}

func look(ctx context.Context, store *sqlstore.Store) error {
	return store.View(ctx, func(tx ports.Tx) error {
		_, err := tx.Throttles().Wait(ctx, "key", 1)
		return err
	})
}

func TestEachPoolHasItsSettings(t *testing.T) {
	dsn := pgtest.New(t)
	for name, c := range map[string]struct {
		use    purpose
		config Config
		want   map[string]string
	}{
		"writing": {writing, Config{DSN: dsn}, map[string]string{"statement_timeout": "5s", "default_transaction_read_only": "off"}},
		"reading": {reading, Config{DSN: dsn}, map[string]string{"statement_timeout": "5s", "default_transaction_read_only": "on"}},
		"pooled":  {reading, Config{DSN: dsn, Pooler: true}, map[string]string{"statement_timeout": "0", "default_transaction_read_only": "off"}},
		"chosen":  {writing, Config{DSN: dsn + "&statement_timeout=7000"}, map[string]string{"statement_timeout": "7s"}},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := openPool(t.Context(), c.config, c.use)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			c.want["TimeZone"] = "UTC"
			c.want["application_name"] = "tenantry"
			for setting, want := range c.want {
				var got string
				if err := db.QueryRowContext(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
					t.Errorf("%s is %s, want %s (%v)", setting, got, want, err)
				}
			}
		})
	}
}

func TestAUnitOfWorkIsSerializable(t *testing.T) {
	store := opened(t, Config{DSN: pgtest.Clone(t, "schema", migrate)}, systemClock{})
	if err := take(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	var tasks sync.WaitGroup
	for range 50 {
		tasks.Go(func() {
			if err := take(t.Context(), store); err != nil {
				t.Error(err)
			}
		})
	}
	tasks.Wait()
}

func TestAPoolerGetsNothingPrepared(t *testing.T) {
	dsn := pgtest.Clone(t, "schema", migrate)
	store := opened(t, Config{DSN: dsn, Pooler: true, MaxConns: 1}, systemClock{})
	if err := errors.Join(take(t.Context(), store), look(t.Context(), store), store.Ping(t.Context())); err != nil {
		t.Fatal(err)
	}
	db, err := openPool(t.Context(), Config{DSN: dsn, Pooler: true, MaxConns: 1}, writing)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_prepared_statements WHERE name <> $1", "").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d statements are prepared (%v)", n, err)
	}
}

func TestPingTellsASchemaThatIsNotOurs(t *testing.T) {
	store := opened(t, Config{DSN: pgtest.New(t)}, systemClock{})
	if err := store.Ping(t.Context()); !errors.Is(err, migrations.ErrBehind) || !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// locked holds a table until the returned function is called.
func locked(t *testing.T, dsn, table string) (release func()) {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(tx.Rollback(), db.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestAStatementEndsWithItsContext(t *testing.T) {
	dsn := pgtest.Clone(t, "schema", migrate)
	store := opened(t, Config{DSN: dsn, MaxConns: 1}, systemClock{})
	release := locked(t, dsn, "throttles")
	for name, try := range map[string]func(context.Context, *sqlstore.Store) error{"a unit": take, "a view": look} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		start := time.Now()
		err := try(ctx, store)
		cancel()
		if !errors.Is(err, fault.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v", name, err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
	release()
	if err := errors.Join(take(t.Context(), store), look(t.Context(), store)); err != nil {
		t.Errorf("the pool has not recovered: %v", err)
	}
}
