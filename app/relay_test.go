package app_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/ports"
)

var errDown = errors.New("the mail server is down")

func TestMailIsTriedAgainLaterAndLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	failing := true
	tried := map[mail.ID]int{}
	w.box.fail = func(m mail.Mail) error {
		tried[m.ID]++
		if failing {
			return errDown
		}
		return nil
	}
	w.register("ada")
	for attempt, wait := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second} {
		w.deliver()
		w.clock.Advance(wait - time.Microsecond)
		w.deliver()
		for id, n := range tried {
			if n != attempt+1 {
				t.Errorf("%s was tried %d times, want %d", id, n, attempt+1)
			}
		}
		w.clock.Advance(time.Microsecond)
	}
	failing = false
	if got := len(w.mails(mail.VerifyEmail, address("ada"))); got != 1 || len(tried) != 1 {
		t.Errorf("%d mails arrived, under %d ids", got, len(tried))
	}
	w.clock.Advance(time.Hour)
	w.deliver()
	if got := len(w.box.all()); got != 1 {
		t.Errorf("the mail arrived %d times", got)
	}
}

func TestAMailIsGivenUpAfterAWeek(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.box.fail = func(mail.Mail) error { return errDown }
	w.register("ada")
	for range 8 * 24 {
		w.deliver()
		w.clock.Advance(time.Hour)
	}
	if !strings.Contains(w.log.String(), "given up") {
		t.Error("nobody was told")
	}
	w.box.fail = nil
	w.clock.Advance(time.Hour)
	if got := len(w.mails(mail.VerifyEmail, address("ada"))); got != 0 {
		t.Errorf("%d mails arrived after that", got)
	}
}

func TestOneMailThatFailsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.box.fail = func(m mail.Mail) error {
		if m.To.String() == address("ada") {
			panic("poison")
		}
		return nil
	}
	must(t, w.store.Do(t.Context(), func(tx ports.Tx) error {
		return tx.Outbox().Add(t.Context(), ports.Envelope{ID: mail.ID{1}, Sealed: []byte("nothing that opens"), DueAt: tx.Now(), CreatedAt: tx.Now()})
	}))
	w.register("ada")
	w.register("bob")
	if got := len(w.mails(mail.VerifyEmail, address("bob"))); got != 1 {
		t.Errorf("%d mails arrived", got)
	}
}

func TestWhatDidNotHappenIsNotMailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register("ada")
	_, err := w.Accounts.Register(t.Context(), registration("ada"))
	if err == nil {
		t.Fatal("the address was taken twice")
	}
	w.deliver()
	if got := len(w.box.all()); got != 1 {
		t.Errorf("%d mails went out", got)
	}
}

func TestTheOutboxShowsNoLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register("ada")
	var sealed []byte
	must(t, w.store.Do(t.Context(), func(tx ports.Tx) error {
		found, err := tx.Outbox().Claim(t.Context(), 1, 0)
		for _, e := range found {
			sealed = e.Sealed
		}
		return err
	}))
	token := w.mail(mail.VerifyEmail, address("ada")).Token
	if len(sealed) == 0 || token == "" || strings.Contains(string(sealed), token) || strings.Contains(string(sealed), "example.com") {
		t.Error("the envelope can be read without its key")
	}
}

func TestTheRelayWakesWhenMailIsPosted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arrived := make(chan struct{}, 1)
	w.box.fail = func(mail.Mail) error { arrived <- struct{}{}; return nil }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.Relay.Run(ctx); close(ended) }()
	w.register("ada")
	select {
	case <-arrived:
	case <-time.After(4 * time.Second): // less than the relay sleeps by itself
		t.Error("the relay slept on")
	}
	stop()
	<-ended
	if w.log.String() != "" {
		t.Errorf("the log says %s", w.log)
	}
}
