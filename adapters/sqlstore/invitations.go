package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
)

// invitations are memberships in the state invited.
type invitations struct{ tenant }

const invitationColumns = "organization_id, id, email, role, invited_by, version, expires_at, created_at, updated_at"

type invitationRow struct {
	OrganizationID uuid.UUID  `db:"organization_id"`
	ID             uuid.UUID  `db:"id"`
	Email          string     `db:"email"`
	Role           string     `db:"role"`
	InvitedBy      *uuid.UUID `db:"invited_by"`
	Version        int64      `db:"version"`
	ExpiresAt      time.Time  `db:"expires_at"`
	CreatedAt      time.Time  `db:"created_at"`
	UpdatedAt      time.Time  `db:"updated_at"`
}

func (r invitationRow) domain() membership.Invitation {
	role, _ := membership.ParseRole(r.Role) // none when unknown, as in membershipRow
	return membership.Invitation{
		ID:             membership.ID(r.ID),
		OrganizationID: organization.ID(r.OrganizationID),
		Email:          account.StoredEmail(r.Email),
		Role:           role,
		InvitedBy:      typed[account.ID](r.InvitedBy),
		Version:        r.Version,
		ExpiresAt:      r.ExpiresAt.UTC(),
		CreatedAt:      r.CreatedAt.UTC(),
		UpdatedAt:      r.UpdatedAt.UTC(),
	}
}

func (r invitations) Add(ctx context.Context, i membership.Invitation) error {
	_, err := r.change(ctx,
		"DELETE FROM memberships WHERE organization_id = $1 AND email = $2 AND status = 'invited' AND expires_at <= $3",
		i.Email.String(), r.unit.now)
	if err != nil {
		return err
	}
	return r.add(ctx, i.OrganizationID, taken{"memberships_organization_id_email_key": membership.ErrAlreadyInvited},
		"INSERT INTO memberships ("+invitationColumns+", status) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'invited')",
		i.ID.UUID(), i.Email.String(), i.Role.String(), optional(i.InvitedBy), i.Version, i.ExpiresAt, i.CreatedAt, i.UpdatedAt)
}

func (r invitations) Get(ctx context.Context, id membership.ID) (membership.Invitation, error) {
	var row invitationRow
	err := r.get(ctx, &row,
		"SELECT "+invitationColumns+" FROM memberships WHERE organization_id = $1 AND id = $2 AND status = 'invited'", id.UUID())
	if err != nil {
		return membership.Invitation{}, err
	}
	return row.domain(), nil
}

func (r invitations) Save(ctx context.Context, i membership.Invitation) error {
	return r.changeOne(ctx, nil, fault.ErrStale,
		`UPDATE memberships SET role = $4, invited_by = $5, expires_at = $6, updated_at = $7, version = version + 1
		WHERE organization_id = $1 AND id = $2 AND version = $3 AND status = 'invited'`,
		i.ID.UUID(), i.Version, i.Role.String(), optional(i.InvitedBy), i.ExpiresAt, i.UpdatedAt)
}

// Accept moves the organization's version, as every new member does: first, as
// who removes one does, so that the two never wait for each other.
func (r invitations) Accept(ctx context.Context, i membership.Invitation, who account.ID) error {
	err := r.changeOne(ctx, nil, fault.ErrStale, lockOrganization+` AND EXISTS (
			SELECT 1 FROM memberships WHERE organization_id = $1 AND id = $2 AND version = $3 AND status = 'invited')`,
		i.ID.UUID(), i.Version)
	if err != nil {
		return err
	}
	return r.changeOne(ctx, memberTaken, fault.ErrStale,
		`UPDATE memberships
		SET status = 'active', account_id = $4, email = NULL, expires_at = NULL, updated_at = $5, version = version + 1
		WHERE organization_id = $1 AND id = $2 AND version = $3 AND status = 'invited'`,
		i.ID.UUID(), i.Version, who.UUID(), r.unit.now)
}

func (r invitations) Remove(ctx context.Context, id membership.ID) error {
	return r.changeOne(ctx, nil, fault.ErrNotFound,
		"DELETE FROM memberships WHERE organization_id = $1 AND id = $2 AND status = 'invited'", id.UUID())
}
