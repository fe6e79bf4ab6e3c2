package app

import (
	"context"
	"slices"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

// Access answers questions about who may do what.
type Access struct{ Dependencies }

// Resource is a thing in the active organization.
type Resource struct {
	Type string // organization, project, environment, key or member
	ID   string
}

// check refuses what can be seen to be wrong without knowing who asks.
func (r *Resource) check() error {
	if r == nil {
		return nil
	}
	if !slices.Contains([]string{organizationResource, projectResource, environmentResource, keyResource, memberResource}, r.Type) {
		return fault.ErrInvalid.WithField("resource.type", "must be organization, project, environment, key or member")
	}
	if _, err := id.Parse[any](r.ID); err != nil {
		return fault.ErrInvalid.WithField("resource.id", err.Error())
	}
	return nil
}

// Explain asks whether, and by which rule, something is allowed.
type Explain struct {
	Action   string
	Resource *Resource      // nil: none in particular
	Member   *membership.ID // nil: the caller
}

// Explain returns what the policy says of a member and an action. A resource or
// a member that the active organization does not have is not found.
func (a *Access) Explain(ctx context.Context, actor access.Actor, in Explain) (access.Decision, error) {
	if in.Action == "" {
		return access.Decision{}, fault.ErrInvalid.WithField("action", "is required")
	}
	if err := in.Resource.check(); err != nil {
		return access.Decision{}, err
	}
	return ports.Look(ctx, a.Store, func(tx ports.Tx) (access.Decision, error) {
		grant, err := reader(actor).may(access.ExplainAccess)
		if err != nil {
			return access.Decision{}, err
		}
		if err := exists(ctx, tx, grant, in.Resource); err != nil {
			return access.Decision{}, err
		}
		role, key, err := judged(ctx, tx, grant, actor, in.Member)
		return access.Explain(role, key, access.Action(in.Action)), err
	})
}

// judged is the role and the key that the policy is asked about: the caller's
// own, or a member's, who is a person.
func judged(ctx context.Context, tx ports.Tx, grant access.Grant, actor access.Actor, who *membership.ID) (membership.Role, *accountkey.Key, error) {
	if who == nil {
		return actor.Membership.Role, actor.Key, nil
	}
	m, err := tx.Members(grant).Get(ctx, *who)
	return m.Role, nil, err
}

// exists returns a not-found fault for a resource that the organization of the
// grant does not have.
func exists(ctx context.Context, tx ports.Tx, grant access.Grant, r *Resource) error {
	if r == nil {
		return nil
	}
	switch r.Type {
	case organizationResource:
		if r.ID != grant.Organization().String() {
			return fault.ErrNotFound
		}
		return nil
	case projectResource:
		return there(r.ID, func(number project.ID) error { _, err := tx.Projects(grant).Get(ctx, number); return err })
	case environmentResource:
		return there(r.ID, func(number environment.ID) error { _, err := tx.Environments(grant).Get(ctx, number); return err })
	case keyResource:
		return there(r.ID, func(number apikey.ID) error { _, err := tx.APIKeys(grant).Get(ctx, number); return err })
	case memberResource:
		return there(r.ID, func(number membership.ID) error { _, err := tx.Members(grant).Show(ctx, number); return err })
	}
	return fault.ErrNotFound
}

func there[K any](text string, get func(id.Of[K]) error) error {
	number, err := id.Parse[K](text)
	if err != nil {
		return fault.ErrInvalid.WithField("resource.id", err.Error())
	}
	return get(number)
}
