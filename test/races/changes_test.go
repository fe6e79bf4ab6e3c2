package races

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// changes are changes of one thing that must not undo each other.
var changes = []race{
	{"members of one environment", patchedEnvironment},
	{"members of one organization", patchedOrganization},
	{"one member of a project", patchedProject},
}

func TestChangesThatMeetAreAllKept(t *testing.T) {
	onEachFleet(t, func(t *testing.T, f *fleet) {
		f.play(t, "changes lost to changes of other members, or missing in the audit", 30, changes)
	})
}

// audited is how many entries the organization's chain has.
func (f *fleet) audited(t *testing.T, organization string) int {
	t.Helper()
	return f.count(t, "SELECT count(*) FROM audit_entries WHERE organization_id = $1", organization)
}

func patchedEnvironment(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	return func(t *testing.T) {
		unique := harness.Unique()
		want := M{"name": "Dev " + unique, "slug": "dev-" + unique, "color": fmt.Sprintf("#%06x", rand.N(1<<24))}
		fields, before := []string{"name", "slug", "color"}, f.audited(t, o.organization)
		answers := f.meet(t, each(crowd, func(i int) ask {
			field := fields[i%len(fields)]
			return by(f.cast[0], o.organization, http.MethodPatch, "/v1/environments/"+o.dev, M{field: want[field]})
		}))
		only(t, answers, "200")
		now := f.cast[0].For(t).In(o.organization).Get("/v1/environments/" + o.dev).Want(200)
		for field, value := range want {
			if got := now.Value(field); got != value {
				t.Errorf("%s is %v, want %v", field, got, value)
			}
		}
		if n := f.audited(t, o.organization) - before; n != crowd {
			t.Errorf("the audit tells of %d of %d changes", n, crowd)
		}
	}
}

func patchedOrganization(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	return func(t *testing.T) {
		unique := harness.Unique()
		want := M{"name": "Org " + unique, "slug": "org-" + unique}
		fields := []string{"name", "slug"}
		answers := f.meet(t, each(crowd, func(i int) ask {
			field := fields[i%len(fields)]
			return by(f.cast[0], "", http.MethodPatch, "/v1/organizations/"+o.organization, M{field: want[field]})
		}))
		only(t, answers, "200")
		now := f.cast[0].For(t).Get("/v1/organizations/" + o.organization).Want(200)
		for field, value := range want {
			if got := now.Value(field); got != value {
				t.Errorf("%s is %v, want %v", field, got, value)
			}
		}
	}
}

func patchedProject(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	return func(t *testing.T) {
		before := f.audited(t, o.organization)
		answers := f.meet(t, each(crowd, func(i int) ask {
			return by(f.cast[0], o.organization, http.MethodPatch, "/v1/projects/"+o.project, M{"name": fmt.Sprint("Name ", i)})
		}))
		only(t, answers, "200")
		if n := f.audited(t, o.organization) - before; n != crowd {
			t.Errorf("the audit tells of %d of %d changes", n, crowd)
		}
	}
}
