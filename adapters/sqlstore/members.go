package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// members are those of the granted organization.
type members struct{ tenant }

type memberRow struct {
	OrganizationID uuid.UUID  `db:"organization_id"`
	ID             uuid.UUID  `db:"id"`
	AccountID      *uuid.UUID `db:"account_id"`
	Email          string     `db:"email"`
	Name           string     `db:"name"`
	Role           string     `db:"role"`
	Status         string     `db:"status"`
	InvitedBy      *uuid.UUID `db:"invited_by"`
	ExpiresAt      *time.Time `db:"expires_at"`
	CreatedAt      time.Time  `db:"created_at"`
}

func (r memberRow) domain() ports.Member {
	role, _ := membership.ParseRole(r.Role) // none when unknown, as in membershipRow
	return ports.Member{
		ID:             membership.ID(r.ID),
		OrganizationID: organization.ID(r.OrganizationID),
		AccountID:      typed[account.ID](r.AccountID),
		Email:          account.StoredEmail(r.Email),
		Name:           naming.StoredName(r.Name),
		Role:           role,
		Status:         membership.Status(r.Status),
		InvitedBy:      typed[account.ID](r.InvitedBy),
		ExpiresAt:      utc(r.ExpiresAt),
		CreatedAt:      r.CreatedAt.UTC(),
	}
}

const lockOrganization = "UPDATE organizations SET version = version + 1 WHERE id = $1"

var memberTaken = taken{"memberships_organization_id_account_id_key": membership.ErrAlreadyMember}

// Add also moves the organization's version: that row is the lock of who owns
// it.
func (r members) Add(ctx context.Context, m membership.Membership) error {
	err := r.add(ctx, m.OrganizationID, memberTaken,
		"INSERT INTO memberships ("+membershipColumns+", status) VALUES ($1, $2, $3, $4, $5, $6, $7, 'active')",
		m.ID.UUID(), m.AccountID.UUID(), m.Role.String(), m.Version, m.CreatedAt, m.UpdatedAt)
	if err != nil {
		return err
	}
	return r.Lock(ctx)
}

func (r members) Get(ctx context.Context, id membership.ID) (membership.Membership, error) {
	var row membershipRow
	err := r.get(ctx, &row,
		"SELECT "+membershipColumns+" FROM memberships WHERE organization_id = $1 AND id = $2 AND status = 'active'", id.UUID())
	if err != nil {
		return membership.Membership{}, err
	}
	return row.domain(), nil
}

const selectMembers = `SELECT m.organization_id, m.id, m.account_id, COALESCE(a.email, m.email) AS email,
		COALESCE(a.name, '') AS name, m.role, m.status, m.invited_by, m.expires_at, m.created_at
	FROM memberships m
	LEFT JOIN accounts a ON a.id = m.account_id
	WHERE m.organization_id = $1`

func (r members) Show(ctx context.Context, id membership.ID) (ports.Member, error) {
	var row memberRow
	if err := r.get(ctx, &row, selectMembers+" AND m.id = $2", id.UUID()); err != nil {
		return ports.Member{}, err
	}
	return row.domain(), nil
}

func (r members) List(ctx context.Context, only ports.MemberFilter, page ports.Page[membership.ID]) ([]ports.Member, error) {
	f := filter{taken: 1}
	f.and("m.id > ?", page.After.UUID())
	if only.Status != "" {
		f.and("m.status = ?", string(only.Status))
	}
	if only.Role != membership.None {
		f.and("m.role = ?", only.Role.String())
	}
	if only.Text != "" {
		f.and("("+contains("COALESCE(a.email, m.email)")+" OR "+contains("a.search_name")+")", folded(only.Text))
	}
	limit := f.next(page.Limit)
	return listed[memberRow](ctx, r, selectMembers+f.conditions.String()+" ORDER BY m.id LIMIT "+limit+" + 0", f.args...)
}

// Each half has an index of its own; with OR, SQLite would go through the whole
// organization.
const findMember = selectMembers + ` AND m.account_id = (SELECT x.id FROM accounts x WHERE x.email = $2)
	UNION ALL ` + selectMembers + ` AND m.status = 'invited' AND m.email = $2 AND m.expires_at > $3
	ORDER BY status
	LIMIT 1`

// FindByEmail prefers a member: it may have been asked in by the address that
// has become its own since.
func (r members) FindByEmail(ctx context.Context, email account.Email) (*ports.Member, error) {
	var row memberRow
	found, err := r.find(ctx, &row, findMember, email.String(), r.unit.now)
	if err != nil || !found {
		return nil, err
	}
	m := row.domain()
	return &m, nil
}

func (r members) Lock(ctx context.Context) error {
	return r.changeOne(ctx, nil, fault.ErrNotFound, lockOrganization)
}

func (r members) Owners(ctx context.Context) (int, error) {
	return r.count(ctx, "SELECT count(*) FROM memberships WHERE organization_id = $1 AND role = 'owner' AND status = 'active'")
}

func (r members) Save(ctx context.Context, m membership.Membership) error {
	r.unit.announce(ports.Subject(m.AccountID))
	return r.changeOne(ctx, nil, fault.ErrStale,
		`UPDATE memberships SET role = $4, updated_at = $5, version = version + 1
		WHERE organization_id = $1 AND id = $2 AND version = $3 AND status = 'active'`,
		m.ID.UUID(), m.Version, m.Role.String(), m.UpdatedAt)
}

// Remove leaves to the schema what refers to the membership: the account keys
// that are bound to the organization.
func (r members) Remove(ctx context.Context, m membership.Membership) error {
	r.unit.announce(ports.Subject(m.AccountID))
	err := r.changeOne(ctx, nil, fault.ErrNotFound,
		"DELETE FROM memberships WHERE organization_id = $1 AND id = $2 AND account_id = $3", m.ID.UUID(), m.AccountID.UUID())
	if err != nil {
		return err
	}
	_, err = r.change(ctx, "UPDATE sessions SET organization_id = NULL WHERE organization_id = $1 AND account_id = $2", m.AccountID.UUID())
	if err != nil {
		return err
	}
	_, err = r.change(ctx, "DELETE FROM memberships WHERE organization_id = $1 AND invited_by = $2 AND status = 'invited'", m.AccountID.UUID())
	return err
}
