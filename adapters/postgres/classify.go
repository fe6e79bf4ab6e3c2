package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/tenantry/tenantry/adapters/sqlstore"
)

// SQLSTATEs that are told apart (PostgreSQL's manual, appendix A).
const (
	uniqueViolation       = pqerror.Code("23505")
	foreignKeyViolation   = pqerror.Code("23503")
	serializationFailure  = pqerror.Code("40001")
	deadlockDetected      = pqerror.Code("40P01")
	completionUnknown     = pqerror.Code("40003")
	lockNotAvailable      = pqerror.Code("55P03")
	readOnlyTransaction   = pqerror.Code("25006")
	idleInTransaction     = pqerror.Code("25P03")
	unsupportedInRecovery = pqerror.Code("0A000") // BEGIN READ WRITE on a standby
	noSuchDatabase        = pqerror.Code("3D000")
)

// classes of SQLSTATEs that mean that the database cannot serve us now:
// connection, authorization, resources, operator (which includes a canceled
// statement), system.
var unavailable = map[string]bool{"08": true, "28": true, "53": true, "57": true, "58": true}

// classify understands the driver's errors.
func classify(err error) sqlstore.Failure {
	var refusal *pq.Error
	if !errors.As(err, &refusal) {
		if disconnected(err) {
			return sqlstore.Failure{Kind: sqlstore.Lost}
		}
		return sqlstore.Failure{}
	}
	switch refusal.Code {
	case uniqueViolation:
		return sqlstore.Failure{Kind: sqlstore.Unique, Constraint: refusal.Constraint}
	case foreignKeyViolation:
		return sqlstore.Failure{Kind: sqlstore.ForeignKey}
	case serializationFailure, deadlockDetected, lockNotAvailable:
		return sqlstore.Failure{Kind: sqlstore.Conflict}
	case completionUnknown, readOnlyTransaction, idleInTransaction, noSuchDatabase:
		return sqlstore.Failure{Kind: sqlstore.Lost}
	}
	if len(refusal.Code) == 5 && unavailable[string(refusal.Code[:2])] {
		return sqlstore.Failure{Kind: sqlstore.Lost}
	}
	return sqlstore.Failure{}
}

func disconnected(err error) bool {
	var network net.Error
	if errors.As(err, &network) {
		return true
	}
	for _, end := range []error{
		driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		context.Canceled, context.DeadlineExceeded, pq.ErrSSLNotSupported,
	} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}
