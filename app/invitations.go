package app

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// Invitations is asking people in.
type Invitations struct {
	Dependencies
	issuer    *issuer
	newcomers *newcomers
}

// How many invitations may be mailed.
const (
	invitationsPerHour    = 1000 // of one organization
	invitationsPerAddress = 3    // a day, of one organization to one address
	day                   = 24 * time.Hour
)

// Invite asks somebody in.
type Invite struct {
	Email string
	Role  *string // nil or empty: developer
	Keep  Keep[ports.Member]
}

// Invite mails a link by which an address may join the active organization. What
// is answered does not depend on whether the address has an account, unless that
// is a member.
func (s *Invitations) Invite(ctx context.Context, actor access.Actor, in Invite) (ports.Member, error) {
	var v fault.Validation
	draft := membership.Invitation{Role: membership.Developer}
	draft.Email = required(&v, "email", in.Email, s.parseEmail)
	replace(&draft.Role, optional(&v, "role", in.Role, membership.ParseRole))
	if err := v.Err(); err != nil {
		return ports.Member{}, err
	}
	return mailing(ctx, s.Dependencies, keeping(ctx, in.Keep, func(tx ports.Tx) (ports.Member, error) {
		m, err := enter(ctx, tx, actor)
		if err != nil {
			return ports.Member{}, err
		}
		grant, err := m.may(access.InviteMember)
		if err != nil {
			return ports.Member{}, err
		}
		if err := access.Ceiling(m.membership.Role, draft.Role); err != nil {
			return ports.Member{}, err
		}
		return s.invite(ctx, tx, actor, grant, draft)
	}))
}

func (s *Invitations) invite(ctx context.Context, tx ports.Tx, actor access.Actor, grant access.Grant, draft membership.Invitation) (ports.Member, error) {
	if err := refusePersonal(ctx, tx, grant); err != nil {
		return ports.Member{}, err
	}
	if err := refuseKnown(ctx, tx, grant, draft.Email); err != nil {
		return ports.Member{}, err
	}
	made := draft
	made.ID, made.OrganizationID, made.InvitedBy = membership.ID(s.Random.ID()), grant.Organization(), &actor.Account.ID
	made.Version, made.CreatedAt, made.UpdatedAt = 1, tx.Now(), tx.Now()
	made.ExpiresAt = tx.Now().Add(link.Invitation.Lifetime())
	if err := tx.Invitations(grant).Add(ctx, made); err != nil {
		return ports.Member{}, err
	}
	if err := s.send(ctx, tx, actor, grant, made); err != nil {
		return ports.Member{}, err
	}
	err := s.record(ctx, tx, actor, audit.OfOrganization(made.OrganizationID), audit.Event{
		Action: audit.MemberInvited, ResourceType: memberResource, ResourceID: made.ID.String(), After: invitationState(made),
	})
	if err != nil {
		return ports.Member{}, err
	}
	return tx.Members(grant).Show(ctx, made.ID)
}

func refuseKnown(ctx context.Context, tx ports.Tx, grant access.Grant, email account.Email) error {
	known, err := tx.Members(grant).FindByEmail(ctx, email)
	switch {
	case err != nil || known == nil:
		return err
	case known.Status == membership.Invited:
		return membership.ErrAlreadyInvited
	}
	return membership.ErrAlreadyMember
}

// send posts the mail with a new link.
func (s *Invitations) send(ctx context.Context, tx ports.Tx, actor access.Actor, grant access.Grant, i membership.Invitation) error {
	if err := mayInvite(ctx, tx, i); err != nil {
		return err
	}
	o, err := tx.Organization(grant).Get(ctx)
	if err != nil {
		return err
	}
	kept, token, err := s.addLink(ctx, tx, link.Link{
		Purpose: link.Invitation, Email: i.Email, OrganizationID: &i.OrganizationID, MembershipID: &i.ID,
	})
	if err != nil {
		return err
	}
	return s.post(ctx, tx, mail.Mail{
		Kind: mail.Invitation, To: i.Email, Token: token.Reveal(), Organization: o.Name.String(),
		Inviter: actor.Account.Name.String(), Role: i.Role.String(), ExpiresAt: kept.ExpiresAt,
	})
}

