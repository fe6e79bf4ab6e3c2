package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tenantry/tenantry/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// engine is a database that does nothing but fail where a test wants it to.
// Each hook gets the number of its call, from 1.
type engine struct {
	begin, exec, commit func(call int) error

	begun, executed, committed, rolledBack int
}

var (
	errConflict = errors.New("conflict")
	errLost     = errors.New("lost")
	errTaken    = errors.New("taken")
	errBad      = driver.ErrBadConn
)

func classifyFake(err error) Failure {
	switch {
	case errors.Is(err, errConflict):
		return Failure{Kind: Conflict}
	case errors.Is(err, errLost), errors.Is(err, driver.ErrBadConn):
		return Failure{Kind: Lost}
	case errors.Is(err, errTaken):
		return Failure{Kind: Unique, Constraint: "accounts_email_key"}
	}
	return Failure{}
}

type fixedClock struct{ now time.Time }

func (c *fixedClock) Now() time.Time {
	c.now = c.now.Add(time.Second)
	return c.now
}

func (e *engine) store(t *testing.T) *Store {
	t.Helper()
	connector := Connector{Open: func(context.Context) (Session, error) { return &connection{e}, nil }}
	dialect := Dialect{Engine: migrations.SQLite, Classify: classifyFake}
	store := New(sql.OpenDB(connector), sql.OpenDB(connector), dialect, &fixedClock{time.Unix(0, 0).UTC()})
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func ask(hook func(int) error, calls *int) error {
	*calls++
	if hook == nil {
		return nil
	}
	return hook(*calls)
}

// always fails every call with err.
func always(err error) func(int) error { return func(int) error { return err } }

// until fails every call before the n-th with err.
func until(n int, err error) func(int) error {
	return func(call int) error {
		if call < n {
			return err
		}
		return nil
	}
}

type connection struct{ *engine }

func (c *connection) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return transaction{c.engine}, ask(c.begin, &c.begun)
}
func (c *connection) PrepareContext(context.Context, string) (driver.Stmt, error) {
	return prepared{c.engine}, nil
}
func (c *connection) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), ask(c.exec, &c.executed)
}
func (c *connection) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return none{}, ask(c.exec, &c.executed)
}
func (c *connection) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }
func (c *connection) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (c *connection) Close() error                        { return nil }
func (c *connection) Ping(context.Context) error          { return nil }
func (c *connection) ResetSession(context.Context) error  { return nil }
func (c *connection) IsValid() bool                       { return true }

type transaction struct{ *engine }

func (t transaction) Commit() error { return ask(t.commit, &t.committed) }
func (t transaction) Rollback() error {
	t.rolledBack++
	return nil
}

type prepared struct{ *engine }

func (s prepared) ExecContext(context.Context, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), ask(s.exec, &s.executed)
}
func (s prepared) QueryContext(context.Context, []driver.NamedValue) (driver.Rows, error) {
	return none{}, ask(s.exec, &s.executed)
}
func (s prepared) Exec([]driver.Value) (driver.Result, error) { return nil, errors.ErrUnsupported }
func (s prepared) Query([]driver.Value) (driver.Rows, error)  { return nil, errors.ErrUnsupported }
func (s prepared) NumInput() int                              { return -1 }
func (s prepared) Close() error                               { return nil }

// none are no rows.
type none struct{}

func (none) Columns() []string         { return []string{"id"} }
func (none) Close() error              { return nil }
func (none) Next([]driver.Value) error { return io.EOF }
