package migrations

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/pressly/goose/v3/lock"
)

// The lock is a row that its holder renews, not an advisory lock: those are lost
// behind a connection pooler. A holder that was killed is waited for no longer
// than the lease.
const (
	lease     = 10 * time.Second
	heartbeat = 2 * time.Second
	pause     = time.Second // between attempts
	attempts  = 300
)

func newLocker() (lock.Locker, error) {
	return lock.NewPostgresTableLocker(
		lock.WithTableLeaseDuration(lease),
		lock.WithTableHeartbeatInterval(heartbeat),
		lock.WithTableLockTimeout(pause, attempts),
		lock.WithTableUnlockTimeout(pause, 5),
		lock.WithTableLogger(slog.New(slog.DiscardHandler)),
	)
}

// Up applies every missing step and says which. A database that is ahead of this
// program is left as it is, and refused when this program cannot work on it. Where another process applies the same steps, or a
// table is locked, it waits and looks again, until ctx ends.
func (m *Migrator) Up(ctx context.Context) ([]Step, error) {
	for attempt := 1; ; attempt++ {
		before, err := version(ctx, m.engine, m.db)
		if err != nil {
			return nil, err
		}
		if before >= Latest(m.engine) {
			return nil, m.Check(ctx)
		}
		applied, err := m.up(ctx)
		if err == nil {
			return applied, nil
		}
		after, readErr := version(ctx, m.engine, m.db)
		if readErr != nil || after == before && attempt >= patience(err) {
			return nil, errors.Join(err, readErr)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// up tries once, with a provider of its own: a provider remembers a failure to
// make its ledger.
func (m *Migrator) up(ctx context.Context) ([]Step, error) {
	provider, err := m.provider()
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return nil, err
	}
	applied := make([]Step, 0, len(results))
	for _, r := range results {
		applied = append(applied, step(r.Source, time.Now()))
	}
	return applied, nil
}

// Failures that another process may have brought about: a lock that was not to
// be had, and two who made the same table or entry of the catalog, or who
// deadlocked. The latter may also be a fault of the step, and come again.
var (
	locked = []string{"55P03"}
	raced  = []string{"23505", "42P07", "40P01", "40001"}
)

// SQLite's primary result codes for a file that someone else has locked.
const (
	sqliteBusy   = 5
	sqliteLocked = 6
)

// patience is how many attempts a failure deserves as long as nobody moves the
// schema on.
func patience(err error) int {
	var postgres interface{ SQLState() string }
	if errors.As(err, &postgres) {
		switch {
		case slices.Contains(locked, postgres.SQLState()):
			return attempts
		case slices.Contains(raced, postgres.SQLState()):
			return 5
		}
	}
	var sqlite interface{ Code() int }
	if errors.As(err, &sqlite) && (sqlite.Code()&0xff == sqliteBusy || sqlite.Code()&0xff == sqliteLocked) {
		return attempts
	}
	return 1
}
