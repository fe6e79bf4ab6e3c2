package migrations_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tenantry/tenantry/adapters/postgres"
	"github.com/tenantry/tenantry/adapters/sqlite"
	"github.com/tenantry/tenantry/migrations"
	"github.com/tenantry/tenantry/test/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.With(m)) }

// engine is a fresh, empty database, and the two ways into it.
type engine struct {
	kind     migrations.Engine
	migrator func(context.Context) (*migrations.Migrator, error)
	db       *sql.DB
}

func onEachEngine(t *testing.T, test func(t *testing.T, e engine)) {
	t.Run("postgres", func(t *testing.T) { test(t, onPostgreSQL(t)) })
	t.Run("sqlite", func(t *testing.T) { test(t, onSQLite(t)) })
}

func onPostgreSQL(t *testing.T) engine {
	t.Helper()
	dsn := pgtest.New(t)
	return engine{migrations.PostgreSQL, func(ctx context.Context) (*migrations.Migrator, error) {
		return postgres.OpenMigrator(ctx, postgres.Config{DSN: dsn})
	}, connected(t, "postgres", dsn)}
}

func onSQLite(t *testing.T) engine {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	return engine{migrations.SQLite, func(ctx context.Context) (*migrations.Migrator, error) {
		return sqlite.OpenMigrator(ctx, path)
	}, connected(t, "sqlite", path)}
}

func connected(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// with opens a migrator for one use.
func (e engine) with(t *testing.T, use func(*migrations.Migrator) error) error {
	t.Helper()
	migrator, err := e.migrator(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return errors.Join(use(migrator), migrator.Close())
}

func (e engine) up(t *testing.T) []migrations.Step {
	t.Helper()
	var applied []migrations.Step
	err := e.with(t, func(m *migrations.Migrator) (err error) {
		applied, err = m.Up(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return applied
}

func TestTheSchemaGoesUpAndDownAndUpAgain(t *testing.T) {
	onEachEngine(t, func(t *testing.T, e engine) {
		if err := migrations.Check(t.Context(), e.kind, e.db); !errors.Is(err, migrations.ErrBehind) {
			t.Errorf("an empty database: got %v", err)
		}
		latest := int(migrations.Latest(e.kind))
		if applied := e.up(t); len(applied) != latest || applied[0].Name != "0001_init" {
			t.Errorf("applied %v", applied)
		}
		if applied := e.up(t); len(applied) != 0 {
			t.Errorf("a second time: applied %v", applied)
		}
		if err := migrations.Check(t.Context(), e.kind, e.db); err != nil {
			t.Error(err)
		}
		err := e.with(t, func(m *migrations.Migrator) error {
			for range latest {
				if _, err := m.Down(t.Context()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if left := tables(t, e); len(left) != 0 {
			t.Errorf("down left %v", left)
		}
		e.up(t)
	})
}

func TestStatusTellsWhatWasApplied(t *testing.T) {
	onEachEngine(t, func(t *testing.T, e engine) {
		for _, migrated := range []bool{false, true} {
			if migrated {
				e.up(t)
			}
			err := e.with(t, func(m *migrations.Migrator) error {
				steps, err := m.Status(t.Context())
				for _, s := range steps {
					if s.AppliedAt.IsZero() == migrated {
						t.Errorf("migrated %t: step %d was applied at %s", migrated, s.Version, s.AppliedAt)
					}
				}
				if len(steps) == 0 {
					t.Error("no steps")
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}

func TestManyProcessesMayStartAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, e engine) {
		const processes = 10
		var mutex sync.Mutex
		var tasks sync.WaitGroup
		total := 0
		for range processes {
			tasks.Go(func() {
				err := e.with(t, func(m *migrations.Migrator) error {
					applied, err := m.Up(t.Context())
					mutex.Lock()
					defer mutex.Unlock()
					total += len(applied)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		tasks.Wait()
		if total != int(migrations.Latest(e.kind)) {
			t.Errorf("%d steps were applied by somebody", total)
		}
		if err := migrations.Check(t.Context(), e.kind, e.db); err != nil {
			t.Error(err)
		}
	})
}

func TestUpWaitsForALockedTable(t *testing.T) {
	e := onPostgreSQL(t)
	tx, err := e.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	// Another process is about to make the ledger.
	if _, err := tx.ExecContext(t.Context(), "CREATE TABLE goose_db_version (x integer)"); err != nil {
		t.Fatal(err)
	}
	released := make(chan error, 1)
	timer := time.AfterFunc(3*time.Second, func() { released <- tx.Rollback() }) // past the lock's timeout
	defer timer.Stop()
	e.up(t)
	if err := <-released; err != nil {
		t.Error(err)
	}
}

func TestBothEnginesHaveTheSameSteps(t *testing.T) {
	names := func(directory string) []string {
		files, err := fs.Glob(os.DirFS(directory), "*.sql")
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	if diff := cmp.Diff(names("postgres"), names("sqlite")); diff != "" {
		t.Error(diff)
	}
}
