package app

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/ports"
)

// How often the background work is done.
const (
	flushEvery = 30 * time.Second
	sweepEvery = 10 * time.Minute
)

// unitRows is how many rows one unit of background work touches, each by a
// statement of its own: units have to end within seconds.
const unitRows = 500

// inspectedRows is how many rows a sweep looks at by one statement.
const inspectedRows = 10_000

// Retention says how long things are kept that are over, but that people may
// want to see. Zero is for good.
type Retention struct {
	EndedKeys   time.Duration // environment and account keys, after their end
	Invitations time.Duration // after they ran out
}

// Housekeeping is what nobody asks for and everybody expects: uses of keys are
// kept, and what has run out is deleted.
type Housekeeping struct {
	Dependencies
	keep         Retention
	verification *Verification
	keys         *AccountKeys
	signing      *SigningKeys
	swept        atomic.Pointer[time.Time]
}

// Run works until ctx ends: at once, and then at intervals. What fails is logged
// and tried again in time.
func (h *Housekeeping) Run(ctx context.Context) {
	flush, sweep := time.NewTicker(flushEvery), time.NewTicker(sweepEvery)
	defer flush.Stop()
	defer sweep.Stop()
	tidy := func() {
		h.attempt(ctx, "sweep", "deleting what has run out", h.TakeTurn)
		h.attempt(ctx, "tend", "tending the database", h.Store.Tend)
	}
	for tidy(); ; {
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			h.attempt(ctx, "flush", "writing the times of last use of keys", h.Flush)
		case <-sweep.C:
			tidy()
		}
	}
}

// Flush writes what was collected in memory. It is the last thing that a server
// does.
func (h *Housekeeping) Flush(ctx context.Context) error {
	return errors.Join(h.verification.Flush(ctx), h.keys.Flush(ctx))
}

// LastSweep is when it was last known that what has run out is deleted, by this
// server or another; zero before the first time.
func (h *Housekeeping) LastSweep() time.Time {
	if at := h.swept.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// TakeTurn sweeps unless another server did a moment ago: one is enough.
func (h *Housekeeping) TakeTurn(ctx context.Context) error {
	mine, err := h.turn(ctx, "sweep", sweepEvery/2)
	if err == nil && mine {
		err = h.Sweep(ctx)
	}
	if err == nil {
		now := h.Clock.Now()
		h.swept.Store(&now)
	}
	return err
}

// turn says whether nobody has taken it within the time.
func (h *Housekeeping) turn(ctx context.Context, at string, within time.Duration) (bool, error) {
	wait, err := ports.RunAlone(ctx, h.Store, func(tx ports.Tx) (time.Duration, error) {
		return tx.Throttles().Take(ctx, "housekeeping/"+at, 1, within)
	})
	return wait == 0, err
}

// attempt logs and counts what fails.
func (h *Housekeeping) attempt(ctx context.Context, name, what string, work func(context.Context) error) {
	background(ctx, h.Logger, what, func() {
		if err := work(ctx); err != nil && ctx.Err() == nil {
			h.Tally.Count(ports.BackgroundFailures, name, 1)
			h.Logger.WarnContext(ctx, "background work failed and will be tried again", "work", what, "error", err.Error())
		}
	})
}
