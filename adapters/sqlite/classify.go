package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/tenantry/tenantry/adapters/sqlstore"
)

// classify understands the driver's errors.
func classify(err error) sqlstore.Failure {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
			errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) {
			return sqlstore.Failure{Kind: sqlstore.Lost}
		}
		return sqlstore.Failure{}
	}
	switch failure.Code() {
	case codes.SQLITE_CONSTRAINT_UNIQUE:
		return sqlstore.Failure{Kind: sqlstore.Unique, Constraint: constraint(failure.Error(), "key")}
	case codes.SQLITE_CONSTRAINT_PRIMARYKEY:
		return sqlstore.Failure{Kind: sqlstore.Unique, Constraint: constraint(failure.Error(), "pkey")}
	case codes.SQLITE_CONSTRAINT_FOREIGNKEY:
		return sqlstore.Failure{Kind: sqlstore.ForeignKey}
	}
	switch failure.Code() & 0xff { // the primary code
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return sqlstore.Failure{Kind: sqlstore.Conflict}
	case codes.SQLITE_FULL:
		return sqlstore.Failure{Kind: sqlstore.Lost, Reason: "the disk is full"}
	case codes.SQLITE_IOERR:
		return sqlstore.Failure{Kind: sqlstore.Lost, Reason: "the disk fails"}
	case codes.SQLITE_READONLY:
		return sqlstore.Failure{Kind: sqlstore.Lost, Reason: "the database's file or disk is read-only"}
	case codes.SQLITE_CANTOPEN:
		return sqlstore.Failure{Kind: sqlstore.Lost, Reason: "the database's files cannot be opened"}
	case codes.SQLITE_NOMEM, codes.SQLITE_PROTOCOL, codes.SQLITE_INTERRUPT:
		return sqlstore.Failure{Kind: sqlstore.Lost}
	}
	return sqlstore.Failure{}
}

// constraint derives the name that PostgreSQL gives by default from the columns
// that SQLite lists instead: "… UNIQUE constraint failed: t.a, t.b (2067)" is
// t_a_b_key. A primary key is t_pkey, whatever its columns.
func constraint(message, suffix string) string {
	_, list, _ := strings.Cut(message, "UNIQUE constraint failed: ")
	list, _, _ = strings.Cut(list, " (")
	var name string
	for i, qualified := range strings.Split(list, ", ") {
		table, column, _ := strings.Cut(qualified, ".")
		if i == 0 {
			name = table
		}
		if suffix == "key" {
			name += "_" + column
		}
	}
	return name + "_" + suffix
}
