// Package migrations has the schema, in numbered steps, for each engine under
// the same numbers and names, and the means to bring a database to it.
//
// Whoever starts a process opens a Migrator through the engine's adapter
// (postgres.OpenMigrator, sqlite.OpenMigrator), calls Up and closes it:
//
//	m, err := postgres.OpenMigrator(config)
//	…
//	defer m.Close()
//	applied, err := m.Up(ctx)
//
// Any number of processes may do so at once. The store's Ping uses Check.
//
// A step that only adds leaves room for programs that do not know it: they go on.
// Any other says by a row of goose_floors which programs can work with it.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// Engine names a database and the directory of its steps.
type Engine string

// The engines.
const (
	PostgreSQL Engine = "postgres"
	SQLite     Engine = "sqlite"
)

// What a database may be found to be.
var (
	// ErrBehind means that steps are missing: run Up.
	ErrBehind = errors.New("the database's schema is older than this program needs")
	// ErrAhead means that a newer program was here, and has done what this one
	// cannot work with.
	ErrAhead = errors.New("the database's schema is newer than this program knows; run the newer program, or migrate down with it first")
)

//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// Step is one migration and when it was applied; the zero time means not yet.
type Step struct {
	Version   int64
	Name      string
	AppliedAt time.Time
}

// Migrator moves one database between schema versions. It is not safe for
// concurrent use; several of them on one database are.
type Migrator struct {
	engine Engine
	db     *sql.DB
}

// New returns a migrator that owns db. db has neither a statement timeout nor
// fewer than three connections on PostgreSQL: one works, one holds the lock, one
// keeps it alive.
func New(engine Engine, db *sql.DB) *Migrator { return &Migrator{engine, db} }

// Close closes the connections.
func (m *Migrator) Close() error { return m.db.Close() }

// Status lists every step that this program knows, in order.
func (m *Migrator) Status(ctx context.Context) ([]Step, error) {
	provider, err := m.provider()
	if err != nil {
		return nil, err
	}
	statuses, err := provider.Status(ctx)
	if err != nil {
		return nil, err
	}
	steps := make([]Step, 0, len(statuses))
	for _, s := range statuses {
		steps = append(steps, step(s.Source, s.AppliedAt))
	}
	return steps, nil
}

// Check is the package's Check for this database.
func (m *Migrator) Check(ctx context.Context) error { return Check(ctx, m.engine, m.db) }

// Check returns nil when a program with these steps can work on the database: it
// has all of them, and later ones only that leave room for this program. Else it
// returns ErrBehind or ErrAhead, or why the database does not answer.
func Check(ctx context.Context, engine Engine, db *sql.DB) error {
	current, err := version(ctx, engine, db)
	if err != nil {
		return err
	}
	known := Latest(engine)
	if current <= known {
		return compare(current, known)
	}
	oldest, err := floor(ctx, db)
	if err == nil && oldest > known {
		err = fmt.Errorf("%w: it is at %d and for programs from %d on, this program is at %d", ErrAhead, current, oldest, known)
	}
	return err
}

// Same is the package's Same for this database.
func (m *Migrator) Same(ctx context.Context) error { return Same(ctx, m.engine, m.db) }

// Same returns nil when the database has exactly the steps that this program
// knows: for what reads or takes back all that there is.
func Same(ctx context.Context, engine Engine, db *sql.DB) error {
	current, err := version(ctx, engine, db)
	if err != nil {
		return err
	}
	return compare(current, Latest(engine))
}

func compare(current, needed int64) error {
	switch {
	case current < needed:
		return fmt.Errorf("%w: it is at %d, this program is at %d", ErrBehind, current, needed)
	case current > needed:
		return fmt.Errorf("%w: it is at %d, this program is at %d", ErrAhead, current, needed)
	}
	return nil
}

// floor is the oldest program that can work on the schema, by its latest step.
func floor(ctx context.Context, db *sql.DB) (oldest int64, err error) {
	err = db.QueryRowContext(ctx, "SELECT COALESCE(max(program), 0) FROM goose_floors").Scan(&oldest)
	if err != nil {
		err = fmt.Errorf("read which programs the schema is for: %w", err)
	}
	return oldest, err
}

// Latest is the version of the schema that this program needs.
func Latest(engine Engine) int64 {
	entries, _ := files.ReadDir(string(engine)) // embedded: nothing to fail
	latest := int64(0)
	for _, entry := range entries {
		number, _, _ := strings.Cut(entry.Name(), "_")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			latest = max(latest, n)
		}
	}
	return latest
}

// ledgerExists asks whether goose has ever been here, so that an empty database
// is no error.
var ledgerExists = map[Engine]string{
	PostgreSQL: "SELECT to_regclass('goose_db_version') IS NOT NULL",
	SQLite:     "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = 'goose_db_version'",
}

func version(ctx context.Context, engine Engine, db *sql.DB) (int64, error) {
	var exists bool
	if err := db.QueryRowContext(ctx, ledgerExists[engine]).Scan(&exists); err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	if !exists {
		return 0, nil
	}
	var current sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version").Scan(&current); err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	return current.Int64, nil
}

func (m *Migrator) provider() (*goose.Provider, error) {
	steps, err := fs.Sub(files, string(m.engine))
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger())}
	dialect := goose.DialectSQLite3
	if m.engine == PostgreSQL {
		dialect = goose.DialectPostgres
		locker, err := newLocker()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithLocker(locker))
	}
	return goose.NewProvider(dialect, m.db, steps, options...)
}

func step(source *goose.Source, appliedAt time.Time) Step {
	file := source.Path[strings.LastIndexByte(source.Path, '/')+1:]
	return Step{Version: source.Version, Name: strings.TrimSuffix(file, ".sql"), AppliedAt: appliedAt.UTC()}
}
