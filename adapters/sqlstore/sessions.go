package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

type sessions struct{ *unit }

const sessionColumns = "id, account_id, organization_id, counter, rotated_at, authenticated_at, address, user_agent, created_at, last_used_at, expires_at, " +
	"keeps_refresh, access_ttl"

type sessionRow struct {
	ID              uuid.UUID  `db:"id"`
	AccountID       uuid.UUID  `db:"account_id"`
	OrganizationID  *uuid.UUID `db:"organization_id"`
	Counter         int64      `db:"counter"`
	RotatedAt       time.Time  `db:"rotated_at"`
	AuthenticatedAt time.Time  `db:"authenticated_at"`
	Address         string     `db:"address"`
	UserAgent       string     `db:"user_agent"`
	CreatedAt       time.Time  `db:"created_at"`
	LastUsedAt      time.Time  `db:"last_used_at"`
	ExpiresAt       time.Time  `db:"expires_at"`
	KeepsRefresh    bool       `db:"keeps_refresh"`
	AccessTTL       int64      `db:"access_ttl"` // seconds
}

func (r sessionRow) domain() session.Session {
	return session.Session{
		ID:              session.ID(r.ID),
		AccountID:       account.ID(r.AccountID),
		OrganizationID:  typed[organization.ID](r.OrganizationID),
		Counter:         r.Counter,
		RotatedAt:       r.RotatedAt.UTC(),
		AuthenticatedAt: r.AuthenticatedAt.UTC(),
		Address:         r.Address,
		UserAgent:       r.UserAgent,
		CreatedAt:       r.CreatedAt.UTC(),
		LastUsedAt:      r.LastUsedAt.UTC(),
		ExpiresAt:       r.ExpiresAt.UTC(),
		Terms:           session.Terms{KeepsRefresh: r.KeepsRefresh, AccessTTL: time.Duration(r.AccessTTL) * time.Second},
	}
}

func (r sessions) Add(ctx context.Context, s session.Session) error {
	return r.changeOne(ctx, nil, fault.ErrInternal,
		"INSERT INTO sessions ("+sessionColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
		s.ID.UUID(), s.AccountID.UUID(), optional(s.OrganizationID), s.Counter, s.RotatedAt, s.AuthenticatedAt,
		s.Address, s.UserAgent, s.CreatedAt, s.LastUsedAt, s.ExpiresAt,
		s.Terms.KeepsRefresh, int64(s.Terms.AccessTTL/time.Second))
}

// possibleMembership is a membershipRow of an outer join: all of it or nothing.
type possibleMembership struct {
	OrganizationID *uuid.UUID `db:"organization_id"`
	ID             *uuid.UUID `db:"id"`
	AccountID      *uuid.UUID `db:"account_id"`
	Role           *string    `db:"role"`
	Version        *int64     `db:"version"`
	CreatedAt      *time.Time `db:"created_at"`
	UpdatedAt      *time.Time `db:"updated_at"`
}

func (r possibleMembership) domain() *membership.Membership {
	if r.ID == nil {
		return nil
	}
	m := membershipRow{*r.OrganizationID, *r.ID, *r.AccountID, *r.Role, *r.Version, *r.CreatedAt, *r.UpdatedAt}.domain()
	return &m
}

var findActor = "SELECT " + nested("s", "session", sessionColumns) + ", " + nested("a", "account", accountColumns) + ", " +
	nested("m", "membership", membershipColumns) + `
	FROM sessions s
	JOIN accounts a ON a.id = s.account_id
	LEFT JOIN memberships m ON m.organization_id = COALESCE($2, s.organization_id) AND m.account_id = s.account_id
	WHERE s.id = $1`

func (r sessions) Find(ctx context.Context, id session.ID, org *organization.ID) (*access.Actor, error) {
	var row struct {
		Session    sessionRow         `db:"session"`
		Account    accountRow         `db:"account"`
		Membership possibleMembership `db:"membership"`
	}
	found, err := r.find(ctx, &row, findActor, id.UUID(), optional(org))
	if err != nil || !found {
		return nil, err
	}
	return &access.Actor{
		Account:    row.Account.domain(),
		Session:    row.Session.domain(),
		Membership: row.Membership.domain(),
	}, nil
}

