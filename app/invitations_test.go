package app_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/ports"
)

// invite asks somebody into the owner's organization and returns the token.
func (c *company) invite(by person, name string, role membership.Role) (ports.Member, string) {
	c.t.Helper()
	text := role.String()
	made, err := c.Invitations.Invite(c.t.Context(), by.Actor, app.Invite{Email: address(name), Role: &text})
	must(c.t, err)
	return made, c.mail(mail.Invitation, address(name)).Token
}

func TestAnInvitationIsAMemberToBe(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	made, err := c.Invitations.Invite(t.Context(), c.admin.Actor, app.Invite{Email: " Guest@Example.com "})
	must(t, err)
	if made.Status != membership.Invited || made.Role != membership.Developer || made.AccountID != nil ||
		made.Email.String() != address("guest") || *made.InvitedBy != c.admin.Account.ID ||
		!made.ExpiresAt.Equal(c.clock.Now().Add(7*24*time.Hour)) {
		t.Errorf("the invitation is %+v", made)
	}
	sent := c.mail(mail.Invitation, address("guest"))
	if sent.Organization != "olivia ltd" || sent.Inviter != "adam" || sent.Role != "developer" || sent.Token == "" {
		t.Errorf("the mail is %+v", sent)
	}
}

func TestWhoMayNotInviteDoesNot(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	invite := func(p person, in app.Invite) error { _, err := c.Invitations.Invite(ctx, p.Actor, in); return err }
	refused(t, invite(c.developer, app.Invite{Email: address("guest")}), fault.ErrForbidden)
	refused(t, invite(c.admin, app.Invite{Email: address("guest"), Role: ptr("owner")}), fault.ErrForbidden)
	refused(t, invite(c.admin, app.Invite{Email: c.viewer.email()}), membership.ErrAlreadyMember)
	must(t, invite(c.admin, app.Invite{Email: address("guest")}))
	refused(t, invite(c.owner, app.Invite{Email: address("guest")}), membership.ErrAlreadyInvited)
	outside := c.stranger.Actor
	outside.Membership = nil
	_, err := c.Invitations.Invite(ctx, outside, app.Invite{Email: address("guest")})
	refused(t, err, fault.ErrNotFound)
	if got := len(c.mails(mail.Invitation, address("guest"))); got != 1 {
		t.Errorf("%d mails went out", got)
	}
}

func TestAPreviewShowsNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	_, token := c.invite(c.admin, "stan", membership.Viewer) // has an account
	_, other := c.invite(c.admin, "sten", membership.Viewer) // has none
	seen, err := c.Invitations.Preview(t.Context(), token)
	must(t, err)
	if seen.Organization.String() != "olivia ltd" || seen.Inviter.String() != "adam" || seen.Role != membership.Viewer || seen.Email != "s•••@example.com" {
		t.Errorf("the preview is %+v", seen)
	}
	unknown, err := c.Invitations.Preview(t.Context(), other)
	must(t, err)
	if seen != unknown {
		t.Errorf("%+v for a known address, %+v for an unknown one", seen, unknown)
	}
}

func TestOnlyTheInvitedAddressAccepts(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	invited, token := c.invite(c.owner, "stan", membership.Developer)
	_, err := c.Invitations.Accept(ctx, c.operator.Actor, app.Accept{Token: token})
	refused(t, err, membership.ErrAnotherAddress)
	unproven := c.register("ursula")
	_, own := c.invite(c.owner, "ursula", membership.Viewer)
	_, err = c.Invitations.Accept(ctx, unproven.Actor, app.Accept{Token: own})
	refused(t, err, membership.ErrEmailUnproven)

	accepted, err := c.Invitations.Accept(ctx, c.stranger.Actor, app.Accept{Token: token})
	must(t, err)
	if accepted.Member.ID != invited.ID || accepted.Member.Status != membership.Active || accepted.Member.Role != membership.Developer ||
		accepted.Organization.ID != c.owner.org() {
		t.Errorf("accepted was %+v", accepted)
	}
	_, err = c.Invitations.Accept(ctx, c.stranger.Actor, app.Accept{Token: token})
	refused(t, err, link.ErrInvitationNotFound)
}

