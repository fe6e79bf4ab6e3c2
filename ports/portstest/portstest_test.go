package portstest

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/tenantry/tenantry/adapters/sqlite"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/idempotency"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

// An examination that passes everybody is worth nothing: here stores that break
// one promise each are examined, and have to fail.

func openSQLite(tb testing.TB, clock ports.Clock) ports.Store {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "test.db")
	migrator, err := sqlite.OpenMigrator(tb.Context(), path)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := migrator.Up(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	if err := migrator.Close(); err != nil {
		tb.Fatal(err)
	}
	store, err := sqlite.Open(tb.Context(), path, clock)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = store.Close() })
	return store
}

// verdict stands in for the test that a broken store fails.
type verdict struct {
	testing.TB
	failed bool
}

func (v *verdict) Error(...any)          { v.failed = true }
func (v *verdict) Errorf(string, ...any) { v.failed = true }
func (v *verdict) Fatal(...any)          { v.failed = true; runtime.Goexit() }
func (v *verdict) Fatalf(string, ...any) { v.failed = true; runtime.Goexit() }

// examine says whether the promise holds for the store that spoil makes of a
// good one.
func examine(t *testing.T, sentence string, spoil func(ports.Store) ports.Store) bool {
	t.Helper()
	v := &verdict{TB: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w := begin(v, Engine{Open: openSQLite})
		w.store = spoil(w.store)
		promiseOf(t, sentence)(w)
	}()
	<-ended
	return !v.failed
}

func promiseOf(t *testing.T, sentence string) func(*world) {
	for _, chapter := range chapters {
		for _, p := range chapter.promises {
			if chapter.name+": "+p.sentence == sentence {
				return p.holds
			}
		}
	}
	t.Errorf("there is no promise %q", sentence)
	return func(*world) {}
}

// broken is a store whose units of work are handed to spoilt transactions.
type broken struct {
	ports.Store
	spoil func(ports.Tx) ports.Tx
}

func (b broken) Do(ctx context.Context, fn func(ports.Tx) error) error {
	return b.Store.Do(ctx, func(tx ports.Tx) error { return fn(b.spoil(tx)) })
}

func (b broken) View(ctx context.Context, fn func(ports.Tx) error) error {
	return b.Store.View(ctx, func(tx ports.Tx) error { return fn(b.spoil(tx)) })
}

func spoilt(spoil func(ports.Tx) ports.Tx) func(ports.Store) ports.Store {
	return func(s ports.Store) ports.Store { return broken{s, spoil} }
}

// foreignTx finds each project in the organization where it is, whatever was
// granted.
type foreignTx struct{ ports.Tx }

func (tx foreignTx) Projects(g access.Grant) ports.Projects {
	return foreignProjects{tx.Tx.Projects(g), tx.Tx, g}
}

type foreignProjects struct {
	ports.Projects
	tx    ports.Tx
	grant access.Grant
}

func (p foreignProjects) Save(ctx context.Context, saved project.Project) error {
	return p.tx.Projects(access.Found(saved.OrganizationID, p.grant.Account())).Save(ctx, saved)
}

// forgetfulTx saves whatever the version.
type forgetfulTx struct{ ports.Tx }

func (tx forgetfulTx) Accounts() ports.Accounts { return forgetfulAccounts{tx.Tx.Accounts()} }

type forgetfulAccounts struct{ ports.Accounts }

func (r forgetfulAccounts) Save(ctx context.Context, a account.Account) error {
	current, err := r.Get(ctx, a.ID)
	if err != nil {
		return err
	}
	a.Version = current.Version
	return r.Accounts.Save(ctx, a)
}

// carelessTx has a nil list for an empty one, pages that are too long, and a
// time that moves.
type carelessTx struct{ ports.Tx }

func (tx carelessTx) Now() time.Time { return tx.Tx.Now().Add(time.Duration(time.Now().UnixNano())) }

