package portstest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

var unitPromises = []promise{
	{"what was committed is visible to every view", committedIsVisible},
	{"a unit of work sees its own changes and nobody else does before it commits", changesAreIsolated},
	{"a unit of work that returns an error keeps nothing and returns that error", errorKeepsNothing},
	{"a unit of work that panics keeps nothing and goes on panicking", panicKeepsNothing},
	{"a unit of work that swallowed the failure of a statement keeps nothing", swallowedFailureKeepsNothing},
	{"a unit of work whose context ends keeps nothing and is unavailable", endedContextKeepsNothing},
	{"a context that has ended begins nothing", endedContextBeginsNothing},
	{"a view takes no write lock and sees what is committed while it runs", viewTakesNoLock},
	{"a view returns the error of its function", viewReturnsError},
	{"a view that panics goes on panicking", viewPanics},
	{"a unit of work has one frozen time in UTC with microseconds", nowIsFrozen},
	{"many views run at once", viewsRunAtOnce},
	{"a database of this schema answers", pingAnswers},
}

var errAbandoned = errors.New("abandoned")

func (w *world) accountByID(id account.ID) *account.Account {
	w.Helper()
	return look(w, func(tx ports.Tx) (*account.Account, error) {
		found, err := tx.Accounts().Get(w.ctx, id)
		if errors.Is(err, fault.ErrNotFound) {
			return nil, nil
		}
		return &found, err
	})
}

func (w *world) kept(what string, a account.Account, want bool) {
	w.Helper()
	if got := w.accountByID(a.ID) != nil; got != want {
		w.Errorf("%s: kept is %v, want %v", what, got, want)
	}
}

func committedIsVisible(w *world) {
	ada := newAccount("ada@example.com")
	w.do(func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, ada) })
	w.same("the account", &ada, w.accountByID(ada.ID))
}

func changesAreIsolated(w *world) {
	ada := newAccount("ada@example.com")
	w.do(func(tx ports.Tx) error {
		if err := tx.Accounts().Add(w.ctx, ada); err != nil {
			return err
		}
		if _, err := tx.Accounts().Get(w.ctx, ada.ID); err != nil {
			w.Errorf("the unit of work does not see its own account: %v", err)
		}
		w.kept("before the commit", ada, false)
		return nil
	})
	w.kept("after the commit", ada, true)
}

func errorKeepsNothing(w *world) {
	ada := newAccount("ada@example.com")
	err := w.store.Do(w.ctx, func(tx ports.Tx) error {
		return errors.Join(tx.Accounts().Add(w.ctx, ada), errAbandoned)
	})
	if !errors.Is(err, errAbandoned) {
		w.Errorf("Do returned %v", err)
	}
	w.kept("after an error", ada, false)
	w.do(func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, ada) })
}

// panicked runs fn and returns what it panicked with.
func panicked(fn func()) (value any) {
	defer func() { value = recover() }()
	fn()
	return nil
}

func panicKeepsNothing(w *world) {
	ada := newAccount("ada@example.com")
	value := panicked(func() {
		_ = w.store.Do(w.ctx, func(tx ports.Tx) error {
			if err := tx.Accounts().Add(w.ctx, ada); err != nil {
				return err
			}
			panic(errAbandoned)
		})
	})
	if value != any(errAbandoned) {
		w.Errorf("Do panicked with %v", value)
	}
	w.kept("after a panic", ada, false)
	w.do(func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, ada) })
}

func swallowedFailureKeepsNothing(w *world) {
	first, ada, grace := newAccount("first@example.com"), newAccount("ada@example.com"), newAccount("grace@example.com")
	w.do(func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, first) })
	err := w.store.Do(w.ctx, func(tx ports.Tx) error {
		if err := tx.Accounts().Add(w.ctx, ada); err != nil {
			return err
		}
		w.refused("an address that is taken", tx.Accounts().Add(w.ctx, newAccount("first@example.com")), account.ErrEmailTaken)
		_ = tx.Accounts().Add(w.ctx, grace)
		return nil
	})
	if err == nil {
		w.Error("Do returned no error")
	}
	w.kept("before the failure", ada, false)
	w.kept("after the failure", grace, false)
}

