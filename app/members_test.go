package app_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// company is an organization with one person in each role, a stranger, and the
// operator, who is a stranger, too.
type company struct {
	*world
	operator, owner, admin, developer, viewer, stranger person
}

func newCompany(t testing.TB) *company {
	t.Helper()
	w := newWorld(t)
	c := &company{world: w, operator: w.verified("root"), owner: w.verified("olivia"), stranger: w.verified("stan")}
	c.admin = w.join(c.owner, w.verified("adam"), membership.Admin)
	c.developer = w.join(c.owner, w.verified("dora"), membership.Developer)
	c.viewer = w.join(c.owner, w.verified("vera"), membership.Viewer)
	return c
}

func (c *company) roleOf(id membership.ID) membership.Role {
	c.t.Helper()
	m, err := ports.Look(c.t.Context(), c.store, func(tx ports.Tx) (ports.Member, error) {
		grant, err := access.Authorize(c.owner.Membership, nil, access.ReadMember)
		if err != nil {
			return ports.Member{}, err
		}
		return tx.Members(grant).Show(c.t.Context(), id)
	})
	must(c.t, err)
	return m.Role
}

func TestMembersAreListedToMembersAlone(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	page := ports.Page[membership.ID]{Limit: 50}
	found, err := c.Members.List(ctx, c.viewer.Actor, app.ListMembers{}, page)
	must(t, err)
	if len(found.Items) != 4 || found.More {
		t.Errorf("the list has %d members, more: %v", len(found.Items), found.More)
	}
	found, err = c.Members.List(ctx, c.viewer.Actor, app.ListMembers{Role: ptr("admin"), Text: "ADA"}, page)
	must(t, err)
	if len(found.Items) != 1 || found.Items[0].Email.String() != address("adam") {
		t.Errorf("the filter finds %+v", found.Items)
	}
	if _, err := c.Members.List(ctx, c.viewer.Actor, app.ListMembers{Role: ptr("Owner")}, page); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a role that there is not: %v", err)
	}
	outside := c.stranger.Actor
	outside.Membership = nil
	_, err = c.Members.List(ctx, outside, app.ListMembers{}, page)
	refused(t, err, fault.ErrNotFound)
}

