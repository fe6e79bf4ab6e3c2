package portstest

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/tenantry/tenantry/ports"
)

var throttlePromises = []promise{
	{"a limit of attempts is admitted and the next one waits", throttleLimit},
	{"waiting as long as told always helps", throttleWaitingHelps},
	{"what is refused is not counted", throttleRefusedIsNotCounted},
	{"attempts count as long as each comes within the window of the one before", throttleQuietWindow},
	{"asking how long to wait counts nothing", throttleWait},
	{"a count is forgotten after a success", throttleForget},
	{"keys are counted apart", throttleKeysApart},
	{"an attempt of a unit that was undone does not count", throttleUndone},
	{"counts that are over are swept", throttleSweep},
	{"a sweep deletes a batch", throttleSweepBatch},
}

const (
	attempts = "login:ada@example.com"
	window   = 10 * time.Second
)

// take counts an attempt and returns how long to wait.
func (w *world) take(key string, limit int) time.Duration {
	w.Helper()
	var wait time.Duration
	w.do(func(tx ports.Tx) (err error) {
		wait, err = tx.Throttles().Take(w.ctx, key, limit, window)
		return err
	})
	return wait
}

func (w *world) wait(key string, limit int) time.Duration {
	w.Helper()
	return look(w, func(tx ports.Tx) (time.Duration, error) { return tx.Throttles().Wait(w.ctx, key, limit) })
}

// takes counts several attempts that are admitted.
func (w *world) takes(key string, limit, n int) {
	w.Helper()
	for i := range n {
		if wait := w.take(key, limit); wait != 0 {
			w.Fatalf("attempt %d of a limit of %d waits %v", i+1, limit, wait)
		}
	}
}

func (w *world) waits(what string, want, got time.Duration) {
	w.Helper()
	if got != want {
		w.Errorf("%s: wait %v, want %v", what, got, want)
	}
}

func throttleLimit(w *world) {
	for key, limit := range map[string]int{"one": 1, "three": 3, "ten": 10} {
		w.takes(key, limit, limit)
		w.waits("one too many of "+key, window, w.take(key, limit))
	}
}

func throttleWaitingHelps(w *world) {
	w.takes(attempts, 3, 3)
	w.clock.Advance(2500 * time.Millisecond)
	wait := w.take(attempts, 3)
	w.waits("after a while", window-2500*time.Millisecond, wait)
	w.clock.Advance(wait - time.Microsecond)
	w.waits("a microsecond too early", time.Microsecond, w.take(attempts, 3))
	w.clock.Advance(time.Microsecond)
	w.takes(attempts, 3, 3) // a new count
	w.waits("one too many of the new count", window, w.take(attempts, 3))
}

func throttleRefusedIsNotCounted(w *world) {
	w.takes(attempts, 2, 2)
	for left := window - time.Second; left > 0; left -= time.Second {
		w.clock.Advance(time.Second)
		w.waits("asking again and again", left, w.take(attempts, 2))
		w.waits("asking without trying", left, w.wait(attempts, 2))
	}
	w.clock.Advance(time.Second)
	w.waits("once it is over", 0, w.wait(attempts, 2))
	w.takes(attempts, 2, 2)
}

func throttleQuietWindow(w *world) {
	for range 3 { // each within the window of the one before
		w.takes(attempts, 3, 1)
		w.clock.Advance(window - time.Microsecond)
	}
	w.waits("the fourth", time.Microsecond, w.take(attempts, 3))
	w.clock.Advance(time.Microsecond)
	w.takes(attempts, 3, 2)
	w.clock.Advance(window) // quiet for the whole window
	w.takes(attempts, 3, 3)
	w.waits("the fourth of the new count", window, w.take(attempts, 3))
}

func throttleWait(w *world) {
	w.waits("nothing was tried", 0, w.wait(attempts, 1))
	w.takes(attempts, 3, 2)
	for range 5 {
		w.waits("below the limit", 0, w.wait(attempts, 3))
	}
	w.takes(attempts, 3, 1)
	for range 5 {
		w.waits("at the limit", window, w.wait(attempts, 3))
	}
	w.waits("with a higher limit", 0, w.wait(attempts, 4))
	w.waits("of another key", 0, w.wait("other", 1))
	w.takes(attempts, 4, 1)
}

func throttleForget(w *world) {
	forget := func(key string) {
		w.do(func(tx ports.Tx) error { return tx.Throttles().Forget(w.ctx, key) })
	}
	w.takes(attempts, 2, 2)
	w.takes("other", 2, 2)
	forget(attempts)
	forget("never seen")
	w.waits("what was forgotten", 0, w.wait(attempts, 2))
	w.takes(attempts, 2, 2)
	w.waits("what was not forgotten", window, w.take("other", 2))
}

func throttleKeysApart(w *world) {
	keys := append([]string{"login:ada", "login:ADA", "login:ada ", "login:", "2001:db8::/64", strings.Repeat("k", 300)}, odd...)
	for _, key := range keys {
		w.takes(key, 1, 1)
	}
	for _, key := range keys {
		w.waits(key, window, w.take(key, 1))
	}
}

func throttleUndone(w *world) {
	err := w.store.Do(w.ctx, func(tx ports.Tx) error {
		if _, err := tx.Throttles().Take(w.ctx, attempts, 1, window); err != nil {
			return err
		}
		return errAbandoned
	})
	if !errors.Is(err, errAbandoned) {
		w.Errorf("the unit of work: %v", err)
	}
	w.takes(attempts, 1, 1)
}

func throttleSweep(w *world) {
	sweep := func(tx ports.Tx) (int, error) { return tx.Throttles().Sweep(w.ctx) }
	w.takes("early", 1, 1)
	w.clock.Advance(time.Microsecond)
	w.takes("late", 1, 1)
	w.counted("nothing is over", 0, sweep)
	w.clock.Advance(window - time.Microsecond)
	w.counted("one is over", 1, sweep)
	w.waits("what is not over", time.Microsecond, w.take("late", 1))
	w.clock.Advance(time.Microsecond)
	w.counted("the other is over", 1, sweep)
	w.counted("nothing is left", 0, sweep)
	w.takes("early", 1, 1)
}

func throttleSweepBatch(w *world) {
	const more = 2
	w.do(func(tx ports.Tx) error {
		for i := range ports.SweepBatch + more {
			if _, err := tx.Throttles().Take(w.ctx, strconv.Itoa(i), 1, window); err != nil {
				return err
			}
		}
		return nil
	})
	w.clock.Advance(window)
	sweep := func(tx ports.Tx) (int, error) { return tx.Throttles().Sweep(w.ctx) }
	w.counted("a batch", ports.SweepBatch, sweep)
	w.counted("what is left", more, sweep)
	w.counted("nothing", 0, sweep)
}
