package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/tenantry/tenantry/adapters/system"
)

// How often the database is asked for the time, and how far off this machine's
// clock may be before its operator hears of it, each time that it becomes so.
const (
	askTime      = 10 * time.Second
	clockMistake = 2 * time.Second
)

// keepTime lets the program go by the database's clock, as all replicas do.
func (p *program) keepTime(ctx context.Context) {
	ticker := time.NewTicker(askTime)
	defer ticker.Stop()
	wrong := false
	for {
		wrong = followTime(ctx, p.clock, p.store.Time, p.logger, wrong)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// followTime asks once, and says whether this machine's clock is wrong. A database
// that does not answer is told of elsewhere.
func followTime(ctx context.Context, clock *system.Shared, ask func(context.Context) (time.Time, error), logger *slog.Logger, before bool) bool {
	ahead, err := clock.Follow(ctx, ask)
	if err != nil {
		return before
	}
	wrong := ahead.Abs() > clockMistake
	if wrong && !before {
		logger.WarnContext(ctx, "this machine's clock differs from the database's, which counts", "ahead_seconds", ahead.Seconds())
	}
	return wrong
}
