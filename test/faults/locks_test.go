package faults

import (
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// holding has somebody else hold a lock until let go.
func holding(t *testing.T, s *harness.Server, statement string, arguments ...any) (letGo func()) {
	t.Helper()
	tx, err := s.DB().BeginTx(t.Context(), &sql.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), statement, arguments...); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

// repeatedly has so many clients ask until stop is called.
func repeatedly(clients int, ask func(i int)) (stop func()) {
	over := make(chan struct{})
	var crowd sync.WaitGroup
	for i := range clients {
		crowd.Go(func() {
			for {
				ask(i)
				select {
				case <-over:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		})
	}
	return func() {
		close(over)
		crowd.Wait()
	}
}

// What somebody else has locked is waited for, but not for long; what nobody has
// locked does not wait with it.
func TestALongLockHoldsUpOnlyWhatItLocks(t *testing.T) {
	t.Parallel()
	locks := map[string]struct {
		engine    harness.Engine
		statement string
		arguments func(harness.Person) []any
		others    func(c *caller, p harness.Person) // who must not wait
	}{
		"a table": {harness.Postgres, "LOCK TABLE projects IN ACCESS EXCLUSIVE MODE", func(harness.Person) []any { return nil }, readSelf},
		"a row": {harness.Postgres, "SELECT 1 FROM organizations WHERE id = $1 FOR UPDATE", func(p harness.Person) []any {
			return []any{p.Organization}
		}, found},
		"the file": {harness.SQLite, "SELECT 1", func(harness.Person) []any { return nil }, readSelf}, // BEGIN IMMEDIATE locks
	}
	for name, lock := range locks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := harness.NewDatabase(t, lock.engine)
			s := admit(t, d)
			first, second := s.Register(t), s.Register(t)
			c, others := newCaller(t, s.Server), newCaller(t, s.Server)
			found(c, first)
			found(others, second)
			s.rest(t, c)
			letGo := holding(t, s.Server, lock.statement, lock.arguments(first)...)
			stopWriters := repeatedly(8, func(int) { found(c, first) })
			stopOthers := repeatedly(4, func(int) { lock.others(others, second) })
			<-time.After(shortly())
			stopOthers()
			letGo()
			healed := time.Now()
			c.recovered(t, healed, quick)
			stopWriters()
			c.judge(t, true)
			others.judge(t, true)
			if c.away() == 0 {
				t.Error("nobody noticed the lock")
			}
			// Long units of work and short ones meet on the pages of indexes: now and
			// then a short one loses too often.
			if all, served := others.total(); served < all*95/100 || others.p99() > 4*time.Second {
				t.Errorf("of %d requests of others %d were served, p99 %v", all, served, others.p99())
			}
			s.back(t, c)
			d.Sound(t)
			harness.Figure(t, "slowest request at "+name+" that somebody else locks", "%v; beside it p99 %v",
				c.slowest().Round(time.Millisecond), others.p99().Round(time.Millisecond))
		})
	}
}

func readSelf(c *caller, p harness.Person) {
	c.do(200, "GET", "/v1/auth/me", byToken(p.AccessToken), nil)
}

func found(c *caller, p harness.Person) {
	c.do(201, "POST", "/v1/projects", byToken(p.AccessToken), harness.M{"name": "Shop " + harness.Unique()})
}
