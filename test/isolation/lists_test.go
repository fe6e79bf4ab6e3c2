package isolation

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// lists reads every list of a to its end, and tries b's cursors and b's filters
// on it.
func (w *world) lists(t *testing.T, calls *atomic.Int64) {
	inB := w.owner.For(t)
	for _, o := range harness.Spec(t).Operations {
		r, known := routes[o.Name()]
		if !known || o.Method != http.MethodGet || !takes(t, o, "after") || r.manner == operating {
			continue
		}
		t.Run(o.ID, func(t *testing.T) {
			t.Parallel()
			inB := inB.For(t)
			of, _ := r.request(o, attempt{ids: w.a.things})
			ofB, _ := r.request(o, attempt{ids: w.b.things})
			own := strings.ReplaceAll(of, w.a.things[account], w.owner.ID)
			foreign := cursor(t, inB.Get(own+"?limit=1"))
			if foreign == "" {
				foreign = cursor(t, inB.Get(ofB+"?limit=1"))
			}
			if foreign == "" {
				t.Fatal("b has no second page of this list")
			}
			for _, c := range w.callers {
				if c.bad {
					continue
				}
				c = c.For(t)
				w.wholeList(t, calls, c, of)
				w.foreignCursor(t, calls, c, of, foreign)
				w.foreignFilters(t, calls, c, of)
			}
		})
	}
}

// cursor is that of the next page; some of b's lists have one page only.
func cursor(t *testing.T, page *harness.Response) string {
	t.Helper()
	if page.Status != http.StatusOK || page.Next() == "" {
		return ""
	}
	next, err := url.Parse(page.Next())
	if err != nil {
		t.Fatal(err)
	}
	return next.Query().Get("after")
}

func takes(t *testing.T, o harness.Operation, parameter string) bool {
	t.Helper()
	return slices.ContainsFunc(accepted(t, o), func(a taken) bool { return a.in == "query" && a.name == parameter })
}

// wholeList reads to the end, page by page: what has an organization has a's.
func (w *world) wholeList(t *testing.T, calls *atomic.Int64, c caller, path string) {
	t.Helper()
	seen := map[string]bool{}
	for next := path + "?limit=2"; next != ""; {
		page := c.client.Get(next)
		calls.Add(1)
		w.tellsNothing(t, c, page)
		if page.Status != http.StatusOK {
			return
		}
		for _, item := range page.List() {
			id, _ := item["id"].(string)
			if seen[id] {
				t.Errorf("%s by %s has %s twice", path, c.name, id)
			}
			seen[id] = true
			if org, has := item["org_id"]; has && c.within && org != w.a.things[organization] {
				t.Errorf("%s by %s has %v", path, c.name, item)
			}
		}
		next = page.Next()
	}
}

// foreignCursor goes on where b stopped.
func (w *world) foreignCursor(t *testing.T, calls *atomic.Int64, c caller, path, foreign string) {
	t.Helper()
	plain := c.client.Get(path).Status
	for _, after := range []string{foreign, "x"} {
		answer := c.client.Get(path + "?after=" + url.QueryEscape(after))
		calls.Add(2)
		want := http.StatusBadRequest
		if plain != http.StatusOK && answer.Status == plain {
			want = plain
		}
		if answer.Status != want || want == http.StatusBadRequest && answer.Code() != "INVALID_CURSOR" {
			t.Errorf("%s by %s after b's page: %d %s, want %d", path, c.name, answer.Status, answer.Code(), want)
		}
		w.tellsNothing(t, c, answer)
	}
}

// foreignFilters name b where a list knows no such filter.
func (w *world) foreignFilters(t *testing.T, calls *atomic.Int64, c caller, path string) {
	t.Helper()
	for name, value := range map[string]string{
		"org_id": w.b.things[organization], "organization_id": w.b.things[organization], "project_id": w.b.things[project],
		"created_by": w.owner.ID, "user_id": w.owner.ID, "environment_id": w.b.things[environment],
	} {
		answer := c.client.Get(path + "?" + name + "=" + value)
		calls.Add(1)
		if answer.Status != http.StatusBadRequest {
			t.Errorf("%s by %s takes %s: %d", path, c.name, name, answer.Status)
		}
	}
}
