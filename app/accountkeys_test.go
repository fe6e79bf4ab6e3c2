package app_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

var errSessionRequired = accountkey.ErrSessionRequired

// key is a program that acts as the person.
func (w *world) key(p person, scopes ...string) access.Actor {
	w.t.Helper()
	made, err := w.AccountKeys.Create(w.t.Context(), p.Actor, app.CreateAccountKey{Name: "program", Scopes: scopes})
	must(w.t, err)
	actor, err := w.AccountKeys.Authenticate(w.t.Context(), made.Secret.Reveal(), nil, client)
	must(w.t, err)
	return actor
}

func TestAKeyActsWithinItsScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ada := w.verified("ada")
	page := ports.Page[project.ID]{Limit: 1}
	projects, err := w.Projects.List(ctx, ada.Actor, page)
	must(t, err)
	environments, err := w.Environments.List(ctx, ada.Actor, projects.Items[0].ID, ports.Page[environment.ID]{Limit: 1})
	must(t, err)
	acts := map[string]func(access.Actor) error{
		"read": func(a access.Actor) error { _, err := w.Projects.List(ctx, a, page); return err },
		"write": func(a access.Actor) error {
			_, err := w.Projects.Update(ctx, a, projects.Items[0].ID, app.UpdateProject{Name: ptr("New")})
			return err
		},
		"keys": func(a access.Actor) error {
			_, err := w.APIKeys.Create(ctx, a, environments.Items[0].ID, app.CreateAPIKey{Name: "k"})
			return err
		},
	}
	for scope := range acts {
		key := w.key(ada, scope)
		for needed, act := range acts {
			err := act(key)
			if needed == scope && err != nil {
				t.Errorf("a key for %s: %v", scope, err)
			}
			if needed != scope && !errors.Is(err, accountkey.ErrInsufficientScope) {
				t.Errorf("a key for %s does what needs %s: %v", scope, needed, err)
			}
		}
	}
	alone := w.verified("alone") // in no organization, whose policy would ask for the scope
	must(t, w.Organizations.Delete(ctx, alone.Actor, alone.org(), "alone-ltd"))
	_, err = w.Accounts.Profile(ctx, w.key(w.again(alone), "read"))
	must(t, err)
	_, err = w.Accounts.Profile(ctx, w.key(w.again(alone), "write"))
	refused(t, err, accountkey.ErrInsufficientScope)
}

func TestWhatIsForPeopleIsRefusedToKeys(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	key := c.key(c.owner, "read", "write", "keys")
	for name, act := range map[string]func() error{
		"its profile": func() error {
			_, err := c.Accounts.UpdateProfile(ctx, key, app.UpdateProfile{Name: ptr("x")})
			return err
		},
		"its account":      func() error { return c.Accounts.Delete(ctx, key, password, client) },
		"its password":     func() error { return c.Passwords.Change(ctx, key, app.ChangePassword{Current: password, New: another}) },
		"its address":      func() error { return c.Emails.Change(ctx, key, address("elsewhere")) },
		"sessions":         func() error { _, err := c.Sessions.List(ctx, key, ports.Page[session.ID]{Limit: 1}); return err },
		"ending sessions":  func() error { return c.Sessions.EndOthers(ctx, key) },
		"logging out":      func() error { return c.Sessions.Logout(ctx, key) },
		"reauthenticating": func() error { return c.Sessions.Reauthenticate(ctx, key, password, client) },
		"switching":        func() error { _, err := c.Sessions.SwitchOrganization(ctx, key, c.owner.org()); return err },
		"making a key":     func() error { _, err := c.AccountKeys.Create(ctx, key, app.CreateAccountKey{Name: "k"}); return err },
		"seeing keys":      func() error { _, err := c.AccountKeys.List(ctx, key, ports.Page[accountkey.ID]{Limit: 9}); return err },
		"deleting a key":   func() error { return c.AccountKeys.Delete(ctx, key, key.Key.ID) },
		"founding": func() error {
			_, err := c.Organizations.Create(ctx, key, app.CreateOrganization{Name: "x"})
			return err
		},
		"handing over":       func() error { return c.Members.Transfer(ctx, key, c.owner.org(), c.viewer.member()) },
		"deleting a company": func() error { return c.Organizations.Delete(ctx, key, c.owner.org(), "olivia-ltd") },
		"asking about others": func() error {
			_, err := c.Organizations.ListOf(ctx, key, c.admin.Account.ID, affiliationPage)
			return err
		},
	} {
		if err := act(); !errors.Is(err, accountkey.ErrSessionRequired) {
			t.Errorf("%s by a key: %v", name, err)
		}
	}
	if _, err := access.Operate(c.key(c.operator, "read", "write")); !errors.Is(err, access.ErrOperatorOnly) {
		t.Errorf("an operator's key operates: %v", err)
	}
}

