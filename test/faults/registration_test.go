// Package faults breaks what the program stands on, and looks what is left.
package faults

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/tenantry/tenantry/adapters/argon"
	"github.com/tenantry/tenantry/adapters/guess"
	"github.com/tenantry/tenantry/adapters/idn"
	"github.com/tenantry/tenantry/adapters/jwt"
	"github.com/tenantry/tenantry/adapters/postgres"
	"github.com/tenantry/tenantry/adapters/seal"
	"github.com/tenantry/tenantry/adapters/sqlite"
	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/adapters/system"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/migrations"
	"github.com/tenantry/tenantry/ports/portstest"
	"github.com/tenantry/tenantry/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

var errInjected = errors.New("this statement was made to fail")

// A registration writes into many tables. Whichever of its statements fails,
// the commit included, nothing of it may stay.
func TestARegistrationThatFailsAtAnyStatementLeavesNotOneRow(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		store := open(t, d)
		db := d.Open(t)
		registered := use(store)

		if err := register(t, registered, 0); err != nil { // claims the installation, which happens once
			t.Fatal(err)
		}
		statements := 0
		store.Watched(func(context.Context, string) error { statements++; return nil })
		if err := register(t, registered, 1); err != nil {
			t.Fatal(err)
		}
		if statements < 10 {
			t.Fatalf("a registration took only %d statements: the watch does not see them", statements)
		}
		before := rows(t, d, db)
		for failing := 1; failing <= statements; failing++ {
			seen, name := 0, ""
			store.Watched(func(_ context.Context, statement string) error {
				if seen++; seen == failing {
					name = statement
					return errInjected
				}
				return nil
			})
			if err := register(t, registered, 1+failing); !errors.Is(err, errInjected) {
				t.Errorf("statement %d of %d (%s): the registration answered %v", failing, statements, name, err)
			}
			store.Watched(func(context.Context, string) error { return nil })
			if after := rows(t, d, db); !maps.Equal(before, after) {
				t.Fatalf("statement %d of %d (%s) failed and left rows:\nbefore %v\nafter  %v", failing, statements, name, before, after)
			}
		}
	})
}

// open brings the schema up and opens the store by itself: the program has no
// way to make a statement fail.
func open(t *testing.T, d *harness.Database) *sqlstore.Store {
	t.Helper()
	ctx := t.Context()
	var (
		migrator *migrations.Migrator
		store    *sqlstore.Store
		err      error
	)
	if d.Engine == harness.Postgres {
		migrator, err = postgres.OpenMigrator(ctx, postgres.Config{DSN: d.URL})
	} else {
		migrator, err = sqlite.OpenMigrator(ctx, d.File())
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Up(ctx); err != nil {
		t.Fatal(err)
	}
	if err := migrator.Close(); err != nil {
		t.Fatal(err)
	}
	if d.Engine == harness.Postgres {
		store, err = postgres.Open(ctx, postgres.Config{DSN: d.URL, MaxConns: 4}, system.Clock{})
	} else {
		store, err = sqlite.Open(ctx, d.File(), system.Clock{})
	}
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

func use(store *sqlstore.Store) *app.App {
	tokens, err := jwt.New(jwt.Settings{Issuer: "test", Audience: "test"}, jwt.Keys{Secret: []byte("only the tests sign by this secret")})
	if err != nil {
		panic(err)
	}
	sealer, err := seal.New(make([]byte, seal.KeySize))
	if err != nil {
		panic(err)
	}
	return app.New(app.Dependencies{
		Store: store, Credentials: portstest.Live{Store: store}, Sealer: sealer, Clock: system.Clock{}, Random: system.NewRandom(), Passwords: argon.New(argon.Options{}),
		AccessTokens: tokens, RefreshTokens: session.NewDeriver([]byte("only the tests derive from this")),
		Guess: guess.Score, ToASCII: idn.ToASCII, Logger: slog.New(slog.DiscardHandler),
	}, app.Settings{
		Sessions:      session.Policy{AccessTTL: time.Hour, RefreshTTL: time.Hour, MaxAge: time.Hour},
		Passwords:     account.PasswordPolicy{MinLength: 8, MinScore: 1},
		LoginFailures: 10, LoginWindow: time.Minute,
	})
}

// register makes the n-th account. All ask for one organization name, so that
// slugs collide, too.
func register(t *testing.T, a *app.App, n int) error {
	t.Helper()
	_, err := a.Accounts.Register(t.Context(), app.Register{
		Email: fmt.Sprintf("ada%d@example.com", n), Password: "correct horse battery", Name: "Ada", Organization: "Engines",
	})
	return err
}

// rows counts the rows of every table.
func rows(t *testing.T, d *harness.Database, db *sql.DB) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range d.Tables(t, db) {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		counts[table] = n
	}
	return counts
}