func (tx carelessTx) Projects(g access.Grant) ports.Projects {
	return carelessProjects{tx.Tx.Projects(g)}
}

type carelessProjects struct{ ports.Projects }

func (p carelessProjects) List(ctx context.Context, page ports.Page[project.ID]) ([]project.Project, error) {
	page.Limit++
	rows, err := p.Projects.List(ctx, page)
	if len(rows) == 0 {
		return nil, err
	}
	return rows, err
}

func (tx carelessTx) KeyIndex() ports.KeyIndex { return carelessIndex{tx.Tx.KeyIndex()} }

type carelessIndex struct{ ports.KeyIndex }

func (i carelessIndex) Find(ctx context.Context, d apikey.Digest) (*ports.Opened, error) {
	opened, err := i.KeyIndex.Find(ctx, d)
	if opened != nil {
		opened.Key.CreatedAt = opened.Key.CreatedAt.Local().In(time.FixedZone("UTC+0", 0))
	}
	return opened, err
}

// generousTx admits one attempt too many.
type generousTx struct{ ports.Tx }

func (tx generousTx) Throttles() ports.Throttles { return generousThrottles{tx.Tx.Throttles()} }

type generousThrottles struct{ ports.Throttles }

func (r generousThrottles) Take(ctx context.Context, key string, limit int, window time.Duration) (time.Duration, error) {
	return r.Throttles.Take(ctx, key, limit+1, window)
}

// hastyTx gives mail out again at once, and takes a spent link for a good one.
type hastyTx struct{ ports.Tx }

func (tx hastyTx) Outbox() ports.Outbox { return hastyOutbox{tx.Tx.Outbox()} }

type hastyOutbox struct{ ports.Outbox }

func (r hastyOutbox) Claim(ctx context.Context, limit int, _ time.Duration) ([]ports.Envelope, error) {
	return r.Outbox.Claim(ctx, limit, 0)
}

func (tx hastyTx) Links() ports.Links { return hastyLinks{tx.Tx.Links()} }

type hastyLinks struct{ ports.Links }

func (r hastyLinks) Spend(ctx context.Context, digest link.Digest) error {
	if err := r.Links.Spend(ctx, digest); !errors.Is(err, fault.ErrStale) {
		return err
	}
	return nil
}

// backdatingTx writes another time than it seals.
type backdatingTx struct{ ports.Tx }

func (tx backdatingTx) Audit() ports.Audit { return backdatingAudit{tx.Tx.Audit()} }

type backdatingAudit struct{ ports.Audit }

func (r backdatingAudit) Walk(ctx context.Context, chain audit.ChainID, after int64, limit int) ([]audit.Entry, error) {
	entries, err := r.Audit.Walk(ctx, chain, after, limit)
	for i := range entries {
		entries[i].CreatedAt = entries[i].CreatedAt.Truncate(time.Second)
	}
	return entries, err
}

// repeatingTx keeps a second answer.
type repeatingTx struct{ ports.Tx }

func (tx repeatingTx) Answers() ports.Answers { return repeatingAnswers{tx.Tx.Answers()} }

type repeatingAnswers struct{ ports.Answers }

func (r repeatingAnswers) Add(ctx context.Context, a ports.Answer) error {
	if err := r.Answers.Add(ctx, a); !errors.Is(err, idempotency.ErrInProgress) {
		return err
	}
	return nil
}

// committing keeps what a failed unit of work did.
type committing struct{ ports.Store }

func (s committing) Do(ctx context.Context, fn func(ports.Tx) error) error {
	var failed error
	err := s.Store.Do(ctx, func(tx ports.Tx) error { failed = fn(tx); return nil })
	return errors.Join(failed, err)
}

// framing takes Alone for Do.
type framing struct{ ports.Store }

func (s framing) Alone(ctx context.Context, fn func(ports.Tx) error) error { return s.Do(ctx, fn) }

// writing has views that may write, and wait for whoever else does.
type writing struct{ ports.Store }

