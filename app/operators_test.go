package app_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// byToken is the authority of who presented ADMIN_API_TOKEN.
var byToken = access.OperateByToken("192.0.2.99", "request-9", "")

var accountPage = ports.Page[account.ID]{Limit: 50}

func TestOnlyOperatorsSeeTheInstallation(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	var nobody access.Installation
	for name, act := range map[string]func() error{
		"listing accounts": func() error { _, err := c.Operators.Accounts(ctx, nobody, "", accountPage); return err },
		"listing organizations": func() error {
			_, err := c.Operators.Organizations(ctx, nobody, "", ports.Page[organization.ID]{Limit: 5})
			return err
		},
		"the home":   func() error { _, err := c.Operators.Home(ctx, nobody); return err },
		"an account": func() error { _, err := c.Operators.Account(ctx, nobody, c.viewer.Account.ID); return err },
		"disabling":  func() error { _, err := c.Operators.SetDisabled(ctx, nobody, c.viewer.Account.ID, true); return err },
		"deleting":   func() error { return c.Operators.Delete(ctx, nobody, c.viewer.Account.ID, true) },
	} {
		if err := act(); !errors.Is(err, access.ErrOperatorOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
	found, err := c.Operators.Accounts(ctx, c.operates(), "VER", accountPage)
	must(t, err)
	if len(found.Items) != 1 || found.Items[0].ID != c.viewer.Account.ID {
		t.Errorf("the search finds %+v", found.Items)
	}
	orgs, err := c.Operators.Organizations(ctx, byToken, "olivia", ports.Page[organization.ID]{Limit: 5})
	must(t, err)
	if len(orgs.Items) != 1 || orgs.Items[0].ID != c.owner.org() {
		t.Errorf("the search finds %+v", orgs.Items)
	}
	_, err = c.Operators.Account(ctx, byToken, account.ID{1})
	refused(t, err, fault.ErrNotFound)
}

func TestDisablingActsAtOnceAndCanBeUndone(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	set := func(disabled bool) []audit.Action {
		return c.recorded(func() {
			_, err := c.Operators.SetDisabled(ctx, c.operates(), c.owner.Account.ID, disabled)
			must(t, err)
		})
	}
	if diff := cmp.Diff([]audit.Action{audit.AccountDisabled}, set(true)); diff != "" {
		t.Error(diff)
	}
	if got := set(true); len(got) != 0 {
		t.Errorf("disabling again recorded %v", got)
	}
	if c.alive(c.owner) {
		t.Error("the session lives on")
	}
	_, err := c.login("olivia", password)
	refused(t, err, account.ErrInvalidCredentials)
	if diff := cmp.Diff([]audit.Action{audit.AccountEnabled}, set(false)); diff != "" {
		t.Error(diff)
	}
	back, err := c.login("olivia", password)
	must(t, err)
	if back.Membership.Role != membership.Owner {
		t.Errorf("the membership became %+v", back.Membership)
	}
}

func TestAnInstallationKeepsAnOperator(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	own := c.operator.Account.ID
	_, err := c.Operators.SetDisabled(ctx, c.operates(), own, true)
	refused(t, err, account.ErrLastOperator)
	refused(t, c.Operators.Delete(ctx, byToken, own, true), account.ErrLastOperator)
	refused(t, c.Accounts.Delete(ctx, c.operator.Actor, password, client), account.ErrLastOperator)
}

func TestDeletingAnAccountOrphansNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	c.invite(c.admin, "guest", membership.Viewer)
	own := c.again(c.admin).chain()
	actions := c.recorded(func() { must(t, c.Operators.Delete(ctx, c.operates(), c.admin.Account.ID, false)) })
	want := map[audit.Action]int{audit.AccountDeleted: 1, audit.OrganizationDeleted: 1, audit.MemberRemoved: 1}
	if diff := cmp.Diff(want, count(actions)); diff != "" {
		t.Error(diff)
	}
	if entries := c.chain(own); entries[len(entries)-1].Action != audit.OrganizationDeleted || entries[len(entries)-1].Origin.ActorType != audit.Operator {
		t.Errorf("the organization's own chain ends with %+v", entries[len(entries)-1])
	}
	members, err := ports.Look(ctx, c.store, func(tx ports.Tx) ([]ports.Member, error) {
		grant, err := access.Authorize(c.owner.Membership, nil, access.ReadMember)
		must(t, err)
		return tx.Members(grant).List(ctx, ports.MemberFilter{}, ports.Page[membership.ID]{Limit: 10})
	})
	must(t, err)
	if len(members) != 3 {
		t.Errorf("%d members and invitations are left", len(members))
	}
}

func TestTheOperatorDecidesAboutWhatAnAccountAloneOwned(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	id := c.owner.Account.ID
	refused(t, c.Operators.Delete(ctx, c.operates(), id, false), membership.ErrLastOwner)
	if !c.alive(c.owner) {
		t.Error("the refused deletion ended a session")
	}
	must(t, c.Operators.Delete(ctx, c.operates(), id, true))
	_, err := c.Organizations.Get(ctx, c.admin.Actor, c.owner.org())
	refused(t, err, fault.ErrNotFound)
	again := c.register("olivia")
	if again.Account.ID == id {
		t.Error("the same id came back")
	}
}

func TestWhoIsNoOperatorAnyMoreFinishesNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	by := c.operates()
	must(t, c.store.Do(t.Context(), func(tx ports.Tx) error {
		who, err := tx.Accounts().Get(t.Context(), c.operator.Account.ID)
		if err != nil {
			return err
		}
		who.Operator = false
		return tx.Accounts().Save(t.Context(), who)
	}))
	refused(t, c.Operators.Delete(t.Context(), by, c.viewer.Account.ID, true), access.ErrOperatorOnly)
}

func count(actions []audit.Action) map[audit.Action]int {
	counted := map[audit.Action]int{}
	for _, a := range actions {
		counted[a]++
	}
	return counted
}
