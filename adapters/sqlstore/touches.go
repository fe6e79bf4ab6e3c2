package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/ports"
)

// touchedAtOnce is how many keys one statement touches: each is a round trip
// less.
const touchedAtOnce = 50

var touchOne, touchMany = touch(1), touch(touchedAtOnce)

// touch is a statement for so many keys, with three arguments for each. The
// first of what is united has no rows: PostgreSQL takes the types from it.
func touch(keys int) string {
	var used strings.Builder
	for n := 1; n <= 3*keys; n += 3 {
		_, _ = fmt.Fprintf(&used, " UNION ALL SELECT $%d, $%d, $%d", n, n+1, n+2)
	}
	return `WITH used AS (SELECT organization_id, id, last_used_at AS at FROM environment_keys WHERE 1 = 0` + used.String() + `)
		UPDATE environment_keys SET last_used_at = used.at FROM used
		WHERE environment_keys.organization_id = used.organization_id AND environment_keys.id = used.id
			AND (environment_keys.last_used_at IS NULL OR environment_keys.last_used_at < used.at)`
}

// Touch goes through the keys in one order, so that two of it hardly wait for
// each other.
func (r keyIndex) Touch(ctx context.Context, uses []ports.Use) error {
	for batch := range slices.Chunk(latestUses(uses), touchedAtOnce) {
		if len(batch) == touchedAtOnce {
			if err := r.touch(ctx, touchMany, batch); err != nil {
				return err
			}
			continue
		}
		for i := range batch { // other lengths would each be a statement to prepare
			if err := r.touch(ctx, touchOne, batch[i:i+1]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r keyIndex) touch(ctx context.Context, statement string, uses []ports.Use) error {
	args := make([]any, 0, 3*len(uses))
	for _, use := range uses {
		args = append(args, use.Organization.UUID(), use.Key.UUID(), use.At)
	}
	_, err := r.change(ctx, nil, statement, args...)
	return err
}

// latestUses are the uses by key, the latest of each. A key has one organization.
func latestUses(uses []ports.Use) []ports.Use {
	ordered := slices.Clone(uses)
	slices.SortFunc(ordered, func(a, b ports.Use) int {
		return cmp.Or(bytes.Compare(a.Key[:], b.Key[:]), bytes.Compare(a.Organization[:], b.Organization[:]), b.At.Compare(a.At))
	})
	return slices.CompactFunc(ordered, func(a, b ports.Use) bool { return a.Key == b.Key && a.Organization == b.Organization })
}
