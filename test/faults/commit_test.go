package faults

import (
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// The network breaks between each commit and its answer. Who named the request
// repeats it and gets what it made; who did not is told to look.
func TestACommitThatNobodyWasToldOfIsNeverDoneTwice(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	r := build(t, d.URL)
	// Behind a pooler statements are sent whole, so that the road can read them.
	s := admit(t, d, r.env(harness.Environment{"DATABASE_POOLER": "true", "DATABASE_LISTEN_URL": d.URL})...)
	owner, c := s.Register(t), newCaller(t, s.Server)
	c.do(201, "POST", "/v1/projects", byToken(owner.AccessToken), harness.M{"name": "First"})
	s.rest(t, c)
	r.cutting.Store(true)
	rounds := harness.Rounds(25, 150)
	for range rounds {
		o := newOrder(owner.AccessToken)
		named := byToken(owner.AccessToken)
		named["Idempotency-Key"] = o.key
		// The server looks by itself, on another connection, whether the commit took
		// place: so the first answer may be the good one already.
		c.do(201, "POST", "/v1/projects", named, harness.M{"name": o.name})
		if !o.insist(t, s.Address()) {
			t.Errorf("the repetition of %q is not answered by what it made", o.name)
		}
		o.madeOnce(t, s.Server)

		unnamed := newOrder(owner.AccessToken)
		if a := c.do(503, "POST", "/v1/projects", byToken(owner.AccessToken), harness.M{"name": unnamed.name}); a.status != 503 {
			t.Errorf("a creation of unknown outcome is answered %d", a.status)
		}
		unnamed.madeOnce(t, s.Server)
	}
	r.cutting.Store(false)
	if n := int(r.cuts.Load()); n < 2*rounds {
		t.Errorf("only %d commits were cut off", n)
	}
	c.judge(t, true)
	s.back(t, c)
	whole(t, s.Server)
	d.Sound(t)
	harness.Figure(t, "objects of one request after its commit was cut off", "exactly 1 in %d", 2*rounds)
}
