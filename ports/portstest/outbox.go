package portstest

import (
	"bytes"
	"slices"
	"time"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/ports"
)

var outboxPromises = []promise{
	{"what is due is claimed as it was kept, the longest due of all", mailClaimed},
	{"what was claimed is left alone until its lease ends", mailLeased},
	{"what was added or claimed in a unit of work that failed was not", mailAbandoned},
	{"what is postponed is due when it was said", mailPostponed},
	{"what was removed is not sent again", mailRemoved},
	{"what waits is listed page by page, due or not, and counted since the oldest", mailListed},
	{"what is sealed anew is otherwise as it was", mailResealed},
}

func (w *world) post(due time.Time) ports.Envelope {
	w.Helper()
	e := newEnvelope()
	e.DueAt = due
	w.do(func(tx ports.Tx) error { return tx.Outbox().Add(w.ctx, e) })
	return e
}

func (w *world) claimMail(limit int, lease time.Duration) []ports.Envelope {
	w.Helper()
	claimed, err := ports.Run(w.ctx, w.store, func(tx ports.Tx) ([]ports.Envelope, error) {
		return tx.Outbox().Claim(w.ctx, limit, lease)
	})
	if err != nil || claimed == nil {
		w.Fatalf("claiming mail: %v, %v", claimed, err)
	}
	return claimed
}

// begun is the envelope after one more attempt.
func begun(e ports.Envelope, lease time.Time) ports.Envelope {
	e.Attempts++
	e.DueAt = lease
	return e
}

func mailClaimed(w *world) {
	w.same("an empty outbox", []ports.Envelope{}, w.claimMail(whole, time.Hour))
	late, early, now := w.post(start.Add(-time.Second)), w.post(start.Add(-time.Hour)), w.post(start)
	w.post(start.Add(time.Microsecond)) // not due
	full := newEnvelope()
	full.Sealed, full.Attempts = bytes.Repeat([]byte{0, 255, '\'', '\\'}, 20_000), 3
	full.DueAt, full.CreatedAt = start.Add(-time.Minute), start.Add(-24*time.Hour)
	w.do(func(tx ports.Tx) error { return tx.Outbox().Add(w.ctx, full) })
	if err := w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Outbox().Add(w.ctx, full) }); err == nil {
		w.Error("a second mail with one id was added")
	}
	lease := start.Add(time.Minute)
	w.same("the two that are the longest due", []ports.Envelope{begun(early, lease), begun(full, lease)}, w.claimMail(2, time.Minute))
	w.same("the others", []ports.Envelope{begun(late, lease), begun(now, lease)}, w.claimMail(whole, time.Minute))
	w.same("what is not due", []ports.Envelope{}, w.claimMail(whole, time.Minute))
}

func mailLeased(w *world) {
	e := w.post(start)
	lease := start.Add(time.Minute)
	w.same("the first claim", []ports.Envelope{begun(e, lease)}, w.claimMail(1, time.Minute))
	w.clock.Advance(time.Minute - time.Microsecond)
	w.same("before the lease ends", []ports.Envelope{}, w.claimMail(whole, time.Minute))
	w.clock.Advance(time.Microsecond)
	want := begun(begun(e, lease), lease.Add(time.Minute))
	w.same("when the lease has ended", []ports.Envelope{want}, w.claimMail(whole, time.Minute))
}

func mailAbandoned(w *world) {
	kept := w.post(start)
	_ = w.store.Do(w.ctx, func(tx ports.Tx) error {
		if err := tx.Outbox().Add(w.ctx, newEnvelope()); err != nil {
			return err
		}
		claimed, err := tx.Outbox().Claim(w.ctx, whole, time.Hour)
		if err != nil || len(claimed) != 2 {
			w.Errorf("claimed %v, %v", claimed, err)
		}
		return errAbandoned
	})
	w.same("what is due", []ports.Envelope{begun(kept, start.Add(time.Hour))}, w.claimMail(whole, time.Hour))
}

func mailPostponed(w *world) {
	e, other := w.post(start), w.post(start)
	until := start.Add(time.Hour)
	postpone := func(id mail.ID) func(tx ports.Tx) error {
		return func(tx ports.Tx) error { return tx.Outbox().Postpone(w.ctx, id, until) }
	}
	w.do(postpone(e.ID))
	w.same("meanwhile", []ports.Envelope{begun(other, start.Add(2*time.Hour))}, w.claimMail(whole, 2*time.Hour))
	w.clock.Advance(time.Hour)
	w.same("then", []ports.Envelope{begun(e, until.Add(time.Minute))}, w.claimMail(whole, time.Minute))
	w.refuses("a mail that is not there", postpone(newEnvelope().ID), fault.ErrNotFound)
}

func mailRemoved(w *world) {
	sent, waiting := w.post(start), w.post(start)
	remove := func(tx ports.Tx) error { return tx.Outbox().Remove(w.ctx, sent.ID) }
	w.do(remove)
	w.refuses("again", remove, fault.ErrNotFound)
	left := w.claimMail(whole, time.Minute)
	if !slices.EqualFunc(left, []mail.ID{waiting.ID}, func(e ports.Envelope, id mail.ID) bool { return e.ID == id }) {
		w.Errorf("left are %v", left)
	}
}

func (w *world) mailKept(page ports.Page[mail.ID]) []ports.Envelope {
	w.Helper()
	return look(w, func(tx ports.Tx) ([]ports.Envelope, error) { return tx.Outbox().List(w.ctx, page) })
}

func mailListed(w *world) {
	backlog := func() ports.Backlog {
		return look(w, func(tx ports.Tx) (ports.Backlog, error) { return tx.Outbox().Backlog(w.ctx) })
	}
	w.same("an empty outbox", []ports.Envelope{}, w.mailKept(ports.Page[mail.ID]{Limit: whole}))
	w.same("an empty backlog", ports.Backlog{}, backlog())
	w.clock.Advance(time.Hour)
	first, second, third := w.post(start.Add(time.Hour)), w.post(start), w.post(start.Add(-time.Hour))
	w.same("all", []ports.Envelope{first, second, third}, w.mailKept(ports.Page[mail.ID]{Limit: whole}))
	w.same("a page", []ports.Envelope{second}, w.mailKept(ports.Page[mail.ID]{After: first.ID, Limit: 1}))
	w.same("what comes after the last", []ports.Envelope{}, w.mailKept(ports.Page[mail.ID]{After: third.ID, Limit: 1}))
	w.same("the backlog", ports.Backlog{Waiting: 3, Since: first.CreatedAt}, backlog())
}

func mailResealed(w *world) {
	e, other := w.post(start), w.post(start)
	e.Sealed = []byte{0, 255, 1}
	w.do(func(tx ports.Tx) error { return tx.Outbox().Reseal(w.ctx, e.ID, e.Sealed) })
	w.same("what waits", []ports.Envelope{e, other}, w.mailKept(ports.Page[mail.ID]{Limit: whole}))
	w.do(func(tx ports.Tx) error { return tx.Outbox().Remove(w.ctx, e.ID) })
	w.refuses("what is gone", func(tx ports.Tx) error { return tx.Outbox().Reseal(w.ctx, e.ID, e.Sealed) }, fault.ErrNotFound)
}
