package app

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

const secretSize = 32

// SigningKey is an Ed25519 seed that signs access tokens in its turn, or did
// once and still verifies them.
type SigningKey struct {
	ID        uuid.UUID
	Seed      []byte
	Term      session.KeyTerm
	CreatedAt time.Time
}

// Keyring is the installation's own secrets, opened.
type Keyring struct {
	Signing    []SigningKey // the oldest first
	derivation []byte
}

// LoadKeyring opens the installation's secrets, and makes them on first start.
// Replicas that start at once agree: the store keeps one current secret for a
// purpose, and who comes second reads it.
func LoadKeyring(ctx context.Context, store ports.Store, sealer ports.Sealer, random ports.Random) (Keyring, error) {
	for _, purpose := range []ports.Purpose{ports.Signing, ports.Derivation} {
		if err := ensureSecret(ctx, store, sealer, random, purpose); err != nil {
			return Keyring{}, err
		}
	}
	return ports.Look(ctx, store, func(tx ports.Tx) (Keyring, error) { return openKeyring(ctx, tx, sealer) })
}

// HasKeyring says whether the installation has secrets already, without opening
// them.
func HasKeyring(ctx context.Context, store ports.Store) (bool, error) {
	return ports.Look(ctx, store, func(tx ports.Tx) (bool, error) {
		kept, err := tx.Keyring().List(ctx, ports.Signing)
		return len(kept) > 0, err
	})
}

func ensureSecret(ctx context.Context, store ports.Store, sealer ports.Sealer, random ports.Random, purpose ports.Purpose) error {
	sealed, err := sealer.Seal(random.Bytes(secretSize), string(purpose))
	if err != nil {
		return err
	}
	err = store.Do(ctx, func(tx ports.Tx) error {
		kept, err := tx.Keyring().List(ctx, purpose)
		if err != nil || len(kept) > 0 {
			return err
		}
		return tx.Keyring().Add(ctx, ports.SealedSecret{ID: random.ID(), Purpose: purpose, Sealed: sealed, CreatedAt: tx.Now()})
	})
	if fault.KindOf(err) == fault.Conflict {
		return nil
	}
	return err
}

func openKeyring(ctx context.Context, tx ports.Tx, sealer ports.Sealer) (Keyring, error) {
	var ring Keyring
	signing, err := tx.Keyring().List(ctx, ports.Signing)
	if err != nil {
		return ring, err
	}
	for _, s := range signing {
		seed, err := openSecret(sealer, s)
		if err != nil {
			return ring, err
		}
		ring.Signing = append(ring.Signing, SigningKey{ID: s.ID, Seed: seed, Term: termOf(s), CreatedAt: s.CreatedAt})
	}
	derivation, err := tx.Keyring().List(ctx, ports.Derivation)
	if err != nil {
		return ring, err
	}
	if len(signing) == 0 || len(derivation) == 0 {
		return ring, errors.New("the keyring of this installation is empty")
	}
	ring.derivation, err = openSecret(sealer, derivation[len(derivation)-1])
	return ring, err
}

func openSecret(sealer ports.Sealer, s ports.SealedSecret) ([]byte, error) {
	plain, err := sealer.Open(s.Sealed, string(s.Purpose))
	if err != nil {
		return nil, fmt.Errorf("MASTER_KEY does not open this installation's %s secret: %w", s.Purpose, err)
	}
	return plain, nil
}

// Derive returns 32 bytes for one use. Different uses get independent bytes, so
// that what is signed for one can never pass for another (RFC 5869).
func (k Keyring) Derive(use string) []byte {
	key, err := hkdf.Key(sha256.New, k.derivation, nil, "tenantry "+use, secretSize)
	if err != nil {
		panic(err) // only for more bytes than HKDF can give
	}
	return key
}
