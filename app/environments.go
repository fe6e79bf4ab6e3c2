package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

// Environments is the life of an environment.
type Environments struct {
	Dependencies
	slugs      slugs
	protection protection
}

// List returns the environments of a project.
func (e *Environments) List(ctx context.Context, actor access.Actor, of project.ID, page ports.Page[environment.ID]) (Listed[environment.Environment], error) {
	grant, err := reader(actor).may(access.ReadEnvironment)
	if err != nil {
		return Listed[environment.Environment]{}, err
	}
	return ports.Look(ctx, e.Store, func(tx ports.Tx) (Listed[environment.Environment], error) {
		if _, err := tx.Projects(grant).Get(ctx, of); err != nil {
			return Listed[environment.Environment]{}, err
		}
		return listed(page, func(page ports.Page[environment.ID]) ([]environment.Environment, error) {
			return tx.Environments(grant).List(ctx, of, page)
		})
	})
}

// CreateEnvironment asks for an environment.
type CreateEnvironment struct {
	Name  string
	Slug  *string // nil or empty: derived from the name
	Kind  *string // nil or empty: development
	Color *string // nil or empty: environment.DefaultColor
	Keep  Keep[environment.Environment]
}

// environmentDraft is what CreateEnvironment and UpdateEnvironment parse to.
type environmentDraft struct {
	name  *naming.Name
	slug  *naming.Slug
	kind  *environment.Kind
	color *environment.Color
}

func (d environmentDraft) apply(e *environment.Environment) {
	replace(&e.Name, d.name)
	replace(&e.Slug, d.slug)
	replace(&e.Kind, d.kind)
	replace(&e.Color, d.color)
}

// Create makes an environment. Those for production are protected.
func (e *Environments) Create(ctx context.Context, actor access.Actor, of project.ID, in CreateEnvironment) (environment.Environment, error) {
	var v fault.Validation
	name := required(&v, "name", in.Name, naming.ParseName)
	draft := environmentDraft{
		name:  &name,
		slug:  optional(&v, "slug", in.Slug, naming.ParseSlug),
		kind:  optional(&v, "kind", in.Kind, environment.ParseKind),
		color: optional(&v, "color", in.Color, environment.ParseColor),
	}
	if err := v.Err(); err != nil {
		return environment.Environment{}, err
	}
	return ports.Run(ctx, e.Store, keeping(ctx, in.Keep, func(tx ports.Tx) (environment.Environment, error) {
		m, err := enter(ctx, tx, actor)
		if err != nil {
			return environment.Environment{}, err
		}
		made, err := e.create(ctx, tx, m, of, draft)
		if err != nil {
			return environment.Environment{}, err
		}
		return made, e.record(ctx, tx, actor, audit.OfOrganization(made.OrganizationID), audit.Event{
			Action: audit.EnvironmentCreated, ResourceType: environmentResource, ResourceID: made.ID.String(), After: environmentState(made),
		})
	}))
}

func (e *Environments) create(ctx context.Context, tx ports.Tx, m member, of project.ID, draft environmentDraft) (environment.Environment, error) {
	reading, err := m.mayFind(access.ReadProject)
	if err != nil {
		return environment.Environment{}, err
	}
	parent, err := tx.Projects(reading).Get(ctx, of)
	if err != nil {
		return environment.Environment{}, err
	}
	grant, err := m.may(access.CreateEnvironment)
	if err != nil {
		return environment.Environment{}, err
	}
	if draft.slug == nil {
		slug, err := e.slugs.free(*draft.name, "environment", func(s naming.Slug) (bool, error) {
			return tx.Environments(grant).SlugTaken(ctx, parent.ID, s)
		})
		if err != nil {
			return environment.Environment{}, err
		}
		draft.slug = &slug
	}
	made := environment.Environment{
		ID: environment.ID(e.Random.ID()), OrganizationID: parent.OrganizationID, ProjectID: parent.ID,
		Kind: environment.Development, Color: environment.StoredColor(environment.DefaultColor),
		Version: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
	}
	draft.apply(&made)
	made.Protected = made.Kind == environment.Production
	return made, tx.Environments(grant).Add(ctx, made)
}

// Get returns an environment of the active organization.
func (e *Environments) Get(ctx context.Context, actor access.Actor, id environment.ID) (environment.Environment, error) {
	grant, err := reader(actor).may(access.ReadEnvironment)
	if err != nil {
		return environment.Environment{}, err
	}
	return ports.Look(ctx, e.Store, func(tx ports.Tx) (environment.Environment, error) {
		return tx.Environments(grant).Get(ctx, id)
	})
}

