package races

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// names are what only one may be called.
var names = []race{
	{"a project's slug", projectSlug},
	{"an environment's slug", environmentSlug},
	{"a slug that projects are renamed to", renamedProjects},
	{"a slug that organizations are renamed to", renamedOrganizations},
	{"two slugs that are exchanged", exchanged},
	{"a username", username},
}

func TestANameIsTakenOnceHoweverManyWantIt(t *testing.T) {
	onEachFleet(t, func(t *testing.T, f *fleet) { f.play(t, "duplicate slugs and usernames", 100, names) })
}

func projectSlug(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	return func(t *testing.T) {
		slug := "p" + harness.Unique()
		one(t, f.meet(t, each(crowd, func(i int) ask {
			return by(f.cast[0], o.organization, http.MethodPost, "/v1/projects", M{"name": fmt.Sprint("Project ", i), "slug": slug})
		})), 201, "409 PROJECT_SLUG_TAKEN")
		if n := f.count(t, "SELECT count(*) FROM projects WHERE organization_id = $1 AND slug = $2", o.organization, slug); n != 1 {
			t.Errorf("%d projects have the slug", n)
		}
	}
}

func environmentSlug(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	return func(t *testing.T) {
		slug := "e" + harness.Unique()
		one(t, f.meet(t, each(crowd, func(i int) ask {
			return by(f.cast[0], o.organization, http.MethodPost, "/v1/projects/"+o.project+"/environments", M{"name": fmt.Sprint("Environment ", i), "slug": slug})
		})), 201, "409 ENVIRONMENT_SLUG_TAKEN")
		if n := f.count(t, "SELECT count(*) FROM environments WHERE project_id = $1 AND slug = $2", o.project, slug); n != 1 {
			t.Errorf("%d environments have the slug", n)
		}
	}
}

// same says which of so many things the winning requests changed, and fails
// where they changed several.
func same(t *testing.T, answers []*harness.Response, things int) {
	t.Helper()
	only(t, answers, "200", "409 PROJECT_SLUG_TAKEN", "409 SLUG_TAKEN")
	changed := map[int]bool{}
	for _, place := range winners(answers, 200) {
		changed[place%things] = true
	}
	if len(changed) != 1 {
		t.Errorf("%d things got the name: %v", len(changed), outcomes(answers))
	}
}

func renamedProjects(t *testing.T, f *fleet) func(*testing.T) {
	const things = 5
	o := f.found(t)
	paths := make([]string, things)
	for i := range paths {
		paths[i] = "/v1/projects/" + f.cast[0].For(t).In(o.organization).Post("/v1/projects", M{"name": fmt.Sprint("Project ", i)}).Want(201).Text("id")
	}
	return func(t *testing.T) {
		slug := "p" + harness.Unique()
		same(t, f.meet(t, each(crowd, func(i int) ask {
			return by(f.cast[0], o.organization, http.MethodPatch, paths[i%things], M{"slug": slug})
		})), things)
		if n := f.count(t, "SELECT count(*) FROM projects WHERE organization_id = $1 AND slug = $2", o.organization, slug); n != 1 {
			t.Errorf("%d projects have the slug", n)
		}
	}
}

func renamedOrganizations(t *testing.T, f *fleet) func(*testing.T) {
	all := []founded{f.found(t), f.found(t), f.found(t), f.found(t), f.found(t)}
	return func(t *testing.T) {
		slug := "o" + harness.Unique()
		same(t, f.meet(t, each(crowd, func(i int) ask {
			o := all[i%len(all)].organization
			return by(f.cast[0], "", http.MethodPatch, "/v1/organizations/"+o, M{"slug": slug})
		})), len(all))
		if n := f.count(t, "SELECT count(*) FROM organizations WHERE slug = $1", slug); n != 1 {
			t.Errorf("%d organizations have the slug", n)
		}
	}
}

// exchanged lets two projects each want the slug of the other, which nobody gets.
func exchanged(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	owner := f.cast[0].For(t).In(o.organization)
	var paths, slugs []string
	for range 2 {
		made := owner.Post("/v1/projects", M{"name": "Project " + harness.Unique()}).Want(201)
		paths, slugs = append(paths, "/v1/projects/"+made.Text("id")), append(slugs, made.Text("slug"))
	}
	return func(t *testing.T) {
		only(t, f.meet(t, each(crowd, func(i int) ask {
			return by(f.cast[0], o.organization, http.MethodPatch, paths[i%2], M{"slug": slugs[(i+1)%2]})
		})), "409 PROJECT_SLUG_TAKEN")
	}
}

func username(_ *testing.T, f *fleet) func(*testing.T) {
	people := f.cast
	return func(t *testing.T) {
		name := "u" + harness.Unique()
		answers := f.meet(t, each(crowd, func(i int) ask {
			return by(people[i%len(people)], "", http.MethodPatch, "/v1/auth/me", M{"username": name})
		}))
		only(t, answers, "200", "409 USERNAME_TAKEN")
		if n := f.count(t, "SELECT count(*) FROM accounts WHERE username = $1", name); n != 1 {
			t.Errorf("%d accounts have the username", n)
		}
	}
}

// An organization that is founded without a slug gets one of its own.
func TestOrganizationsOfOneNameAllGetASlug(t *testing.T) {
	onEachFleet(t, func(t *testing.T, f *fleet) {
		name := "Same " + harness.Unique()
		answers := f.meet(t, times(crowd, by(f.cast[0], "", http.MethodPost, "/v1/organizations", M{"name": name})))
		only(t, answers, "201")
		slugs := map[string]bool{}
		for _, a := range answers {
			slugs[a.Text("slug")] = true
		}
		if len(slugs) != crowd {
			t.Errorf("%d organizations have %d slugs", crowd, len(slugs))
		}
	})
}
