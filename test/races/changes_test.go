package races

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

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

// A storm is many clients who change overlapping things of one organization in
// random order. Units of work that meet are repeated, out of everybody's sight.
func TestAStormOfChangesIsNoFailureToAnybody(t *testing.T) {
	onEachFleet(t, func(t *testing.T, f *fleet) {
		clients := harness.Rounds(25, 50)
		length := time.Duration(harness.Rounds(4, 300)) * time.Second
		o := f.found(t)
		acts := f.storm(t, o)
		before := f.deadlocks(t)
		var (
			mutex  sync.Mutex
			took   []time.Duration
			others = map[string]int{}
			group  sync.WaitGroup
		)
		for begin, i := time.Now(), 0; i < clients; i++ {
			group.Go(func() {
				for time.Since(begin) < length {
					act := acts[rand.N(len(acts))]()
					sent := time.Now()
					a := f.servers[i%len(f.servers)].Client(t).Bearer(f.cast[0].AccessToken).In(o.organization).Do(act.method, act.path, act.body)
					mutex.Lock()
					took = append(took, time.Since(sent))
					if a.Status >= 500 || a.Status == 0 {
						others[fmt.Sprint(a.Status, " ", a.Code())]++
					}
					mutex.Unlock()
				}
			})
		}
		group.Wait()
		slices.Sort(took)
		p99 := took[len(took)*99/100]
		harness.Figure(t, "a storm of changes in one organization", "%d changes by %d clients on %s, p99 %v, failed %v, deadlocks %d",
			len(took), clients, f.engine, p99.Round(time.Millisecond), others, f.deadlocks(t)-before)
		if len(others) > 0 || p99 > 2*time.Second {
			t.Errorf("%v failed, and 99%% were answered within %v", others, p99)
		}
	})
}

// storm returns what the clients of a storm do.
func (f *fleet) storm(t *testing.T, o founded) []func() ask {
	t.Helper()
	owner := f.cast[0].For(t).In(o.organization)
	var projects, environments, members []string
	for i := range 3 {
		p := owner.Post("/v1/projects", M{"name": fmt.Sprint("Storm ", i)}).Want(201).Text("id")
		projects = append(projects, p)
		for _, e := range owner.Get("/v1/projects/" + p + "/environments").Want(200).List() {
			id, _ := e["id"].(string)
			environments = append(environments, id)
		}
	}
	for _, p := range f.cast[1:4] {
		members = append(members, f.admit(t, o.organization, p.ID, "viewer"))
	}
	anyOf := func(of []string) string { return of[rand.N(len(of))] }
	roles := []string{"viewer", "developer", "admin"}
	return []func() ask{
		func() ask {
			return ask{http.MethodPatch, "/v1/projects/" + anyOf(projects), nil, M{"name": "Storm " + harness.Unique()}}
		},
		func() ask {
			return ask{http.MethodPatch, "/v1/environments/" + anyOf(environments), nil, M{"color": fmt.Sprintf("#%06x", rand.N(1<<24))}}
		},
		func() ask { return ask{http.MethodPut, "/v1/members/" + anyOf(members), nil, M{"role": anyOf(roles)}} },
		func() ask {
			return ask{http.MethodPost, "/v1/environments/" + anyOf(environments) + "/api-keys", nil, M{"name": "Storm"}}
		},
		func() ask {
			return ask{http.MethodPatch, "/v1/organizations/" + o.organization, nil, M{"name": "Storm " + harness.Unique()}}
		},
		func() ask { return ask{http.MethodPost, "/v1/members/invite", nil, M{"email": harness.NewEmail()}} },
		func() ask { return ask{http.MethodGet, "/v1/projects", nil, nil} },
	}
}
