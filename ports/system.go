package ports

import (
	"time"

	"github.com/google/uuid"
)

// Clock tells the time, in UTC, cut to microseconds: what both engines keep.
type Clock interface {
	Now() time.Time
}

// Random is the source of everything that must not be guessed.
type Random interface {
	// ID returns a new UUIDv7, later than every one returned before.
	ID() uuid.UUID
	// Uniform returns a number in [0, n), each as likely as the other.
	Uniform(n int) int
	// Bytes returns n random bytes.
	Bytes(n int) []byte
}
