package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// querier is what a pool and a transaction have in common.
type querier interface {
	sqlx.ExecerContext
	GetContext(ctx context.Context, dest any, query string, args ...any) error
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
}

// taken says which fault a unique constraint stands for.
type taken map[string]*fault.Error

var (
	errOver      = errors.New("a unit of work was used after its end")
	errReadOnly  = errors.New("a change was tried in a read-only unit of work")
	errRowCount  = errors.New("a statement touched another number of rows than it should")
	errNoGrant   = errors.New("tenant data was reached for without a grant")
	errMayNot    = errors.New("a change was tried under a grant that permits none")
	errForeign   = errors.New("the row names another organization than the grant")
	errDuplicate = errors.New("a row of this id is there already")
)

// unit runs the statements of one unit of work. The first that fails spoils
// it: no other runs, on either engine, and nothing is committed.
type unit struct {
	db       querier
	gate     *gate // before each statement; nil where the unit has a connection
	begun    bool  // it was let in before
	dialect  *Dialect
	watch    Watch
	trace    Trace
	now      time.Time
	deadline time.Time
	writes   bool
	alone    bool // its first statement commits itself, and ends it
	over     bool
	failure  Failure
	failed   *fault.Error

	announced []ports.Subject
	in        organization.ID // in which it changes something; zero for none yet
}

func (s *Store) unit(db querier, deadline time.Time, writes bool) *unit {
	return &unit{db: db, dialect: &s.dialect, watch: s.watch, trace: s.trace, now: s.clock.Now(), deadline: deadline, writes: writes}
}

func (u *unit) end() { u.over = true }

