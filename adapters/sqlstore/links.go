package sqlstore

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

type links struct{ *unit }

const linkColumns = "digest, purpose, account_id, email, organization_id, membership_id, expires_at, created_at"

type linkRow struct {
	Digest         []byte     `db:"digest"`
	Purpose        string     `db:"purpose"`
	AccountID      *uuid.UUID `db:"account_id"`
	Email          string     `db:"email"`
	OrganizationID *uuid.UUID `db:"organization_id"`
	MembershipID   *uuid.UUID `db:"membership_id"`
	ExpiresAt      time.Time  `db:"expires_at"`
	CreatedAt      time.Time  `db:"created_at"`
}

func (r linkRow) domain() link.Link {
	l := link.Link{
		Purpose:        link.Purpose(r.Purpose),
		AccountID:      typed[account.ID](r.AccountID),
		Email:          account.StoredEmail(r.Email),
		ExpiresAt:      r.ExpiresAt.UTC(),
		CreatedAt:      r.CreatedAt.UTC(),
		OrganizationID: typed[organization.ID](r.OrganizationID),
		MembershipID:   typed[membership.ID](r.MembershipID),
	}
	copy(l.Digest[:], r.Digest)
	return l
}

func (r links) Add(ctx context.Context, l link.Link) error {
	return r.changeOne(ctx, nil, fault.ErrInternal,
		"INSERT INTO links ("+linkColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		l.Digest[:], string(l.Purpose), optional(l.AccountID), l.Email.String(),
		optional(l.OrganizationID), optional(l.MembershipID), l.ExpiresAt, l.CreatedAt)
}

func (r links) Find(ctx context.Context, digest link.Digest) (*link.Link, error) {
	var row linkRow
	found, err := r.find(ctx, &row, "SELECT "+linkColumns+" FROM links WHERE digest = $1", digest[:])
	if err != nil || !found {
		return nil, err
	}
	l := row.domain()
	return &l, nil
}

func (r links) Spend(ctx context.Context, digest link.Digest) error {
	return r.changeOne(ctx, nil, fault.ErrStale, "DELETE FROM links WHERE digest = $1", digest[:])
}

func (r links) Void(ctx context.Context, who account.ID, purposes ...link.Purpose) error {
	if len(purposes) == 0 {
		return nil
	}
	f := filter{}
	owner := f.next(who.UUID())
	numbers := make([]string, len(purposes))
	for i, purpose := range purposes {
		numbers[i] = f.next(string(purpose))
	}
	_, err := r.change(ctx, nil,
		"DELETE FROM links WHERE account_id = "+owner+" AND purpose IN ("+strings.Join(numbers, ", ")+")", f.args...)
	return err
}

func (r links) VoidSince(ctx context.Context, who account.ID, purpose link.Purpose, since time.Time) error {
	_, err := r.change(ctx, nil,
		"DELETE FROM links WHERE account_id = $1 AND purpose = $2 AND created_at >= $3", who.UUID(), string(purpose), since)
	return err
}

func (r links) VoidInvitation(ctx context.Context, id membership.ID) error {
	_, err := r.change(ctx, nil, "DELETE FROM links WHERE membership_id = $1", id.UUID())
	return err
}

func (r links) Sweep(ctx context.Context) (int, error) {
	return r.change(ctx, nil, `DELETE FROM links WHERE digest IN
		(SELECT digest FROM links WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 + 0)`, r.now, ports.SweepBatch)
}