// UpdateEnvironment changes what is not nil. The kind is for life: the prefix
// of every key that was handed out tells it.
type UpdateEnvironment struct {
	Name      *string
	Slug      *string
	Color     *string
	Protected *bool
}

// Update changes an environment. Changing its protection asks for more than
// changing the rest.
func (e *Environments) Update(ctx context.Context, actor access.Actor, id environment.ID, in UpdateEnvironment) (environment.Environment, error) {
	var v fault.Validation
	draft := environmentDraft{
		name:  optional(&v, "name", in.Name, naming.ParseName),
		slug:  optional(&v, "slug", in.Slug, naming.ParseSlug),
		color: optional(&v, "color", in.Color, environment.ParseColor),
	}
	if err := v.Err(); err != nil {
		return environment.Environment{}, err
	}
	return ports.Run(ctx, e.Store, func(tx ports.Tx) (environment.Environment, error) {
		m, changed, err := seeEnvironment(ctx, tx, actor, id)
		if err != nil {
			return environment.Environment{}, err
		}
		grant, err := m.mayUpdate(changed, in.Protected)
		if err != nil {
			return environment.Environment{}, err
		}
		before := environmentState(changed)
		draft.apply(&changed)
		replace(&changed.Protected, in.Protected)
		changed.UpdatedAt = tx.Now()
		if err := tx.Environments(grant).Save(ctx, changed); err != nil {
			return environment.Environment{}, err
		}
		changed.Version++
		return changed, e.record(ctx, tx, actor, audit.OfOrganization(changed.OrganizationID), audit.Event{
			Action: audit.EnvironmentUpdated, ResourceType: environmentResource, ResourceID: id.String(),
			Before: before, After: environmentState(changed),
		})
	})
}

// mayUpdate asks to update an environment, and to change its protection where
// the value, nil for as it is, does so.
func (m member) mayUpdate(e environment.Environment, protected *bool) (access.Grant, error) {
	grant, err := m.may(access.UpdateEnvironment)
	if err != nil || protected == nil || *protected == e.Protected {
		return grant, err
	}
	if *protected {
		return m.may(access.ProtectEnvironment)
	}
	return m.may(access.UnprotectEnvironment)
}

// DeleteEnvironment asks for the deletion of an environment.
type DeleteEnvironment struct {
	ID      environment.ID
	Of      *project.ID // where the request names a project, the environment must be of that one
	Confirm string      // the environment's slug; empty: none was sent
}

// Delete removes an environment with its keys. A protected one has to be
// confirmed, and at rest.
func (e *Environments) Delete(ctx context.Context, actor access.Actor, in DeleteEnvironment) error {
	recent := e.protection.recentIn(project.ID{}, &in.ID)
	return e.Store.Do(ctx, func(tx ports.Tx) error {
		found, grant, err := findEnvironment(ctx, tx, actor, in.ID, access.DeleteEnvironment)
		if found.ID == in.ID && in.Of != nil && found.ProjectID != *in.Of {
			return fault.ErrNotFound // even where err is a 403: not under this project
		}
		if err != nil {
			return err
		}
		if err := environment.Confirmed(found.Protected, found.Slug, in.Confirm); err != nil {
			return err
		}
		if found.Protected {
			if err := e.protection.atRest(ctx, tx, grant, found.ProjectID, &found.ID, recent); err != nil {
				return err
			}
		}
		if err := tx.Environments(grant).Remove(ctx, found.ID); err != nil {
			return err
		}
		return e.record(ctx, tx, actor, audit.OfOrganization(found.OrganizationID), audit.Event{
			Action: audit.EnvironmentDeleted, ResourceType: environmentResource, ResourceID: found.ID.String(), Before: environmentState(found),
		})
	})
}

// findEnvironment reads the environment first and then asks for the action: 404
// before 403.
func findEnvironment(ctx context.Context, tx ports.Tx, actor access.Actor, id environment.ID, action access.Action) (environment.Environment, access.Grant, error) {
	m, found, err := seeEnvironment(ctx, tx, actor, id)
	if err != nil {
		return environment.Environment{}, access.Grant{}, err
	}
	grant, err := m.may(action)
	return found, grant, err
}

func seeEnvironment(ctx context.Context, tx ports.Tx, actor access.Actor, id environment.ID) (member, environment.Environment, error) {
	m, err := enter(ctx, tx, actor)
	if err != nil {
		return member{}, environment.Environment{}, err
	}
	reading, err := m.mayFind(access.ReadEnvironment)
	if err != nil {
		return member{}, environment.Environment{}, err
	}
	found, err := tx.Environments(reading).Get(ctx, id)
	return m, found, err
}