func (r sessions) Save(ctx context.Context, s session.Session, counter int64) error {
	r.announce(ports.Subject(s.ID))
	return r.changeOne(ctx, nil, fault.ErrStale,
		`UPDATE sessions
		SET organization_id = $3, counter = $4, rotated_at = $5, authenticated_at = $6, address = $7, user_agent = $8,
			last_used_at = $9, expires_at = $10
		WHERE id = $1 AND counter = $2`,
		s.ID.UUID(), counter, optional(s.OrganizationID), s.Counter, s.RotatedAt, s.AuthenticatedAt, s.Address,
		s.UserAgent, s.LastUsedAt, s.ExpiresAt)
}

// rotate leaves organization_id and account_id alone, and with them every index:
// on PostgreSQL the new row goes beside the old one and into none of them.
const rotate = `UPDATE sessions
	SET counter = counter + 1, rotated_at = $3, last_used_at = $3, expires_at = $4, address = $5, user_agent = $6
	WHERE id = $1 AND counter = $2 AND expires_at > $3 AND created_at >= $7 AND NOT keeps_refresh
		AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = sessions.account_id AND NOT a.disabled)
		AND (organization_id IS NULL OR EXISTS (SELECT 1 FROM memberships m
			WHERE m.organization_id = sessions.organization_id AND m.account_id = sessions.account_id))
	RETURNING ` + sessionColumns

func (r sessions) Rotate(ctx context.Context, id session.ID, with session.Rotation) (*session.Session, error) {
	var row sessionRow
	found, err := r.changeFound(ctx, &row, rotate,
		id.UUID(), with.Counter, with.At, with.ExpiresAt, with.Address, with.UserAgent, with.CreatedFrom)
	if err != nil || !found {
		return nil, err
	}
	rotated := row.domain()
	return &rotated, nil
}

func (r sessions) List(ctx context.Context, owner account.ID, page ports.Page[session.ID]) ([]session.Session, error) {
	return listed[sessionRow](ctx, r,
		"SELECT "+sessionColumns+" FROM sessions WHERE account_id = $1 AND expires_at > $2 AND id > $3 ORDER BY id LIMIT $4 + 0",
		owner.UUID(), r.now, page.After.UUID(), page.Limit)
}

func (r sessions) Remove(ctx context.Context, owner account.ID, id session.ID) error {
	r.announce(ports.Subject(id))
	return r.changeOne(ctx, nil, fault.ErrNotFound,
		"DELETE FROM sessions WHERE id = $1 AND account_id = $2", id.UUID(), owner.UUID())
}

func (r sessions) RemoveAll(ctx context.Context, owner account.ID, keep session.ID) (int, error) {
	r.announce(ports.Subject(owner))
	return r.change(ctx, nil, "DELETE FROM sessions WHERE account_id = $1 AND id <> $2", owner.UUID(), keep.UUID())
}

// inspect does without an index on expires_at: that would make every refresh
// write to all indexes, where PostgreSQL takes it for dependent on others'
// refreshes. The last row tells how far it came.
const inspect = `WITH page AS (SELECT id, expires_at FROM sessions WHERE id > $1 ORDER BY id LIMIT $2 + 0)
	SELECT id, expires_at FROM page
	WHERE expires_at <= $3 OR id = (SELECT id FROM page ORDER BY id DESC LIMIT 1)
	ORDER BY id`

func (r sessions) Inspect(ctx context.Context, page ports.Page[session.ID]) (ports.Inspected, error) {
	var rows []struct {
		ID        uuid.UUID `db:"id"`
		ExpiresAt time.Time `db:"expires_at"`
	}
	if err := r.list(ctx, &rows, inspect, page.After.UUID(), page.Limit, r.now); err != nil {
		return ports.Inspected{}, err
	}
	var found ports.Inspected
	for _, row := range rows {
		found.Last = session.ID(row.ID)
		if !row.ExpiresAt.After(r.now) {
			found.RunOut = append(found.RunOut, found.Last)
		}
	}
	return found, nil
}

func (r sessions) Sweep(ctx context.Context, ids []session.ID) (int, error) {
	swept := 0
	for _, id := range ids {
		n, err := r.change(ctx, nil, "DELETE FROM sessions WHERE id = $1 AND expires_at <= $2", id.UUID(), r.now)
		if err != nil {
			return 0, err
		}
		swept += n
	}
	return swept, nil
}
