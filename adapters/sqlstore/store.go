// Package sqlstore is the store in SQL that both engines understand. All of it
// is written here, once; packages postgres and sqlite open connections and hand
// over a Dialect.
//
// A Store is made by postgres.Open or sqlite.Open, works on a schema that
// package migrations has brought up, and is closed with Close.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/migrations"
	"github.com/tenantry/tenantry/ports"
)

// Bounds of a unit of work. Drivers may need three seconds more to let go of a
// silent connection, which leaves the slowest unit under ten.
const (
	unitLimit  = 6 * time.Second
	retryLimit = unitLimit / 2 // no attempt begins later
	firstPause = 4 * time.Millisecond
	longPause  = 100 * time.Millisecond
	retryAfter = time.Second // what clients are told
)

var (
	errLimit     = errors.New("the unit of work took too long")
	errSwallowed = errors.New("the unit of work swallowed the failure of a statement")
	errUnknown   = errors.New("the connection was lost during the commit; whether it took place is not known")
)

// Store implements ports.Store.
type Store struct {
	writer, reader *sqlx.DB
	writes, reads  *gate // before the pools
	dialect        Dialect
	clock          ports.Clock
	watch          Watch
	hear           func(...ports.Subject)
	trace          Trace
	turns          turns
}

// Watch is told of a statement just before it runs, and of "COMMIT" before a
// unit of work is committed. An error is taken for the statement's own: so a
// test can make any single one fail, or count them.
type Watch func(ctx context.Context, statement string) error

func unwatched(context.Context, string) error { return nil }

// Trace is told when a statement begins, or "BEGIN" and "COMMIT", and by what it
// returns when that has ended.
type Trace func(ctx context.Context, statement string) (end func(failed bool))

func untraced(context.Context, string) func(bool) { return untold }

func untold(bool) {}

var _ ports.Store = (*Store)(nil)

// New wraps two pools of connections to one database. The store owns them, and
// how many connections they may have is settled.
func New(writer, reader *sql.DB, dialect Dialect, clock ports.Clock) *Store {
	name := string(dialect.Engine)
	return &Store{
		writer: sqlx.NewDb(writer, name), reader: sqlx.NewDb(reader, name), writes: newGate(writer), reads: newGate(reader),
		dialect: dialect, clock: clock,
		watch: unwatched, hear: unheard, trace: untraced,
	}
}

// Watched sets who watches the statements. It is for before the first of them.
func (s *Store) Watched(by Watch) { s.watch = by }

// Traced sets who is told how long statements take. It is for before the first of
// them.
func (s *Store) Traced(by Trace) { s.trace = by }

func unheard(...ports.Subject) {}

// Heard sets who is told what a unit of work has changed, once it is committed
// and before Do returns. It is for before the first of them.
func (s *Store) Heard(by func(...ports.Subject)) { s.hear = by }

// Close waits for running statements and closes every connection.
func (s *Store) Close() error {
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// Ping says whether the database answers and has a schema for this program.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, unitLimit, errLimit)
	defer cancel()
	if err := migrations.Check(ctx, s.dialect.Engine, s.reader.DB); err != nil {
		return fault.ErrUnavailable.With(err).After(retryAfter)
	}
	return nil
}

// Tend runs what the engine asks for at intervals, if anything.
func (s *Store) Tend(ctx context.Context) error {
	if s.dialect.Tend == "" {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, unitLimit, errLimit)
	defer cancel()
	_, err := s.writer.ExecContext(ctx, s.dialect.Tend)
	if err != nil {
		return explain(ctx, s.dialect.Classify(err), err, nil)
	}
	return nil
}

// Engine says which one it is.
func (s *Store) Engine() migrations.Engine { return s.dialect.Engine }

// Pool tells of connections of one kind, as they are at this moment.
type Pool struct {
	Stats   func() sql.DBStats
	Refused func() uint64 // how many units of work were not let to wait for one
}

// Pools are those of each kind.
func (s *Store) Pools() map[string]Pool {
	of := func(pool *sqlx.DB, g *gate) Pool {
		return Pool{Stats: func() sql.DBStats { return g.stats(pool.DB) }, Refused: g.turnedAway}
	}
	return map[string]Pool{"writer": of(s.writer, s.writes), "reader": of(s.reader, s.reads)}
}

// Time is the server's, zero on an engine that has no clock but this machine's.
func (s *Store) Time(ctx context.Context) (time.Time, error) {
	if s.dialect.Now == "" {
		return time.Time{}, nil
	}
	var now time.Time
	err := s.reader.GetContext(ctx, &now, s.dialect.Now)
	return now, err
}

// View runs fn on the read pool, each statement for itself, under the context
// that it is given.
func (s *Store) View(_ context.Context, fn func(tx ports.Tx) error) error {
	u := s.unit(s.reader, time.Now().Add(unitLimit), false)
	u.gate = s.reads
	defer u.end()
	return fn(u)
}

// Do runs fn as a serializable unit of work.
func (s *Store) Do(ctx context.Context, fn func(tx ports.Tx) error) error {
	return s.insist(ctx, func(ctx context.Context, deadline time.Time, again bool) (*loss, error) {
		return s.attempt(ctx, deadline, again, fn)
	})
}

