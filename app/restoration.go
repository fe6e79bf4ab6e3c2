package app

import (
	"context"
	"strconv"

	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/ports"
)

// Restoration is what a database needs that was put back to an earlier state.
type Restoration struct{ *SigningKeys }

// Finish takes away what may have been taken away since that state: it revokes
// the signing keys, so that no access token counts, and then deletes all
// sessions, links and mail that waits. It returns how many these were. When it
// is broken off it can be done again.
func (r Restoration) Finish(ctx context.Context) (int, error) {
	if err := r.Revoke(ctx); err != nil {
		return 0, err
	}
	total := 0
	for {
		n, err := ports.Run(ctx, r.Store, func(tx ports.Tx) (int, error) { return tx.Repairs().Expel(ctx) })
		if err != nil {
			return total, err
		}
		if n == 0 {
			break
		}
		total += n
	}
	return total, r.Store.Do(ctx, func(tx ports.Tx) error {
		return r.recordFrom(ctx, tx, audit.Origin{ActorType: audit.System}, theInstallations, audit.Event{
			Action: audit.InstallationRestored, ResourceType: installationResource,
			Metadata: audit.State{"expelled": strconv.Itoa(total)},
		})
	})
}
