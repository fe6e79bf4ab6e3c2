package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/tenantry/tenantry/ports"
)

// How often the background work is done.
const (
	flushEvery = 30 * time.Second
	sweepEvery = 10 * time.Minute
)

// Housekeeping is what nobody asks for and everybody expects: uses of keys are
// kept, and what has run out is deleted.
type Housekeeping struct {
	store        ports.Store
	logger       *slog.Logger
	verification *Verification
	keys         *AccountKeys
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
			h.report(ctx, "writing the times of last use of keys", h.Flush(ctx))
		case <-sweep.C:
			h.report(ctx, "deleting what has run out", h.Sweep(ctx))
		}
	}
}

// Flush writes what was collected in memory. It is the last thing that a server
// does.
func (h *Housekeeping) Flush(ctx context.Context) error {
	return errors.Join(h.verification.Flush(ctx), h.keys.Flush(ctx))
}

// Sweep deletes sessions, links and throttle counts that have run out.
func (h *Housekeeping) Sweep(ctx context.Context) error {
	return h.store.Do(ctx, func(tx ports.Tx) error {
		if _, err := tx.Sessions().Sweep(ctx); err != nil {
			return err
		}
		if _, err := tx.Links().Sweep(ctx); err != nil {
			return err
		}
		_, err := tx.Throttles().Sweep(ctx)
		return err
	})
}

func (h *Housekeeping) report(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		h.logger.WarnContext(ctx, "background work failed and will be tried again", "work", what, "error", err.Error())
	}
}
