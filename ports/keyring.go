package ports

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Purpose says what a secret of the installation is for.
type Purpose string

// The purposes.
const (
	Signing    Purpose = "signing"    // Ed25519 seed that signs access tokens
	Derivation Purpose = "derivation" // 32 bytes from which refresh tokens and cursors derive
)

// SealedSecret is a secret as it is stored: useless without the master key.
type SealedSecret struct {
	ID        uuid.UUID
	Purpose   Purpose
	Sealed    []byte
	CreatedAt time.Time
	RetiredAt *time.Time
}

// Keyring keeps the installation's own secrets.
type Keyring interface {
	// Add keeps a new current secret, or returns a conflict fault when the
	// purpose has one that is not retired.
	Add(ctx context.Context, s SealedSecret) error
	// List returns every secret of the purpose, the oldest first.
	List(ctx context.Context, p Purpose) ([]SealedSecret, error)
	// Retire says from when on the secret makes nothing new, which may lie ahead.
	// The purpose then has room for another that is current.
	Retire(ctx context.Context, id uuid.UUID, at time.Time) error
	// Reseal keeps the secret as it is sealed under another key.
	Reseal(ctx context.Context, id uuid.UUID, sealed []byte) error
	// Remove deletes a secret, with which nothing opens or verifies any more.
	Remove(ctx context.Context, id uuid.UUID) error
}

// Sealer encrypts what only this installation may read.
type Sealer interface {
	// Seal encrypts and authenticates plaintext, bound to the context: what was
	// sealed for one purpose does not open for another.
	Seal(plaintext []byte, context string) ([]byte, error)
	// Open returns the plaintext, or an error when the key, the context or the
	// sealed bytes are not the same.
	Open(sealed []byte, context string) ([]byte, error)
}