var affiliationPage = ports.Page[membership.ID]{Limit: 10}

func TestABoundKeyKnowsOneOrganization(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	made, err := c.AccountKeys.Create(ctx, c.admin.Actor, app.CreateAccountKey{Name: "deploy", OrganizationID: ptr(c.owner.org())})
	must(t, err)
	bound, err := c.AccountKeys.Authenticate(ctx, made.Secret.Reveal(), nil, client)
	must(t, err)
	if bound.Organization() == nil || *bound.Organization() != c.owner.org() {
		t.Errorf("the key acts in %v", bound.Organization())
	}
	own := c.again(c.admin).org() // the admin's own
	if _, err := c.Organizations.Get(ctx, bound, own); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("the key reads another organization: %v", err)
	}
	all, err := c.Organizations.List(ctx, bound, affiliationPage)
	must(t, err)
	if len(all.Items) != 1 || all.Items[0].Organization.ID != c.owner.org() {
		t.Errorf("the key lists %+v", all.Items)
	}
	reach, err := c.AccountKeys.Reach(ctx, bound)
	must(t, err)
	if !reach.Includes(c.owner.org()) || reach.Includes(own) {
		t.Error("the key reaches the wrong organizations")
	}
	_, err = c.AccountKeys.Create(ctx, c.stranger.Actor, app.CreateAccountKey{Name: "x", OrganizationID: ptr(c.owner.org())})
	refused(t, err, fault.ErrNotFound)
}

func TestAKeyEndsWithWhatItHangsOn(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	enter := func(s apikey.Secret) error {
		_, err := c.AccountKeys.Authenticate(ctx, s.Reveal(), nil, client)
		return err
	}
	ends := c.clock.Now().Add(time.Hour)
	brief, err := c.AccountKeys.Create(ctx, c.admin.Actor, app.CreateAccountKey{Name: "brief", ExpiresAt: &ends})
	must(t, err)
	deleted, err := c.AccountKeys.Create(ctx, c.admin.Actor, app.CreateAccountKey{Name: "deleted"})
	must(t, err)
	lasting, err := c.AccountKeys.Create(ctx, c.admin.Actor, app.CreateAccountKey{Name: "lasting"})
	must(t, err)
	refused(t, c.AccountKeys.Delete(ctx, c.owner.Actor, deleted.Key.ID), fault.ErrNotFound)
	must(t, c.AccountKeys.Delete(ctx, c.admin.Actor, deleted.Key.ID))
	refused(t, enter(deleted.Secret), accountkey.ErrInvalid)
	c.clock.Advance(time.Hour - time.Microsecond)
	must(t, enter(brief.Secret))
	c.clock.Advance(time.Microsecond)
	refused(t, enter(brief.Secret), accountkey.ErrInvalid)
	_, err = c.Operators.SetDisabled(ctx, c.operates(), c.admin.Account.ID, true)
	must(t, err)
	refused(t, enter(lasting.Secret), accountkey.ErrInvalid)
	_, err = c.AccountKeys.Authenticate(ctx, "sk_live_nonsense", nil, client)
	refused(t, err, accountkey.ErrInvalid)
}

func TestTheLastUseOfAKeyIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ada := w.verified("ada")
	w.key(ada)
	must(t, w.Housekeeping.Flush(ctx))
	keys, err := w.AccountKeys.List(ctx, ada.Actor, ports.Page[accountkey.ID]{Limit: 9})
	must(t, err)
	if used := keys.Items[0].LastUsedAt; used == nil || !used.Equal(w.clock.Now()) {
		t.Errorf("the key was last used at %v", used)
	}
}