func TestANewcomerJoinsInOneStep(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	_, token := c.invite(c.admin, "nora", membership.Viewer)
	var joined app.Joined
	actions := c.recorded(func() {
		var err error
		joined, err = c.Invitations.AcceptAsNew(ctx, app.AcceptAsNew{Token: token, Name: "Nora", Password: password, Client: client})
		must(t, err)
	})
	if diff := cmp.Diff([]audit.Action{audit.AccountRegistered, audit.MemberJoined}, actions); diff != "" {
		t.Error(diff)
	}
	nora := c.arrive(joined.Tokens)
	if !nora.Account.EmailVerified || nora.org() != c.owner.org() || nora.Membership.Role != membership.Viewer {
		t.Errorf("the newcomer is %+v in %+v", nora.Account, nora.Membership)
	}
	if _, err := c.login("nora", password); err != nil {
		t.Errorf("the newcomer cannot log in: %v", err)
	}
}

func TestALinkNeverLogsInToAnAccount(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	_, token := c.invite(c.owner, "stan", membership.Viewer)
	in := app.AcceptAsNew{Token: token, Name: "Stan", Password: another, Client: client}
	_, err := c.Invitations.AcceptAsNew(t.Context(), in)
	refused(t, err, membership.ErrAccountExists)
	_, err = c.login("stan", another)
	refused(t, err, account.ErrInvalidCredentials)
	in.Password = "password"
	_, err = c.Invitations.AcceptAsNew(t.Context(), app.AcceptAsNew{Token: "", Name: "N", Password: "x", Client: client})
	refused(t, err, link.ErrInvitationNotFound)
	_, fresh := c.invite(c.owner, "nora", membership.Viewer)
	in.Token = fresh
	if _, err = c.Invitations.AcceptAsNew(t.Context(), in); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a password that everybody knows: %v", err)
	}
}

func TestAnInvitationEndsOnTheSecond(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	_, token := c.invite(c.owner, "stan", membership.Viewer)
	c.clock.Advance(7*24*time.Hour - time.Microsecond)
	_, err := c.Invitations.Preview(ctx, token)
	must(t, err)
	c.clock.Advance(time.Microsecond)
	_, err = c.Invitations.Preview(ctx, token)
	refused(t, err, link.ErrInvitationNotFound)
	_, err = c.Invitations.Accept(ctx, c.stranger.Actor, app.Accept{Token: token})
	refused(t, err, link.ErrInvitationNotFound)
	_, err = c.Invitations.Invite(ctx, c.owner.Actor, app.Invite{Email: address("stan")})
	must(t, err)
}

