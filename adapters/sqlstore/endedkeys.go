package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// inspectKeys goes along the primary key: there is no index by the ends of keys,
// which would cost each change of one for what is asked once a day.
const inspectKeys = `SELECT organization_id, id, revoked_at, expires_at, ends_at FROM environment_keys
	WHERE (organization_id, id) > ($1, $2)
	ORDER BY organization_id, id
	LIMIT $3 + 0`

func (r keyIndex) Inspect(ctx context.Context, before time.Time, after ports.KeyAddress, limit int) (ports.InspectedKeys, error) {
	var rows []struct {
		OrganizationID uuid.UUID  `db:"organization_id"`
		ID             uuid.UUID  `db:"id"`
		RevokedAt      *time.Time `db:"revoked_at"`
		ExpiresAt      *time.Time `db:"expires_at"`
		EndsAt         *time.Time `db:"ends_at"`
	}
	if err := r.list(ctx, &rows, inspectKeys, after.Organization.UUID(), after.Key.UUID(), limit); err != nil {
		return ports.InspectedKeys{}, err
	}
	var found ports.InspectedKeys
	for _, row := range rows {
		found.Last = ports.KeyAddress{Organization: organization.ID(row.OrganizationID), Key: apikey.ID(row.ID)}
		for _, end := range []*time.Time{row.RevokedAt, row.ExpiresAt, row.EndsAt} {
			if end != nil && end.Before(before) {
				found.Ended = append(found.Ended, found.Last)
				break
			}
		}
	}
	return found, nil
}

func (r keyIndex) Sweep(ctx context.Context, before time.Time, ended []ports.KeyAddress) (int, error) {
	swept := 0
	for _, k := range ended {
		n, err := r.change(ctx, nil, `DELETE FROM environment_keys
			WHERE organization_id = $1 AND id = $2 AND (revoked_at < $3 OR expires_at < $3 OR ends_at < $3)`,
			k.Organization.UUID(), k.Key.UUID(), before)
		if err != nil {
			return 0, err
		}
		swept += n
	}
	return swept, nil
}
