package memory

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/ports"
)

// How long what was loaded may be answered from. All three are measured from
// the moment before the store was asked.
const (
	// alone is for a process that does not hear of others' changes. It leaves a
	// tenth of the published bound for the answer to be written.
	alone = ports.Staleness * 9 / 10
	// lease is how long a confirmation of the feed counts. What the feed has
	// confirmed may still be on its way inside this process.
	lease = ports.Staleness * 8 / 10
	// longest is for a process that does hear.
	longest = 10 * time.Minute
)

// maxStamps bounds how many changes are remembered one by one. Past it,
// everything is forgotten instead.
const maxStamps = 100_000

// freshness decides whether what was loaded at some time still counts. Changes
// are numbered: what was loaded before a change of something that it depends on
// does not count, even when the load ended after it.
type freshness struct {
	sequence  atomic.Uint64             // of the latest change
	floor     atomic.Uint64             // nothing that was loaded before this change counts
	confirmed atomic.Pointer[time.Time] // by the feed; nil: never

	mu     sync.RWMutex
	stamps map[ports.Subject]stamp
	purged time.Time
}

type stamp struct {
	sequence uint64
	at       time.Time
}

// Forget implements ports.Hearer.
func (f *freshness) Forget(subjects ...ports.Subject) {
	if len(subjects) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.purge(now)
	if len(f.stamps)+len(subjects) > maxStamps {
		f.forgetAll()
		return
	}
	next := f.sequence.Load() + 1
	for _, s := range subjects {
		f.stamps[s] = stamp{next, now}
	}
	// In this order: who sees the number finds the stamps.
	f.sequence.Store(next)
}

// ForgetAll implements ports.Hearer.
func (f *freshness) ForgetAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forgetAll()
}

func (f *freshness) forgetAll() {
	next := f.sequence.Load() + 1
	f.floor.Store(next)
	f.stamps = map[ports.Subject]stamp{}
	f.sequence.Store(next)
}

// purge drops the stamps of changes before which nothing was loaded that could
// still count.
func (f *freshness) purge(now time.Time) {
	if f.stamps == nil {
		f.stamps = map[ports.Subject]stamp{}
	}
	if now.Sub(f.purged) < time.Minute {
		return
	}
	f.purged = now
	for s, stamped := range f.stamps {
		if now.Sub(stamped.at) > 2*longest {
			delete(f.stamps, s)
		}
	}
}

// Confirm implements ports.Hearer.
func (f *freshness) Confirm(at time.Time) { f.confirmed.Store(&at) }

// hears says whether changes of other processes are heard.
func (f *freshness) hears(now time.Time) bool {
	at := f.confirmed.Load()
	return at != nil && elapsed(*at, now) < lease
}

// behind is how far answers may lag behind the store.
func (f *freshness) behind(now time.Time) time.Duration {
	at := f.confirmed.Load()
	if at == nil || elapsed(*at, now) >= lease {
		return alone
	}
	return elapsed(*at, now)
}

// origin is when, in time and in the order of changes, the store was asked.
type origin struct {
	at        time.Time
	sequence  uint64
	dependsOn []ports.Subject
	checked   atomic.Uint64 // the latest change that is known to be of no concern
}

// now begins an origin. It comes before the question to the store.
func (f *freshness) now() (time.Time, uint64) { return time.Now(), f.sequence.Load() }

// counts says whether what has this origin is still good.
func (f *freshness) counts(o *origin, now time.Time) bool {
	age := elapsed(o.at, now)
	if age >= longest || age >= alone && !f.hears(now) {
		return false
	}
	latest := f.sequence.Load()
	if o.checked.Load() == latest {
		return true
	}
	if o.sequence < f.floor.Load() || f.changed(o) {
		return false
	}
	o.checked.Store(latest)
	return true
}

func (f *freshness) changed(o *origin) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, s := range o.dependsOn {
		if stamped, known := f.stamps[s]; known && stamped.sequence > o.sequence {
			return true
		}
	}
	return false
}

// elapsed is the time since then by whichever clock says more: a machine that
// was suspended stops the monotonic clock, and one whose time is set back the
// other.
func elapsed(then, now time.Time) time.Duration {
	return max(now.Sub(then), time.Duration(now.UnixNano()-then.UnixNano()))
}
