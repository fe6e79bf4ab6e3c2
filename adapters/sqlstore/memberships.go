package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// memberships asks by account, and only an active membership has one: the schema
// says so.
type memberships struct{ *unit }

const membershipColumns = "organization_id, id, account_id, role, version, created_at, updated_at"

type membershipRow struct {
	OrganizationID uuid.UUID `db:"organization_id"`
	ID             uuid.UUID `db:"id"`
	AccountID      uuid.UUID `db:"account_id"`
	Role           string    `db:"role"`
	Version        int64     `db:"version"`
	CreatedAt      time.Time `db:"created_at"`
	UpdatedAt      time.Time `db:"updated_at"`
}

// domain leaves a role that this program does not know as none: it may do
// nothing.
func (r membershipRow) domain() membership.Membership {
	role, _ := membership.ParseRole(r.Role)
	return membership.Membership{
		ID:             membership.ID(r.ID),
		OrganizationID: organization.ID(r.OrganizationID),
		AccountID:      account.ID(r.AccountID),
		Role:           role,
		Version:        r.Version,
		CreatedAt:      r.CreatedAt.UTC(),
		UpdatedAt:      r.UpdatedAt.UTC(),
	}
}

func (r memberships) Find(ctx context.Context, org organization.ID, who account.ID) (*membership.Membership, error) {
	var row membershipRow
	found, err := r.find(ctx, &row,
		"SELECT "+membershipColumns+" FROM memberships WHERE organization_id = $1 AND account_id = $2", org.UUID(), who.UUID())
	if err != nil || !found {
		return nil, err
	}
	m := row.domain()
	return &m, nil
}

var (
	selectAffiliations = "SELECT " + nested("o", "organization", organizationColumns) + ", " + nested("m", "membership", membershipColumns) + `
	FROM memberships m
	JOIN organizations o ON o.id = m.organization_id
	WHERE m.account_id = $1 AND m.id > $2`
	listAffiliations = selectAffiliations + `
	ORDER BY m.id
	LIMIT $3 + 0`
	listAffiliationsSeen = selectAffiliations + ` AND EXISTS (
		SELECT 1 FROM memberships x
		WHERE x.organization_id = m.organization_id AND x.account_id = $4 AND x.role IN ('owner', 'admin'))
	ORDER BY m.id
	LIMIT $3 + 0`
)

func (r memberships) List(ctx context.Context, who account.ID, page ports.Page[membership.ID]) ([]ports.Affiliation, error) {
	return r.affiliations(ctx, listAffiliations, who.UUID(), page.After.UUID(), page.Limit)
}

func (r memberships) ListSeenBy(ctx context.Context, who, seer account.ID, page ports.Page[membership.ID]) ([]ports.Affiliation, error) {
	return r.affiliations(ctx, listAffiliationsSeen, who.UUID(), page.After.UUID(), page.Limit, seer.UUID())
}

func (r memberships) affiliations(ctx context.Context, query string, args ...any) ([]ports.Affiliation, error) {
	var rows []struct {
		Organization organizationRow `db:"organization"`
		Membership   membershipRow   `db:"membership"`
	}
	if err := r.list(ctx, &rows, query, args...); err != nil {
		return nil, err
	}
	list := make([]ports.Affiliation, 0, len(rows))
	for _, row := range rows {
		list = append(list, ports.Affiliation{Organization: row.Organization.domain(), Membership: row.Membership.domain()})
	}
	return list, nil
}

var listSoleOwned = "SELECT " + nested("o", "organization", organizationColumns) + `,
		(SELECT count(*) FROM memberships x
			WHERE x.organization_id = m.organization_id AND x.status = 'active' AND x.account_id <> $1) AS others
	FROM memberships m
	JOIN organizations o ON o.id = m.organization_id
	WHERE m.account_id = $1 AND m.role = 'owner' AND NOT EXISTS (
		SELECT 1 FROM memberships x
		WHERE x.organization_id = m.organization_id AND x.status = 'active' AND x.role = 'owner' AND x.account_id <> $1)
	ORDER BY m.id`

func (r memberships) SoleOwned(ctx context.Context, who account.ID) ([]ports.SoleOwned, error) {
	var rows []struct {
		Organization organizationRow `db:"organization"`
		Others       int             `db:"others"`
	}
	if err := r.list(ctx, &rows, listSoleOwned, who.UUID()); err != nil {
		return nil, err
	}
	list := make([]ports.SoleOwned, 0, len(rows))
	for _, row := range rows {
		list = append(list, ports.SoleOwned{Organization: row.Organization.domain(), Others: row.Others})
	}
	return list, nil
}

// Sweep finds them by the index that has invitations alone.
func (r memberships) Sweep(ctx context.Context, before time.Time) (int, error) {
	return r.change(ctx, nil, `DELETE FROM memberships WHERE status = 'invited' AND (organization_id, id) IN
		(SELECT organization_id, id FROM memberships WHERE status = 'invited' AND expires_at < $1 LIMIT $2 + 0)`,
		before, ports.SweepBatch)
}