func endedContextKeepsNothing(w *world) {
	ada := newAccount("ada@example.com")
	for name, end := range map[string]func() (context.Context, func()){
		"ended early": func() (context.Context, func()) { return context.WithCancel(w.ctx) },
		"past its deadline": func() (context.Context, func()) {
			ctx, cancel := context.WithTimeout(w.ctx, 300*time.Millisecond)
			return ctx, func() { <-ctx.Done(); cancel() }
		},
	} {
		ctx, finish := end()
		err := w.store.Do(ctx, func(tx ports.Tx) error {
			if err := tx.Accounts().Add(ctx, ada); err != nil {
				return err
			}
			finish()
			return nil
		})
		finish()
		w.unavailable(name, err)
		w.kept(name, ada, false)
	}
}

func endedContextBeginsNothing(w *world) {
	ada := newAccount("ada@example.com")
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	w.unavailable("Do", w.store.Do(ctx, func(tx ports.Tx) error { return tx.Accounts().Add(ctx, ada) }))
	w.kept("under a context that had ended", ada, false)
	w.unavailable("View", w.store.View(ctx, func(tx ports.Tx) error {
		_, err := tx.Accounts().FindByEmail(ctx, ada.Email)
		return err
	}))
	w.unavailable("Ping", w.store.Ping(ctx))
}

func viewTakesNoLock(w *world) {
	ada := newAccount("ada@example.com")
	look(w, func(tx ports.Tx) (any, error) {
		before, err := tx.Accounts().FindByEmail(w.ctx, ada.Email)
		if err != nil || before != nil {
			w.Errorf("before: %v, %v", before, err)
		}
		w.do(func(other ports.Tx) error { return other.Accounts().Add(w.ctx, ada) })
		after, err := tx.Accounts().FindByEmail(w.ctx, ada.Email)
		if after == nil {
			w.Error("a statement does not see what was committed before it began")
		}
		return nil, err
	})
}

func viewReturnsError(w *world) {
	if err := w.store.View(w.ctx, func(ports.Tx) error { return errAbandoned }); !errors.Is(err, errAbandoned) {
		w.Errorf("View returned %v", err)
	}
}

func viewPanics(w *world) {
	value := panicked(func() { _ = w.store.View(w.ctx, func(ports.Tx) error { panic(errAbandoned) }) })
	if value != any(errAbandoned) {
		w.Errorf("View panicked with %v", value)
	}
	w.kept("after a panic", newAccount("ada@example.com"), false)
}

func nowIsFrozen(w *world) {
	for name, unit := range map[string]func(context.Context, func(ports.Tx) error) error{"Do": w.store.Do, "Alone": w.store.Alone, "View": w.store.View} {
		w.clock.Advance(time.Second + 7*time.Microsecond)
		want := w.clock.Now()
		err := unit(w.ctx, func(tx ports.Tx) error {
			first := tx.Now()
			w.clock.Advance(time.Hour)
			_, err := tx.Accounts().FindByEmail(w.ctx, account.StoredEmail("ada@example.com"))
			w.same(name+"'s time at first", want, first)
			w.same(name+"'s time later", want, tx.Now())
			return err
		})
		if err != nil {
			w.Errorf("%s: %v", name, err)
		}
	}
}

func viewsRunAtOnce(w *world) {
	const views = 4
	var arrived atomic.Int32
	together := make(chan struct{})
	failures := contend(views, func(int) error {
		return w.store.View(w.ctx, func(tx ports.Tx) error {
			if _, err := tx.Accounts().FindByUsername(w.ctx, account.StoredUsername("ada")); err != nil {
				return err
			}
			if arrived.Add(1) == views {
				close(together)
			}
			select {
			case <-together:
				return nil
			case <-w.ctx.Done():
				return w.ctx.Err()
			}
		})
	})
	if err := errors.Join(failures...); err != nil {
		w.Errorf("%d of %d views came together: %v", arrived.Load(), views, err)
	}
}

func pingAnswers(w *world) {
	if err := w.store.Ping(w.ctx); err != nil {
		w.Errorf("Ping: %v", err)
	}
}
