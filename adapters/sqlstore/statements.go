package sqlstore

import (
	"context"
	"database/sql/driver"
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
}

// Connect implements driver.Connector.
func (c Connector) Connect(ctx context.Context) (driver.Conn, error) {
	s, err := c.Open(ctx)
	if err != nil || c.Unprepared {
		return s, err
	}
	return &keeper{Session: s, statements: map[string]statement{}}, nil
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
	last       context.Context //nolint:containedctx // asked in IsValid whether its end reached the connection
}

func (k *keeper) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := k.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args)
}

func (k *keeper) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := k.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args)
}

func (k *keeper) prepared(ctx context.Context, query string) (statement, error) {
	k.last = ctx
	if s, ok := k.statements[query]; ok {
		return s, nil
	}
	made, err := k.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s := made.(statement) //nolint:forcetypeassert // both drivers' are; a test opens each
	k.statements[query] = s
	return s, nil
}

// IsValid gives up a connection whose last statement was cut short: PostgreSQL's
// request to cancel travels on its own, and may yet hit whatever comes next.
func (k *keeper) IsValid() bool {
	return (k.last == nil || k.last.Err() == nil) && k.Session.IsValid()
}
