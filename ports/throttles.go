package ports

import (
	"context"
	"time"
)

// Throttles counts attempts in the store, so that replicas share the count and
// a restart does not forget it.
type Throttles interface {
	// Take counts one attempt under the key and returns zero while there were
	// at most limit of them, each less than window after the one before;
	// otherwise how long to wait. What is refused is not counted, so waiting
	// always helps. Atomic under any concurrency.
	Take(ctx context.Context, key string, limit int, window time.Duration) (wait time.Duration, err error)
	// Wait returns what Take would, without counting.
	Wait(ctx context.Context, key string, limit int) (time.Duration, error)
	// Forget drops the count, after a success.
	Forget(ctx context.Context, key string) error
	// Sweep deletes counts whose window is over, the oldest SweepBatch at most,
	// and says how many.
	Sweep(ctx context.Context) (int, error)
}
