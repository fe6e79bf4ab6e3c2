// Package sqlite opens the store in one SQLite file.
//
//	store, err := sqlite.Open(ctx, "tenantry.db", clock)   // *sqlstore.Store
//	migrator, err := sqlite.OpenMigrator(ctx, "tenantry.db")
//
// Any number of processes of one machine may have the file open. A file that is
// not there is made, for its owner's eyes only.
package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	"modernc.org/sqlite"

	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/migrations"
	"github.com/tenantry/tenantry/ports"
)

// readers is how many statements read at once, beside the one unit of work that
// SQLite lets write.
const readers = 8

// Pragmas stand in the address, so that every connection of a pool has them.
// synchronous(FULL) keeps what was acknowledged through a power cut. Times are
// written in a form that orders as text, in UTC. busy_timeout, in milliseconds, is
// how long one attempt waits for a writer of another process, whoever has given
// up waiting for us: several of them have to fit into the ten seconds in which
// every request ends.
const (
	settings = "_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)" +
		"&_time_format=sqlite&_timezone=UTC&_texttotime=1"
	// A unit of work that reads before it writes would fail at once, however
	// long the timeout, had another written in between: so it locks at BEGIN.
	writing = settings + "&_txlock=immediate"
	// Each connection caches pages for itself, in KiB here; the system caches them
	// for all.
	reading = settings + "&_pragma=query_only(1)&_pragma=cache_size(-512)"
)

var errMemory = errors.New("a database in memory is another one for every connection; name a file, such as tenantry.db")

// Check says whether the path can name a database, without touching it.
func Check(path string) error {
	if path == "" || strings.Contains(path, ":memory:") || strings.Contains(path, "mode=memory") {
		return errMemory
	}
	return nil
}

// Open opens the store. The schema must be there before it is used: see
// OpenMigrator.
func Open(ctx context.Context, path string, clock ports.Clock) (*sqlstore.Store, error) {
	writer, err := openPool(ctx, path, writing, 1)
	if err != nil {
		return nil, err
	}
	reader, err := openPool(ctx, path, reading, readers)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	dialect := sqlstore.Dialect{Engine: migrations.SQLite, Tend: "PRAGMA optimize", Classify: classify, Catalog: catalog}
	return sqlstore.New(writer, reader, dialect, clock), nil
}

func openPool(ctx context.Context, path, settings string, connections int) (*sql.DB, error) {
	connector, err := connect(path, settings)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(sqlstore.Connector{Source: connector.Driver(), Finalize: true, Open: func(ctx context.Context) (sqlstore.Session, error) {
		conn, err := connector.Connect(ctx)
		if err != nil {
			return nil, err
		}
		return conn.(sqlstore.Session), nil //nolint:forcetypeassert // the driver's connections are; every test opens one
	}})
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, ping(ctx, db, path)
}

// OpenMigrator opens the file for changes of its schema.
func OpenMigrator(ctx context.Context, path string) (*migrations.Migrator, error) {
	connector, err := connect(path, writing)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return migrations.New(migrations.SQLite, db), ping(ctx, db, path)
}

func connect(path, settings string) (driver.Connector, error) {
	if err := Check(path); err != nil {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	// A path may hold what an address gives a meaning, such as ? and %.
	address := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings}
	return sqlite.NewConnector(address.String())
}

// The first connection of all switches the file to the write-ahead log, which
// does not wait for another process that does the same.
const (
	openLimit = 5 * time.Second
	openPause = 20 * time.Millisecond
)

// ping opens the first connection, and closes db when there is none to be had.
func ping(ctx context.Context, db *sql.DB, path string) error {
	limited, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	for {
		err := db.PingContext(limited)
		if err == nil {
			return nil
		}
		busy := classify(err).Kind == sqlstore.Conflict
		select {
		case <-limited.Done():
			busy = false
		case <-time.After(openPause):
		}
		if !busy {
			return errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
		}
	}
}

// create makes an empty file that nobody else may read: SQLite itself would
// follow the umask. Its -wal and -shm files take the mode of the first. A file
// that is there is not touched: closing it would drop every lock that this
// process has on it (POSIX), and the next process to leave would take the
// write-ahead log away from under us.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names the file
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return fmt.Errorf("open the database: %w", err)
	}
	return f.Close()
}
