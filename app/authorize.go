package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// member is the caller inside one organization, with the account key that it
// calls by, if any. Every tenant use case begins by becoming one.
type member struct {
	membership *membership.Membership
	key        *accountkey.Key
}

// may asks the policy table. The answer is 404 for an outsider and 403 for a
// role that is too low or a key without the scope, so a use case looks for the
// object between asking to read and asking to change it: nobody learns from a
// 403 what exists elsewhere.
func (m member) may(action access.Action) (access.Grant, error) {
	return access.Authorize(m.membership, m.key, action)
}

// mayFind asks to read what is about to be changed. That is a part of the change,
// so a key needs no scope of its own for it.
func (m member) mayFind(action access.Action) (access.Grant, error) {
	return access.Authorize(m.membership, nil, action)
}

// reader is the caller as authenticated for this request, good for reading in
// the active organization.
func reader(actor access.Actor) member { return member{actor.Membership, actor.Key} }

// enter reads the caller's membership of the active organization inside the
// unit of work that is about to change something, so that a role revoked
// meanwhile cannot finish what it started.
func enter(ctx context.Context, tx ports.Tx, actor access.Actor) (member, error) {
	org := actor.Organization()
	if org == nil {
		return member{}, fault.ErrNotFound
	}
	return enterOrganization(ctx, tx, actor, *org)
}

// enterOrganization is enter for an organization that the request names. A key
// that is bound to another one does not get there.
func enterOrganization(ctx context.Context, tx ports.Tx, actor access.Actor, org organization.ID) (member, error) {
	if bound := boundTo(actor); bound != nil && *bound != org {
		return member{}, fault.ErrNotFound
	}
	m, err := tx.Memberships().Find(ctx, org, actor.Account.ID)
	if err != nil {
		return member{}, err
	}
	if m == nil {
		return member{}, fault.ErrNotFound
	}
	return member{m, actor.Key}, nil
}

// boundTo is the only organization that the calling key reaches, nil when it
// reaches all of its account's, or a person calls.
func boundTo(actor access.Actor) *organization.ID {
	if actor.Key == nil {
		return nil
	}
	return actor.Key.OrganizationID
}

// inPerson refuses account keys: what makes or breaks an account is for the
// person who is logged in.
func inPerson(actor access.Actor) error {
	if actor.Key != nil {
		return accountkey.ErrSessionRequired
	}
	return nil
}

// inFreshPerson is inPerson for the most sensitive acts: the password was proven
// a moment ago. The actor may be remembered from before a proof that another
// replica took, so the session is read before anybody is refused.
func inFreshPerson(ctx context.Context, tx ports.Tx, actor access.Actor, p session.Policy) error {
	if err := inPerson(actor); err != nil {
		return err
	}
	if actor.Session.Fresh(tx.Now(), p) {
		return nil
	}
	current, err := currentSession(ctx, tx, actor)
	if err != nil {
		return err
	}
	if !current.Session.Fresh(tx.Now(), p) {
		return session.ErrReauthenticate
	}
	return nil
}

// inScope holds a key to its scopes where no organization is concerned.
func inScope(actor access.Actor, scope accountkey.Scope) error {
	if actor.Key != nil && !actor.Key.Scopes.Has(scope) {
		return accountkey.ErrInsufficientScope
	}
	return nil
}
