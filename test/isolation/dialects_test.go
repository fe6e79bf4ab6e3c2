package isolation

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// dialectSlots say what the ids in the addresses of dialects name.
var dialectSlots = map[string]kind{"userId": account, "keyId": accountKey}

// dialects aims at b, through every operation of every dialect that knows its
// caller: there, too, b's ids are answered as nothing's.
func (w *world) dialects(t *testing.T, calls *atomic.Int64) {
	for _, name := range []string{"phaseflag", "phy", "username-keys", "zylon"} {
		for _, o := range harness.Dialect(t, name).Operations {
			if !o.Secured || o.ByMachine || strings.HasSuffix(o.Path, "/logout") {
				continue // the machine's is the operator's; a logout ends the caller's own session
			}
			t.Run(name+" "+o.ID, func(t *testing.T) {
				t.Parallel()
				for _, c := range w.callers {
					w.inDialect(t, calls, c.For(t), o)
				}
			})
		}
	}
}

func (w *world) inDialect(t *testing.T, calls *atomic.Int64, c caller, o harness.Operation) {
	t.Helper()
	var body any
	if o.TakesBody() {
		body = M{"name": "Made"}
	}
	judged := func(r *harness.Response, none *harness.Response, what string) {
		t.Helper()
		calls.Add(1)
		w.tellsNothing(t, c, r)
		if c.bad && r.Status != http.StatusUnauthorized {
			t.Errorf("%s by %s: %d", o.Name(), c.name, r.Status)
		}
		if diff := cmp.Diff(none.Masked(), r.Masked()); diff != "" {
			t.Errorf("%s tells %s %s from nothing (-nothing +that):\n%s", o.Name(), c.name, what, diff)
		}
	}
	aimed := func(of things) *harness.Response {
		path := o.Path
		for _, slot := range o.Slots() {
			k, known := dialectSlots[slot]
			if !known {
				t.Fatalf("%s has a slot {%s} that the tests do not know", o.Name(), slot)
			}
			path = strings.Replace(path, "{"+slot+"}", of[k], 1)
		}
		return c.client.Do(o.Method, path, body)
	}
	if len(o.Slots()) > 0 && !c.also && !c.operates {
		none := aimed(random())
		for what, of := range map[string]things{"b's": w.b.things, "a deleted organization's": w.gone.things} {
			judged(aimed(of), none, what)
		}
	}
	elsewhere := func(header string) *harness.Response {
		return c.client.In(header).Do(o.Method, o.Fill(newID()), body)
	}
	none := elsewhere(newID())
	if none.Status < 400 {
		t.Errorf("%s by %s in no organization: %d", o.Name(), c.name, none.Status)
	}
	for what, org := range map[string]string{"b": w.b.things[organization], "a deleted organization": w.gone.things[organization]} {
		if !c.also || c.bound || org != w.b.things[organization] {
			judged(elsewhere(org), none, what)
		}
	}
}