func TestNobodyGivesOrTakesMoreThanTheyHold(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	for name, act := range map[string]func() error{
		"an admin makes an owner":        func() error { return c.Members.ChangeRole(ctx, c.admin.Actor, c.viewer.member(), "owner") },
		"an admin makes himself owner":   func() error { return c.Members.ChangeRole(ctx, c.admin.Actor, c.admin.member(), "owner") },
		"an admin demotes the owner":     func() error { return c.Members.ChangeRole(ctx, c.admin.Actor, c.owner.member(), "viewer") },
		"an admin removes the owner":     func() error { return c.Members.Remove(ctx, c.admin.Actor, c.owner.member()) },
		"a developer raises a viewer":    func() error { return c.Members.ChangeRole(ctx, c.developer.Actor, c.viewer.member(), "developer") },
		"a viewer removes a developer":   func() error { return c.Members.Remove(ctx, c.viewer.Actor, c.developer.member()) },
		"an admin hands the company on":  func() error { return c.Members.Transfer(ctx, c.admin.Actor, c.admin.org(), c.viewer.member()) },
		"a viewer removes himself there": func() error { return c.Members.Remove(ctx, c.viewer.Actor, c.viewer.member()) },
	} {
		if err := act(); !errors.Is(err, fault.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for id, want := range map[membership.ID]membership.Role{
		c.owner.member(): membership.Owner, c.admin.member(): membership.Admin, c.viewer.member(): membership.Viewer,
	} {
		if got := c.roleOf(id); got != want {
			t.Errorf("a refused change made a %s of a %s", got, want)
		}
	}
}

func TestAnOutsiderFindsNoMember(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	id := c.viewer.member()
	refused(t, c.Members.ChangeRole(ctx, c.stranger.Actor, id, "viewer"), fault.ErrNotFound)
	refused(t, c.Members.Remove(ctx, c.stranger.Actor, id), fault.ErrNotFound)
	refused(t, c.Members.Leave(ctx, c.stranger.Actor, c.owner.org()), fault.ErrNotFound)
	refused(t, c.Members.Transfer(ctx, c.stranger.Actor, c.owner.org(), id), fault.ErrNotFound)
	refused(t, c.Members.Transfer(ctx, c.stranger.Actor, c.stranger.org(), id), fault.ErrNotFound)
	refused(t, c.Invitations.Resend(ctx, c.stranger.Actor, id), fault.ErrNotFound)
}

func TestAnAdminManagesMembersBelowOwner(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	must(t, c.Members.ChangeRole(ctx, c.admin.Actor, c.viewer.member(), "admin"))
	if got := c.roleOf(c.viewer.member()); got != membership.Admin {
		t.Errorf("the role is %s", got)
	}
	refused(t, c.Members.Remove(ctx, c.admin.Actor, c.admin.member()), membership.ErrUseLeave)
	must(t, c.Members.Remove(ctx, c.admin.Actor, c.developer.member()))
	if seen := c.again(c.developer); seen.Membership != nil && seen.Membership.OrganizationID == c.owner.org() {
		t.Error("a removed member still is one with the old token")
	}
	if _, err := c.Organizations.Get(ctx, c.developer.Actor, c.owner.org()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a removed member reads on: %v", err)
	}
}

func TestAnOrganizationKeepsAnOwner(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	refused(t, c.Members.Leave(ctx, c.owner.Actor, c.owner.org()), membership.ErrLastOwner)
	refused(t, c.Members.ChangeRole(ctx, c.owner.Actor, c.owner.member(), "admin"), membership.ErrLastOwner)
	err := c.Accounts.Delete(ctx, c.owner.Actor, password, client)
	refused(t, err, membership.ErrLastOwner)
	if fields := fault.Of(err).Fields; len(fields) != 1 || fields[0].Name != c.owner.org().String() {
		t.Errorf("the refusal names %+v", fields)
	}
	must(t, c.Members.ChangeRole(ctx, c.owner.Actor, c.viewer.member(), "owner"))
	must(t, c.Members.Leave(ctx, c.owner.Actor, c.owner.org()))
	refused(t, c.Members.Leave(ctx, c.viewer.Actor, c.viewer.org()), membership.ErrLastOwner)
}

func TestTwoOwnersAtOnceLeaveOneBehind(t *testing.T) {
	t.Parallel()
	acts := map[string]func(w *world, by, other person) error{
		"remove": func(w *world, by, other person) error {
			return w.Members.Remove(w.t.Context(), by.Actor, other.member())
		},
		"leave": func(w *world, by, _ person) error { return w.Members.Leave(w.t.Context(), by.Actor, by.org()) },
		"demote": func(w *world, by, other person) error {
			return w.Members.ChangeRole(w.t.Context(), by.Actor, other.member(), "viewer")
		},
		"step down": func(w *world, by, _ person) error {
			return w.Members.ChangeRole(w.t.Context(), by.Actor, by.member(), "admin")
		},
		"delete": func(w *world, by, _ person) error {
			return w.Accounts.Delete(w.t.Context(), by.Actor, password, client)
		},
	}
	for first, one := range acts {
		for second, two := range acts {
			if second < first {
				continue // the same pair the other way round
			}
			t.Run(first+" and "+second, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.register("root")
				ada := w.verified("ada")
				eve := w.join(ada, w.verified("eve"), membership.Owner)
				witness := w.join(ada, w.verified("wit"), membership.Viewer)
				var both sync.WaitGroup
				both.Go(func() { _ = one(w, ada, eve) })
				both.Go(func() { _ = two(w, eve, ada) })
				both.Wait()
				n, err := ports.Look(t.Context(), w.store, func(tx ports.Tx) (int, error) {
					return tx.Members(byToken.Over(witness.org())).Owners(t.Context())
				})
				must(t, err)
				if n < 1 {
					t.Error("the organization has no owner")
				}
			})
		}
	}
}

func TestOwnershipIsTransferredByAFreshOwner(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	refused(t, c.Members.Transfer(ctx, c.owner.Actor, c.owner.org(), c.owner.member()), membership.ErrSelfTransfer)
	c.clock.Advance(11 * time.Minute)
	refused(t, c.Members.Transfer(ctx, c.owner.Actor, c.owner.org(), c.viewer.member()), session.ErrReauthenticate)
	must(t, c.Sessions.Reauthenticate(ctx, c.owner.Actor, password, client))
	must(t, c.Members.Transfer(ctx, c.in(c.owner, c.owner.org()).Actor, c.owner.org(), c.viewer.member()))
	if heir, own := c.roleOf(c.viewer.member()), c.roleOf(c.owner.member()); heir != membership.Owner || own != membership.Admin {
		t.Errorf("the heir is %s, the former owner %s", heir, own)
	}
}

func TestAPersonalOrganizationStaysItsAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	made, err := w.Accounts.SignUp(ctx, app.SignUp{Email: address("paul"), Password: password, Client: client})
	must(t, err)
	paul, err := w.login("paul", password)
	must(t, err)
	org := made.Organization.ID
	_, err = w.Invitations.Invite(ctx, paul.Actor, app.Invite{Email: address("guest")})
	refused(t, err, organization.ErrPersonal)
	refused(t, w.Members.Leave(ctx, paul.Actor, org), organization.ErrPersonal)
	refused(t, w.Members.Remove(ctx, paul.Actor, paul.member()), membership.ErrUseLeave)
	refused(t, w.Members.Transfer(ctx, paul.Actor, org, paul.member()), organization.ErrPersonal)
	_, err = w.Organizations.Update(ctx, paul.Actor, org, app.UpdateOrganization{Personal: ptr(false)})
	must(t, err)
	_, err = w.Invitations.Invite(ctx, paul.Actor, app.Invite{Email: address("guest")})
	must(t, err)
}

