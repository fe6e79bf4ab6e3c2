package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

var keyRotated = taken{"key_rotations_pkey": apikey.ErrRotated}

// Rotate first adds the successor, which holds the environment: who deletes that
// takes it before its keys, too, so that the two never wait for each other. Giving
// the key its end waits for whoever else rotates it, and finds out whether it is
// there.
func (r apikeys) Rotate(ctx context.Context, ending, successor apikey.Key) error {
	if err := r.Add(ctx, successor); err != nil {
		return err
	}
	r.unit.announce(ports.Subject(ending.ID))
	err := r.changeOne(ctx, nil, fault.ErrNotFound,
		"UPDATE environment_keys SET ends_at = $3 WHERE organization_id = $1 AND id = $2", ending.ID.UUID(), ending.EndsAt)
	if err != nil {
		return err
	}
	return r.changeOne(ctx, keyRotated, fault.ErrInternal,
		"INSERT INTO key_rotations (organization_id, key_id, successor_id) VALUES ($1, $2, $3)",
		ending.ID.UUID(), successor.ID.UUID())
}

var selectLineage = "SELECT " + nested("k", "key.key", keyColumns) + `, d.digest AS "key.digest",
		p.key_id AS predecessor_id, s.successor_id
	FROM environment_keys k
	JOIN key_digests d ON d.organization_id = k.organization_id AND d.key_id = k.id
	LEFT JOIN key_rotations p ON p.organization_id = k.organization_id AND p.successor_id = k.id
	LEFT JOIN key_rotations s ON s.organization_id = k.organization_id AND s.key_id = k.id
	WHERE k.organization_id = $1 AND k.id = $2`

func (r apikeys) Lineage(ctx context.Context, id apikey.ID) (apikey.Lineage, error) {
	var row struct {
		Key         digestedKey `db:"key"`
		Predecessor *uuid.UUID  `db:"predecessor_id"`
		Successor   *uuid.UUID  `db:"successor_id"`
	}
	if err := r.get(ctx, &row, selectLineage, id.UUID()); err != nil {
		return apikey.Lineage{}, err
	}
	return apikey.Lineage{
		Key: row.Key.domain(), Predecessor: typed[apikey.ID](row.Predecessor), Successor: typed[apikey.ID](row.Successor),
	}, nil
}

type callerRow struct {
	Address    string    `db:"address"`
	UserAgent  string    `db:"user_agent"`
	Uses       int64     `db:"uses"`
	LastUsedAt time.Time `db:"last_used_at"`
}

const selectCallers = "SELECT address, user_agent, uses, last_used_at FROM key_callers WHERE organization_id = $1 AND key_id = $2"

func domainCallers(rows []callerRow) apikey.Callers {
	callers := make(apikey.Callers, len(rows))
	for _, row := range rows {
		callers[apikey.Caller{Address: row.Address, UserAgent: row.UserAgent}] = apikey.Usage{Uses: row.Uses, LastUsedAt: row.LastUsedAt.UTC()}
	}
	return callers
}

func (r apikeys) Callers(ctx context.Context, id apikey.ID) (apikey.Callers, error) {
	var rows []callerRow
	if err := r.list(ctx, &rows, selectCallers, id.UUID()); err != nil {
		return nil, err
	}
	return domainCallers(rows), nil
}

// Count goes through keys and callers in one order, so that two of it cannot
// wait for each other.
func (r keyIndex) Count(ctx context.Context, uses []ports.CallerUse) error {
	ordered := slices.Clone(uses)
	slices.SortFunc(ordered, func(a, b ports.CallerUse) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	for _, use := range ordered {
		if err := r.countKey(ctx, use); err != nil {
			return err
		}
	}
	return nil
}

func (r keyIndex) countKey(ctx context.Context, use ports.CallerUse) error {
	var rows []callerRow
	if err := r.list(ctx, &rows, selectCallers, use.Organization.UUID(), use.Key.UUID()); err != nil {
		return err
	}
	kept, added := domainCallers(rows), apikey.Callers{}
	for _, who := range slices.SortedFunc(maps.Keys(use.Callers), byAddress) {
		as := kept.Add(who, use.Callers[who])
		added[as] = added[as].Plus(use.Callers[who])
	}
	for _, who := range slices.SortedFunc(maps.Keys(added), byAddress) {
		_, err := r.change(ctx, nil,
			`INSERT INTO key_callers (organization_id, key_id, address, user_agent, uses, last_used_at)
			SELECT k.organization_id, k.id, $3, $4, $5, $6 FROM environment_keys k WHERE k.organization_id = $1 AND k.id = $2
			ON CONFLICT (organization_id, key_id, address, user_agent) DO UPDATE
			SET uses = key_callers.uses + excluded.uses,
				last_used_at = CASE WHEN key_callers.last_used_at < excluded.last_used_at THEN excluded.last_used_at ELSE key_callers.last_used_at END`,
			use.Organization.UUID(), use.Key.UUID(), who.Address, who.UserAgent, added[who].Uses, added[who].LastUsedAt)
		if err != nil {
			return err
		}
	}
	return nil
}

func byAddress(a, b apikey.Caller) int {
	return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.UserAgent, b.UserAgent))
}