func (s writing) View(ctx context.Context, fn func(ports.Tx) error) error { return s.Store.Do(ctx, fn) }

func TestAStoreThatBreaksAPromiseFails(t *testing.T) {
	foreign := spoilt(func(tx ports.Tx) ports.Tx { return foreignTx{tx} })
	forgetful := spoilt(func(tx ports.Tx) ports.Tx { return forgetfulTx{tx} })
	careless := spoilt(func(tx ports.Tx) ports.Tx { return carelessTx{tx} })
	generous := spoilt(func(tx ports.Tx) ports.Tx { return generousTx{tx} })
	hasty := spoilt(func(tx ports.Tx) ports.Tx { return hastyTx{tx} })
	backdating := spoilt(func(tx ports.Tx) ports.Tx { return backdatingTx{tx} })
	repeating := spoilt(func(tx ports.Tx) ports.Tx { return repeatingTx{tx} })
	commits := func(s ports.Store) ports.Store { return committing{s} }
	writes := func(s ports.Store) ports.Store { return writing{s} }
	frames := func(s ports.Store) ports.Store { return framing{s} }
	tests := []struct {
		sentence string
		spoil    func(ports.Store) ports.Store
	}{
		{"tenancy: no method reaches a row of another organization", foreign},
		{"every method: that changes something is refused under a grant that permits none", foreign},
		{"every method: of a tenant does nothing under the zero grant", foreign},
		{"accounts: saving a version that has moved on is stale", forgetful},
		{"projects: projects come in pages, in the order of their ids", careless},
		{"units of work: a unit of work has one frozen time in UTC with microseconds", careless},
		{"api keys: what is presented finds the key with all that it opens", careless},
		{"throttles: a limit of attempts is admitted and the next one waits", generous},
		{"races: of many attempts at once a throttle admits exactly the limit", generous},
		{"outbox: what was claimed is left alone until its lease ends", hasty},
		{"races of members: what many claim at once each of them has for itself", hasty},
		{"links: a link is spent once", hasty},
		{"answers: an answer is kept once, until it has run out", repeating},
		{"answers: of many that are kept at once, one is", repeating},
		{"audit: the entries of a chain follow one another without gaps", backdating},
		{"units of work: a unit of work that returns an error keeps nothing and returns that error", commits},
		{"every method: that changes something is undone with its unit of work", commits},
		{"every method: that changes something is refused inside a view", writes},
		{"units of work alone: a second statement fails and the first is kept", frames},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			if examine(t, test.sentence, test.spoil) {
				t.Error("a store that breaks the promise passes")
			}
			if !examine(t, test.sentence, func(s ports.Store) ports.Store { return s }) {
				t.Error("a good store fails")
			}
		})
	}
}

func TestAMethodThatNobodyCallsIsNoticed(t *testing.T) {
	for _, tenant := range []bool{false, true} {
		registered := map[bool][]call{false: innerCalls, true: tenantCalls}[tenant]
		for i, left := range registered {
			others := append(append([]call(nil), registered[:i]...), registered[i+1:]...)
			if missing := uncalled(others, tenant); len(missing) != 1 || missing[0] != left.method {
				t.Errorf("without %s, missing are %v", left.method, missing)
			}
		}
	}
}

func TestTheClockStandsStillUntilItIsMoved(t *testing.T) {
	c := NewClock(time.Date(2026, 1, 2, 3, 4, 5, 6789, time.FixedZone("", 3600)))
	want := time.Date(2026, 1, 2, 2, 4, 5, 6000, time.UTC)
	if got := c.Now(); !got.Equal(want) || got.Location() != time.UTC || !c.Now().Equal(want) {
		t.Errorf("Now() = %v, want %v", got, want)
	}
	c.Advance(time.Second + 999)
	if got := c.Now(); !got.Equal(want.Add(time.Second)) {
		t.Errorf("a second later Now() = %v", got)
	}
}
