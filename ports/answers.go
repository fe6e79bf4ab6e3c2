package ports

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/idempotency"
)

// Answer is what a creating request was answered, kept for its repetitions:
// nothing in it can be read without the request's Idempotency-Key.
type Answer struct {
	Digest      idempotency.Digest
	Fingerprint idempotency.Fingerprint // of the request's body
	Sealed      []byte
	ExpiresAt   time.Time
}

// Answers keeps answers in the unit of work that made what they tell of.
type Answers interface {
	// Add returns idempotency.ErrInProgress where an answer that has not run out
	// is kept under the digest: somebody else was faster.
	Add(ctx context.Context, a Answer) error
	// Find returns the answer unless it has run out.
	Find(ctx context.Context, digest idempotency.Digest) (*Answer, error)
	// Sweep deletes answers that have run out, the oldest SweepBatch at most, and
	// says how many.
	Sweep(ctx context.Context) (int, error)
}