// mayInvite keeps an organization from becoming a source of unwanted mail.
func mayInvite(ctx context.Context, tx ports.Tx, i membership.Invitation) error {
	key := "invitations/" + i.OrganizationID.String()
	for _, limit := range []struct {
		key    string
		times  int
		window time.Duration
	}{
		{windowed(key, tx.Now(), time.Hour), invitationsPerHour, time.Hour},
		{windowed(key+"/"+digestOf(i.Email.String()), tx.Now(), day), invitationsPerAddress, day},
	} {
		wait, err := tx.Throttles().Take(ctx, limit.key, limit.times, limit.window)
		if err != nil {
			return err
		}
		if wait > 0 {
			return membership.ErrManyInvitations.After(wait)
		}
	}
	return nil
}

// Resend mails a new link, which voids the old one and is good for as long as a
// first one. Who sends it again vouches for it from now on.
func (s *Invitations) Resend(ctx context.Context, actor access.Actor, id membership.ID) error {
	return s.doMailing(ctx, func(tx ports.Tx) error {
		t, err := findMember(ctx, tx, actor, id, access.InviteMember)
		if err != nil {
			return err
		}
		if t.found.Status != membership.Invited {
			return membership.ErrAlreadyMember
		}
		i, err := tx.Invitations(t.grant).Get(ctx, id)
		if err != nil {
			return err
		}
		i.ExpiresAt, i.UpdatedAt = tx.Now().Add(link.Invitation.Lifetime()), tx.Now()
		i.InvitedBy = &actor.Account.ID
		if err := tx.Invitations(t.grant).Save(ctx, i); err != nil {
			return err
		}
		if err := tx.Links().VoidInvitation(ctx, id); err != nil {
			return err
		}
		if err := s.send(ctx, tx, actor, t.grant, i); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, audit.OfOrganization(i.OrganizationID), audit.Event{
			Action: audit.InvitationResent, ResourceType: memberResource, ResourceID: id.String(),
			Before: memberState(t.found), After: invitationState(i),
		})
	})
}

// opened is an invitation whose link somebody holds. Nobody is authorized by a
// membership here: the link is what opens the one organization that it names.
type opened struct {
	link         link.Link
	invitation   membership.Invitation
	grant        access.Grant
	organization organization.Organization
	inviter      account.Account
}

// open finds the invitation of a presented token. Used, expired, withdrawn and
// invented tokens have one answer, and so has an invitation whose inviter could
// not send it any more.
func (s *Invitations) open(ctx context.Context, tx ports.Tx, token string, who account.ID) (opened, error) {
	found, err := findLink(ctx, tx, token, link.Invitation)
	if err != nil {
		return opened{}, uninvited(err)
	}
	o := opened{link: found, grant: access.Invited(*found.OrganizationID, who)}
	if o.invitation, err = tx.Invitations(o.grant).Get(ctx, *found.MembershipID); err != nil {
		return opened{}, uninvited(err)
	}
	if o.invitation.Expired(tx.Now()) {
		return opened{}, link.ErrInvitationNotFound
	}
	if o.inviter, err = voucher(ctx, tx, o.invitation); err != nil {
		return opened{}, uninvited(err)
	}
	o.organization, err = tx.Organization(o.grant).Get(ctx)
	return o, uninvited(err)
}

// voucher returns who vouches for an invitation: an account that could still
// offer this role.
func voucher(ctx context.Context, tx ports.Tx, i membership.Invitation) (account.Account, error) {
	if i.InvitedBy == nil {
		return account.Account{}, fault.ErrNotFound
	}
	m, err := tx.Memberships().Find(ctx, i.OrganizationID, *i.InvitedBy)
	if err != nil {
		return account.Account{}, err
	}
	if m == nil || !access.Allowed(m.Role, access.InviteMember) || access.Ceiling(m.Role, i.Role) != nil {
		return account.Account{}, fault.ErrNotFound
	}
	who, err := tx.Accounts().Get(ctx, *i.InvitedBy)
	if err == nil && !who.MayLogIn() {
		return account.Account{}, fault.ErrNotFound
	}
	return who, err
}

// uninvited gives every reason why there is no invitation the same face.
func uninvited(err error) error {
	if f := fault.Of(err); f != nil && (f.Kind == fault.NotFound || f.Kind == fault.Invalid) {
		return link.ErrInvitationNotFound
	}
	return err
}
