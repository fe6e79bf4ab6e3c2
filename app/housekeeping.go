package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/tenantry/tenantry/domain/session"
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

// Housekeeping is what nobody asks for and everybody expects: uses of keys are
// kept, and what has run out is deleted.
type Housekeeping struct {
	store        ports.Store
	logger       *slog.Logger
	verification *Verification
	keys         *AccountKeys
	signing      *SigningKeys
}

// Run works until ctx ends. What fails is logged and tried again in time.
func (h *Housekeeping) Run(ctx context.Context) {
	flush, sweep := time.NewTicker(flushEvery), time.NewTicker(sweepEvery)
	defer flush.Stop()
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			h.attempt(ctx, "writing the times of last use of keys", h.Flush)
		case <-sweep.C:
			h.attempt(ctx, "deleting what has run out", h.Sweep)
		}
	}
}

// Flush writes what was collected in memory. It is the last thing that a server
// does.
func (h *Housekeeping) Flush(ctx context.Context) error {
	return errors.Join(h.verification.Flush(ctx), h.keys.Flush(ctx))
}

// Sweep deletes sessions, links, throttle counts, kept answers and signing keys
// that have run out, in units of work that are each short, however much that is.
func (h *Housekeeping) Sweep(ctx context.Context) error {
	return errors.Join(
		h.sweepSessions(ctx),
		h.sweep(ctx, func(tx ports.Tx) (int, error) { return tx.Links().Sweep(ctx) }),
		h.sweep(ctx, func(tx ports.Tx) (int, error) { return tx.Throttles().Sweep(ctx) }),
		h.sweep(ctx, func(tx ports.Tx) (int, error) { return h.signing.sweep(ctx, tx) }),
		h.sweep(ctx, func(tx ports.Tx) (int, error) { return tx.Answers().Sweep(ctx) }),
	)
}

func (h *Housekeeping) sweep(ctx context.Context, batch func(ports.Tx) (int, error)) error {
	for {
		n, err := ports.Run(ctx, h.store, batch)
		if err != nil || n < ports.SweepBatch {
			return err
		}
	}
}

// sweepSessions looks for them where that holds nobody up, and deletes what it
// finds.
func (h *Housekeeping) sweepSessions(ctx context.Context) error {
	page := ports.Page[session.ID]{Limit: inspectedRows}
	for {
		found, err := ports.Look(ctx, h.store, func(tx ports.Tx) (ports.Inspected, error) {
			return tx.Sessions().Inspect(ctx, page)
		})
		if err != nil || found.Last.IsZero() {
			return err
		}
		for batch := range slices.Chunk(found.RunOut, unitRows) {
			err := h.store.Do(ctx, func(tx ports.Tx) error {
				_, err := tx.Sessions().Sweep(ctx, batch)
				return err
			})
			if err != nil {
				return err
			}
		}
		page.After = found.Last
	}
}

// attempt logs what fails.
func (h *Housekeeping) attempt(ctx context.Context, what string, work func(context.Context) error) {
	background(ctx, h.logger, what, func() {
		if err := work(ctx); err != nil && ctx.Err() == nil {
			h.logger.WarnContext(ctx, "background work failed and will be tried again", "work", what, "error", err.Error())
		}
	})
}
