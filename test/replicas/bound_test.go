package replicas

import (
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/pgtest"
)

const replicas = 3

func fleet(t *testing.T, d *harness.Database, env ...harness.Environment) []*harness.Server {
	t.Helper()
	var all []*harness.Server
	for range replicas {
		all = append(all, harness.Start(t, d, env...))
	}
	return all
}

// of returns the makers of so many credentials of each of the kinds, mixed.
func (h *house) of(each int, kinds ...string) []func(*testing.T) victim {
	all := h.kinds()
	if len(kinds) == 0 {
		kinds = slices.Sorted(maps.Keys(all))
	}
	var makers []func(*testing.T) victim
	for range each {
		for _, kind := range kinds {
			makers = append(makers, all[kind])
		}
	}
	return makers
}

func (s summary) holds(t *testing.T) {
	t.Helper()
	if s.late > 0 {
		t.Errorf("%d requests were let in more than %v after the revocation", s.late, bound)
	}
	if s.back > 0 {
		t.Errorf("%d requests were let in after one that was refused", s.back)
	}
}

func TestWhatIsRevokedAtOneReplicaIsRefusedByAllWithinASecond(t *testing.T) {
	all := fleet(t, harness.NewDatabase(t, harness.Postgres))
	h, a := newHouse(t, all[0]), newAsker(t, all)
	sum := a.watchAll(t, 8, h.of(12))
	sum.holds(t)
	if sum.rounds < 100 {
		t.Errorf("only %d revocations were watched", sum.rounds)
	}
	if len(sum.strange) > 0 {
		t.Errorf("other statuses came: %v", sum.strange)
	}
}

// Changed behind the replicas' backs, a key stays good for longer: so what is
// measured above would be seen if it were there.
func TestTheMeasurementSeesAKeyThatStaysGoodForTooLong(t *testing.T) {
	all := fleet(t, harness.NewDatabase(t, harness.Postgres))
	h, a := newHouse(t, all[0]), newAsker(t, all)
	v := h.revokedKey(t)
	v.revoke = func(t *testing.T) {
		t.Helper()
		if _, err := all[0].DB().Exec("UPDATE environment_keys SET revoked_at = created_at"); err != nil {
			t.Fatal(err)
		}
	}
	if f := a.watch(t, v); f.late == 0 {
		t.Error("the measurement has no power: nothing was late")
	}
}

// disturbed repeats something for the length of the test.
func disturbed(t *testing.T, every time.Duration, disturb func()) {
	t.Helper()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				disturb()
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
}

func TestTheBoundHoldsWhileTheFeedIsCutAgainAndAgain(t *testing.T) {
	all := fleet(t, harness.NewDatabase(t, harness.Postgres))
	h, a := newHouse(t, all[0]), newAsker(t, all)
	var cut atomic.Int64
	disturbed(t, 300*time.Millisecond, func() {
		var n int
		if err := all[0].DB().QueryRow(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'tenantry feed'`).Scan(&n); err == nil {
			cut.Add(int64(n))
		}
	})
	sum := a.watchAll(t, 8, h.of(4))
	sum.holds(t)
	if n := cut.Load(); n < replicas {
		t.Errorf("only %d feeds were cut", n)
	}
}

func TestAReplicaThatStoodStillRefusesWhatWasRevokedMeanwhile(t *testing.T) {
	all := fleet(t, harness.NewDatabase(t, harness.Postgres))
	h, a := newHouse(t, all[0]), newAsker(t, all)
	last := all[replicas-1]
	var stood atomic.Int64
	disturbed(t, bound/2, func() {
		last.Signal(syscall.SIGSTOP)
		<-time.After(2 * bound)
		last.Signal(syscall.SIGCONT)
		stood.Add(1)
		<-time.After(bound)
	})
	a.watchAll(t, 8, h.of(6, "a revoked key", "a session that was ended", "an account key", "a deleted environment")).holds(t)
	if n := stood.Load(); n < 2 {
		t.Errorf("the replica stood still %d times", n)
	}
}

func TestTheBoundHoldsWhilePostgreSQLRestarts(t *testing.T) {
	server := pgtest.NewServer(t, pgtest.Options{Durable: true})
	d := harness.NewDatabase(t, harness.Postgres)
	d.URL = server.DSN("postgres")
	all := fleet(t, d)
	h, a := newHouse(t, all[0]), newAsker(t, all)
	var victims []func(*testing.T) victim
	for range 8 {
		secret, id := h.owner.NewKey(t, h.owner.Dev)
		victims = append(victims, func(*testing.T) victim {
			return victim{"a revoked key", "/v1/sdk/authorize", environmentKey(secret), 204, 401, func(t *testing.T) { t.Helper(); a.revoke(t, h, id) }}
		})
	}
	restarted := make(chan error, 1)
	go func() { restarted <- server.Restart() }()
	sum := a.watchAll(t, 8, victims)
	if err := <-restarted; err != nil {
		t.Fatal(err)
	}
	sum.holds(t)
	for status, n := range sum.strange {
		if status != http.StatusServiceUnavailable {
			t.Errorf("%d answers were %d", n, status)
		}
	}
}

// revoke revokes a key, however often the first replica says that it cannot just
// now.
func (a *asker) revoke(t *testing.T, h *house, id string) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < limit; <-time.After(interval) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, a.replicas[0].URL+"/v1/api-keys/"+id, http.NoBody)
		if err != nil {
			t.Error(err)
			return
		}
		request.Header = bearer(h.owner.AccessToken)
		response, err := a.client.Do(request)
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusNoContent {
			return
		}
	}
	t.Error("a key could not be revoked")
}