func TestEveryDeadTokenHasOneAnswer(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	_, declined := c.invite(c.owner, "one", membership.Viewer)
	must(t, c.Invitations.Decline(ctx, declined, client))
	withdrawn, gone := c.invite(c.owner, "two", membership.Viewer)
	must(t, c.Members.Remove(ctx, c.admin.Actor, withdrawn.ID))
	resent, old := c.invite(c.owner, "three", membership.Viewer)
	must(t, c.Invitations.Resend(ctx, c.admin.Actor, resent.ID))
	verification := c.mail(mail.VerifyEmail, c.stranger.email()).Token
	for name, token := range map[string]string{
		"declined": declined, "withdrawn": gone, "resent": old, "another purpose": verification,
		"invented": link.NewToken(make([]byte, 32)).Reveal(), "none": "", "too long": strings.Repeat("a", 1000),
	} {
		_, preview := c.Invitations.Preview(ctx, token)
		_, accept := c.Invitations.Accept(ctx, c.stranger.Actor, app.Accept{Token: token})
		for _, err := range []error{preview, accept, c.Invitations.Decline(ctx, token, client)} {
			if !errors.Is(err, link.ErrInvitationNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if _, err := c.Invitations.Preview(ctx, c.mail(mail.Invitation, address("three")).Token); err != nil {
		t.Errorf("the new link: %v", err)
	}
}

func TestAnInvitationIsWorthWhatItsInviterIs(t *testing.T) {
	t.Parallel()
	for name, fall := range map[string]func(*company) error{
		"demoted": func(c *company) error {
			return c.Members.ChangeRole(c.t.Context(), c.owner.Actor, c.admin.member(), "developer")
		},
		"removed": func(c *company) error { return c.Members.Remove(c.t.Context(), c.owner.Actor, c.admin.member()) },
		"left":    func(c *company) error { return c.Members.Leave(c.t.Context(), c.admin.Actor, c.owner.org()) },
		"deleted": func(c *company) error { return c.Accounts.Delete(c.t.Context(), c.admin.Actor, password, client) },
		"disabled": func(c *company) error {
			_, err := c.Operators.SetDisabled(c.t.Context(), c.operates(), c.admin.Account.ID, true)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCompany(t)
			_, token := c.invite(c.admin, "stan", membership.Developer)
			must(t, fall(c))
			_, err := c.Invitations.Accept(t.Context(), c.stranger.Actor, app.Accept{Token: token})
			refused(t, err, link.ErrInvitationNotFound)
		})
	}
}

// An account that is deleted in the database leaves its invitations so.
func TestAnInvitationOfNobodyIsWorthNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	invited, token := c.invite(c.admin, "stan", membership.Developer)
	must(t, c.store.Do(ctx, func(tx ports.Tx) error {
		grant, err := access.Authorize(c.owner.Membership, nil, access.InviteMember)
		if err != nil {
			return err
		}
		i, err := tx.Invitations(grant).Get(ctx, invited.ID)
		if err != nil {
			return err
		}
		i.InvitedBy = nil
		return tx.Invitations(grant).Save(ctx, i)
	}))
	_, err := c.Invitations.Accept(ctx, c.stranger.Actor, app.Accept{Token: token})
	refused(t, err, link.ErrInvitationNotFound)
}

func TestWhoSendsAnInvitationAgainVouchesForIt(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	invited, _ := c.invite(c.admin, "stan", membership.Developer)
	must(t, c.Members.ChangeRole(ctx, c.owner.Actor, c.admin.member(), "viewer"))
	must(t, c.Invitations.Resend(ctx, c.owner.Actor, invited.ID))
	_, err := c.Invitations.Accept(ctx, c.stranger.Actor, app.Accept{Token: c.mail(mail.Invitation, address("stan")).Token})
	must(t, err)

	other, token := c.invite(c.owner, "root", membership.Viewer)
	must(t, c.Members.ChangeRole(ctx, c.owner.Actor, other.ID, "owner"))
	accepted, err := c.Invitations.Accept(ctx, c.operator.Actor, app.Accept{Token: token})
	must(t, err)
	if accepted.Member.Role != membership.Owner {
		t.Errorf("the offered role was owner, the member is %s", accepted.Member.Role)
	}
}

func TestOneInvitationMakesOneMember(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	_, token := c.invite(c.owner, "stan", membership.Viewer)
	var joined atomic.Int32
	actions := c.recorded(func() {
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				_, err := c.Invitations.Accept(context.WithoutCancel(t.Context()), c.stranger.Actor, app.Accept{Token: token})
				switch {
				case err == nil:
					joined.Add(1)
				case !errors.Is(err, link.ErrInvitationNotFound):
					t.Errorf("a loser was told %v", err)
				}
			})
		}
		all.Wait()
	})
	if joined.Load() != 1 || len(actions) != 1 {
		t.Errorf("%d succeeded, recorded was %v", joined.Load(), actions)
	}
}

func TestInvitationMailsAreBounded(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	invited, _ := c.invite(c.owner, "guest", membership.Viewer)
	must(t, c.Invitations.Resend(ctx, c.owner.Actor, invited.ID))
	must(t, c.Members.Remove(ctx, c.owner.Actor, invited.ID))
	again, _ := c.invite(c.owner, "guest", membership.Viewer)
	refused(t, c.Invitations.Resend(ctx, c.owner.Actor, again.ID), membership.ErrManyInvitations)
	c.invite(c.owner, "other", membership.Viewer)
	c.clock.Advance(24 * time.Hour)
	must(t, c.Invitations.Resend(ctx, c.owner.Actor, again.ID))
}

func TestAProgramAcceptsNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	_, token := c.invite(c.owner, "stan", membership.Viewer)
	_, err := c.Invitations.Accept(t.Context(), c.key(c.stranger, "read", "write"), app.Accept{Token: token})
	refused(t, err, errSessionRequired)
}

// operates is the operator's authority.
func (c *company) operates() access.Installation {
	c.t.Helper()
	by, err := access.Operate(c.operator.Actor)
	must(c.t, err)
	return by
}
