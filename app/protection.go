package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

// namedKeys is how many keys a refusal names.
const namedKeys = 20

// protection keeps what is protected from being deleted while it is used.
type protection struct{ verification *Verification }

// recentIn are keys whose use may not be written yet. It is asked before the
// unit of work begins: what is written after that is seen there.
func (p protection) recentIn(of project.ID, one *environment.ID) []apikey.ID {
	return p.verification.usedIn(of, one)
}

// atRest returns environment.ErrInUse, with the keys, when any of the project or
// of its one environment that is named was used lately: as it is written, or
// among the recent ones.
func (p protection) atRest(ctx context.Context, tx ports.Tx, grant access.Grant, in project.ID, one *environment.ID, recent []apikey.ID) error {
	keys, err := tx.APIKeys(grant).ListUsed(ctx, in, one, tx.Now().Add(-environment.Rest), namedKeys)
	if err != nil {
		return err
	}
	for _, id := range recent {
		if len(keys) == namedKeys {
			break
		}
		if slices.ContainsFunc(keys, func(k apikey.Key) bool { return k.ID == id }) {
			continue
		}
		k, err := tx.APIKeys(grant).Get(ctx, id)
		switch {
		case err == nil:
			keys = append(keys, p.verification.recent(k))
		case !errors.Is(err, fault.ErrNotFound):
			return err
		}
	}
	if len(keys) == 0 {
		return nil
	}
	refusal := environment.ErrInUse
	for _, k := range keys {
		refusal = refusal.WithField(k.ID.String(), inUse(k))
	}
	return refusal
}

func inUse(k apikey.Key) string {
	text := fmt.Sprintf("is %s (%s…)", k.Name, k.Prefix)
	if k.LastUsedAt != nil {
		text += ", last used at " + k.LastUsedAt.Format(time.RFC3339)
	}
	return text
}
