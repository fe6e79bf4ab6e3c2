package app

import (
	"context"
	"sync"
	"time"
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

// flush gives what was collected to write. What could not be written is kept for
// the next time, unless a later use came in between.
func (u *uses[Key]) flush(ctx context.Context, write func(context.Context, map[Key]time.Time) error) error {
	u.mu.Lock()
	batch := u.latest
	u.latest = nil
	u.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	err := write(ctx, batch)
	if err != nil {
		for k, at := range batch {
			u.add(k, at)
		}
	}
	return err
}
