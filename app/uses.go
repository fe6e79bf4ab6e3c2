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

// uses collects what is to be written of the uses of keys, so that no request
// waits for it.
type uses[Key comparable, Use any] struct {
	merge    func(kept, more Use) Use // may change kept
	flushing sync.Mutex               // one flush at a time

	mu      sync.Mutex
	fresh   map[Key]Use
	writing map[Key]Use // taken by the flush that is going on
}

// later merges times of use.
func later(kept, more time.Time) time.Time {
	if kept.Before(more) {
		return more
	}
	return kept
}

// add notes a use.
func (u *uses[Key, Use]) add(k Key, use Use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.note(k, use)
}

func (u *uses[Key, Use]) note(k Key, use Use) {
	if kept, known := u.fresh[k]; known {
		use = u.merge(kept, use)
	}
	if u.fresh == nil {
		u.fresh = map[Key]Use{}
	}
	u.fresh[k] = use
}

// pending gives to visit what is known of a key and may not be written yet. It
// must not keep it.
func (u *uses[Key, Use]) pending(k Key, visit func(Use)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, collected := range []map[Key]Use{u.writing, u.fresh} {
		if use, known := collected[k]; known {
			visit(use)
		}
	}
}

// each gives to visit all that may not be written yet; a key that is used while it
// is written comes twice.
func (u *uses[Key, Use]) each(visit func(Key, Use)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, collected := range []map[Key]Use{u.writing, u.fresh} {
		for k, use := range collected {
			visit(k, use)
		}
	}
}

// flush gives what was collected to write, of so many keys at once as one unit
// of work can take. What could not be written is kept for the next time.
func (u *uses[Key, Use]) flush(ctx context.Context, atOnce int, write func(context.Context, map[Key]Use) error) error {
	u.flushing.Lock()
	defer u.flushing.Unlock()
	taken := u.take()
	defer u.giveBack() // a panic of write loses nothing either
	var errs []error
	for keys := range slices.Chunk(taken, atOnce) {
		batch := make(map[Key]Use, len(keys))
		for _, k := range keys {
			batch[k] = u.writing[k]
		}
		if err := write(ctx, batch); err != nil {
			errs = append(errs, err)
			if errors.Is(err, fault.ErrUnavailable) {
				break // the others would only wait for the same
			}
			continue
		}
		u.written(keys)
	}
	return errors.Join(errs...)
}

func (u *uses[Key, Use]) take() []Key {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.writing, u.fresh = u.fresh, nil
	return slices.Collect(maps.Keys(u.writing))
}

func (u *uses[Key, Use]) written(keys []Key) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, k := range keys {
		delete(u.writing, k)
	}
}

func (u *uses[Key, Use]) giveBack() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for k, use := range u.writing {
		u.note(k, use)
	}
	u.writing = nil
}
