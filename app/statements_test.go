package app_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/app"
)

// Each statement is a round trip on PostgreSQL, and as long as it lasts a unit
// of work is in the way of others.
func TestWhatIsDoneOftenTakesFewStatements(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ada := w.register("ada")
	var mu sync.Mutex // mails are brought out side by side
	var ran []string
	w.store.(*sqlstore.Store).Watched(func(_ context.Context, statement string) error {
		mu.Lock()
		defer mu.Unlock()
		ran = append(ran, statement)
		return nil
	})
	for _, act := range []struct {
		what string
		want int // BEGIN is not among them, COMMIT is
		do   func() error
	}{
		{"a registration", 15, func() error {
			_, err := w.Accounts.Register(ctx, app.Register{Email: address("grace"), Password: password, Name: "Grace", Organization: "Engines", Client: client})
			return err
		}},
		{"a login", 11, func() error {
			_, err := w.Sessions.Login(ctx, app.Login{Identifier: ada.email(), Password: password, Client: client})
			return err
		}},
		{"a refresh", 1, func() error {
			_, err := w.Sessions.Refresh(ctx, ada.tokens.Refresh.Reveal(), client)
			return err
		}},
		{"bringing two mails out", 3, func() error { _, err := w.Relay.Deliver(ctx); return err }},
		{"a look into an empty outbox", 1, func() error { _, err := w.Relay.Deliver(ctx); return err }},
	} {
		ran = nil
		must(t, act.do())
		if len(ran) != act.want {
			t.Errorf("%s takes %d statements, want %d:\n%s", act.what, len(ran), act.want, strings.Join(ran, "\n"))
		}
	}
}
