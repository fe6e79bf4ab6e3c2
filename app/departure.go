package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// departure removes an account with everything that it alone held, and nothing
// that others hold with it.
type departure struct{ Dependencies }

// leaver is the account that goes, and by whose leave.
type leaver struct {
	who  account.ID
	by   audit.Origin
	left audit.Action // how each organization's audit calls it
	// over grants an action in an organization of the leaver's.
	over func(membership.Membership, access.Action) (access.Grant, error)
	// takeAlong deletes organizations in which others are, too, where they would
	// be left without an owner. Otherwise such an organization is in the way.
	takeAlong bool
}

// depart locks every organization of the leaver first; what decides about its
// owners is read after that.
func (d *departure) depart(ctx context.Context, tx ports.Tx, l leaver) error {
	who, err := tx.Accounts().Get(ctx, l.who)
	if err != nil {
		return err
	}
	if err := spareLastOperator(ctx, tx, who); err != nil {
		return err
	}
	memberships, err := d.lockAll(ctx, tx, l)
	if err != nil {
		return err
	}
	gone, err := d.soleOwned(ctx, tx, l)
	if err != nil {
		return err
	}
	for _, m := range memberships {
		if o, goes := gone[m.OrganizationID]; goes {
			err = d.dissolve(ctx, tx, l, m, o)
		} else {
			err = d.leave(ctx, tx, l, m)
		}
		if err != nil {
			return err
		}
	}
	if err := tx.Accounts().Remove(ctx, who.ID); err != nil {
		return err
	}
	return d.recordFrom(ctx, tx, l.by, audit.OfAccount(who.ID), audit.Event{
		Action: audit.AccountDeleted, ResourceType: accountResource, ResourceID: who.ID.String(), Before: accountState(who),
	})
}

// spareLastOperator keeps an installation from being left without an operator.
func spareLastOperator(ctx context.Context, tx ports.Tx, who account.Account) error {
	if !who.Operator || who.Disabled {
		return nil
	}
	n, err := tx.Directory().Operators(ctx)
	if err == nil && n <= 1 {
		return account.ErrLastOperator
	}
	return err
}

func (d *departure) lockAll(ctx context.Context, tx ports.Tx, l leaver) ([]membership.Membership, error) {
	all, err := every(func(page ports.Page[membership.ID]) ([]ports.Affiliation, error) {
		return tx.Memberships().List(ctx, l.who, page)
	}, func(a ports.Affiliation) membership.ID { return a.Membership.ID })
	if err != nil {
		return nil, err
	}
	memberships := make([]membership.Membership, 0, len(all))
	for _, a := range all {
		grant, err := l.over(a.Membership, access.LeaveOrganization)
		if err != nil {
			return nil, err
		}
		if err := tx.Members(grant).Lock(ctx); err != nil {
			return nil, err
		}
		memberships = append(memberships, a.Membership)
	}
	return memberships, nil
}

// soleOwned returns the organizations that go with their only owner. Those that
// are in the way are named in the refusal.
func (d *departure) soleOwned(ctx context.Context, tx ports.Tx, l leaver) (map[organization.ID]organization.Organization, error) {
	owned, err := tx.Memberships().SoleOwned(ctx, l.who)
	if err != nil {
		return nil, err
	}
	gone := make(map[organization.ID]organization.Organization, len(owned))
	refusal := membership.ErrLastOwner
	for _, o := range owned {
		if o.Others > 0 && !l.takeAlong {
			refusal = refusal.WithField(o.Organization.ID.String(), o.Organization.Name.String())
		}
		gone[o.Organization.ID] = o.Organization
	}
	if len(refusal.Fields) > 0 {
		return nil, refusal
	}
	return gone, nil
}

func (d *departure) dissolve(ctx context.Context, tx ports.Tx, l leaver, m membership.Membership, o organization.Organization) error {
	grant, err := l.over(m, access.DeleteOrganization)
	if err != nil {
		return err
	}
	if err := tx.Organization(grant).Remove(ctx); err != nil {
		return err
	}
	return d.recordFrom(ctx, tx, l.by, audit.OfOrganization(o.ID), audit.Event{
		Action: audit.OrganizationDeleted, ResourceType: organizationResource, ResourceID: o.ID.String(),
		Before: organizationState(o), Metadata: audit.State{"with_account": l.who.String()},
	})
}

func (d *departure) leave(ctx context.Context, tx ports.Tx, l leaver, m membership.Membership) error {
	grant, err := l.over(m, access.LeaveOrganization)
	if err != nil {
		return err
	}
	if err := tx.Members(grant).Remove(ctx, m); err != nil {
		return err
	}
	return d.recordFrom(ctx, tx, l.by, audit.OfOrganization(m.OrganizationID), audit.Event{
		Action: l.left, ResourceType: memberResource, ResourceID: m.ID.String(),
		Before: membershipState(m), Metadata: audit.State{"with_account": l.who.String()},
	})
}
