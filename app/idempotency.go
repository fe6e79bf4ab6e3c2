package app

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/idempotency"
	"github.com/tenantry/tenantry/ports"
)

// Keep is told what a creating use case made, as the last thing in the unit of
// work that makes it: what it keeps, too, is there once that commits, and never
// when it does not. It may be told several times, of which the last counts. Nil
// keeps nothing.
type Keep[T any] func(ctx context.Context, tx ports.Tx, made T) error

// keeping is fn, and then keep.
func keeping[T any](ctx context.Context, keep Keep[T], fn func(tx ports.Tx) (T, error)) func(tx ports.Tx) (T, error) {
	return func(tx ports.Tx) (T, error) {
		made, err := fn(tx)
		if err == nil && keep != nil {
			err = keep(ctx, tx, made)
		}
		return made, err
	}
}

// Idempotency answers a creating request that is repeated what it was answered
// first, whatever became of that answer on its way.
type Idempotency struct{ Dependencies }

// Repeatable is a creating request that its client may repeat.
type Repeatable struct {
	Key    idempotency.Key
	Caller *access.Actor // nil for nobody who is known
	Route  string        // method and path
	Body   []byte
}

// answerContext is what answers are sealed for.
const answerContext = "idempotent answer"

// settleLimit is how long it may take to find out what became of an attempt that
// failed.
const settleLimit = 500 * time.Millisecond

// Attempt is one run of a repeatable request.
type Attempt struct {
	// Answer is what was answered before: then there is nothing to do. Nil for the
	// first attempt, which calls Keep, and Settle when it fails.
	Answer []byte

	store       ports.Store
	sealer      ports.Sealer
	digest      idempotency.Digest
	fingerprint idempotency.Fingerprint
}

// Begin returns the attempt that a request is. While another one is at work it
// returns idempotency.ErrInProgress, and idempotency.ErrReused where the key came
// with another body. Who calls has been authenticated, for each repetition anew.
func (i *Idempotency) Begin(ctx context.Context, r Repeatable) (*Attempt, error) {
	secrets := i.Idempotency.Derive(scopeOf(r), r.Key)
	sealer, err := i.SealerOf(secrets.Sealing)
	if err != nil {
		return nil, err
	}
	a := &Attempt{store: i.Store, sealer: sealer, digest: secrets.Digest, fingerprint: secrets.Fingerprint(r.Body)}
	err = i.Store.Do(ctx, func(tx ports.Tx) error {
		if err := a.recall(ctx, tx); err != nil || a.Answer != nil {
			return err
		}
		wait, err := tx.Throttles().Take(ctx, a.claim(), 1, idempotency.Lease)
		if err == nil && wait > 0 {
			err = idempotency.ErrInProgress.After(time.Second)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// scopeOf keeps principals apart: a key of an account is not the account, since
// it may less.
func scopeOf(r Repeatable) idempotency.Scope {
	s := idempotency.Scope{Route: r.Route}
	if r.Caller == nil {
		return s
	}
	origin := r.Caller.Origin()
	s.Principal = string(origin.ActorType) + "/" + origin.ActorID
	if org := r.Caller.Organization(); org != nil {
		s.Organization = org.String()
	}
	return s
}

// claim names the attempt at work among the throttles: one, for the time of a
// lease. It spares the work of attempts that could not win; that only one can is
// the promise of ports.Answers.
func (a *Attempt) claim() string { return "idempotency/" + hex.EncodeToString(a.digest[:]) }

// recall opens the answer that is kept.
func (a *Attempt) recall(ctx context.Context, tx ports.Tx) error {
	kept, err := tx.Answers().Find(ctx, a.digest)
	if err != nil || kept == nil {
		return err
	}
	if kept.Fingerprint != a.fingerprint {
		return idempotency.ErrReused
	}
	a.Answer, err = a.sealer.Open(kept.Sealed, answerContext)
	return err
}

// Keep keeps the answer, inside the unit of work that makes what it tells of. No
// other attempt can commit then.
func (a *Attempt) Keep(ctx context.Context, tx ports.Tx, answer []byte) error {
	sealed, err := a.sealer.Seal(answer, answerContext)
	if err != nil {
		return err
	}
	return tx.Answers().Add(ctx, ports.Answer{
		Digest: a.digest, Fingerprint: a.fingerprint, Sealed: sealed, ExpiresAt: tx.Now().Add(idempotency.Retention),
	})
}

// Settle is for an attempt that failed. Where an answer is kept after all, since
// a commit took place that nobody was told of, or another attempt was faster,
// Answer is that; else the request may be repeated at once. It outlasts ctx: a
// client that has gone away comes back with a repetition.
func (a *Attempt) Settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer cancel()
	return a.store.Do(ctx, func(tx ports.Tx) error {
		if err := a.recall(ctx, tx); err != nil || a.Answer != nil {
			return err
		}
		return tx.Throttles().Forget(ctx, a.claim())
	})
}
