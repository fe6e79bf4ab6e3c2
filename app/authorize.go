package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// member is the caller inside one organization. Every tenant use case begins by
// becoming one.
type member struct{ membership *membership.Membership }

// may asks the policy table. The answer is 404 for an outsider and 403 for a
// role that is too low, so a use case looks for the object between asking to
// read and asking to change it: nobody learns from a 403 what exists elsewhere.
func (m member) may(action access.Action) (access.Grant, error) {
	return access.Authorize(m.membership, action)
}

// reader is the caller as authenticated for this request, good for reading in
// the active organization.
func reader(actor access.Actor) member { return member{actor.Membership} }

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

// enterOrganization is enter for an organization that the request names.
func enterOrganization(ctx context.Context, tx ports.Tx, actor access.Actor, org organization.ID) (member, error) {
	m, err := tx.Memberships().Find(ctx, org, actor.Account.ID)
	if err != nil {
		return member{}, err
	}
	if m == nil {
		return member{}, fault.ErrNotFound
	}
	return member{m}, nil
}
