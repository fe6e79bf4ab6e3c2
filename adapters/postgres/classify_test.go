package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/test/pgtest"
)

func TestCodesAreTakenForWhatTheyAre(t *testing.T) {
	for kind, codes := range map[sqlstore.Kind][]pqerror.Code{
		sqlstore.Unique:     {"23505"},
		sqlstore.ForeignKey: {"23503"},
		sqlstore.Conflict:   {"40001", "40P01", "55P03"},
		sqlstore.Lost: {
			"08006", "08P01", "25006", "25P03", "28P01", "3D000", "40003", "53100", "53300", "57014", "57P01", "57P03", "58030",
		},
		sqlstore.Other: {"22021", "22P02", "23502", "23514", "25P02", "42601", "42P01", "0A000", "XX000", ""},
	} {
		for _, code := range codes {
			if got := classify(fmt.Errorf("x: %w", &pq.Error{Code: code})); got.Kind != kind {
				t.Errorf("%s is taken for %d, want %d", code, got.Kind, kind)
			}
		}
	}
	for _, err := range []error{
		driver.ErrBadConn, io.EOF, io.ErrUnexpectedEOF, sql.ErrConnDone, sql.ErrTxDone, context.Canceled,
		context.DeadlineExceeded, &net.OpError{Op: "dial", Err: errors.New("refused")}, net.ErrClosed,
	} {
		if got := classify(fmt.Errorf("x: %w", err)); got.Kind != sqlstore.Lost {
			t.Errorf("%v is taken for %d", err, got.Kind)
		}
	}
	if got := classify(errors.New("x")); got.Kind != sqlstore.Other {
		t.Errorf("an unknown error is taken for %d", got.Kind)
	}
}

func TestAUniqueFailureNamesItsConstraint(t *testing.T) {
	db, err := sql.Open("postgres", pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, statement := range []string{
		"CREATE TABLE t (a text, b text, UNIQUE (a, b))", "INSERT INTO t VALUES ('x', 'y')", "INSERT INTO t VALUES ('x', 'y')",
	} {
		_, err = db.ExecContext(t.Context(), statement)
	}
	if got := classify(err); got != (sqlstore.Failure{Kind: sqlstore.Unique, Constraint: "t_a_b_key"}) {
		t.Errorf("%v is taken for %+v", err, got)
	}
}
