package app_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/adapters/memory"
	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

// remember lets the world answer from memory from now on, and counts the
// statements that reach the database nevertheless.
func (w *world) remember() (*memory.Memory, *atomic.Int64) {
	w.t.Helper()
	store := w.store.(*sqlstore.Store) //nolint:forcetypeassert // openStore makes no other
	remembered, err := memory.New(store, w.clock)
	must(w.t, err)
	w.t.Cleanup(remembered.Close)
	var statements atomic.Int64
	store.Watched(func(_ context.Context, statement string) error {
		if !strings.HasPrefix(statement, "SELECT") {
			w.t.Errorf("a check writes: %s", statement)
		}
		statements.Add(1)
		return nil
	})
	w.Verification.Credentials, w.Sessions.Credentials, w.AccountKeys.Credentials = remembered, remembered, remembered
	return remembered, &statements
}

func TestAWarmCredentialAsksTheDatabaseNothingAndAColdOneOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.register("ada")
	projects, err := w.Projects.List(t.Context(), ada.Actor, ports.Page[project.ID]{Limit: 1})
	must(t, err)
	environments, err := w.Environments.List(t.Context(), ada.Actor, projects.Items[0].ID, ports.Page[environment.ID]{Limit: 1})
	must(t, err)
	key, err := w.APIKeys.Create(t.Context(), ada.Actor, environments.Items[0].ID, app.CreateAPIKey{Name: "Backend"})
	must(t, err)
	account, err := w.AccountKeys.Create(t.Context(), ada.Actor, app.CreateAccountKey{Name: "Robot"})
	must(t, err)
	remembered, statements := w.remember()
	for name, use := range map[string]func() error{
		"an environment key": func() error {
			_, err := w.Verification.Authorize(t.Context(), app.Presented{Key: key.Secret.Reveal()}, app.Asked{})
			return err
		},
		"a session": func() error {
			_, err := w.Sessions.Authenticate(t.Context(), ada.tokens.Access, nil, client)
			return err
		},
		"an account key": func() error {
			_, err := w.AccountKeys.Authenticate(t.Context(), account.Secret.Reveal(), nil, client)
			return err
		},
	} {
		before := statements.Load()
		var crowd sync.WaitGroup
		for range 100 {
			crowd.Go(func() {
				if err := use(); err != nil {
					t.Error(name, err)
				}
			})
		}
		crowd.Wait()
		if cold := statements.Load() - before; cold != 1 {
			t.Errorf("%s, cold, asked by a hundred at once: %d statements", name, cold)
		}
		before = statements.Load()
		for range 100 {
			remembered.Confirm(time.Now()) // as the feed does
			must(t, use())
		}
		if warm := statements.Load() - before; warm != 0 {
			t.Errorf("%s, warm: %d statements", name, warm)
		}
	}
}
