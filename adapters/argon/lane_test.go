package argon

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantry/tenantry/domain/fault"
)

// gauge knows how many are inside, and how many ever were at once.
type gauge struct {
	mu           sync.Mutex
	inside, most int
}

func (g *gauge) during(f func()) {
	g.mu.Lock()
	g.inside++
	g.most = max(g.most, g.inside)
	g.mu.Unlock()
	f()
	g.mu.Lock()
	g.inside--
	g.mu.Unlock()
}

func TestTheLaneIsNeverWiderThanItsWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const workers, callers = 3, 200
		l := newLane(workers, callers)
		var preparing, working gauge
		var done atomic.Int64
		var group sync.WaitGroup
		for range callers {
			group.Go(func() {
				err := l.run(t.Context(),
					func() error { preparing.during(func() { time.Sleep(7 * time.Millisecond) }); return nil },
					func() { working.during(func() { time.Sleep(20 * time.Millisecond); done.Add(1) }) })
				if err != nil {
					t.Error(err)
				}
			})
		}
		begun := time.Now()
		group.Wait()
		if working.most != workers || preparing.most > workers+ahead || done.Load() != callers {
			t.Errorf("%d worked and %d prepared at once, %d in all", working.most, preparing.most, done.Load())
		}
		// Preparing overlaps with others' work: only the first one's shows.
		if took, want := time.Since(begun), (callers/workers+1)*20*time.Millisecond+7*time.Millisecond; took > want {
			t.Errorf("took %v, more than %v", took, want)
		}
	})
}

func TestWhoFindsTheQueueFullIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const workers, queue = 2, 5
		l := newLane(workers, queue)
		release := make(chan struct{})
		var group sync.WaitGroup
		for range workers + ahead + queue {
			group.Go(func() {
				if err := l.run(t.Context(), proceed, func() { <-release }); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		begun := time.Now()
		err := l.run(t.Context(), func() error { t.Error("before ran"); return nil }, func() { t.Error("work ran") })
		if f := fault.Of(err); !errors.Is(err, fault.ErrBusy) || f.RetryAfter != time.Second {
			t.Errorf("the error is %v", err)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("the refusal took %v", took)
		}
		close(release)
		group.Wait()
		if err := l.run(t.Context(), proceed, func() {}); err != nil {
			t.Errorf("once the queue is empty: %v", err)
		}
	})
}

func TestAWaiterLeavesWithItsContext(t *testing.T) {
	t.Parallel()
	for name, busy := range map[string]int{"for a worker": 1, "for admission": 1 + ahead} {
		synctest.Test(t, func(t *testing.T) {
			l := newLane(1, 5)
			release := make(chan struct{})
			var group sync.WaitGroup
			for range busy {
				group.Go(func() { _ = l.run(t.Context(), proceed, func() { <-release }) })
			}
			synctest.Wait()
			ctx, cancel := context.WithCancel(t.Context())
			left := make(chan error, 1)
			go func() { left <- l.run(ctx, proceed, func() { t.Error("work ran") }) }()
			synctest.Wait()
			cancel()
			if err := <-left; !errors.Is(err, fault.ErrUnavailable) || !errors.Is(err, context.Canceled) {
				t.Errorf("waiting %s: the error is %v", name, err)
			}
			close(release)
			group.Wait()
			empty(t, l)
		})
	}
}

func TestWorkThatOutlivesItsCallerKeepsItsPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLane(1, 5)
		release := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		left, next := make(chan error, 1), make(chan error, 1)
		go func() { left <- l.run(ctx, proceed, func() { <-release }) }()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, fault.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
		worked := false
		go func() { next <- l.run(t.Context(), proceed, func() { worked = true }) }()
		synctest.Wait()
		if worked {
			t.Error("two work at once")
		}
		close(release)
		if err := <-next; err != nil || !worked {
			t.Errorf("the next worked: %v, %v", worked, err)
		}
		synctest.Wait()
		empty(t, l)
	})
}

func TestNoWorkIsDoneForAContextThatHasEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // a free place and an ended context are chosen between at random, if at all
		l := newLane(1, 1)
		if err := l.run(ctx, proceed, func() { t.Error("work ran") }); !errors.Is(err, fault.ErrUnavailable) {
			t.Fatalf("the error is %v", err)
		}
	}
}

func TestWhatBeforeRefusesIsNotWorkedOn(t *testing.T) {
	t.Parallel()
	h, calls := counted(Options{Workers: 1})
	refusal := errors.New("throttled")
	match, fresh, err := h.Verify(t.Context(), storedWith(current, "right"), password(t, "right"), func() error { return refusal })
	if match || fresh != nil || !errors.Is(err, refusal) {
		t.Errorf("match %v, fresh %v, error %v", match, fresh, err)
	}
	if got := calls(); len(got) != 0 {
		t.Errorf("hashes %v", got)
	}
	empty(t, h.lane)
}

func TestAPanicGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	l := newLane(1, 1)
	for range 1 + ahead + 1 {
		for _, f := range []func(){
			func() { _ = l.run(t.Context(), func() error { panic("before") }, func() {}) },
			func() { _ = l.run(t.Context(), proceed, func() { panic("work") }) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic was swallowed")
					}
				}()
				f()
			}()
		}
	}
	empty(t, l)
}

func TestWhoWaitsLongestGoesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLane(1, 20)
		release := make(chan struct{})
		var group sync.WaitGroup
		var order []int
		for i := range 20 {
			group.Go(func() {
				_ = l.run(t.Context(), proceed, func() { <-release; order = append(order, i) })
			})
			synctest.Wait()
		}
		for range 20 {
			release <- struct{}{}
			synctest.Wait()
		}
		group.Wait()
		for i, who := range order {
			if who != i {
				t.Fatalf("the order is %v", order)
			}
		}
	})
}

func empty(t *testing.T, l *lane) {
	t.Helper()
	if len(l.working)+len(l.admitted)+len(l.waiting) != 0 {
		t.Errorf("left behind: %d working, %d admitted, %d waiting", len(l.working), len(l.admitted), len(l.waiting))
	}
}
