package isolation

import (
	"cmp"
	"net/http"
	"sync/atomic"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// TestTenantsAreApart is the matrix: what is refused first, after which nothing
// at all may have changed; then what is permitted in a, after which b is as it
// was.
func TestTenantsAreApart(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		w := newWorld(t, d)
		before := w.still(t)
		var calls atomic.Int64
		t.Run("refused", func(t *testing.T) { w.eachRoute(t, &calls, false) })
		t.Run("by the header", func(t *testing.T) { w.eachHeader(t, &calls) })
		t.Run("on the SDK plane", func(t *testing.T) { w.sdkPlane(t, &calls) })
		t.Run("lists", func(t *testing.T) { w.lists(t, &calls) })
		t.Run("in dialects", func(t *testing.T) { w.dialects(t, &calls) })
		t.Run("schema", w.schema)
		if diff := gocmp.Diff(before, w.still(t)); diff != "" {
			t.Errorf("what was refused, or read, changed something (-before +after):\n%s", diff)
		}
		t.Run("permitted", func(t *testing.T) { w.eachRoute(t, &calls, true) })
		w.silent(t)
		harness.Figure(t, "isolation matrix, "+string(d.Engine), "%d calls, 0 deviations", calls.Load())
	})
}

// eachRoute aims every attempt of every caller at every route: those that change
// something, or the others.
func (w *world) eachRoute(t *testing.T, calls *atomic.Int64, changes bool) {
	for _, o := range harness.Spec(t).Operations {
		r, known := routes[o.Name()]
		if !known {
			continue
		}
		t.Run(o.ID, func(t *testing.T) {
			t.Parallel()
			b := w.kept(t)
			for _, c := range w.callers {
				w.aimAll(t, calls, c.For(t), o, r, changes)
			}
			w.untouched(t, o.Name(), b)
		})
	}
}

func (w *world) aimAll(t *testing.T, calls *atomic.Int64, c caller, o harness.Operation, r route, changes bool) {
	t.Helper()
	nothing := map[*place]*harness.Response{}
	for _, a := range w.attempts(r) {
		if r.manner == knowing && a.relation == own {
			a.ids = aim(a.ids, things{account: cmp.Or(c.account, a.ids[account])})
		}
		if c.account == w.beings.Developer.ID && a.what == colleagues || c.bad && !a.forAll() {
			continue // the first is its own
		}
		want := w.expected(c, r, a)
		writes := o.Method != http.MethodGet && r.manner != reading && want == done(r)
		if want == skipped || writes != changes {
			continue
		}
		answer := w.send(t, calls, c, o, r, a, want)
		if a.what == "nothing" {
			nothing[a.place] = answer
		}
		if o.Method == http.MethodGet && a.what == "b's" && want == http.StatusNotFound {
			w.otherwise(t, calls, c, answer)
		}
		if none := nothing[a.place]; none != nil && a.relation == foreign && !w.known(c, r, a) {
			if diff := gocmp.Diff(none.Masked(), answer.Masked()); diff != "" {
				t.Errorf("%s tells %s what is %s from nothing (-nothing +that):\n%s", o.Name(), c.name, a.what, diff)
			}
		}
	}
}

// otherwise asks for the same by HEAD, and for what is remembered of it.
func (w *world) otherwise(t *testing.T, calls *atomic.Int64, c caller, refused *harness.Response) {
	t.Helper()
	client := c.client
	if refused.Request.Header.Get("X-Organization-ID") == "" {
		client = client.Without("X-Organization-ID")
	}
	calls.Add(2)
	if head := client.Do(http.MethodHead, refused.Path, nil); head.Status != refused.Status || len(head.Body) > 0 {
		t.Errorf("HEAD %s by %s: %d", refused.Path, c.name, head.Status)
	}
	if kept := client.With("If-None-Match", "*").Get(refused.Path); kept.Masked() != refused.Masked() {
		t.Errorf("%s by %s, if it has changed: %s", refused.Path, c.name, kept.Masked())
	}
}

// known says whether the caller may know of what the attempt is aimed at, though
// it is not of the organization in which the caller acts.
func (w *world) known(c caller, r route, a attempt) bool {
	switch r.manner {
	case knowing:
		return (c.also || c.operates) && a.what != "nothing"
	case filtering:
		return a.what == anothers // everything has a trail
	}
	return false
}

// send makes one attempt and judges the answer.
func (w *world) send(t *testing.T, calls *atomic.Int64, c caller, o harness.Operation, r route, a attempt, want int) *harness.Response {
	t.Helper()
	a.ids = aim(a.ids)
	if used := w.usedUp(o, r, a, want); used != "" {
		a.ids[used] = w.fresh(t, c, used)
	}
	client := c.client
	if r.manner == naming {
		client = client.Without("X-Organization-ID")
	}
	path, body := r.request(o, a)
	if members, is := body.(M); is && members["email"] == "MEMBER" {
		members["email"] = w.beings.Owner.Email
	}
	answer := client.Do(o.Method, path, body)
	calls.Add(1)
	if answer.Status != want {
		t.Errorf("%s by %s, aimed at %s %s: %d %s, want %d", o.Name(), c.name, a.what, a.at(), answer.Status, answer.Code(), want)
	}
	if !w.known(c, r, a) {
		w.tellsNothing(t, c, answer)
	}
	return answer
}

func (a attempt) at() string {
	if a.place == nil {
		return "in every place"
	}
	return "in the " + a.place.in + "'s " + a.place.name
}

// usedUp is the kind of thing that a call which succeeds leaves nothing of.
func (w *world) usedUp(o harness.Operation, r route, a attempt, want int) kind {
	spends := o.Method == http.MethodDelete || o.ID == "resend-invitation"
	if !spends || want != http.StatusNoContent || a.relation != own || len(r.places) == 0 {
		return ""
	}
	if k := r.places[0].of; k == session || k == accountKey || k == invitation {
		return k
	}
	return ""
}

// eachHeader names organizations in X-Organization-ID, on every route.
func (w *world) eachHeader(t *testing.T, calls *atomic.Int64) {
	for _, o := range harness.Spec(t).Operations {
		r, known := routes[o.Name()]
		if !known || r.manner == operating {
			continue
		}
		t.Run(o.ID, func(t *testing.T) {
			t.Parallel()
			path, body := r.request(o, attempt{ids: w.a.things})
			for _, c := range w.callers {
				c = c.For(t)
				var none *harness.Response
				headers := []string{newID(), w.b.things[organization], w.a.things[organization], w.gone.things[organization], w.b.things[project], "x"}
				if c.bad {
					headers = headers[:harness.Rounds(2, len(headers))]
				}
				for _, header := range headers {
					want := w.misnamed(c, r, header)
					if want == skipped {
						continue
					}
					answer := c.client.In(header).Do(o.Method, path, body)
					calls.Add(1)
					w.tellsNothing(t, c, answer)
					if none == nil {
						none = answer
					}
					if answer.Status != want {
						t.Errorf("%s by %s in %s: %d %s, want %d", o.Name(), c.name, header, answer.Status, answer.Code(), want)
					} else if want == none.Status && want != http.StatusBadRequest && answer.Masked() != none.Masked() {
						t.Errorf("%s by %s tells %s from no organization:\n%s", o.Name(), c.name, header, gocmp.Diff(none.Masked(), answer.Masked()))
					}
				}
			}
		})
	}
}
