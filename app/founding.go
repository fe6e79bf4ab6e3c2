package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

// patience is how many conflicting units of work a founding loses before it
// stops competing for the next number.
const patience = 4

// founding makes organizations and projects with all that they start with.
type founding struct {
	random ports.Random
	slugs  slugs
}

// Founded is a new organization with what it started with.
type Founded struct {
	Organization organization.Organization
	Membership   membership.Membership
	Project      project.Project
	Environments []environment.Environment
}

// charter is what a new organization is to be. A nil Slug is derived from the
// name.
type charter struct {
	name     naming.Name
	slug     *naming.Slug
	personal bool
}

// organization founds an organization with its owner, its default project and
// that project's environments. losses is how often the unit of work was
// repeated: contenders for one name stop racing for the next number.
func (f *founding) organization(ctx context.Context, tx ports.Tx, owner account.ID, c charter, losses int) (Founded, error) {
	o := organization.Organization{
		ID: organization.ID(f.random.ID()), Name: c.name, Personal: c.personal,
		Version: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
	}
	o, err := f.add(ctx, tx, o, c.slug, losses)
	if err != nil {
		return Founded{}, err
	}
	grant := access.Found(o.ID, owner)
	m := membership.Membership{
		ID: membership.ID(f.random.ID()), OrganizationID: o.ID, AccountID: owner, Role: membership.Owner,
		Version: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
	}
	if err := tx.Members(grant).Add(ctx, m); err != nil {
		return Founded{}, err
	}
	p := project.Project{Name: naming.StoredName(project.Default), Slug: naming.StoredSlug(project.Default)}
	p, environments, err := f.project(ctx, tx, grant, p)
	return Founded{o, m, p, environments}, err
}

// founded tells the audit of a new organization, with its owner and its default
// project.
func founded(f Founded) audit.Event {
	return audit.Event{
		Action: audit.OrganizationCreated, ResourceType: organizationResource, ResourceID: f.Organization.ID.String(),
		After:    organizationState(f.Organization),
		Metadata: audit.State{"owner_member_id": f.Membership.ID.String(), "project_id": f.Project.ID.String()},
	}
}

func (f *founding) add(ctx context.Context, tx ports.Tx, o organization.Organization, chosen *naming.Slug, losses int) (organization.Organization, error) {
	candidates := f.slugs.candidates(o.Name, "org")
	switch {
	case chosen != nil:
		candidates = []naming.Slug{*chosen}
	case losses >= patience:
		candidates = candidates[len(candidates)-1:]
	}
	for _, o.Slug = range candidates {
		added, err := tx.Organizations().Add(ctx, o)
		if err != nil {
			return organization.Organization{}, err
		}
		if added {
			return o, nil
		}
	}
	return organization.Organization{}, organization.ErrSlugTaken
}

// project adds the project with its default environments.
func (f *founding) project(ctx context.Context, tx ports.Tx, grant access.Grant, p project.Project) (project.Project, []environment.Environment, error) {
	p.ID, p.OrganizationID = project.ID(f.random.ID()), grant.Organization()
	p.Version, p.CreatedAt, p.UpdatedAt = 1, tx.Now(), tx.Now()
	if err := tx.Projects(grant).Add(ctx, p); err != nil {
		return project.Project{}, nil, err
	}
	var environments []environment.Environment
	for _, t := range environment.Defaults() {
		e := environment.Environment{
			ID: environment.ID(f.random.ID()), OrganizationID: p.OrganizationID, ProjectID: p.ID,
			Name: naming.StoredName(t.Name), Slug: naming.StoredSlug(t.Slug), Kind: t.Kind,
			Color: environment.StoredColor(t.Color), Protected: t.Kind == environment.Production,
			Version: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
		}
		environments = append(environments, e)
	}
	return p, environments, tx.Environments(grant).Add(ctx, environments...)
}
