package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

type apikeys struct{ tenant }

const keyColumns = "organization_id, id, environment_id, name, type, prefix, scopes, expires_at, last_used_at, revoked_at, ends_at, created_by, created_at"

type keyRow struct {
	OrganizationID uuid.UUID  `db:"organization_id"`
	ID             uuid.UUID  `db:"id"`
	EnvironmentID  uuid.UUID  `db:"environment_id"`
	Name           string     `db:"name"`
	Type           string     `db:"type"`
	Prefix         string     `db:"prefix"`
	Scopes         string     `db:"scopes"`
	ExpiresAt      *time.Time `db:"expires_at"`
	LastUsedAt     *time.Time `db:"last_used_at"`
	RevokedAt      *time.Time `db:"revoked_at"`
	EndsAt         *time.Time `db:"ends_at"`
	CreatedBy      *uuid.UUID `db:"created_by"`
	CreatedAt      time.Time  `db:"created_at"`
}

// digestedKey is a key joined with its digest, which lives in a table of its own.
type digestedKey struct {
	Key    keyRow `db:"key"`
	Digest []byte `db:"digest"`
}

func (r digestedKey) domain() apikey.Key {
	k := r.Key
	key := apikey.Key{
		ID:             apikey.ID(k.ID),
		OrganizationID: organization.ID(k.OrganizationID),
		EnvironmentID:  environment.ID(k.EnvironmentID),
		Name:           naming.StoredName(k.Name),
		Type:           apikey.Type(k.Type),
		Prefix:         k.Prefix,
		Scopes:         apikey.StoredScopes(k.Scopes),
		ExpiresAt:      utc(k.ExpiresAt),
		LastUsedAt:     utc(k.LastUsedAt),
		RevokedAt:      utc(k.RevokedAt),
		EndsAt:         utc(k.EndsAt),
		CreatedBy:      typed[account.ID](k.CreatedBy),
		CreatedAt:      k.CreatedAt.UTC(),
	}
	copy(key.Digest[:], r.Digest)
	return key
}

func (r apikeys) Add(ctx context.Context, k apikey.Key) error {
	err := r.add(ctx, k.OrganizationID, nil,
		`INSERT INTO environment_keys (`+keyColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		k.ID.UUID(), k.EnvironmentID.UUID(), k.Name.String(), string(k.Type), k.Prefix, k.Scopes.String(),
		k.ExpiresAt, k.LastUsedAt, k.RevokedAt, k.EndsAt, optional(k.CreatedBy), k.CreatedAt)
	if err != nil {
		return err
	}
	return r.changeOne(ctx, nil, fault.ErrInternal,
		"INSERT INTO key_digests (organization_id, key_id, digest) VALUES ($1, $2, $3)", k.ID.UUID(), k.Digest[:])
}

var selectKeys = "SELECT " + nested("k", "key", keyColumns) + `, d.digest
	FROM environment_keys k
	JOIN key_digests d ON d.organization_id = k.organization_id AND d.key_id = k.id
	WHERE k.organization_id = $1`

func (r apikeys) Get(ctx context.Context, id apikey.ID) (apikey.Key, error) {
	var row digestedKey
	if err := r.get(ctx, &row, selectKeys+" AND k.id = $2", id.UUID()); err != nil {
		return apikey.Key{}, err
	}
	return row.domain(), nil
}

func (r apikeys) List(ctx context.Context, of environment.ID, page ports.Page[apikey.ID]) ([]apikey.Key, error) {
	return listed[digestedKey](ctx, r, selectKeys+" AND k.environment_id = $2 AND k.id > $3 ORDER BY k.id LIMIT $4 + 0",
		of.UUID(), page.After.UUID(), page.Limit)
}

func (r apikeys) ListUsed(ctx context.Context, in project.ID, of *environment.ID, since time.Time, limit int) ([]apikey.Key, error) {
	return listed[digestedKey](ctx, r, selectKeys+` AND k.last_used_at >= $2 AND k.environment_id IN (
			SELECT e.id FROM environments e
			WHERE e.organization_id = $1 AND e.project_id = $3 AND e.id = COALESCE($4, e.id))
		ORDER BY k.id LIMIT $5 + 0`, since, in.UUID(), optional(of), limit)
}

// Revoke leaves an earlier end as it is and brings a later one forward.
func (r apikeys) Revoke(ctx context.Context, id apikey.ID) error {
	r.unit.announce(ports.Subject(id))
	return r.changeOne(ctx, nil, fault.ErrNotFound,
		`UPDATE environment_keys
		SET revoked_at = CASE WHEN revoked_at <= $3 THEN revoked_at ELSE $3 END
		WHERE organization_id = $1 AND id = $2`, id.UUID(), r.unit.now)
}

type keyIndex struct{ *unit }

var findKey = "SELECT " + nested("k", "key.key", keyColumns) + `, d.digest AS "key.digest", ` +
	nested("e", "environment", environmentColumns) + ", " + nested("p", "project", projectColumns) + ", " +
	nested("o", "organization", organizationColumns) + `
	FROM key_digests d
	JOIN environment_keys k ON k.organization_id = d.organization_id AND k.id = d.key_id
	JOIN environments e ON e.organization_id = k.organization_id AND e.id = k.environment_id
	JOIN projects p ON p.organization_id = e.organization_id AND p.id = e.project_id
	JOIN organizations o ON o.id = k.organization_id
	WHERE d.digest = $1`

func (r keyIndex) Find(ctx context.Context, digest apikey.Digest) (*ports.Opened, error) {
	var row struct {
		Key          digestedKey     `db:"key"`
		Environment  environmentRow  `db:"environment"`
		Project      projectRow      `db:"project"`
		Organization organizationRow `db:"organization"`
	}
	found, err := r.find(ctx, &row, findKey, digest[:])
	if err != nil || !found {
		return nil, err
	}
	return &ports.Opened{Key: row.Key.domain(), Place: &ports.Place{
		Environment:  row.Environment.domain(),
		Project:      row.Project.domain(),
		Organization: row.Organization.domain(),
	}}, nil
}
