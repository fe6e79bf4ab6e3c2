package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
)

// Session is what this package needs of a driver's connection; both drivers
// have it.
type Session interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// Open makes a connection.
type Open func(ctx context.Context) (Session, error)

// Connector makes connections that keep what they prepared, for as long as they
// live: the store has a fixed, small set of statements. database/sql's own
// statements would not do: it prepares them on a connection that it takes from
// the pool, and a unit of work already holds SQLite's only one.
type Connector struct {
	Open       Open
	Source     driver.Driver
	Unprepared bool // keep nothing: the next statement may run elsewhere
	Finalize   bool // statements have to be closed before their connection is
}

// Connect implements driver.Connector.
func (c Connector) Connect(ctx context.Context) (driver.Conn, error) {
	s, err := c.Open(ctx)
	if err != nil || c.Unprepared {
		return s, err
	}
	return &keeper{Session: s, statements: map[string]statement{}, finalize: c.Finalize}, nil
}

// Driver implements driver.Connector.
func (c Connector) Driver() driver.Driver { return c.Source }

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// keeper is used by one goroutine at a time, as database/sql promises.
type keeper struct {
	Session
	statements map[string]statement
	cutShort   bool
	finalize   bool
}

// Close lets go of the statements first where the connection would stay open for
// them.
func (k *keeper) Close() error {
	var failures []error
	if k.finalize {
		for _, s := range k.statements {
			failures = append(failures, s.Close())
		}
	}
	return errors.Join(append(failures, k.Session.Close())...)
}

func (k *keeper) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := k.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		k.done(ctx)
		return nil, err
	}
	return &watched{rows, func() { k.done(ctx) }}, nil
}

func (k *keeper) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := k.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	defer k.done(ctx)
	return s.ExecContext(ctx, args)
}

func (k *keeper) prepared(ctx context.Context, query string) (statement, error) {
	if s, ok := k.statements[query]; ok {
		return s, nil
	}
	defer k.done(ctx)
	made, err := k.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s := made.(statement) //nolint:forcetypeassert // both drivers' are; a test opens each
	k.statements[query] = s
	return s, nil
}

// done looks whether the context of a statement ended before it did.
func (k *keeper) done(ctx context.Context) { k.cutShort = k.cutShort || ctx.Err() != nil }

// IsValid gives up a connection on which a statement was cut short: PostgreSQL's
// request to cancel travels on its own, and may yet hit whatever comes next.
func (k *keeper) IsValid() bool { return !k.cutShort && k.Session.IsValid() }

// watched are rows that tell when they were closed.
type watched struct {
	driver.Rows
	closed func()
}

func (w *watched) Close() error {
	defer w.closed()
	return w.Rows.Close()
}
