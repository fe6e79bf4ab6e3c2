package postgres

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
	"github.com/tenantry/tenantry/test/pgtest"
)

// begun keeps a new account with a session.
func begun(ctx context.Context, store *sqlstore.Store) (session.ID, error) {
	id := session.ID(uuid.Must(uuid.NewV7()))
	return id, store.Do(ctx, func(tx ports.Tx) error {
		now := tx.Now()
		who := account.Account{ID: account.ID(uuid.Must(uuid.NewV7())), Name: naming.StoredName("Ada"), Version: 1, CreatedAt: now, UpdatedAt: now}
		who.Email = account.StoredEmail(who.ID.String() + "@example.com")
		if err := tx.Accounts().Add(ctx, who); err != nil {
			return err
		}
		return tx.Sessions().Add(ctx, session.Session{
			ID: id, AccountID: who.ID, RotatedAt: now, AuthenticatedAt: now, CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour),
		})
	})
}

// renewed reads a session and moves it on, as a refresh does.
func renewed(ctx context.Context, store *sqlstore.Store, id session.ID) error {
	return store.Do(ctx, func(tx ports.Tx) error {
		found, err := tx.Sessions().Find(ctx, id, nil)
		if err != nil {
			return err
		}
		next := found.Session
		next.Counter++
		next.LastUsedAt, next.ExpiresAt = tx.Now(), tx.Now().Add(time.Hour)
		return tx.Sessions().Save(ctx, next, found.Session.Counter)
	})
}

// The rows of these units have nothing in common, but their places in the
// indexes do: PostgreSQL takes them for dependent, and most lose now and then.
func TestUnitsThatHaveNothingInCommonAreNeverBusy(t *testing.T) {
	store := opened(t, Config{DSN: pgtest.Clone(t, "schema", migrate)}, systemClock{})
	const workers, rounds = 40, 25
	var work sync.WaitGroup
	for range workers {
		id, err := begun(t.Context(), store)
		if err != nil {
			t.Fatal(err)
		}
		work.Go(func() {
			for range rounds {
				if err := renewed(t.Context(), store, id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
}
