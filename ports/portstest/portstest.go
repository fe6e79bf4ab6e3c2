// Package portstest is the examination of a store: the promises written in
// package ports, as tests that every adapter passes.
//
// An adapter's conformance_test.go is all that it takes:
//
//	func TestConformance(t *testing.T) {
//		portstest.Run(t, portstest.Engine{Name: "sqlite", Open: open})
//	}
//
//	func open(tb testing.TB, clock ports.Clock) ports.Store {
//		path := filepath.Join(tb.TempDir(), "test.db")
//		migrate(tb, path)
//		store, err := sqlite.Open(tb.Context(), path, clock)
//		if err != nil {
//			tb.Fatal(err)
//		}
//		tb.Cleanup(func() { _ = store.Close() })
//		return store
//	}
//
// Each promise is tested on a database of its own and in parallel to the
// others. A repository's method that no call in this package names fails the
// examination: nobody can add one and forget to fence it.
package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/tenantry/tenantry/ports"
)

// Engine is a store under examination.
type Engine struct {
	Name string
	// Open returns a store on a fresh, migrated database that nobody else uses,
	// and closes it with the test. Times come from the clock.
	Open func(tb testing.TB, clock ports.Clock) ports.Store
}

// promise is a sentence about stores, and what shows that it holds.
type promise struct {
	sentence string
	holds    func(w *world)
}

// chapters are the promises, in the order in which ports has them.
var chapters = []struct {
	name     string
	promises []promise
}{
	{"units of work", unitPromises},
	{"units of work alone", alonePromises},
	{"races", racePromises},
	{"races of members", memberRacePromises},
	{"every method", methodPromises},
	{"tenancy", tenancyPromises},
	{"accounts", accountPromises},
	{"sessions", sessionPromises},
	{"memberships", membershipPromises},
	{"members", memberPromises},
	{"invitations", invitationPromises},
	{"organizations", organizationPromises},
	{"projects", projectPromises},
	{"environments", environmentPromises},
	{"api keys", keyPromises},
	{"rotations", rotationPromises},
	{"throttles", throttlePromises},
	{"keyring", keyringPromises},
	{"links", linkPromises},
	{"outbox", outboxPromises},
	{"account keys", accountKeyPromises},
	{"audit", auditPromises},
	{"directory", directoryPromises},
	{"repairs", repairPromises},
	{"answers", answerPromises},
	{"retention", retentionPromises},
}

// Run examines the engine.
func Run(t *testing.T, engine Engine) {
	t.Helper()
	t.Run(engine.Name, func(t *testing.T) {
		for _, chapter := range chapters {
			t.Run(chapter.name, func(t *testing.T) {
				t.Parallel()
				for _, p := range chapter.promises {
					t.Run(p.sentence, func(t *testing.T) {
						t.Parallel()
						p.holds(begin(t, engine))
					})
				}
			})
		}
	})
}

// world is what one promise is tested in: an empty store and a clock.
type world struct {
	testing.TB
	ctx   context.Context
	clock *Clock
	store ports.Store
}

// patience is longer than anything takes here unless it hangs.
const patience = time.Minute

func begin(tb testing.TB, engine Engine) *world {
	tb.Helper()
	clock := NewClock(start)
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	tb.Cleanup(cancel)
	return &world{tb, ctx, clock, engine.Open(tb, clock)}
}

// do is a unit of work that succeeds.
func (w *world) do(fn func(tx ports.Tx) error) {
	w.Helper()
	if err := w.store.Do(w.ctx, fn); err != nil {
		w.Fatalf("a unit of work failed: %v", err)
	}
}

// look is a View that succeeds.
func look[T any](w *world, fn func(tx ports.Tx) (T, error)) T {
	w.Helper()
	value, err := ports.Look(w.ctx, w.store, fn)
	if err != nil {
		w.Fatalf("a view failed: %v", err)
	}
	return value
}
