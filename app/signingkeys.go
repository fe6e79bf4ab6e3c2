package app

import (
	"context"
	"sync"
	"time"

	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

const (
	// followEvery is how soon a running server knows of another's keys. A key
	// that was revoked is refused everywhere after that.
	followEvery = time.Second
	// followLimit bounds what a token with an unknown key makes us wait.
	followLimit = 2 * time.Second
	// LeastNotice is how long a new key is published before it signs, at least:
	// several times what servers need to know of it.
	LeastNotice = 3 * followEvery
)

// SigningKeys are the keys of access tokens, as they come and go. Each server
// follows the store, since another one, or a command, may have changed them.
type SigningKeys struct {
	Dependencies
	// Use hands the keys over to what signs and verifies.
	Use func([]SigningKey) error

	mutex sync.Mutex
	asked time.Time // when a token with an unknown key last made us look
}

// Run follows the store until ctx ends. Of failures it logs the first in a row.
func (k *SigningKeys) Run(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		background(ctx, k.Logger, "following the signing keys", func() {
			err := k.Follow(ctx)
			if err != nil && !failing && ctx.Err() == nil {
				k.Tally.Count(ports.BackgroundFailures, "signing_keys", 1)
				k.Logger.WarnContext(ctx, "the signing keys could not be read and will be again", "error", err.Error())
			}
			failing = err != nil
		})
	}
}

// Follow takes over what is stored.
func (k *SigningKeys) Follow(ctx context.Context) error {
	keys, err := k.List(ctx)
	if err != nil {
		return err
	}
	return k.Use(keys)
}

// Unknown looks whether there is a newer key, since somebody presents a token
// of one that is not known here. However many come with whatever they invented,
// the store is asked once a second.
func (k *SigningKeys) Unknown() {
	k.mutex.Lock() // who waits here for another's look will do with that
	defer k.mutex.Unlock()
	now := k.Clock.Now()
	if now.Sub(k.asked) < followEvery {
		return
	}
	k.asked = now
	ctx, cancel := context.WithTimeout(context.Background(), followLimit)
	defer cancel()
	if err := k.Follow(ctx); err != nil {
		k.Logger.Warn("the signing keys could not be read", "error", err.Error())
	}
}

// List returns the keys that are kept, the oldest first.
func (k *SigningKeys) List(ctx context.Context) ([]SigningKey, error) {
	ring, err := ports.Look(ctx, k.Store, func(tx ports.Tx) (Keyring, error) { return openKeyring(ctx, tx, k.Sealer) })
	return ring.Signing, err
}

// Rotate makes a new key. It is published at once and signs after the notice;
// then the one before is retired, and accepted for as long as its tokens live.
func (k *SigningKeys) Rotate(ctx context.Context, notice time.Duration) error {
	return k.turn(ctx, audit.SigningKeyRotated, func(tx ports.Tx, old ports.SealedSecret) error {
		if old.RetiredAt != nil {
			return nil
		}
		return tx.Keyring().Retire(ctx, old.ID, tx.Now().Add(max(notice, LeastNotice)))
	})
}

// Revoke makes a new key that signs at once, and deletes all others: no token of
// theirs is accepted any more. Sessions go on by their refresh tokens.
func (k *SigningKeys) Revoke(ctx context.Context) error {
	return k.turn(ctx, audit.SigningKeyRevoked, func(tx ports.Tx, old ports.SealedSecret) error {
		return tx.Keyring().Remove(ctx, old.ID)
	})
}

func (k *SigningKeys) turn(ctx context.Context, action audit.Action, end func(tx ports.Tx, old ports.SealedSecret) error) error {
	sealed, err := k.Sealer.Seal(k.Random.Bytes(secretSize), string(ports.Signing))
	if err != nil {
		return err
	}
	return k.Store.Do(ctx, func(tx ports.Tx) error {
		if err := k.tryMasterKey(ctx, tx); err != nil {
			return err
		}
		kept, err := tx.Keyring().List(ctx, ports.Signing)
		if err != nil {
			return err
		}
		for _, old := range kept {
			if err := end(tx, old); err != nil {
				return err
			}
		}
		made := ports.SealedSecret{ID: k.Random.ID(), Purpose: ports.Signing, Sealed: sealed, CreatedAt: tx.Now()}
		if err := tx.Keyring().Add(ctx, made); err != nil {
			return err
		}
		return k.recordFrom(ctx, tx, audit.Origin{ActorType: audit.System}, theInstallations, audit.Event{
			Action: action, ResourceType: signingKeyResource, ResourceID: made.ID.String(),
		})
	})
}

// tryMasterKey opens the secret that stays. What another master key had sealed,
// no server could open: none would start any more.
func (k *SigningKeys) tryMasterKey(ctx context.Context, tx ports.Tx) error {
	kept, err := tx.Keyring().List(ctx, ports.Derivation)
	if err != nil {
		return err
	}
	for _, s := range kept {
		if _, err := openSecret(k.Sealer, s); err != nil {
			return err
		}
	}
	return nil
}

const signingKeyResource = "signing_key"

// sweep deletes keys whose last token has run out.
func (k *SigningKeys) sweep(ctx context.Context, tx ports.Tx) (int, error) {
	kept, err := tx.Keyring().List(ctx, ports.Signing)
	if err != nil {
		return 0, err
	}
	swept := 0
	for _, s := range kept {
		if termOf(s).Verifies(tx.Now()) {
			continue
		}
		if err := tx.Keyring().Remove(ctx, s.ID); err != nil {
			return 0, err
		}
		swept++
	}
	return swept, nil
}

func termOf(s ports.SealedSecret) session.KeyTerm {
	if s.RetiredAt == nil {
		return session.KeyTerm{}
	}
	return session.KeyTerm{RetiredAt: *s.RetiredAt}
}
