package postgres

import (
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/migrations"
	"github.com/tenantry/tenantry/ports"
	"github.com/tenantry/tenantry/test/pgtest"
)

// isolated opens the store with another isolation than its own.
func isolated(t *testing.T, level sql.IsolationLevel) *sqlstore.Store {
	t.Helper()
	config := Config{DSN: pgtest.Clone(t, "schema", migrate)}
	pools := make([]*sql.DB, 2)
	for i, use := range []purpose{writing, reading} {
		pool, err := openPool(t.Context(), config, use)
		if err != nil {
			t.Fatal(err)
		}
		pools[i] = pool
	}
	dialect := sqlstore.Dialect{Engine: migrations.PostgreSQL, Begin: sql.TxOptions{Isolation: level}, Classify: classify}
	store := sqlstore.New(pools[0], pools[1], dialect, systemClock{})
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// owned keeps a new organization with two owners.
func owned(t *testing.T, store *sqlstore.Store) (access.Grant, []membership.Membership) {
	t.Helper()
	org := organization.ID(uuid.New())
	var owners []membership.Membership
	err := store.Do(t.Context(), func(tx ports.Tx) error {
		owners = nil
		slug, now := naming.StoredSlug(org.String()), tx.Now()
		if _, err := tx.Organizations().Add(t.Context(), organization.Organization{
			ID: org, Name: naming.StoredName("Acme"), Slug: slug, Version: 1, CreatedAt: now, UpdatedAt: now,
		}); err != nil {
			return err
		}
		for range 2 {
			who := account.Account{ID: account.ID(uuid.New()), Name: naming.StoredName("Ada"), Version: 1, CreatedAt: now, UpdatedAt: now}
			who.Email = account.StoredEmail(who.ID.String() + "@example.com")
			m := membership.Membership{
				ID: membership.ID(uuid.New()), OrganizationID: org, AccountID: who.ID, Role: membership.Owner,
				Version: 1, CreatedAt: now, UpdatedAt: now,
			}
			if err := errors.Join(tx.Accounts().Add(t.Context(), who), tx.Members(access.Found(org, who.ID)).Add(t.Context(), m)); err != nil {
				return err
			}
			owners = append(owners, m)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return access.Found(org, owners[0].AccountID), owners
}

// bothLeave has both owners leave at once, each while the other is there, and
// says how many stay. They wait for each other until both have counted; where
// the lock is to keep them from that, for a tenth of a second.
func bothLeave(t *testing.T, store *sqlstore.Store, locking bool) int {
	t.Helper()
	grant, owners := owned(t, store)
	patience := time.Minute
	if locking {
		patience = 100 * time.Millisecond
	}
	var counted, done sync.WaitGroup
	counted.Add(len(owners))
	both := make(chan struct{})
	go func() { counted.Wait(); close(both) }()
	for _, m := range owners {
		done.Go(func() {
			once := sync.OnceFunc(counted.Done)
			defer once()
			err := store.Do(t.Context(), func(tx ports.Tx) error {
				if locking {
					if err := tx.Members(grant).Lock(t.Context()); err != nil {
						return err
					}
				}
				n, err := tx.Members(grant).Owners(t.Context())
				once()
				select {
				case <-both:
				case <-time.After(patience):
				}
				if err != nil || n == 1 {
					return err
				}
				return tx.Members(grant).Remove(t.Context(), m)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	stay, err := ports.Look(t.Context(), store, func(tx ports.Tx) (int, error) { return tx.Members(grant).Owners(t.Context()) })
	if err != nil {
		t.Fatal(err)
	}
	return stay
}

func TestAnOwnerStaysByTheLockOrByTheIsolation(t *testing.T) {
	for _, test := range []struct {
		name    string
		level   sql.IsolationLevel
		locking bool
		stay    int
	}{
		{"serializable, with the lock", sql.LevelSerializable, true, 1},
		{"serializable, without it", sql.LevelSerializable, false, 1},
		{"read committed, with the lock", sql.LevelReadCommitted, true, 1},
		{"read committed, without it: the control", sql.LevelReadCommitted, false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := isolated(t, test.level)
			for round := range 8 {
				if stay := bothLeave(t, store, test.locking); stay != test.stay {
					t.Fatalf("round %d: %d owners stay, want %d", round, stay, test.stay)
				}
			}
		})
	}
}