func TestWithAMemberGoesAllThatTheyHeld(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	bound, err := c.AccountKeys.Create(ctx, c.admin.Actor, app.CreateAccountKey{Name: "deploy", OrganizationID: ptr(c.owner.org())})
	must(t, err)
	free, err := c.AccountKeys.Create(ctx, c.admin.Actor, app.CreateAccountKey{Name: "laptop"})
	must(t, err)
	_, err = c.Sessions.SwitchOrganization(ctx, c.admin.Actor, c.owner.org())
	must(t, err)
	invited, err := c.Invitations.Invite(ctx, c.admin.Actor, app.Invite{Email: address("guest")})
	must(t, err)
	must(t, c.Members.Remove(ctx, c.owner.Actor, c.admin.member()))

	if _, err := c.AccountKeys.Authenticate(ctx, bound.Secret.Reveal(), nil, client); err == nil {
		t.Error("a key that was bound to the organization lives on")
	}
	actor, err := c.AccountKeys.Authenticate(ctx, free.Secret.Reveal(), ptr(c.owner.org()), client)
	must(t, err)
	if actor.Membership != nil {
		t.Error("a key still reaches the organization")
	}
	if sessions, err := c.Sessions.List(ctx, c.admin.Actor, ports.Page[session.ID]{Limit: 10}); err != nil || sessions.Items[0].OrganizationID != nil {
		t.Errorf("the organization is still active in %+v, %v", sessions, err)
	}
	refused(t, c.Members.Remove(ctx, c.owner.Actor, invited.ID), fault.ErrNotFound)
}

func TestARoleThatIsNoneIsRefusedFirst(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	for _, role := range []string{"", "Owner", "owner ", "admin,owner", "none"} {
		err := c.Members.ChangeRole(context.WithoutCancel(t.Context()), c.stranger.Actor, c.viewer.member(), role)
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("the role %q: %v", role, err)
		}
	}
}
