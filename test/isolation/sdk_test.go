package isolation

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// sdkPlane asks what environment keys open, and what backends learn of keys.
func (w *world) sdkPlane(t *testing.T, calls *atomic.Int64) {
	t.Run("gateways", func(t *testing.T) { t.Parallel(); w.gateways(t, calls) })
	t.Run("backends", func(t *testing.T) { t.Parallel(); w.backends(t, calls) })
}

func (w *world) gateways(t *testing.T, calls *atomic.Int64) {
	for _, c := range w.callers {
		c = c.For(t)
		ask := func(path string, want int) *harness.Response {
			answer := c.client.Get(path)
			calls.Add(1)
			if !c.plane {
				want = http.StatusUnauthorized
			}
			if answer.Status != want {
				t.Errorf("%s by %s: %d %s, want %d", path, c.name, answer.Status, answer.Code(), want)
			}
			w.tellsNothing(t, c, answer)
			return answer
		}
		ask("/v1/sdk/environment", http.StatusOK)
		ask("/v1/sdk/authorize", http.StatusNoContent)
		ask("/v1/sdk/authorize?scope=flags", http.StatusNoContent)
		ask("/v1/sdk/authorize?scope="+w.inner[0], http.StatusForbidden)
		for _, of := range []string{w.a.things[environment], "main"} {
			ask("/v1/sdk/authorize?environment="+of, http.StatusNoContent)
		}
		none := ask("/v1/sdk/authorize?environment="+newID(), http.StatusForbidden)
		for _, of := range []string{
			w.a.sibling[environment], "second", w.b.things[environment], w.b.sibling[environment], w.gone.things[environment],
			w.a.things[project], w.a.things[key], w.b.slug, "x", "MAIN",
		} {
			if diff := cmp.Diff(none.Masked(), ask("/v1/sdk/authorize?environment="+of, http.StatusForbidden).Masked()); diff != "" {
				t.Errorf("%s is told from nothing (-nothing +that):\n%s", of, diff)
			}
		}
	}
}

func (w *world) backends(t *testing.T, calls *atomic.Int64) {
	for _, c := range append([]caller{{name: "the token", client: w.Client(t).Bearer(harness.AdminToken), operates: true}}, w.callers...) {
		c = c.For(t)
		ask := func(k, environment string) *harness.Response {
			body := M{"key": k}
			if environment != "" {
				body["environment"] = environment
			}
			answer := c.client.Post("/v1/keys/verify", body)
			calls.Add(1)
			want := http.StatusUnauthorized
			switch {
			case c.key && !c.reaches("read"):
				want = http.StatusForbidden
			case c.key || c.client != nil && c.name == "the token":
				want = http.StatusOK
			}
			if answer.Status != want {
				t.Errorf("a key's state by %s: %d %s, want %d", c.name, answer.Status, answer.Code(), want)
			}
			if !c.also || c.bound {
				w.tellsNothing(t, c, answer)
			}
			return answer
		}
		judged := func(answer *harness.Response, code string) {
			if answer.Status == http.StatusOK && answer.Text("code") != code {
				t.Errorf("%s hears %s of a key, want %s", c.name, answer.Text("code"), code)
			}
		}
		judged(ask(w.a.things[secret], ""), "VALID")
		judged(ask(w.a.things[secret], w.a.things[environment]), "VALID")
		judged(ask(w.a.things[secret], w.b.things[environment]), "WRONG_ENVIRONMENT")
		none := ask(invented(), "")
		judged(none, "NOT_FOUND")
		judged(ask(w.gone.things[secret], ""), "NOT_FOUND")
		if c.operates || c.also && !c.bound {
			continue // may know of b's keys, and a use of one would count
		}
		for _, of := range []string{"", w.b.things[environment], w.a.things[environment]} {
			answer := ask(w.b.things[secret], of)
			judged(answer, "NOT_FOUND")
			if answer.Status == http.StatusOK && !cmp.Equal(without(none, "cache_age_ms"), without(answer, "cache_age_ms")) {
				t.Errorf("%s tells b's key from none:\n%s\n%s", c.name, answer.Body, none.Body)
			}
		}
	}
}

func without(r *harness.Response, member string) M {
	object := r.Object()
	delete(object, member)
	return object
}
