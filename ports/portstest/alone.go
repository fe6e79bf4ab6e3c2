package portstest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

var alonePromises = []promise{
	{"a change that was made alone is visible to every view", aloneIsVisible},
	{"a second statement fails and the first is kept", aloneIsOne},
	{"a statement that failed is told of, whatever became of its error", aloneFailureIsTold},
	{"a statement that returns no row leaves nothing behind", aloneWithoutARow},
	{"a change that verifiers must hear of is refused, and not made", aloneUnannounced},
	{"under a context that has ended nothing is changed", aloneEndedContext},
	{"of changes to one row none is lost", aloneLosesNone},
	{"of many rotations of one counter one wins", aloneRotatesOnce},
}

func (w *world) takeAlone(ctx context.Context, limit int) (time.Duration, error) {
	return ports.RunAlone(ctx, w.store, func(tx ports.Tx) (time.Duration, error) {
		return tx.Throttles().Take(ctx, attempts, limit, window)
	})
}

func aloneIsVisible(w *world) {
	if wait, err := w.takeAlone(w.ctx, 1); wait != 0 || err != nil {
		w.Fatalf("the first attempt: %v, %v", wait, err)
	}
	w.waits("after one", window, w.wait(attempts, 1))
	if wait, err := w.takeAlone(w.ctx, 1); wait != window || err != nil {
		w.Errorf("the second attempt: %v, %v", wait, err)
	}
}

func aloneIsOne(w *world) {
	first, second := newAccount("first@example.com"), newAccount("second@example.com")
	err := w.store.Alone(w.ctx, func(tx ports.Tx) error {
		if err := tx.Accounts().Add(w.ctx, first); err != nil {
			return err
		}
		return tx.Accounts().Add(w.ctx, second)
	})
	w.refused("the second", err, fault.ErrInternal)
	w.kept("the first", first, true)
	w.kept("the second", second, false)
}

func aloneFailureIsTold(w *world) {
	first, late := newAccount("ada@example.com"), newAccount("ada@example.com")
	w.do(func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, first) })
	add := func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, late) }
	w.refused("a taken address", w.store.Alone(w.ctx, add), account.ErrEmailTaken)
	w.refused("a taken address, swallowed", w.store.Alone(w.ctx, func(tx ports.Tx) error {
		_ = add(tx)
		return nil
	}), account.ErrEmailTaken)
	w.kept("the late one", late, false)
}

func aloneWithoutARow(w *world) {
	p := w.found("acme")
	err := w.store.Alone(w.ctx, func(tx ports.Tx) error {
		return tx.Outbox().Remove(w.ctx, mail.ID(p.session.ID)) // of no envelope
	})
	w.refused("what is not there", err, fault.ErrNotFound)
	w.do(func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, p.newcomer) }) // no lock was left
}

func aloneUnannounced(w *world) {
	p := w.found("acme")
	err := w.store.Alone(w.ctx, func(tx ports.Tx) error {
		return tx.Sessions().Remove(w.ctx, p.session.AccountID, p.session.ID)
	})
	w.refused("the end of a session", err, fault.ErrInternal)
	w.do(func(tx ports.Tx) error {
		kept, err := tx.Sessions().Find(w.ctx, p.session.ID, nil)
		if kept == nil {
			w.Error("the session is gone, and nobody has heard of it")
		}
		return err
	})
}

func aloneEndedContext(w *world) {
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	_, err := w.takeAlone(ctx, 1)
	w.unavailable("Alone", err)
	w.waits("afterwards", 0, w.wait(attempts, 1))
}

func aloneLosesNone(w *world) {
	const limit = contenders / 2
	var admitted atomic.Int32
	failures := contend(contenders, func(int) error {
		wait, err := w.takeAlone(w.ctx, limit)
		if err == nil && wait == 0 {
			admitted.Add(1)
		}
		return err
	})
	if err := errors.Join(failures...); err != nil || admitted.Load() != limit {
		w.Errorf("%d of %d were admitted: %v", admitted.Load(), limit, err)
	}
}

func aloneRotatesOnce(w *world) {
	p := w.found("acme")
	var won atomic.Int32
	failures := contend(contenders, func(int) error {
		rotated, err := ports.RunAlone(w.ctx, w.store, func(tx ports.Tx) (*session.Session, error) {
			return tx.Sessions().Rotate(w.ctx, p.session.ID, lives.Rotation(p.session.Counter, tx.Now()))
		})
		if rotated != nil {
			won.Add(1)
		}
		return err
	})
	if err := errors.Join(failures...); err != nil || won.Load() != 1 {
		w.Errorf("%d won: %v", won.Load(), err)
	}
	if got := w.actor(p.session.ID, nil).Session.Counter; got != p.session.Counter+1 {
		w.Errorf("the counter is %d", got)
	}
}
