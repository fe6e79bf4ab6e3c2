package app

import (
	"context"
	"strings"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// InvitationPreview is what the holder of a link may know before logging in.
type InvitationPreview struct {
	Organization naming.Name
	Inviter      naming.Name
	Role         membership.Role
	Email        string // masked: a•••@example.com
	ExpiresAt    time.Time
}

// Preview shows an invitation to who holds its link. It never tells whether the
// address has an account.
func (s *Invitations) Preview(ctx context.Context, token string) (InvitationPreview, error) {
	return ports.Look(ctx, s.Store, func(tx ports.Tx) (InvitationPreview, error) {
		o, err := s.open(ctx, tx, token, account.ID{})
		if err != nil {
			return InvitationPreview{}, err
		}
		return InvitationPreview{
			Organization: o.organization.Name, Inviter: o.inviter.Name, Role: o.invitation.Role,
			Email: masked(o.invitation.Email), ExpiresAt: o.invitation.ExpiresAt,
		}, nil
	})
}

// masked leaves of an address what its owner recognizes it by.
func masked(email account.Email) string {
	_, domain, _ := strings.Cut(email.String(), "@")
	return email.LocalPart()[:1] + "•••@" + domain
}

// Accepted is what came of an invitation.
type Accepted struct {
	Member       ports.Member
	Organization organization.Organization
}

// Accept is an invitation accepted by who has an account.
type Accept struct {
	Token string
	Keep  Keep[Accepted]
}

// Accept makes the caller a member. The invitation must have been sent to the
// address that this account has proven.
func (s *Invitations) Accept(ctx context.Context, actor access.Actor, in Accept) (Accepted, error) {
	if err := inPerson(actor); err != nil {
		return Accepted{}, err
	}
	return ports.Run(ctx, s.Store, keeping(ctx, in.Keep, func(tx ports.Tx) (Accepted, error) {
		o, err := s.open(ctx, tx, in.Token, actor.Account.ID)
		if err != nil {
			return Accepted{}, err
		}
		who, err := tx.Accounts().Get(ctx, actor.Account.ID)
		if err != nil {
			return Accepted{}, err
		}
		if who.Email != o.invitation.Email {
			return Accepted{}, membership.ErrAnotherAddress
		}
		if !who.EmailVerified {
			return Accepted{}, membership.ErrEmailUnproven
		}
		return s.join(ctx, tx, o, who.ID, actor.Origin())
	}))
}

// join makes a membership of the invitation and spends the link: in the order in
// which who withdraws it takes both, since otherwise each could wait for the
// other.
func (s *Invitations) join(ctx context.Context, tx ports.Tx, o opened, who account.ID, by audit.Origin) (Accepted, error) {
	if err := tx.Invitations(o.grant).Accept(ctx, o.invitation, who); err != nil {
		return Accepted{}, err
	}
	if err := spendLink(ctx, tx, o.link); err != nil {
		return Accepted{}, uninvited(err)
	}
	joined, err := tx.Members(o.grant).Show(ctx, o.invitation.ID)
	if err != nil {
		return Accepted{}, err
	}
	return Accepted{joined, o.organization}, s.recordFrom(ctx, tx, by, audit.OfOrganization(o.organization.ID), audit.Event{
		Action: audit.MemberJoined, ResourceType: memberResource, ResourceID: joined.ID.String(),
		Before: invitationState(o.invitation), After: memberState(joined),
	})
}

// AcceptAsNew is an invitation accepted by who has no account yet.
type AcceptAsNew struct {
	Token    string
	Name     string
	Password string
	Client   Client
	Keep     Keep[Joined]
}

// Joined is a new account with its first membership and session.
type Joined struct {
	Accepted
	Account account.Account
	Tokens  session.Tokens
}

// AcceptAsNew makes the account, whose address the link proves, the membership
// and a session: all of it or nothing. An address that has an account gets
// membership.ErrAccountExists; nobody is logged in to an account by a link.
func (s *Invitations) AcceptAsNew(ctx context.Context, in AcceptAsNew) (Joined, error) {
	if err := plausible(in); err != nil {
		return Joined{}, err
	}
	known, err := ports.Look(ctx, s.Store, func(tx ports.Tx) (opened, error) { return s.openForNew(ctx, tx, in.Token, account.ID{}) })
	if err != nil {
		return Joined{}, err
	}
	var v fault.Validation
	draft := s.newcomers.parse(&v, known.invitation.Email, in.Name, in.Password, known.organization.Name.String())
	if err := v.Err(); err != nil {
		return Joined{}, err
	}
	draft.account.EmailVerified = true
	who, err := s.newcomers.hash(ctx, draft)
	if err != nil {
		return Joined{}, err
	}
	return ports.Run(ctx, s.Store, keeping(ctx, in.Keep, func(tx ports.Tx) (Joined, error) {
		made, err := s.joinAsNew(ctx, tx, in, who)
		if err != nil {
			return made, err
		}
		made.Tokens, err = s.issuer.admit(ctx, tx, made.Account.ID, made.Organization.ID, in.Client)
		return made, err
	}))
}

// plausible refuses what no account can have, before the token is looked up.
func plausible(in AcceptAsNew) error {
	var v fault.Validation
	required(&v, "name", in.Name, naming.ParseName)
	required(&v, "password", in.Password, account.ParsePassword)
	return v.Err()
}

// openForNew is open for an address without an account.
func (s *Invitations) openForNew(ctx context.Context, tx ports.Tx, token string, who account.ID) (opened, error) {
	o, err := s.open(ctx, tx, token, who)
	if err != nil {
		return opened{}, err
	}
	holder, err := tx.Accounts().FindByEmail(ctx, o.invitation.Email)
	if err == nil && holder != nil {
		err = membership.ErrAccountExists
	}
	return o, err
}

func (s *Invitations) joinAsNew(ctx context.Context, tx ports.Tx, in AcceptAsNew, who account.Account) (Joined, error) {
	o, err := s.openForNew(ctx, tx, in.Token, who.ID)
	if err != nil {
		return Joined{}, err
	}
	if who, err = s.newcomers.add(ctx, tx, who, true); err != nil {
		return Joined{}, err
	}
	by := in.Client.by(who.ID)
	err = s.recordFrom(ctx, tx, by, audit.OfAccount(who.ID), registered(who))
	if err != nil {
		return Joined{}, err
	}
	accepted, err := s.join(ctx, tx, o, who.ID, by)
	return Joined{Accepted: accepted, Account: who}, err
}

// Decline ends an invitation. Who holds the link may, logged in or not.
func (s *Invitations) Decline(ctx context.Context, token string, c Client) error {
	return s.Store.Do(ctx, func(tx ports.Tx) error {
		o, err := s.open(ctx, tx, token, account.ID{})
		if err != nil {
			return err
		}
		if err := tx.Invitations(o.grant).Remove(ctx, o.invitation.ID); err != nil {
			return uninvited(err)
		}
		return s.recordFrom(ctx, tx, c.stranger(), audit.OfOrganization(o.organization.ID), audit.Event{
			Action: audit.InvitationDeclined, ResourceType: memberResource, ResourceID: o.invitation.ID.String(),
			Before: invitationState(o.invitation),
		})
	})
}
