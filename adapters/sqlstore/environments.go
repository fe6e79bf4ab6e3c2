package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

type environments struct{ tenant }

const environmentColumns = "organization_id, id, project_id, name, slug, kind, color, protected, version, created_at, updated_at"

type environmentRow struct {
	OrganizationID uuid.UUID `db:"organization_id"`
	ID             uuid.UUID `db:"id"`
	ProjectID      uuid.UUID `db:"project_id"`
	Name           string    `db:"name"`
	Slug           string    `db:"slug"`
	Kind           string    `db:"kind"`
	Color          string    `db:"color"`
	Protected      bool      `db:"protected"`
	Version        int64     `db:"version"`
	CreatedAt      time.Time `db:"created_at"`
	UpdatedAt      time.Time `db:"updated_at"`
}

func (r environmentRow) domain() environment.Environment {
	return environment.Environment{
		ID:             environment.ID(r.ID),
		OrganizationID: organization.ID(r.OrganizationID),
		ProjectID:      project.ID(r.ProjectID),
		Name:           naming.StoredName(r.Name),
		Slug:           naming.StoredSlug(r.Slug),
		Kind:           environment.Kind(r.Kind),
		Color:          environment.StoredColor(r.Color),
		Protected:      r.Protected,
		Version:        r.Version,
		CreatedAt:      r.CreatedAt.UTC(),
		UpdatedAt:      r.UpdatedAt.UTC(),
	}
}

var environmentTaken = taken{"environments_organization_id_project_id_slug_key": environment.ErrSlugTaken}

func (r environments) Add(ctx context.Context, made ...environment.Environment) error {
	rows := tuples{shared: []string{"$1"}}
	for _, e := range made {
		if err := r.owns(e.OrganizationID); err != nil {
			return err
		}
		rows.add(e.ID.UUID(), e.ProjectID.UUID(), e.Name.String(), e.Slug.String(), string(e.Kind), e.Color.String(),
			e.Protected, e.Version, e.CreatedAt, e.UpdatedAt)
	}
	return r.changeAll(ctx, len(made), environmentTaken,
		"INSERT INTO environments ("+environmentColumns+") VALUES "+rows.String(), rows.args...)
}

func (r environments) Get(ctx context.Context, id environment.ID) (environment.Environment, error) {
	var row environmentRow
	err := r.get(ctx, &row,
		"SELECT "+environmentColumns+" FROM environments WHERE organization_id = $1 AND id = $2", id.UUID())
	if err != nil {
		return environment.Environment{}, err
	}
	return row.domain(), nil
}

func (r environments) List(ctx context.Context, of project.ID, page ports.Page[environment.ID]) ([]environment.Environment, error) {
	return listed[environmentRow](ctx, r,
		`SELECT `+environmentColumns+` FROM environments
		WHERE organization_id = $1 AND project_id = $2 AND id > $3 ORDER BY id LIMIT $4 + 0`,
		of.UUID(), page.After.UUID(), page.Limit)
}

func (r environments) SlugTaken(ctx context.Context, of project.ID, slug naming.Slug) (bool, error) {
	n, err := r.count(ctx,
		"SELECT count(*) FROM environments WHERE organization_id = $1 AND project_id = $2 AND slug = $3", of.UUID(), slug.String())
	return n > 0, err
}

func (r environments) Protected(ctx context.Context, of project.ID) (bool, error) {
	n, err := r.count(ctx,
		"SELECT count(*) FROM environments WHERE organization_id = $1 AND project_id = $2 AND protected", of.UUID())
	return n > 0, err
}

func (r environments) Save(ctx context.Context, e environment.Environment) error {
	err := r.others(ctx, environment.ErrSlugTaken,
		"SELECT count(*) FROM environments WHERE organization_id = $1 AND project_id = $3 AND slug = $4 AND id <> $2",
		e.ID.UUID(), e.ProjectID.UUID(), e.Slug.String())
	if err != nil {
		return err
	}
	r.unit.announce(ports.Subject(e.ID))
	return r.changeOne(ctx, environmentTaken, fault.ErrStale,
		`UPDATE environments
		SET name = $4, slug = $5, kind = $6, color = $7, protected = $8, updated_at = $9, version = version + 1
		WHERE organization_id = $1 AND id = $2 AND version = $3`,
		e.ID.UUID(), e.Version, e.Name.String(), e.Slug.String(), string(e.Kind), e.Color.String(), e.Protected, e.UpdatedAt)
}

func (r environments) Remove(ctx context.Context, id environment.ID) error {
	r.unit.announce(ports.Subject(id))
	return r.changeOne(ctx, nil, fault.ErrNotFound,
		"DELETE FROM environments WHERE organization_id = $1 AND id = $2", id.UUID())
}
