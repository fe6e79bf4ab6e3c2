package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tenantry/tenantry/domain/fault"
)

// uses collects when keys were last accepted, so that no request waits for that
// to be written.
type uses[Key comparable] struct {
	mu     sync.Mutex
	latest map[Key]time.Time
}

// add notes a use.
func (u *uses[Key]) add(k Key, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if kept, known := u.latest[k]; known && !kept.Before(at) {
		return
	}
	if u.latest == nil {
		u.latest = map[Key]time.Time{}
	}
	u.latest[k] = at
}

// flush gives what was collected to write, so much at once as one unit of work
// can take. What could not be written is kept for the next time, unless a later
// use came in between.
func (u *uses[Key]) flush(ctx context.Context, write func(context.Context, map[Key]time.Time) error) error {
	rest := u.take()
	defer func() { // a panic of write loses nothing either
		for k, at := range rest {
			u.add(k, at)
		}
	}()
	var errs []error
	for keys := range slices.Chunk(slices.Collect(maps.Keys(rest)), unitRows) {
		batch := make(map[Key]time.Time, len(keys))
		for _, k := range keys {
			batch[k] = rest[k]
		}
		if err := write(ctx, batch); err != nil {
			errs = append(errs, err)
			if errors.Is(err, fault.ErrUnavailable) {
				break // the others would only wait for the same
			}
			continue
		}
		for _, k := range keys {
			delete(rest, k)
		}
	}
	return errors.Join(errs...)
}

func (u *uses[Key]) take() map[Key]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	collected := u.latest
	u.latest = nil
	return collected
}
