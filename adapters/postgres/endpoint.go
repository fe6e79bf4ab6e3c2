package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tenantry/tenantry/adapters/sqlstore"
)

// inUse counts the programs that work on the database. Our own connections call
// themselves otherwise.
const inUse = `SELECT count(*) FROM pg_stat_activity
	WHERE datname = current_database() AND application_name = $1 AND pid <> pg_backend_pid()`

// OpenEndpoint opens the database to move everything out of it or into it. It
// refuses one that a server works on.
func OpenEndpoint(ctx context.Context, c Config) (sqlstore.Endpoint, error) {
	db, err := openPatient(ctx, c, moving)
	if err != nil {
		return sqlstore.Endpoint{}, err
	}
	db.SetMaxOpenConns(1)
	if err := alone(ctx, db); err != nil {
		return sqlstore.Endpoint{}, errors.Join(err, db.Close())
	}
	return sqlstore.Endpoint{
		DB: db, Catalog: catalog, Snapshot: sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	}, nil
}

// Connections that were closed, our own of a moment ago among them, are seen for
// a little while.
const (
	leaving      = 3 * time.Second
	leavingPause = 50 * time.Millisecond
)

func alone(ctx context.Context, db *sql.DB) error {
	for end := time.Now().Add(leaving); ; time.Sleep(leavingPause) {
		var servers int
		if err := db.QueryRowContext(ctx, inUse, applicationName).Scan(&servers); err != nil || servers == 0 {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("the database is in use by %d connections of a server: stop it first", servers)
		}
	}
}
