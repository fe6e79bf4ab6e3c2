package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// Organizations is the life of a tenant.
type Organizations struct {
	Dependencies
	policy   session.Policy
	founding *founding
}

// List returns the caller's own organizations, the oldest membership first; a
// key sees those that it reaches.
func (o *Organizations) List(ctx context.Context, actor access.Actor, page ports.Page[membership.ID]) (Listed[ports.Affiliation], error) {
	if err := inScope(actor, accountkey.Read); err != nil {
		return Listed[ports.Affiliation]{}, err
	}
	return ports.Look(ctx, o.Store, func(tx ports.Tx) (Listed[ports.Affiliation], error) {
		return listed(page, func(page ports.Page[membership.ID]) ([]ports.Affiliation, error) {
			return affiliations(ctx, tx, actor, page)
		})
	})
}

// affiliations lists the caller's own organizations. A key that is bound to one
// knows of no other.
func affiliations(ctx context.Context, tx ports.Tx, actor access.Actor, page ports.Page[membership.ID]) ([]ports.Affiliation, error) {
	bound := boundTo(actor)
	if bound == nil {
		return tx.Memberships().List(ctx, actor.Account.ID, page)
	}
	m, err := tx.Memberships().Find(ctx, *bound, actor.Account.ID)
	if err != nil || m == nil || !page.After.IsZero() {
		return []ports.Affiliation{}, err
	}
	grant, err := member{m, actor.Key}.may(access.ReadOrganization)
	if err != nil {
		return nil, err
	}
	found, err := tx.Organization(grant).Get(ctx)
	return []ports.Affiliation{{Organization: found, Membership: *m}}, err
}

// ListOf returns the organizations of an account, as far as the caller may
// know them: all of its own, all of anybody's for an operator, else those in
// which the caller is owner or admin. Of a stranger or an unknown account there
// are none. Asking about others is for people.
func (o *Organizations) ListOf(ctx context.Context, actor access.Actor, who account.ID, page ports.Page[membership.ID]) (Listed[ports.Affiliation], error) {
	if who == actor.Account.ID {
		return o.List(ctx, actor, page)
	}
	if err := inPerson(actor); err != nil {
		return Listed[ports.Affiliation]{}, err
	}
	return ports.Look(ctx, o.Store, func(tx ports.Tx) (Listed[ports.Affiliation], error) {
		return listed(page, func(page ports.Page[membership.ID]) ([]ports.Affiliation, error) {
			if actor.Account.Operator {
				return tx.Memberships().List(ctx, who, page)
			}
			return tx.Memberships().ListSeenBy(ctx, who, actor.Account.ID, page)
		})
	})
}

// CreateOrganization asks for an organization.
type CreateOrganization struct {
	Name string
	Slug *string // nil or empty: derived from the name
	Keep Keep[Founded]
}

// Create founds an organization with the caller as its owner, the default
// project and its environments. It is for people: a key acts in the
// organizations that there are.
func (o *Organizations) Create(ctx context.Context, actor access.Actor, in CreateOrganization) (Founded, error) {
	var v fault.Validation
	c := charter{
		name: required(&v, "name", in.Name, naming.ParseName),
		slug: optional(&v, "slug", in.Slug, naming.ParseSlug),
	}
	if err := v.Err(); err != nil {
		return Founded{}, err
	}
	if err := inPerson(actor); err != nil {
		return Founded{}, err
	}
	losses := -1
	return ports.Run(ctx, o.Store, keeping(ctx, in.Keep, func(tx ports.Tx) (Founded, error) {
		losses++
		made, err := o.founding.organization(ctx, tx, actor.Account.ID, c, losses)
		if err != nil {
			return Founded{}, err
		}
		return made, o.record(ctx, tx, actor, audit.OfOrganization(made.Organization.ID), founded(made))
	}))
}

// Get returns an organization with the caller's membership of it.
func (o *Organizations) Get(ctx context.Context, actor access.Actor, id organization.ID) (ports.Affiliation, error) {
	return ports.Look(ctx, o.Store, func(tx ports.Tx) (ports.Affiliation, error) {
		m, err := enterOrganization(ctx, tx, actor, id)
		if err != nil {
			return ports.Affiliation{}, err
		}
		grant, err := m.may(access.ReadOrganization)
		if err != nil {
			return ports.Affiliation{}, err
		}
		found, err := tx.Organization(grant).Get(ctx)
		return ports.Affiliation{Organization: found, Membership: *m.membership}, err
	})
}

// UpdateOrganization changes what is not nil.
type UpdateOrganization struct {
	Name     *string
	Slug     *string
	Personal *bool // false converts a personal organization; there is no way back
}

// Update renames or converts an organization.
func (o *Organizations) Update(ctx context.Context, actor access.Actor, id organization.ID, in UpdateOrganization) (ports.Affiliation, error) {
	var v fault.Validation
	name := optional(&v, "name", in.Name, naming.ParseName)
	slug := optional(&v, "slug", in.Slug, naming.ParseSlug)
	if in.Personal != nil && *in.Personal {
		v.Refuse("is_personal_account", "can only be set to false")
	}
	if err := v.Err(); err != nil {
		return ports.Affiliation{}, err
	}
	return ports.Run(ctx, o.Store, func(tx ports.Tx) (ports.Affiliation, error) {
		m, err := enterOrganization(ctx, tx, actor, id)
		if err != nil {
			return ports.Affiliation{}, err
		}
		grant, err := m.may(access.UpdateOrganization)
		if err != nil {
			return ports.Affiliation{}, err
		}
		changed, err := tx.Organization(grant).Get(ctx)
		if err != nil {
			return ports.Affiliation{}, err
		}
		before := organizationState(changed)
		replace(&changed.Name, name)
		replace(&changed.Slug, slug)
		changed.Personal = changed.Personal && in.Personal == nil
		changed.UpdatedAt = tx.Now()
		if err := tx.Organization(grant).Save(ctx, changed); err != nil {
			return ports.Affiliation{}, err
		}
		changed.Version++
		return ports.Affiliation{Organization: changed, Membership: *m.membership}, o.record(ctx, tx, actor, audit.OfOrganization(id), audit.Event{
			Action: audit.OrganizationUpdated, ResourceType: organizationResource, ResourceID: id.String(),
			Before: before, After: organizationState(changed),
		})
	})
}

// Delete removes an organization with everything in it. It asks for a fresh
// login and for the organization's slug as a confirmation.
func (o *Organizations) Delete(ctx context.Context, actor access.Actor, id organization.ID, confirm string) error {
	return o.Store.Do(ctx, func(tx ports.Tx) error {
		m, err := enterOrganization(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		grant, err := m.may(access.DeleteOrganization)
		if err != nil {
			return err
		}
		if err := inFreshPerson(ctx, tx, actor, o.policy); err != nil {
			return err
		}
		found, err := tx.Organization(grant).Get(ctx)
		if err != nil {
			return err
		}
		if found.Personal {
			return organization.ErrPersonal
		}
		if confirm != found.Slug.String() {
			return organization.ErrConfirmation
		}
		if err := tx.Organization(grant).Remove(ctx); err != nil {
			return err
		}
		return o.record(ctx, tx, actor, audit.OfOrganization(id), audit.Event{
			Action: audit.OrganizationDeleted, ResourceType: organizationResource, ResourceID: id.String(), Before: organizationState(found),
		})
	})
}

// replace sets the target where there is a new value.
func replace[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}
