package portstest

import (
	"crypto/rand"
	"time"

	"github.com/tenantry/tenantry/domain/idempotency"
	"github.com/tenantry/tenantry/ports"
)

var answerPromises = []promise{
	{"every field comes back as it was kept", answerRoundTrip},
	{"an answer is kept once, until it has run out", answerOnce},
	{"of many that are kept at once, one is", answerRace},
	{"what has run out is swept", answerSweep},
	{"a sweep deletes a batch, the oldest first", answerSweepBatch},
}

func newAnswer() ports.Answer {
	a := ports.Answer{Sealed: []byte("sealed"), ExpiresAt: start.Add(24 * time.Hour)}
	_, _ = rand.Read(a.Digest[:])
	_, _ = rand.Read(a.Fingerprint[:])
	return a
}

func (w *world) addAnswer(a ports.Answer) {
	w.Helper()
	w.do(func(tx ports.Tx) error { return tx.Answers().Add(w.ctx, a) })
}

func (w *world) answerBy(digest idempotency.Digest) *ports.Answer {
	w.Helper()
	return look(w, func(tx ports.Tx) (*ports.Answer, error) { return tx.Answers().Find(w.ctx, digest) })
}

func answerRoundTrip(w *world) {
	a, other := newAnswer(), newAnswer()
	for i := range 3000 {
		a.Sealed = append(a.Sealed, byte(i))
	}
	a.Digest, a.ExpiresAt = idempotency.Digest{0, 255, '\'', '\\', 0, 10}, start.Add(time.Microsecond)
	w.addAnswer(a)
	w.addAnswer(other)
	w.same("the answer", &a, w.answerBy(a.Digest))
	w.same("another", &other, w.answerBy(other.Digest))
	w.same("no answer", (*ports.Answer)(nil), w.answerBy(idempotency.Digest{1}))
}

func answerOnce(w *world) {
	first, second := newAnswer(), newAnswer()
	second.Digest, second.ExpiresAt = first.Digest, first.ExpiresAt.Add(time.Hour)
	add := func(tx ports.Tx) error { return tx.Answers().Add(w.ctx, second) }
	w.addAnswer(first)
	w.refuses("a second answer", add, idempotency.ErrInProgress)
	w.clock.Advance(24*time.Hour - time.Microsecond)
	w.refuses("a second answer, just before the first has run out", add, idempotency.ErrInProgress)
	w.same("the answer", &first, w.answerBy(first.Digest))
	w.clock.Advance(time.Microsecond)
	w.same("what has run out", (*ports.Answer)(nil), w.answerBy(first.Digest))
	w.do(add)
	w.same("the answer that came in its place", &second, w.answerBy(first.Digest))
}

func answerRace(w *world) {
	digest := newAnswer().Digest
	failures := contend(contenders, func(int) error {
		mine := newAnswer()
		mine.Digest = digest
		return w.insist(func(tx ports.Tx) error { return tx.Answers().Add(w.ctx, mine) })
	})
	if won := w.outcomes(failures, idempotency.ErrInProgress); won != 1 {
		w.Errorf("%d answers were kept", won)
	}
}

func (w *world) answersSwept(what string, want int) {
	w.Helper()
	w.counted(what, want, func(tx ports.Tx) (int, error) { return tx.Answers().Sweep(w.ctx) })
}

func answerSweep(w *world) {
	early, late := newAnswer(), newAnswer()
	late.ExpiresAt = early.ExpiresAt.Add(time.Microsecond)
	w.addAnswer(late)
	w.addAnswer(early)
	w.clock.Advance(24*time.Hour - time.Microsecond)
	w.answersSwept("nothing has run out", 0)
	w.clock.Advance(time.Microsecond)
	w.answersSwept("one has run out", 1)
	w.same("what has not run out", &late, w.answerBy(late.Digest))
	w.clock.Advance(time.Microsecond)
	w.answersSwept("the other has run out", 1)
	w.answersSwept("nothing is left", 0)
}

func answerSweepBatch(w *world) {
	const more = 2
	w.do(func(tx ports.Tx) error {
		for range ports.SweepBatch + more {
			if err := tx.Answers().Add(w.ctx, newAnswer()); err != nil {
				return err
			}
		}
		return nil
	})
	w.clock.Advance(24 * time.Hour)
	w.answersSwept("a batch", ports.SweepBatch)
	w.answersSwept("what is left", more)
	w.answersSwept("nothing", 0)
}
