package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

const (
	quick = 5 * time.Millisecond
	slow  = 2 * time.Second
)

func gateFor(connections int) *gate {
	pool := sql.OpenDB(Connector{})
	pool.SetMaxOpenConns(connections)
	defer func() { _ = pool.Close() }()
	return newGate(pool)
}

// outcome is what a crowd came to.
type outcome struct {
	mutex           sync.Mutex
	served, refused int
	longest         time.Duration // that somebody waited before they were refused
}

// pass goes through the gate, or is refused.
func (o *outcome) pass(ctx context.Context, g *gate, hold time.Duration) {
	start := time.Now()
	leave, err := g.enter(ctx, false)
	if err == nil {
		time.Sleep(hold)
		leave()
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if err == nil {
		o.served++
		return
	}
	o.refused++
	o.longest = max(o.longest, time.Since(start))
}

// crowd has so many come at once, each of whom holds a connection for so long.
func crowd(t *testing.T, g *gate, n int, hold time.Duration) *outcome {
	t.Helper()
	var all outcome
	var group sync.WaitGroup
	for range n {
		group.Go(func() { all.pass(t.Context(), g, hold) })
	}
	group.Wait()
	return &all
}

func TestABurstOnAHealthyDatabaseIsServedWhole(t *testing.T) {
	for _, connections := range []int{1, 2, 16} {
		synctest.Test(t, func(t *testing.T) {
			g := gateFor(connections)
			for range 3 {
				if all := crowd(t, g, 1_000, quick); all.served != 1_000 {
					t.Errorf("with %d connections %d of 1,000 were refused", connections, all.refused)
				}
			}
		})
	}
}

func TestWhoWouldWaitTooLongForASlowDatabaseIsRefusedWithinASecond(t *testing.T) {
	for _, connections := range []int{1, 8, 16} {
		synctest.Test(t, func(t *testing.T) {
			g := gateFor(connections)
			crowd(t, g, 1_000, quick) // it was healthy
			for round := range 3 {
				all := crowd(t, g, 300, slow)
				if all.longest > patience || all.served < connections || all.served > 2*connections {
					t.Errorf("%d connections, round %d: %d were served, the others refused after up to %v", connections, round, all.served, all.longest)
				}
			}
			if g.turnedAway() == 0 || g.waiting != 0 || len(g.free) != connections {
				t.Errorf("%d refused, %d waiting, %d free", g.turnedAway(), g.waiting, len(g.free))
			}
		})
	}
}

func TestOnceTheDatabaseIsFastAgainNobodyIsRefused(t *testing.T) {
	for _, connections := range []int{1, 8, 16} {
		synctest.Test(t, func(t *testing.T) {
			g := gateFor(connections)
			for range 5 {
				crowd(t, g, 300, slow)
			}
			first := crowd(t, g, 300, quick)
			if first.served < 2*connections {
				t.Errorf("%d connections: %d of the first 300 were served", connections, first.served)
			}
			for range 10 / connections {
				crowd(t, g, 1, quick)
			}
			if all := crowd(t, g, 1_000, quick); all.refused > 0 {
				t.Errorf("%d connections: %d were refused although the database is fast", connections, all.refused)
			}
		})
	}
}

func TestOneLongHoldAmongShortOnesRefusesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gateFor(16)
		crowd(t, g, 100, quick)
		crowd(t, g, 1, 6*time.Second)
		if all := crowd(t, g, 1_000, quick); all.refused > 0 {
			t.Errorf("%d were refused", all.refused)
		}
	})
}

func TestWhoHasBegunIsNotRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gateFor(1)
		crowd(t, g, 50, slow)
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				leave, err := g.enter(t.Context(), true)
				if err != nil {
					t.Error(err)
					return
				}
				time.Sleep(slow)
				leave()
			})
		}
		group.Wait()
	})
}

func TestWhoeverFindsAConnectionFreeGetsItAndEachIsGivenBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		connections := rapid.IntRange(1, 20).Draw(r, "connections")
		arrivals := rapid.SliceOfN(rapid.IntRange(0, 3_000), 1, 200).Draw(r, "arrivals in milliseconds")
		holds := rapid.SliceOfN(rapid.IntRange(0, 8_000), len(arrivals), len(arrivals)).Draw(r, "holds in milliseconds")
		patient := rapid.SliceOfN(rapid.IntRange(1, 6_000), len(arrivals), len(arrivals)).Draw(r, "limits in milliseconds")
		synctest.Test(t, func(t *testing.T) {
			g := gateFor(connections)
			var group sync.WaitGroup
			for i, at := range arrivals {
				group.Go(func() {
					time.Sleep(time.Duration(at)*time.Millisecond + time.Duration(i)) // no two at once
					start, free := time.Now(), len(g.free)
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(patient[i])*time.Millisecond)
					defer cancel()
					leave, err := g.enter(ctx, false)
					switch waited := time.Since(start); {
					case err == nil:
						time.Sleep(time.Duration(holds[i]) * time.Millisecond)
						leave()
					case free > 0:
						r.Errorf("%v although %d connections were free", err, free)
					case errors.Is(err, errCrowded) && waited > time.Duration(patient[i])*time.Millisecond:
						r.Errorf("refused after %v", waited)
					case !errors.Is(err, errCrowded) && !errors.Is(err, context.DeadlineExceeded):
						r.Errorf("%v", err)
					}
				})
			}
			group.Wait()
			if g.waiting != 0 || len(g.free) != connections {
				r.Errorf("at the end %d wait and %d of %d are free", g.waiting, len(g.free), connections)
			}
		})
	})
}

func TestWhoIsRefusedIsToldToComeBack(t *testing.T) {
	for name, ask := range map[string]func(s *Store, ctx context.Context) error{
		"Do": func(s *Store, ctx context.Context) error {
			return s.Do(ctx, func(tx ports.Tx) error { return forget(ctx, tx) })
		},
		"Alone": func(s *Store, ctx context.Context) error {
			return s.Alone(ctx, func(tx ports.Tx) error { return forget(ctx, tx) })
		},
		"View": func(s *Store, ctx context.Context) error {
			return s.View(ctx, func(tx ports.Tx) error {
				_, err := tx.Throttles().Wait(ctx, "key", 1)
				return err
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &engine{}
				s := e.store(t)
				s.reads, s.writes = gateFor(1), gateFor(1)
				for _, g := range []*gate{s.reads, s.writes} {
					leave, err := g.enter(t.Context(), false)
					if err != nil {
						t.Fatal(err)
					}
					defer leave()
				}
				start := time.Now()
				err := ask(s, t.Context())
				if !errors.Is(err, fault.ErrBusy) || fault.Of(err).RetryAfter == 0 {
					t.Errorf("got %v, want BUSY with a time to come back", err)
				}
				if took := time.Since(start); took != patience || e.begun+e.executed > 0 {
					t.Errorf("it took %v, %d statements ran", took, e.executed)
				}
				stats := s.Pools()
				if n := stats["reader"].Refused() + stats["writer"].Refused(); n != 1 {
					t.Errorf("%d are counted", n)
				}
			})
		})
	}
}
