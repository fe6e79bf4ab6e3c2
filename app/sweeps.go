package app

import (
	"context"
	"errors"
	"slices"

	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// keysEvery is how often all keys are looked through, of which few ever end.
const keysEvery = day

// sweep deletes one kind of row that is over, and says how many.
type sweep struct {
	name string
	run  func(h *Housekeeping, ctx context.Context) (int, error)
}

// sweeps are all of them. Those of one statement run alone, so that nobody else
// who works on the table has to run again for them.
var sweeps = []sweep{
	{"sessions", (*Housekeeping).sweepSessions},
	{"links", repeated(func(ctx context.Context, tx ports.Tx, _ *Housekeeping) (int, error) { return tx.Links().Sweep(ctx) })},
	{"throttles", repeated(func(ctx context.Context, tx ports.Tx, _ *Housekeeping) (int, error) { return tx.Throttles().Sweep(ctx) })},
	{"answers", repeated(func(ctx context.Context, tx ports.Tx, _ *Housekeeping) (int, error) { return tx.Answers().Sweep(ctx) })},
	{"invitations", repeated(func(ctx context.Context, tx ports.Tx, h *Housekeeping) (int, error) {
		if h.keep.Invitations == 0 {
			return 0, nil
		}
		return tx.Memberships().Sweep(ctx, tx.Now().Add(-h.keep.Invitations))
	})},
	{"account_keys", repeated(func(ctx context.Context, tx ports.Tx, h *Housekeeping) (int, error) {
		if h.keep.EndedKeys == 0 {
			return 0, nil
		}
		return tx.AccountKeys().Sweep(ctx, tx.Now().Add(-h.keep.EndedKeys))
	})},
	{"environment_keys", (*Housekeeping).sweepKeys},
	{"signing_keys", func(h *Housekeeping, ctx context.Context) (int, error) {
		return ports.Run(ctx, h.Store, func(tx ports.Tx) (int, error) { return h.signing.sweep(ctx, tx) })
	}},
}

func sweepNames() []string {
	var names []string
	for _, s := range sweeps {
		names = append(names, s.name)
	}
	return names
}

// Sweep deletes what is over: sessions, links, throttle counts, kept answers and
// signing keys that have run out, and keys and invitations that are over for
// longer than they are kept; in units of work that are each short, however much
// that is. What fails keeps nothing else from being swept.
func (h *Housekeeping) Sweep(ctx context.Context) error {
	var failures []error
	for _, s := range sweeps {
		n, err := s.run(h, ctx)
		h.Tally.Count(ports.SweptRows, s.name, n)
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// repeated runs a statement that deletes a batch until there is no more.
func repeated(batch func(context.Context, ports.Tx, *Housekeeping) (int, error)) func(*Housekeeping, context.Context) (int, error) {
	return func(h *Housekeeping, ctx context.Context) (int, error) {
		total := 0
		for {
			n, err := ports.RunAlone(ctx, h.Store, func(tx ports.Tx) (int, error) { return batch(ctx, tx, h) })
			total += n
			if err != nil || n < ports.SweepBatch {
				return total, err
			}
		}
	}
}

// sweepSessions looks for them where that holds nobody up, and deletes what it
// finds.
func (h *Housekeeping) sweepSessions(ctx context.Context) (int, error) {
	page, total := ports.Page[session.ID]{Limit: inspectedRows}, 0
	for {
		found, err := ports.Look(ctx, h.Store, func(tx ports.Tx) (ports.Inspected, error) {
			return tx.Sessions().Inspect(ctx, page)
		})
		if err != nil || found.Last.IsZero() {
			return total, err
		}
		for batch := range slices.Chunk(found.RunOut, unitRows) {
			n, err := ports.Run(ctx, h.Store, func(tx ports.Tx) (int, error) { return tx.Sessions().Sweep(ctx, batch) })
			if err != nil {
				return total, err
			}
			total += n
		}
		page.After = found.Last
	}
}

// sweepKeys goes through all environment keys, once a day.
func (h *Housekeeping) sweepKeys(ctx context.Context) (int, error) {
	if h.keep.EndedKeys == 0 {
		return 0, nil
	}
	if mine, err := h.turn(ctx, "environment_keys", keysEvery); err != nil || !mine {
		return 0, err
	}
	before, after, total := h.Clock.Now().Add(-h.keep.EndedKeys), ports.KeyAddress{}, 0
	for {
		found, err := ports.Look(ctx, h.Store, func(tx ports.Tx) (ports.InspectedKeys, error) {
			return tx.KeyIndex().Inspect(ctx, before, after, inspectedRows)
		})
		if err != nil || found.Last == (ports.KeyAddress{}) {
			return total, err
		}
		for batch := range slices.Chunk(found.Ended, unitRows) {
			n, err := ports.Run(ctx, h.Store, func(tx ports.Tx) (int, error) { return tx.KeyIndex().Sweep(ctx, before, batch) })
			if err != nil {
				return total, err
			}
			total += n
		}
		after = found.Last
	}
}
