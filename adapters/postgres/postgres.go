// Package postgres opens the store in PostgreSQL.
//
//	config := postgres.Config{DSN: dsn}
//	store, err := postgres.Open(ctx, config, clock)           // *sqlstore.Store
//	migrator, err := postgres.OpenMigrator(ctx, config)
//
// Several hosts, of which the one that takes writes is used, stand in the
// address as ?host=a,b&port=5432,5432&target_session_attrs=read-write.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/migrations"
	"github.com/tenantry/tenantry/ports"
)

// Config is where the database is and what stands before it.
type Config struct {
	// DSN is an address (postgres://…) or a list of key=value pairs. It must say
	// its sslmode.
	DSN string
	// Pooler says that a connection pooler in transaction mode, such as
	// PgBouncer, stands between: nothing may then be prepared, or set for a
	// session.
	Pooler bool
	// MaxConns bounds each of the two pools, the one that writes and the one
	// that only reads; 0 means 16. More do less on few cores, and the server has
	// to have room for both pools of every replica.
	MaxConns int
}

const (
	defaultConns = 16
	maxIdle      = 5 * time.Minute
	maxLifetime  = 30 * time.Minute // so that a change of address is noticed
)

// Check says what is wrong with the address, without connecting. No error shows
// it: it may hold a password.
func (c Config) Check() error {
	_, err := settings(c, writing)
	return err
}

// now asks the server for its time, within a transaction, too.
const now = "SELECT clock_timestamp()"

// Open opens the store. The schema must be there before it is used: see
// OpenMigrator.
func Open(ctx context.Context, c Config, clock ports.Clock) (*sqlstore.Store, error) {
	writer, err := openPool(ctx, c, writing)
	if err != nil {
		return nil, err
	}
	reader, err := openPool(ctx, c, reading)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	dialect := sqlstore.Dialect{
		Engine:   migrations.PostgreSQL,
		Begin:    sql.TxOptions{Isolation: sql.LevelSerializable},
		Announce: "SELECT pg_notify('" + sqlstore.Channel + "', $1)",
		Now:      now,
		Classify: classify,
		Catalog:  catalog,
	}
	return sqlstore.New(writer, reader, dialect, clock), nil
}

func openPool(ctx context.Context, c Config, use purpose) (*sql.DB, error) {
	settings, err := settings(c, use)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(sqlstore.Connector{
		Source:     pq.Driver{},
		Unprepared: c.Pooler,
		Open: func(ctx context.Context) (sqlstore.Session, error) {
			return dial(ctx, settings)
		},
	})
	conns := c.MaxConns
	if conns == 0 {
		conns = defaultConns
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(maxIdle)
	db.SetConnMaxLifetime(maxLifetime)
	return db, ping(ctx, db)
}

// OpenMigrator opens the database for changes of its schema, which may take as
// long as they need but give up a lock that they cannot have soon. Not through
// a pooler: give it the database's own address.
func OpenMigrator(ctx context.Context, c Config) (*migrations.Migrator, error) {
	db, err := openPatient(ctx, c, migrating)
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(3) // see migrations.New
	return migrations.New(migrations.PostgreSQL, db), nil
}

// ping opens the first connection, and closes db when there is none to be had.
func ping(ctx context.Context, db *sql.DB) error {
	if err := db.PingContext(ctx); err != nil {
		return errors.Join(fmt.Errorf("connect to PostgreSQL: %w", err), db.Close())
	}
	return nil
}
