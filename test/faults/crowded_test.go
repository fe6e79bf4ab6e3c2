package faults

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/pgtest"
)

// others take every connection that PostgreSQL has, the server's among them. They
// are in when this returns; leave lets all of them go.
func others(t *testing.T, dsn string) (leave func()) {
	t.Helper()
	var held []*sql.DB
	leave = func() {
		for _, db := range held {
			_ = db.Close()
		}
	}
	const ours = "FROM pg_stat_activity WHERE application_name LIKE 'tenantry%'"
	for begin := time.Now(); time.Since(begin) < 30*time.Second; {
		db, err := sql.Open("postgres", dsn+"&application_name=others")
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		if err := db.PingContext(t.Context()); err == nil {
			held = append(held, db)
			continue
		}
		_ = db.Close() // all are taken, by others or by the server
		left, first := 0, held[0]
		if err := first.QueryRowContext(t.Context(), "SELECT count(*) "+ours).Scan(&left); err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			return leave
		}
		if _, err := first.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) "+ours); err != nil {
			t.Fatal(err)
		}
	}
	leave()
	t.Fatal("the server kept a connection")
	return nil
}

func TestWithoutAConnectionToPostgreSQLClientsAreToldToComeBack(t *testing.T) {
	t.Parallel()
	_, d := onServer(t, pgtest.Options{Durable: true, Settings: map[string]string{"max_connections": "50"}})
	s := admit(t, d)
	s.DB().SetMaxIdleConns(0) // nobody else holds one
	warm := s.Register(t)
	secret, _ := warm.NewKey(t, warm.Dev)
	faulty(t, d, s, "all connections taken", func(c *caller) time.Time {
		c.do(204, "GET", "/v1/sdk/authorize", byKey(secret), nil)
		leave := others(t, d.URL)
		begun := time.Now()
		var letIn time.Duration
		for time.Since(begun) < 4*time.Second {
			sent := time.Since(begun)
			if a := c.do(204, "GET", "/v1/sdk/authorize", byKey(secret), nil); a.status == 204 {
				letIn = sent
			}
			<-time.After(10 * time.Millisecond)
		}
		if letIn > bound {
			t.Errorf("a key was let in from memory %v after the last connection was lost", letIn)
		}
		leave()
		return time.Now()
	})
	if !strings.Contains(s.Logs(), "too many clients") && !strings.Contains(s.Logs(), "remaining connection slots") {
		t.Error("the log does not tell that PostgreSQL has no connection left")
	}
}
