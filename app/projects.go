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

// Projects is the life of a project.
type Projects struct {
	Dependencies
	founding   *founding
	slugs      slugs
	protection protection
}

// List returns the projects of the active organization.
func (p *Projects) List(ctx context.Context, actor access.Actor, page ports.Page[project.ID]) (Listed[project.Project], error) {
	grant, err := reader(actor).may(access.ReadProject)
	if err != nil {
		return Listed[project.Project]{}, err
	}
	return ports.Look(ctx, p.Store, func(tx ports.Tx) (Listed[project.Project], error) {
		return listed(page, func(page ports.Page[project.ID]) ([]project.Project, error) {
			return tx.Projects(grant).List(ctx, page)
		})
	})
}

// CreateProject asks for a project.
type CreateProject struct {
	Name string
	Slug *string // nil or empty: derived from the name
	Keep Keep[CreatedProject]
}

// CreatedProject is a new project with the environments that it starts with.
type CreatedProject struct {
	Project      project.Project
	Environments []environment.Environment
}

// Create makes a project with the default environments.
func (p *Projects) Create(ctx context.Context, actor access.Actor, in CreateProject) (CreatedProject, error) {
	var v fault.Validation
	name := required(&v, "name", in.Name, naming.ParseName)
	slug := optional(&v, "slug", in.Slug, naming.ParseSlug)
	if err := v.Err(); err != nil {
		return CreatedProject{}, err
	}
	return ports.Run(ctx, p.Store, keeping(ctx, in.Keep, func(tx ports.Tx) (CreatedProject, error) {
		m, err := enter(ctx, tx, actor)
		if err != nil {
			return CreatedProject{}, err
		}
		grant, err := m.may(access.CreateProject)
		if err != nil {
			return CreatedProject{}, err
		}
		made := project.Project{Name: name}
		if slug == nil {
			made.Slug, err = p.slugs.free(name, "project", func(s naming.Slug) (bool, error) {
				return tx.Projects(grant).SlugTaken(ctx, s)
			})
		}
		if err != nil {
			return CreatedProject{}, err
		}
		replace(&made.Slug, slug)
		made, environments, err := p.founding.project(ctx, tx, grant, made)
		if err != nil {
			return CreatedProject{}, err
		}
		return CreatedProject{made, environments}, p.record(ctx, tx, actor, audit.OfOrganization(made.OrganizationID), audit.Event{
			Action: audit.ProjectCreated, ResourceType: projectResource, ResourceID: made.ID.String(), After: projectState(made),
		})
	}))
}

// Get returns a project of the active organization.
func (p *Projects) Get(ctx context.Context, actor access.Actor, id project.ID) (project.Project, error) {
	grant, err := reader(actor).may(access.ReadProject)
	if err != nil {
		return project.Project{}, err
	}
	return ports.Look(ctx, p.Store, func(tx ports.Tx) (project.Project, error) {
		return tx.Projects(grant).Get(ctx, id)
	})
}

// UpdateProject changes what is not nil.
type UpdateProject struct {
	Name *string
	Slug *string
}

// Update renames a project.
func (p *Projects) Update(ctx context.Context, actor access.Actor, id project.ID, in UpdateProject) (project.Project, error) {
	var v fault.Validation
	name := optional(&v, "name", in.Name, naming.ParseName)
	slug := optional(&v, "slug", in.Slug, naming.ParseSlug)
	if err := v.Err(); err != nil {
		return project.Project{}, err
	}
	return ports.Run(ctx, p.Store, func(tx ports.Tx) (project.Project, error) {
		changed, grant, err := p.find(ctx, tx, actor, id, access.UpdateProject)
		if err != nil {
			return project.Project{}, err
		}
		before := projectState(changed)
		replace(&changed.Name, name)
		replace(&changed.Slug, slug)
		changed.UpdatedAt = tx.Now()
		if err := tx.Projects(grant).Save(ctx, changed); err != nil {
			return project.Project{}, err
		}
		changed.Version++
		return changed, p.record(ctx, tx, actor, audit.OfOrganization(changed.OrganizationID), audit.Event{
			Action: audit.ProjectUpdated, ResourceType: projectResource, ResourceID: id.String(), Before: before, After: projectState(changed),
		})
	})
}

// Delete removes a project with its environments and their keys. One with a
// protected environment has to be confirmed by its slug, and at rest; without a
// confirmation confirm is empty.
func (p *Projects) Delete(ctx context.Context, actor access.Actor, id project.ID, confirm string) error {
	recent := p.protection.recentIn(id, nil)
	return p.Store.Do(ctx, func(tx ports.Tx) error {
		found, grant, err := p.find(ctx, tx, actor, id, access.DeleteProject)
		if err != nil {
			return err
		}
		protected, err := tx.Environments(grant).Protected(ctx, found.ID)
		if err != nil {
			return err
		}
		if err := environment.Confirmed(protected, found.Slug, confirm); err != nil {
			return err
		}
		if protected {
			if err := p.protection.atRest(ctx, tx, grant, found.ID, nil, recent); err != nil {
				return err
			}
		}
		if err := tx.Projects(grant).Remove(ctx, found.ID); err != nil {
			return err
		}
		return p.record(ctx, tx, actor, audit.OfOrganization(found.OrganizationID), audit.Event{
			Action: audit.ProjectDeleted, ResourceType: projectResource, ResourceID: id.String(), Before: projectState(found),
		})
	})
}

// find reads the project first and then asks for the action: 404 before 403.
func (p *Projects) find(ctx context.Context, tx ports.Tx, actor access.Actor, id project.ID, action access.Action) (project.Project, access.Grant, error) {
	m, err := enter(ctx, tx, actor)
	if err != nil {
		return project.Project{}, access.Grant{}, err
	}
	reading, err := m.mayFind(access.ReadProject)
	if err != nil {
		return project.Project{}, access.Grant{}, err
	}
	found, err := tx.Projects(reading).Get(ctx, id)
	if err != nil {
		return project.Project{}, access.Grant{}, err
	}
	grant, err := m.may(action)
	return found, grant, err
}