// Alone runs fn on the write pool, whose only statement commits itself: at READ
// COMMITTED on PostgreSQL, where it waits for others that change the same row,
// while a serializable unit would fail and have to run again.
func (s *Store) Alone(ctx context.Context, fn func(tx ports.Tx) error) error {
	return s.insist(ctx, func(_ context.Context, deadline time.Time, again bool) (*loss, error) {
		u := s.unit(s.writer, deadline, true)
		u.gate, u.begun, u.alone = s.writes, again, true
		defer u.end()
		err := fn(u)
		if err == nil && u.failed != nil {
			err = u.failed // nothing was changed, whatever fn made of it
		}
		return u.lost(u.failure.Kind == Conflict), err
	})
}

// insist repeats what lost against a conflicting unit. Attempts are bounded by
// time and not by their number: PostgreSQL takes units for dependent that only
// touch one page of an index, and under load one may lose many times in a row.
// Whoever loses takes a turn before it goes on.
func (s *Store) insist(ctx context.Context, attempt func(ctx context.Context, deadline time.Time, again bool) (*loss, error)) error {
	start := time.Now()
	ctx, cancel := context.WithDeadlineCause(ctx, start.Add(unitLimit), errLimit)
	defer cancel()
	var giveBack func()
	defer func() {
		if giveBack != nil {
			giveBack()
		}
	}()
	again := false
	for longest := firstPause; ; longest, again = min(2*longest, longPause), true {
		lost, err := attempt(ctx, start.Add(unitLimit), again)
		if lost == nil {
			return err
		}
		var going bool
		if giveBack == nil && !lost.in.IsZero() {
			waiting, enough := context.WithDeadline(ctx, start.Add(retryLimit))
			giveBack = s.turns.take(waiting, lost.in)
			enough()
			going = giveBack != nil
		} else {
			going = pause(ctx, longest)
		}
		if !going || time.Since(start) > retryLimit {
			return fault.ErrBusy.With(err).After(retryAfter)
		}
	}
}

// pause waits before the next attempt, at random so that those who met do not
// meet again. It is false when ctx ended first.
func pause(ctx context.Context, longest time.Duration) bool {
	timer := time.NewTimer(rand.N(longest)) //nolint:gosec // spreads load, guards nothing
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// attempt runs fn once, and says whether a conflicting unit won, so that
// another attempt may succeed.
func (s *Store) attempt(ctx context.Context, deadline time.Time, again bool, fn func(tx ports.Tx) error) (*loss, error) {
	tx, leave, err := s.begin(ctx, again)
	if err != nil {
		again, err := s.judge(ctx, err)
		return new(unit).lost(again), err
	}
	defer leave()
	u := s.unit(tx, deadline, true)
	defer func() {
		u.end()
		_ = tx.Rollback() // after a commit it does nothing; a panic goes on
	}()
	err = fn(u)
	switch {
	case u.failure.Kind == Conflict:
		return u.lost(true), u.failed
	case err != nil:
		return nil, err
	case u.failure.Kind == Lost:
		return nil, u.failed
	case u.failed != nil:
		return nil, fault.ErrInternal.With(fmt.Errorf("%w: %w", errSwallowed, u.failed.Err))
	}
	if err := u.publish(ctx); err != nil {
		return u.lost(u.failure.Kind == Conflict), err
	}
	if err := s.watch(ctx, "COMMIT"); err != nil {
		again, err := s.judge(ctx, err)
		return u.lost(again), err
	}
	// Whether a commit that failed took place is not always known.
	defer s.hear(u.announced...)
	committed := s.trace(ctx, "COMMIT")
	err = tx.Commit()
	committed(err != nil)
	if err != nil {
		again, err := s.judgeCommit(ctx, err)
		return u.lost(again), err
	}
	return nil, nil
}

// begin waits for a connection, which the caller leaves, and begins a transaction.
func (s *Store) begin(ctx context.Context, again bool) (tx *sqlx.Tx, leave func(), err error) {
	begun := s.trace(ctx, "BEGIN")
	defer func() { begun(err != nil) }()
	leave, err = s.writes.enter(ctx, again)
	if err != nil {
		return nil, nil, err
	}
	if tx, err = s.writer.BeginTxx(ctx, &s.dialect.Begin); err != nil {
		leave()
	}
	return tx, leave, err
}

func (s *Store) judge(ctx context.Context, err error) (again bool, _ error) {
	failure := s.dialect.Classify(err)
	return failure.Kind == Conflict && ctx.Err() == nil, explain(ctx, failure, err, nil)
}

// judgeCommit never lets a commit be repeated that may have taken place.
func (s *Store) judgeCommit(ctx context.Context, err error) (again bool, _ error) {
	if failure := s.dialect.Classify(err); failure.Kind == Lost {
		return false, fault.ErrUnavailable.With(fmt.Errorf("%w: %w", errUnknown, failure.named(err))).After(retryAfter)
	}
	return s.judge(ctx, err)
}