// find reads one row and says whether there is one.
func (u *unit) find(ctx context.Context, dest any, query string, args ...any) (bool, error) {
	ctx, cancel, err := u.ready(ctx, query)
	if err != nil {
		return false, err
	}
	defer cancel()
	err = u.db.GetContext(ctx, dest, query, stored(args)...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, u.note(ctx, err, nil)
}

// list reads all rows. A limit is written "LIMIT $n + 0": SQLite plans by a
// bare parameter's value there, and would prepare the statement anew each time.
func (u *unit) list(ctx context.Context, dest any, query string, args ...any) error {
	ctx, cancel, err := u.ready(ctx, query)
	if err != nil {
		return err
	}
	defer cancel()
	return u.note(ctx, u.db.SelectContext(ctx, dest, query, stored(args)...), nil)
}

// change runs a statement that writes and says how many rows it touched.
func (u *unit) change(ctx context.Context, rules taken, query string, args ...any) (int, error) {
	if !u.writes {
		return 0, fault.ErrInternal.With(errReadOnly)
	}
	ctx, cancel, err := u.ready(ctx, query)
	if err != nil {
		return 0, err
	}
	defer cancel()
	result, err := u.db.ExecContext(ctx, query, stored(args)...)
	if err != nil {
		return 0, u.note(ctx, err, rules)
	}
	n, err := result.RowsAffected()
	return int(n), u.note(ctx, err, nil)
}

// changeOne is change for exactly one row; none is returned where there is no
// such row.
func (u *unit) changeOne(ctx context.Context, rules taken, none *fault.Error, query string, args ...any) error {
	n, err := u.change(ctx, rules, query, args...)
	switch {
	case err != nil:
		return err
	case n == 0:
		return none
	case n > 1:
		u.failed = fault.ErrInternal.With(errRowCount)
		return u.failed
	}
	return nil
}

// changeAll is changeOne for n rows that are added.
func (u *unit) changeAll(ctx context.Context, n int, rules taken, query string, args ...any) error {
	added, err := u.change(ctx, rules, query, args...)
	if err == nil && added != n {
		u.failed = fault.ErrInternal.With(errRowCount)
		return u.failed
	}
	return err
}

// changeReturning is change for a statement that returns its row.
func (u *unit) changeReturning(ctx context.Context, dest any, query string, args ...any) error {
	if !u.writes {
		return fault.ErrInternal.With(errReadOnly)
	}
	ctx, cancel, err := u.ready(ctx, query)
	if err != nil {
		return err
	}
	defer cancel()
	return u.note(ctx, u.db.GetContext(ctx, dest, query, stored(args)...), nil)
}

// changeList is changeReturning for any number of rows.
func (u *unit) changeList(ctx context.Context, dest any, query string, args ...any) error {
	if !u.writes {
		return fault.ErrInternal.With(errReadOnly)
	}
	return u.list(ctx, dest, query, args...)
}

// changeFound is changeReturning where there may be no such row.
func (u *unit) changeFound(ctx context.Context, dest any, query string, args ...any) (bool, error) {
	if !u.writes {
		return false, fault.ErrInternal.With(errReadOnly)
	}
	return u.find(ctx, dest, query, args...)
}

// others returns the rule where the query counts any row of others. A name is
// asked for before a row is locked to take it: of two that want each other's,
// both are refused, and neither waits for the other.
func (u *unit) others(ctx context.Context, rule *fault.Error, query string, args ...any) error {
	var n int
	if _, err := u.find(ctx, &n, query, args...); err != nil {
		return err
	}
	if n > 0 {
		return rule
	}
	return nil
}

func (u *unit) ready(ctx context.Context, query string) (context.Context, context.CancelFunc, error) {
	switch {
	case u.over:
		return nil, nil, fault.ErrInternal.With(errOver)
	case u.failed != nil && u.writes:
		return nil, nil, u.failed
	case ctx.Err() != nil:
		return nil, nil, u.note(ctx, context.Cause(ctx), nil)
	case u.alone:
		defer u.end()
	}
	if err := u.watch(ctx, query); err != nil {
		return nil, nil, u.note(ctx, err, nil)
	}
	before, end := u.failed, u.trace(ctx, query)
	ctx, cancel := context.WithDeadlineCause(ctx, u.deadline, errLimit)
	leave, err := u.gate.enter(ctx, u.begun)
	if err != nil {
		defer cancel()
		defer end(true)
		return nil, nil, u.note(ctx, err, nil)
	}
	u.begun = true
	return ctx, func() { leave(); cancel(); end(u.failed != before) }, nil
}

// note keeps the failure of a statement, and turns it into a fault.
func (u *unit) note(ctx context.Context, err error, rules taken) error {
	if err == nil {
		return nil
	}
	u.failure = u.dialect.Classify(err)
	if ctx.Err() != nil {
		u.failure = Failure{Kind: Lost}
	}
	u.failed = explain(ctx, u.failure, err, rules)
	return u.failed
}

func explain(ctx context.Context, failure Failure, err error, rules taken) *fault.Error {
	if ctx.Err() != nil {
		return fault.ErrUnavailable.With(fmt.Errorf("%w: %w", context.Cause(ctx), err)).After(retryAfter)
	}
	if errors.Is(err, errCrowded) {
		return fault.ErrBusy.With(err).After(retryAfter)
	}
	switch failure.Kind {
	case Unique:
		if rule := rules[failure.Constraint]; rule != nil {
			return rule.With(err)
		}
		return fault.ErrInternal.With(fmt.Errorf("%w: %w", errDuplicate, err))
	case ForeignKey:
		return fault.ErrNotFound.With(err)
	case Conflict:
		return fault.ErrBusy.With(err).After(retryAfter)
	case Lost:
		return fault.ErrUnavailable.With(failure.named(err)).After(retryAfter)
	}
	return fault.ErrInternal.With(err)
}

// stored cuts times to what both engines keep.
func stored(args []any) []any {
	for i, arg := range args {
		switch t := arg.(type) {
		case time.Time:
			args[i] = cut(t)
		case *time.Time:
			if t != nil {
				args[i] = cut(*t)
			}
		}
	}
	return args
}

func cut(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// utc is for times that may be absent.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	in := t.UTC()
	return &in
}
