package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/ports"
)

const (
	// relayEvery is how often the outbox is looked into without being woken: for
	// what was postponed, and for what a replica left behind that is gone.
	relayEvery = 5 * time.Second
	// relayBatch is how many envelopes are handled at once, so that one that
	// hangs holds up no other for longer than relayLimit.
	relayBatch = 8
	relayLimit = 30 * time.Second
	// relayLease is how long other replicas keep their hands off a claimed
	// envelope.
	relayLease = time.Minute

	firstRetry   = 10 * time.Second
	longestRetry = time.Hour
	// giveUpAfter is when a mail is no use to anybody any more.
	giveUpAfter = 7 * 24 * time.Hour
)

// Relay brings the outbox's mail out, at least once each, after the unit of work
// that posted it was committed.
type Relay struct {
	Dependencies
	// answers grants wishes, by kind: each posts the mail that is due, or none.
	answers map[mail.Kind]func(context.Context, ports.Tx, wish) error
}

// Run works until ctx ends. What fails is tried again later; a mail on its way
// when ctx ends may be sent twice, under one Message-ID.
func (r *Relay) Run(ctx context.Context) {
	tick := time.NewTicker(relayEvery)
	defer tick.Stop()
	for {
		background(ctx, r.Logger, "reading the outbox", func() { r.drain(ctx) })
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.bell:
		}
	}
}

// drain handles batches for as long as something is due.
func (r *Relay) drain(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := r.Deliver(ctx)
		if err != nil && ctx.Err() == nil {
			r.Tally.Count(ports.BackgroundFailures, "outbox", 1)
			r.Logger.WarnContext(ctx, "the outbox could not be read and will be tried again", "error", err.Error())
		}
		if n == 0 || err != nil {
			return
		}
	}
}

// Backlog says what waits.
func (r *Relay) Backlog(ctx context.Context) (ports.Backlog, error) {
	return ports.Look(ctx, r.Store, func(tx ports.Tx) (ports.Backlog, error) { return tx.Outbox().Backlog(ctx) })
}

// Deliver handles one batch of what is due, and says how many envelopes that
// were, sent or not.
func (r *Relay) Deliver(ctx context.Context) (int, error) {
	batch, err := ports.RunAlone(ctx, r.Store, func(tx ports.Tx) ([]ports.Envelope, error) {
		return tx.Outbox().Claim(ctx, relayBatch, relayLease)
	})
	if err != nil {
		return 0, err
	}
	var work sync.WaitGroup
	for _, e := range batch {
		work.Go(func() {
			background(ctx, r.Logger, "handling a mail", func() { r.handle(ctx, e) })
		})
	}
	work.Wait()
	return len(batch), nil
}

func (r *Relay) handle(ctx context.Context, e ports.Envelope) {
	if err := r.forward(ctx, e); err != nil {
		r.postpone(context.WithoutCancel(ctx), e, err)
	}
}

// forward opens the envelope and does what it asks for. A panic of the mailer
// is a failure of this one mail.
func (r *Relay) forward(ctx context.Context, e ports.Envelope) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	text, err := r.Sealer.Open(e.Sealed, outboxContext)
	if err != nil {
		return err
	}
	var c content
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	switch {
	case c.Mail != nil:
		return r.send(ctx, e.ID, *c.Mail)
	case c.Wish != nil:
		return r.grant(ctx, e.ID, *c.Wish)
	}
	return errors.New("the envelope is empty")
}

// send removes the envelope even when ctx ended meanwhile: the mail is out.
func (r *Relay) send(ctx context.Context, number mail.ID, w writtenMail) error {
	m, err := w.read()
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, relayLimit)
	defer cancel()
	if err := r.Mailer.Send(limited, m); err != nil {
		return err
	}
	r.Tally.Count(ports.Mails, mailSent, 1)
	return r.remove(context.WithoutCancel(ctx), number)
}

// grant replaces the wish by the mail that it comes to, if any, in one unit of
// work.
func (r *Relay) grant(ctx context.Context, number mail.ID, w wish) error {
	answer, known := r.answers[w.Kind]
	if !known {
		return fmt.Errorf("nobody answers a wish for %q", w.Kind)
	}
	return r.Store.Do(ctx, func(tx ports.Tx) error {
		if err := tx.Outbox().Remove(ctx, number); err != nil {
			return err
		}
		return answer(ctx, tx, w)
	})
}

func (r *Relay) remove(ctx context.Context, number mail.ID) error {
	err := r.Store.Alone(ctx, func(tx ports.Tx) error { return tx.Outbox().Remove(ctx, number) })
	if fault.KindOf(err) == fault.NotFound {
		return nil // another replica, whose lease began when ours ran out
	}
	return err
}

// postpone tries again later and later, and gives up in the end. When that fails
// too, the lease runs out by itself.
func (r *Relay) postpone(ctx context.Context, e ports.Envelope, cause error) {
	next := r.Clock.Now().Add(retryAfter(e.Attempts))
	givenUp := next.After(e.CreatedAt.Add(giveUpAfter))
	err := r.Store.Alone(ctx, func(tx ports.Tx) error {
		if givenUp {
			return tx.Outbox().Remove(ctx, e.ID)
		}
		return tx.Outbox().Postpone(ctx, e.ID, next)
	})
	about := []any{"mail_id", e.ID.String(), "attempts", e.Attempts, "error", cause.Error()}
	switch {
	case givenUp:
		r.Tally.Count(ports.Mails, mailGivenUp, 1)
		r.Logger.ErrorContext(ctx, "a mail could not be sent and was given up", about...)
	default:
		r.Tally.Count(ports.Mails, mailPostponed, 1)
		r.Logger.WarnContext(ctx, "a mail could not be sent and will be tried again", append(about, "next", next)...)
	}
	if err != nil && fault.KindOf(err) != fault.NotFound {
		r.Logger.WarnContext(ctx, "a mail could not be put off", "mail_id", e.ID.String(), "error", err.Error())
	}
}

// retryAfter doubles from firstRetry to longestRetry.
func retryAfter(attempts int) time.Duration {
	wait := firstRetry
	for n := 1; n < attempts && wait < longestRetry; n++ {
		wait *= 2
	}
	return min(wait, longestRetry)
}
