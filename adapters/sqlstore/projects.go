package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

type projects struct{ tenant }

const projectColumns = "organization_id, id, name, slug, version, created_at, updated_at"

type projectRow struct {
	OrganizationID uuid.UUID `db:"organization_id"`
	ID             uuid.UUID `db:"id"`
	Name           string    `db:"name"`
	Slug           string    `db:"slug"`
	Version        int64     `db:"version"`
	CreatedAt      time.Time `db:"created_at"`
	UpdatedAt      time.Time `db:"updated_at"`
}

func (r projectRow) domain() project.Project {
	return project.Project{
		ID:             project.ID(r.ID),
		OrganizationID: organization.ID(r.OrganizationID),
		Name:           naming.StoredName(r.Name),
		Slug:           naming.StoredSlug(r.Slug),
		Version:        r.Version,
		CreatedAt:      r.CreatedAt.UTC(),
		UpdatedAt:      r.UpdatedAt.UTC(),
	}
}

var projectTaken = taken{"projects_organization_id_slug_key": project.ErrSlugTaken}

func (r projects) Add(ctx context.Context, p project.Project) error {
	return r.add(ctx, p.OrganizationID, projectTaken,
		"INSERT INTO projects ("+projectColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7)",
		p.ID.UUID(), p.Name.String(), p.Slug.String(), p.Version, p.CreatedAt, p.UpdatedAt)
}

func (r projects) Get(ctx context.Context, id project.ID) (project.Project, error) {
	var row projectRow
	err := r.get(ctx, &row, "SELECT "+projectColumns+" FROM projects WHERE organization_id = $1 AND id = $2", id.UUID())
	if err != nil {
		return project.Project{}, err
	}
	return row.domain(), nil
}

func (r projects) List(ctx context.Context, page ports.Page[project.ID]) ([]project.Project, error) {
	return listed[projectRow](ctx, r,
		"SELECT "+projectColumns+" FROM projects WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3 + 0",
		page.After.UUID(), page.Limit)
}

func (r projects) SlugTaken(ctx context.Context, slug naming.Slug) (bool, error) {
	n, err := r.count(ctx, "SELECT count(*) FROM projects WHERE organization_id = $1 AND slug = $2", slug.String())
	return n > 0, err
}

func (r projects) Save(ctx context.Context, p project.Project) error {
	err := r.others(ctx, project.ErrSlugTaken,
		"SELECT count(*) FROM projects WHERE organization_id = $1 AND slug = $3 AND id <> $2", p.ID.UUID(), p.Slug.String())
	if err != nil {
		return err
	}
	r.unit.announce(ports.Subject(p.ID))
	return r.changeOne(ctx, projectTaken, fault.ErrStale,
		`UPDATE projects SET name = $4, slug = $5, updated_at = $6, version = version + 1
		WHERE organization_id = $1 AND id = $2 AND version = $3`,
		p.ID.UUID(), p.Version, p.Name.String(), p.Slug.String(), p.UpdatedAt)
}

func (r projects) Remove(ctx context.Context, id project.ID) error {
	r.unit.announce(ports.Subject(id))
	return r.changeOne(ctx, nil, fault.ErrNotFound,
		"DELETE FROM projects WHERE organization_id = $1 AND id = $2", id.UUID())
}
