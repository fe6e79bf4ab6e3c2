package argon

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/domain/fault"
)

// ahead is how many more are admitted than can hash, so that one caller's
// round trip to the store overlaps with the hashing of others. It also bounds
// how many attempts a burst of parallel guesses gets past a throttle.
const ahead = 2

// retryAfter is what a caller is told whom the queue has no room for.
const retryAfter = time.Second

// lane lets a few work at a time, a few more prepare, and a queue wait. Who
// waits longest goes first: Go hands a freed place of a channel to its oldest
// sender.
type lane struct {
	working  chan struct{}
	admitted chan struct{}
	waiting  chan struct{}
	refused  atomic.Uint64
}

func newLane(workers, queue int) *lane {
	return &lane{
		working:  make(chan struct{}, workers),
		admitted: make(chan struct{}, workers+ahead),
		waiting:  make(chan struct{}, queue),
	}
}

// run calls before once the caller is admitted and, unless that fails, work
// when a worker is free. No work is begun for a caller whose context has ended;
// what was begun keeps its place to its end, but nobody waits for it any more.
func (l *lane) run(ctx context.Context, before func() error, work func()) error {
	if err := l.admit(ctx); err != nil {
		return err
	}
	defer func() { <-l.admitted }()
	if err := before(); err != nil {
		return err
	}
	if err := enter(ctx, l.working); err != nil {
		return err
	}
	done := make(chan any, 1)
	go func() {
		defer func() {
			panicked := recover() // it is the caller's
			<-l.working
			done <- panicked
		}()
		work()
	}()
	select {
	case panicked := <-done:
		if panicked != nil {
			panic(panicked)
		}
		return nil
	case <-ctx.Done():
		return fault.ErrUnavailable.With(ctx.Err())
	}
}

func (l *lane) admit(ctx context.Context) error {
	select {
	case l.admitted <- struct{}{}:
		return nil
	default:
	}
	select {
	case l.waiting <- struct{}{}:
	default:
		l.refused.Add(1)
		return fault.ErrBusy.After(retryAfter)
	}
	defer func() { <-l.waiting }()
	return enter(ctx, l.admitted)
}

// Load is what the lane is doing at this moment. Who is admitted and does not
// hash yet waits, too.
type Load struct {
	Workers, Queue   int // its bounds
	Working, Waiting int
	Refused          uint64 // since the start
}

// Load says how much the lane has to do.
func (h *Hasher) Load() Load {
	l := h.lane
	working := len(l.working)
	return Load{
		Workers: cap(l.working), Queue: cap(l.waiting), Working: working,
		Waiting: len(l.waiting) + max(0, len(l.admitted)-working), Refused: l.refused.Load(),
	}
}

// enter takes a place, unless ctx has ended or ends first.
func enter(ctx context.Context, places chan struct{}) error {
	if ctx.Err() == nil {
		select {
		case places <- struct{}{}:
			return nil
		case <-ctx.Done():
		}
	}
	return fault.ErrUnavailable.With(ctx.Err())
}
