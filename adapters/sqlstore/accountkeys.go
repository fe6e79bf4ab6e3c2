package sqlstore

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

type accountKeys struct{ *unit }

const accountKeyColumns = "id, account_id, organization_id, name, prefix, digest, scopes, expires_at, last_used_at, created_at"

type accountKeyRow struct {
	ID             uuid.UUID  `db:"id"`
	AccountID      uuid.UUID  `db:"account_id"`
	OrganizationID *uuid.UUID `db:"organization_id"`
	Name           string     `db:"name"`
	Prefix         string     `db:"prefix"`
	Digest         []byte     `db:"digest"`
	Scopes         string     `db:"scopes"`
	ExpiresAt      *time.Time `db:"expires_at"`
	LastUsedAt     *time.Time `db:"last_used_at"`
	CreatedAt      time.Time  `db:"created_at"`
}

func (r accountKeyRow) domain() accountkey.Key {
	k := accountkey.Key{
		ID:             accountkey.ID(r.ID),
		AccountID:      account.ID(r.AccountID),
		OrganizationID: typed[organization.ID](r.OrganizationID),
		Name:           naming.StoredName(r.Name),
		Prefix:         r.Prefix,
		Scopes:         accountkey.StoredScopes(r.Scopes),
		ExpiresAt:      utc(r.ExpiresAt),
		LastUsedAt:     utc(r.LastUsedAt),
		CreatedAt:      r.CreatedAt.UTC(),
	}
	copy(k.Digest[:], r.Digest)
	return k
}

func (r accountKeys) Add(ctx context.Context, k accountkey.Key) error {
	return r.changeOne(ctx, nil, fault.ErrInternal,
		"INSERT INTO account_keys ("+accountKeyColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		k.ID.UUID(), k.AccountID.UUID(), optional(k.OrganizationID), k.Name.String(), k.Prefix, k.Digest[:],
		k.Scopes.String(), k.ExpiresAt, k.LastUsedAt, k.CreatedAt)
}

func (r accountKeys) List(ctx context.Context, owner account.ID, page ports.Page[accountkey.ID]) ([]accountkey.Key, error) {
	return listed[accountKeyRow](ctx, r,
		"SELECT "+accountKeyColumns+" FROM account_keys WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3 + 0",
		owner.UUID(), page.After.UUID(), page.Limit)
}

func (r accountKeys) Remove(ctx context.Context, owner account.ID, id accountkey.ID) error {
	r.announce(ports.Subject(id))
	return r.changeOne(ctx, nil, fault.ErrNotFound,
		"DELETE FROM account_keys WHERE id = $1 AND account_id = $2", id.UUID(), owner.UUID())
}

var findKeyActor = "SELECT " + nested("k", "key", accountKeyColumns) + ", " + nested("a", "account", accountColumns) + ", " +
	nested("m", "membership", membershipColumns) + `
	FROM account_keys k
	JOIN accounts a ON a.id = k.account_id
	LEFT JOIN memberships m ON m.account_id = k.account_id
		AND m.organization_id = COALESCE($2, k.organization_id, (
			SELECT x.organization_id FROM memberships x WHERE x.account_id = k.account_id ORDER BY x.id LIMIT 1))
		AND m.organization_id = COALESCE(k.organization_id, m.organization_id)
	WHERE k.digest = $1`

func (r accountKeys) Find(ctx context.Context, digest apikey.Digest, org *organization.ID) (*access.Actor, error) {
	var row struct {
		Key        accountKeyRow      `db:"key"`
		Account    accountRow         `db:"account"`
		Membership possibleMembership `db:"membership"`
	}
	found, err := r.find(ctx, &row, findKeyActor, digest[:], optional(org))
	if err != nil || !found {
		return nil, err
	}
	key := row.Key.domain()
	return &access.Actor{Account: row.Account.domain(), Key: &key, Membership: row.Membership.domain()}, nil
}

// Touch goes through the keys in one order, so that two of it cannot wait for
// each other.
func (r accountKeys) Touch(ctx context.Context, uses []ports.AccountKeyUse) error {
	ordered := slices.Clone(uses)
	slices.SortFunc(ordered, func(a, b ports.AccountKeyUse) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	for _, use := range ordered {
		_, err := r.change(ctx, nil,
			"UPDATE account_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
			use.Key.UUID(), use.At)
		if err != nil {
			return err
		}
	}
	return nil
}

func (r accountKeys) Sweep(ctx context.Context, before time.Time) (int, error) {
	return r.change(ctx, nil, `DELETE FROM account_keys WHERE id IN
		(SELECT id FROM account_keys WHERE expires_at < $1 LIMIT $2 + 0)`, before, ports.SweepBatch)
}
