package faults

import (
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// bound is for how long a replica may believe what it knows.
const bound = time.Second

// credential is what opens something, or does not.
type credential struct {
	what   string
	path   string
	header header
	opens  int
}

func key(what, secret string) credential {
	return credential{what, "/v1/sdk/authorize", byKey(secret), 204}
}

func token(what, text string) credential {
	return credential{what, "/v1/projects", byToken(text), 200}
}

// A replica that the network keeps from the database lets in, for less than a
// second, whom it knew; then nobody, and never anybody who was refused before or
// is revoked meanwhile.
func TestAReplicaWithoutItsDatabaseLetsNobodyInForLongerThanTheBound(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	r := build(t, d.URL)
	other, cut := harness.Start(t, d), admit(t, d, r.env()...)
	owner := other.Register(t)
	secret, _ := owner.NewKey(t, owner.Dev)
	revoked, revokedID := owner.NewKey(t, owner.Dev)
	later, laterID := owner.NewKey(t, owner.Dev)
	unasked, _ := owner.NewKey(t, owner.Dev)
	owner.Delete("/v1/api-keys/" + revokedID).Want(204)
	gone, leaving := owner.Login(t), owner.Login(t)
	gone.Post("/v1/auth/logout", nil).Want(204)

	good := []credential{key("a key", secret), token("a session", owner.AccessToken), key("a key that is revoked meanwhile", later), token("a session that ends meanwhile", leaving.AccessToken)}
	bad := []credential{key("a revoked key", revoked), token("an ended session", gone.AccessToken)}
	c := newCaller(t, cut.Server)
	for _, g := range good {
		c.do(g.opens, "GET", g.path, g.header, nil)
	}
	for _, b := range bad {
		c.do(401, "GET", b.path, b.header, nil)
	}
	c.judge(t, true)

	never := key("a key that was never asked about", unasked)
	r.silence(true)
	begun := time.Now()
	owner.Delete("/v1/api-keys/" + laterID).Want(204)
	leaving.Post("/v1/auth/logout", nil).Want(204)
	letIn := askAll(c, begun, good, bad, never)
	for _, b := range append(bad, never) {
		if _, in := letIn[b.what]; in {
			t.Errorf("%s was let in", b.what)
		}
	}
	for what, last := range letIn {
		if last > bound {
			t.Errorf("%s was let in by a request %v after the database was out of reach", what, last)
		}
	}
	r.silence(false)
	healed := time.Now()
	for _, dead := range good[2:] {
		if a, _, err := c.send("GET", dead.path, dead.header, nil); a.status != 401 && a.status != 503 {
			t.Errorf("the first answer to %s after the silence is %d: %v", dead.what, a.status, err)
		}
	}
	for c.firstGood(healed).IsZero() && time.Since(healed) < quick {
		c.do(204, "GET", "/v1/sdk/authorize", byKey(secret), nil)
	}
	c.recovered(t, healed, quick)
	c.do(204, "GET", "/v1/sdk/authorize", byKey(unasked), nil)
	c.do(401, "GET", "/v1/sdk/authorize", byKey(later), nil)
	c.judge(t, true)
	harness.Figure(t, "let in by a replica without its database", "for %v at most", longestOf(letIn).Round(time.Millisecond))
}

// askAll asks by every credential for as long as the fault lasts, and says when
// each was let in for the last time.
func askAll(c *caller, begun time.Time, good, bad []credential, never credential) map[string]time.Duration {
	letIn := map[string]time.Duration{}
	var askers sync.WaitGroup
	var mutex sync.Mutex
	ask := func(k credential, want int) {
		askers.Go(func() {
			for ; time.Since(begun) < shortly(); <-time.After(20 * time.Millisecond) {
				sent := time.Since(begun)
				if a := c.do(want, "GET", k.path, k.header, nil); a.status == k.opens {
					mutex.Lock()
					letIn[k.what] = max(letIn[k.what], sent)
					mutex.Unlock()
				}
			}
		})
	}
	for _, g := range good {
		ask(g, g.opens)
	}
	for _, b := range bad {
		ask(b, 401)
	}
	ask(never, 503)
	askers.Wait()
	return letIn
}

func longestOf(all map[string]time.Duration) (most time.Duration) {
	for _, d := range all {
		most = max(most, d)
	}
	return most
}
