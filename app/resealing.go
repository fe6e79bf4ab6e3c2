package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/ports"
)

// mostResealed is how much mail may wait while the master key is changed: all of
// it happens in one unit of work, which has to end within seconds.
const mostResealed = 5_000

// Resealing brings all that is sealed under another master key.
type Resealing struct {
	Dependencies
	Old, New ports.Sealer
}

// Resealed is what was sealed anew.
type Resealed struct{ Secrets, Mails int }

// Run seals every secret of the keyring and every mail that waits anew, all of
// them or none. Nobody may serve meanwhile: who knows the old key alone would go
// on sealing with it. What is sealed stays the same, and so do tokens and
// sessions.
func (r Resealing) Run(ctx context.Context) (Resealed, error) {
	return ports.Run(ctx, r.Store, func(tx ports.Tx) (Resealed, error) {
		backlog, err := tx.Outbox().Backlog(ctx)
		if err != nil {
			return Resealed{}, err
		}
		if backlog.Waiting > mostResealed {
			return Resealed{}, fault.ErrInternal.With(fmt.Errorf("%d mails wait, and at most %d can be sealed anew at once: let them be sent first", backlog.Waiting, mostResealed))
		}
		var done Resealed
		if done.Secrets, err = r.secrets(ctx, tx); err != nil {
			return done, err
		}
		if done.Mails, err = r.mails(ctx, tx); err != nil {
			return done, err
		}
		return done, r.recordFrom(ctx, tx, audit.Origin{ActorType: audit.System}, theInstallations, audit.Event{
			Action: audit.MasterKeyChanged, ResourceType: installationResource,
		})
	})
}

func (r Resealing) secrets(ctx context.Context, tx ports.Tx) (int, error) {
	n := 0
	for _, purpose := range []ports.Purpose{ports.Signing, ports.Derivation} {
		kept, err := tx.Keyring().List(ctx, purpose)
		if err != nil {
			return n, err
		}
		for _, s := range kept {
			plain, err := openSecret(r.Old, s)
			if err != nil {
				return n, err
			}
			sealed, err := r.New.Seal(plain, string(purpose))
			if err != nil {
				return n, err
			}
			if err := tx.Keyring().Reseal(ctx, s.ID, sealed); err != nil {
				return n, err
			}
			n++
		}
	}
	if n == 0 {
		return 0, errors.New("the keyring of this installation is empty")
	}
	return n, nil
}

func (r Resealing) mails(ctx context.Context, tx ports.Tx) (int, error) {
	n, page := 0, ports.Page[mail.ID]{Limit: unitRows}
	for {
		waiting, err := tx.Outbox().List(ctx, page)
		if err != nil {
			return n, err
		}
		for _, e := range waiting {
			plain, err := r.Old.Open(e.Sealed, outboxContext)
			if err != nil {
				return n, fmt.Errorf("MASTER_KEY does not open the mail %s: %w", e.ID, err)
			}
			sealed, err := r.New.Seal(plain, outboxContext)
			if err != nil {
				return n, err
			}
			if err := tx.Outbox().Reseal(ctx, e.ID, sealed); err != nil {
				return n, err
			}
			page.After = e.ID
			n++
		}
		if len(waiting) < page.Limit {
			return n, nil
		}
	}
}
