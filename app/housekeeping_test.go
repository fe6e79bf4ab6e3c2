package app_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantry/tenantry/adapters/system"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
	"github.com/tenantry/tenantry/ports/portstest"
)

func TestWhatHasRunOutIsDeletedHoweverMuchItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.register("ada")
	now := w.clock.Now()
	const many = 2*ports.SweepBatch + 1
	add := func(tx ports.Tx, i int) error {
		s := session.Session{ID: session.ID(system.NewRandom().ID()), AccountID: ada.Account.ID, CreatedAt: now, ExpiresAt: now}
		l := link.Link{Purpose: link.ResetPassword, AccountID: &ada.Account.ID, Email: ada.Account.Email, ExpiresAt: now, CreatedAt: now}
		a := ports.Answer{Sealed: []byte("sealed"), ExpiresAt: now}
		rand.Read(l.Digest[:])
		rand.Read(a.Digest[:])
		_, err := tx.Throttles().Take(t.Context(), fmt.Sprint(i), 1, time.Microsecond)
		return errors.Join(err, tx.Sessions().Add(t.Context(), s), tx.Links().Add(t.Context(), l), tx.Answers().Add(t.Context(), a))
	}
	const unit = 200 // which ends in time on a busy machine, too
	for first := 0; first < many; first += unit {
		must(t, w.store.Do(t.Context(), func(tx ports.Tx) error {
			for i := first; i < min(first+unit, many); i++ {
				if err := add(tx, i); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	w.clock.Advance(time.Microsecond)
	must(t, w.Housekeeping.Sweep(t.Context()))
	must(t, w.store.Do(t.Context(), func(tx ports.Tx) error {
		found, err := tx.Sessions().Inspect(t.Context(), ports.Page[session.ID]{Limit: many + 1})
		links, linkErr := tx.Links().Sweep(t.Context())
		throttles, throttleErr := tx.Throttles().Sweep(t.Context())
		answers, answerErr := tx.Answers().Sweep(t.Context())
		if len(found.RunOut) != 0 || found.Last != ada.Session.ID || links+throttles+answers != 0 {
			t.Errorf("left are %d sessions, %d links, %d counts and %d answers; the last session is %v",
				len(found.RunOut), links, throttles, answers, found.Last)
		}
		return errors.Join(err, linkErr, throttleErr, answerErr)
	}))
}

func TestOneServerSweepsAndTheOthersLeaveItToIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.register("ada")
	expired := func() {
		l := link.Link{Purpose: link.ResetPassword, AccountID: &ada.Account.ID, Email: ada.Account.Email, ExpiresAt: w.clock.Now(), CreatedAt: w.clock.Now()}
		rand.Read(l.Digest[:])
		must(t, w.store.Do(t.Context(), func(tx ports.Tx) error { return tx.Links().Add(t.Context(), l) }))
		w.clock.Advance(time.Microsecond)
	}
	left := func() (n int) {
		err := w.store.Do(t.Context(), func(tx ports.Tx) (err error) {
			if n, err = tx.Links().Sweep(t.Context()); err == nil {
				err = errCounted
			}
			return err
		})
		if !errors.Is(err, errCounted) {
			t.Fatal(err)
		}
		return n
	}
	expired()
	must(t, w.Housekeeping.TakeTurn(t.Context()))
	swept := w.Housekeeping.LastSweep()
	if n := left(); n != 0 || swept.IsZero() {
		t.Errorf("%d links are left, and the last sweep was at %s", n, swept)
	}
	expired()
	must(t, w.Housekeeping.TakeTurn(t.Context())) // as another server would
	if n := left(); n != 1 || !w.Housekeeping.LastSweep().After(swept) {
		t.Errorf("%d links are left of what another has the turn for", n)
	}
	w.clock.Advance(10 * time.Minute)
	must(t, w.Housekeeping.TakeTurn(t.Context()))
	if n := left(); n != 0 {
		t.Errorf("%d links are left after the next turn", n)
	}
}

// errCounted takes back what was only counted.
var errCounted = errors.New("counted")

// touched is a store that knows nothing but keys, and which of them were used.
type touched struct {
	ports.Store
	ports.Tx
	fail  func(call int) error
	calls int
	kept  map[apikey.ID]int

	endsAt  *time.Time // of every key
	counted map[apikey.ID]int64
}

func (s *touched) Do(_ context.Context, fn func(ports.Tx) error) error {
	s.calls++
	if err := s.fail(s.calls); err != nil {
		return err
	}
	return fn(s)
}

func (s *touched) View(_ context.Context, fn func(ports.Tx) error) error { return fn(s) }

func (s *touched) KeyIndex() ports.KeyIndex { return s }

func (s *touched) Find(_ context.Context, digest apikey.Digest) (*ports.Opened, error) {
	return &ports.Opened{Key: apikey.Key{ID: apikey.ID(digest[:16]), Digest: digest, EndsAt: s.endsAt}, Place: &ports.Place{}}, nil
}

func (*touched) Inspect(context.Context, time.Time, ports.KeyAddress, int) (ports.InspectedKeys, error) {
	return ports.InspectedKeys{}, nil
}

func (*touched) Sweep(context.Context, time.Time, []ports.KeyAddress) (int, error) { return 0, nil }

func (s *touched) Touch(_ context.Context, uses []ports.Use) error {
	if len(uses) > 500 {
		return fmt.Errorf("%d keys in one unit of work", len(uses))
	}
	for _, use := range uses {
		s.kept[use.Key]++
	}
	return nil
}

func (s *touched) Count(_ context.Context, uses []ports.CallerUse) error {
	rows := 0
	for _, use := range uses {
		rows += len(use.Callers)
		s.counted[use.Key] += use.Callers.Total().Uses
	}
	if rows > 500 {
		return fmt.Errorf("%d callers in one unit of work", rows)
	}
	return nil
}

func TestUsesOfManyKeysAreWrittenInShortUnits(t *testing.T) {
	t.Parallel()
	const keys, units = 2250, 5
	for name, test := range map[string]struct {
		fail        func(call int) error
		first, then int // calls
	}{
		"none fails":         {func(int) error { return nil }, units, 0},
		"one fails":          {failOn(2, fault.ErrBusy), units, 1},
		"the store is away":  {failOn(2, fault.ErrUnavailable), 2, units - 1},
		"one of them panics": {func(call int) error { panicOn(call, 2); return nil }, 2, units - 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &touched{fail: test.fail, kept: map[apikey.ID]int{}}
			a := app.New(app.Dependencies{Store: s, Credentials: portstest.Live{Store: s}, Clock: system.Clock{}, Logger: slog.New(slog.DiscardHandler)}, app.Settings{})
			for range keys {
				secret := apikey.NewSecret(environment.Production, apikey.Server, system.NewRandom().Uniform)
				if _, err := a.Verification.Authorize(t.Context(), app.Presented{Key: secret.Reveal()}, app.Asked{}); err != nil {
					t.Fatal(err)
				}
			}
			first := flushTwice(t, a, s, test.then == 0)
			if first != test.first || s.calls-first != test.then || len(s.kept) != keys {
				t.Errorf("%d calls, then %d; %d keys are kept", first, s.calls-first, len(s.kept))
			}
			for _, times := range s.kept {
				if times != 1 {
					t.Fatalf("a use was written %d times", times)
				}
			}
		})
	}
}

// flushTwice writes what a failure left behind the second time, and returns how
// often the store was called the first time.
func flushTwice(t *testing.T, a *app.App, s *touched, whole bool) int {
	t.Helper()
	func() {
		defer func() { _ = recover() }()
		if err := a.Housekeeping.Flush(t.Context()); (err == nil) != whole {
			t.Errorf("the first time: %v", err)
		}
	}()
	first := s.calls
	must(t, a.Housekeeping.Flush(t.Context()))
	return first
}

func TestCallersOfManyRotatedKeysAreCountedOnceInShortUnits(t *testing.T) {
	t.Parallel()
	const keys, callers, units = 20, 60, 4 // nine keys in each, after one for the times of use
	for name, test := range map[string]struct {
		fail        func(call int) error
		first, then int // calls
	}{
		"none fails":         {func(int) error { return nil }, 1 + units - 1, 0},
		"one fails":          {failOn(2, fault.ErrBusy), 1 + units - 1, 1},
		"the store is away":  {failOn(2, fault.ErrUnavailable), 2, units - 1},
		"one of them panics": {func(call int) error { panicOn(call, 2); return nil }, 2, units - 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ends := time.Now().Add(time.Hour)
			s := &touched{fail: test.fail, kept: map[apikey.ID]int{}, counted: map[apikey.ID]int64{}, endsAt: &ends}
			a := app.New(app.Dependencies{Store: s, Credentials: portstest.Live{Store: s}, Clock: system.Clock{}, Logger: slog.New(slog.DiscardHandler)}, app.Settings{})
			for range keys {
				secret := apikey.NewSecret(environment.Production, apikey.Server, system.NewRandom().Uniform)
				for i := range callers {
					by := app.Client{Address: fmt.Sprintf("192.0.2.%d", i)}
					if _, err := a.Verification.Authorize(t.Context(), app.Presented{Key: secret.Reveal(), Client: by}, app.Asked{}); err != nil {
						t.Fatal(err)
					}
				}
			}
			first := flushTwice(t, a, s, test.then == 0)
			if first != test.first || s.calls-first != test.then || len(s.counted) != keys {
				t.Errorf("%d calls, then %d; %d keys are counted", first, s.calls-first, len(s.counted))
			}
			for _, uses := range s.counted {
				if uses != callers {
					t.Fatalf("%d uses of a key are counted, not %d", uses, callers)
				}
			}
		})
	}
}

func failOn(n int, err error) func(int) error {
	return func(call int) error {
		if call == n {
			return err
		}
		return nil
	}
}

func panicOn(call, n int) {
	if call == n {
		panic("poison")
	}
}

// poisoned is a store that panics whenever it is used.
type poisoned struct {
	ports.Store
	used atomic.Int64
}

func (s *poisoned) Do(context.Context, func(ports.Tx) error) error {
	s.used.Add(1)
	panic("poison")
}

func (s *poisoned) Alone(ctx context.Context, fn func(ports.Tx) error) error { return s.Do(ctx, fn) }

func (s *poisoned) View(ctx context.Context, fn func(ports.Tx) error) error { return s.Do(ctx, fn) }

func TestAPanicInTheBackgroundIsLoggedAndTheWorkGoesOn(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*app.App, context.Context){
		"housekeeping": func(a *app.App, ctx context.Context) { a.Housekeeping.Run(ctx) },
		"the relay":    func(a *app.App, ctx context.Context) { a.Relay.Run(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, log := &poisoned{}, &lines{}
				a := app.New(app.Dependencies{
					Store: s, Clock: portstest.NewClock(time.Now().UTC()), Logger: slog.New(slog.NewTextHandler(log, nil)),
				}, app.Settings{})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				run(a, ctx)
				if s.used.Load() < 2 {
					t.Errorf("the store was used %d times in an hour", s.used.Load())
				}
				if text := log.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "panic=poison") {
					t.Errorf("the log says %.300s", text)
				}
			})
		})
	}
}
