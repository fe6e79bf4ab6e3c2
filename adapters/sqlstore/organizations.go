package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

type organizations struct{ *unit }

const organizationColumns = "id, name, slug, personal, version, created_at, updated_at"

type organizationRow struct {
	ID        uuid.UUID `db:"id"`
	Name      string    `db:"name"`
	Slug      string    `db:"slug"`
	Personal  bool      `db:"personal"`
	Version   int64     `db:"version"`
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
}

func (r organizationRow) domain() organization.Organization {
	return organization.Organization{
		ID:        organization.ID(r.ID),
		Name:      naming.StoredName(r.Name),
		Slug:      naming.StoredSlug(r.Slug),
		Personal:  r.Personal,
		Version:   r.Version,
		CreatedAt: r.CreatedAt.UTC(),
		UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// Add passes over a taken slug by ON CONFLICT: an error would spoil the unit.
func (r organizations) Add(ctx context.Context, o organization.Organization) (bool, error) {
	n, err := r.change(ctx, nil,
		`INSERT INTO organizations (`+organizationColumns+`, search_name)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (slug) DO NOTHING`,
		o.ID.UUID(), o.Name.String(), o.Slug.String(), o.Personal, o.Version, o.CreatedAt, o.UpdatedAt,
		folded(o.Name.String()))
	return n == 1, err
}

// granted is the organization of a grant.
type granted struct{ tenant }

func (r granted) Get(ctx context.Context) (organization.Organization, error) {
	var row organizationRow
	if err := r.get(ctx, &row, "SELECT "+organizationColumns+" FROM organizations WHERE id = $1"); err != nil {
		return organization.Organization{}, err
	}
	return row.domain(), nil
}

func (r granted) Save(ctx context.Context, o organization.Organization) error {
	if err := r.owns(o.ID); err != nil {
		return err
	}
	err := r.others(ctx, organization.ErrSlugTaken, "SELECT count(*) FROM organizations WHERE slug = $2 AND id <> $1", o.Slug.String())
	if err != nil {
		return err
	}
	r.unit.announce(ports.Subject(o.ID))
	return r.changeOne(ctx, taken{"organizations_slug_key": organization.ErrSlugTaken}, fault.ErrStale,
		`UPDATE organizations
		SET name = $3, slug = $4, personal = $5, updated_at = $6, search_name = $7, version = version + 1
		WHERE id = $1 AND version = $2`,
		o.Version, o.Name.String(), o.Slug.String(), o.Personal, o.UpdatedAt, folded(o.Name.String()))
}

func (r granted) Remove(ctx context.Context) error {
	r.unit.announce(ports.Subject(r.grant.Organization()))
	return r.changeOne(ctx, nil, fault.ErrNotFound, "DELETE FROM organizations WHERE id = $1")
}
