package postgres

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
	"github.com/tenantry/tenantry/test/pgtest"
)

// listener keeps what it hears, and lets a test wait for it.
type listener struct {
	mu        sync.Mutex
	subjects  []ports.Subject
	all       int
	confirmed time.Time
	changed   chan struct{}
}

func newListener() *listener { return &listener{changed: make(chan struct{})} }

func (l *listener) note(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *listener) Forget(subjects ...ports.Subject) {
	l.note(func() { l.subjects = append(l.subjects, subjects...) })
}
func (l *listener) ForgetAll()           { l.note(func() { l.all++ }) }
func (l *listener) Confirm(at time.Time) { l.note(func() { l.confirmed = at }) }

// await waits until what was heard is enough.
func (l *listener) await(t *testing.T, what string, enough func() bool) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		l.mu.Lock()
		done, changed := enough(), l.changed
		l.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("%s: not heard", what)
		}
	}
}

func (l *listener) awaitConfirmation(t *testing.T, since time.Time) {
	t.Helper()
	l.await(t, "a confirmation", func() bool { return l.confirmed.After(since) })
}

// listens runs a feed for the length of the test.
func listens(t *testing.T, dsn string) *listener {
	t.Helper()
	l := newListener()
	feed, err := NewFeed(dsn, l, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { feed.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	l.awaitConfirmation(t, time.Time{})
	return l
}

// ends ends a session, which verifiers must hear of.
func ends(t *testing.T, store *sqlstore.Store, id session.ID) {
	t.Helper()
	err := store.Do(t.Context(), func(tx ports.Tx) error {
		found, err := tx.Sessions().Find(t.Context(), id, nil)
		if err != nil {
			return err
		}
		return tx.Sessions().Remove(t.Context(), found.Account.ID, id)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (l *listener) has(id session.ID) func() bool {
	return func() bool { return slices.Contains(l.subjects, ports.Subject(id)) }
}

func TestAChangeIsHeardByEveryProcessOnceItIsCommitted(t *testing.T) {
	dsn := pgtest.Clone(t, "schema", migrate)
	store := opened(t, Config{DSN: dsn}, systemClock{})
	first, second := listens(t, dsn), listens(t, dsn)
	id, err := begun(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	ends(t, store, id)
	first.await(t, "the end of a session", first.has(id))
	second.await(t, "the end of a session", second.has(id))
}

func TestWhatWasRolledBackOrOnlyAddedIsNotAnnounced(t *testing.T) {
	dsn := pgtest.Clone(t, "schema", migrate)
	store := opened(t, Config{DSN: dsn}, systemClock{})
	l := listens(t, dsn)
	kept, err := begun(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	refused := store.Do(t.Context(), func(tx ports.Tx) error {
		found, err := tx.Sessions().Find(t.Context(), kept, nil)
		if err != nil {
			return err
		}
		if err := tx.Sessions().Remove(t.Context(), found.Account.ID, kept); err != nil {
			return err
		}
		return context.Canceled
	})
	if refused == nil {
		t.Fatal("it was committed")
	}
	last, err := begun(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	ends(t, store, last)
	l.await(t, "the end of the last session", l.has(last))
	if l.has(kept)() {
		t.Error("a session that goes on was announced")
	}
}

func TestAFeedThatWasCutForgetsEverythingAndHearsAgain(t *testing.T) {
	dsn := pgtest.Clone(t, "schema", migrate)
	store := opened(t, Config{DSN: dsn}, systemClock{})
	l := listens(t, dsn)
	before := l.all
	db, err := sqlx.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var cut int
	if err := db.GetContext(t.Context(), &cut, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = $1`, feedName); err != nil || cut != 1 {
		t.Fatal(cut, err)
	}
	l.await(t, "that everything is to be forgotten", func() bool { return l.all > before })
	l.awaitConfirmation(t, time.Now())
	id, err := begun(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	ends(t, store, id)
	l.await(t, "the end of a session", l.has(id))
}

func TestAFeedConfirmsNothingWhileTheServerIsAway(t *testing.T) {
	server := pgtest.NewServer(t, pgtest.Options{})
	dsn := server.DSN("postgres")
	l := listens(t, dsn)
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	asleep := time.Now()
	time.Sleep(3 * beat) // a confirmation that was on its way may still come
	l.mu.Lock()
	last := l.confirmed
	l.mu.Unlock()
	if last.After(asleep) {
		t.Error("a server that stands still has confirmed something")
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	l.awaitConfirmation(t, asleep)
}
