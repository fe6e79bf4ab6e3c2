package postgres

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/test/pgtest"
)

// warmed is a store on a server of the test's own, with every connection open.
func warmed(t *testing.T) (*pgtest.Server, *sqlstore.Store) {
	t.Helper()
	server := pgtest.NewServer(t, pgtest.Options{})
	dsn := server.DSN("postgres")
	if err := migrate(dsn); err != nil {
		t.Fatal(err)
	}
	store := opened(t, Config{DSN: dsn, MaxConns: 4}, systemClock{})
	for _, err := range together(t.Context(), store, 8) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return server, store
}

// together runs n units and n views at once.
func together(ctx context.Context, store *sqlstore.Store, n int) []error {
	errs := make([]error, 2*n)
	var tasks sync.WaitGroup
	for i := range n {
		tasks.Go(func() { errs[2*i] = take(ctx, store) })
		tasks.Go(func() { errs[2*i+1] = look(ctx, store) })
	}
	tasks.Wait()
	return errs
}

func TestARestartIsSurvived(t *testing.T) {
	t.Parallel()
	server, store := warmed(t)
	for name, stop := range map[string]func() error{"in good order": server.Stop, "by a crash": server.Kill} {
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		for _, err := range together(t.Context(), store, 1) {
			if !errors.Is(err, fault.ErrUnavailable) || fault.Of(err).RetryAfter == 0 {
				t.Errorf("%s: while the server is down: got %v", name, err)
			}
		}
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		for _, err := range together(t.Context(), store, 8) {
			if err != nil {
				t.Errorf("%s: after the restart: %v", name, err)
			}
		}
	}
}

func TestARestartBehindIdleConnectionsIsNotNoticed(t *testing.T) {
	t.Parallel()
	server, store := warmed(t)
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	for _, err := range together(t.Context(), store, 8) {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestASilentServerIsGivenUpInTime(t *testing.T) {
	t.Parallel()
	server, store := warmed(t)
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for _, err := range together(t.Context(), store, 8) {
		if !errors.Is(err, fault.ErrUnavailable) && !errors.Is(err, fault.ErrBusy) {
			t.Errorf("got %v, want UNAVAILABLE, or BUSY of who waited for a connection", err)
		}
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the slowest took %s", took)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	for _, err := range together(t.Context(), store, 8) {
		if err != nil {
			t.Errorf("after the silence: %v", err)
		}
	}
}
