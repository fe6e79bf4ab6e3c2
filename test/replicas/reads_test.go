package replicas

import (
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// What one replica has acknowledged is there at every other at once: truth is
// the database, and what is remembered of it never hides what is new.
func TestWhatOneReplicaWroteIsReadAtTheOthersAtOnce(t *testing.T) {
	all := fleet(t, harness.NewDatabase(t, harness.Postgres))
	all[0].Register(t) // the operator
	owner := all[0].Register(t)
	at := func(i int) *harness.Client { return all[i%replicas].Client(t).Bearer(owner.AccessToken) }
	rounds, missed := harness.Rounds(63, 1250), 0
	see := func(r *harness.Response, status int) {
		if r.Status != status {
			missed++
			t.Errorf("%s %s is answered %d, want %d", r.Method, r.Path, r.Status, status)
		}
	}
	for i := range rounds {
		path := "/v1/projects/" + at(i).Post("/v1/projects", harness.M{"name": "Read " + harness.Unique()}).Want(201).Text("id")
		see(at(i+1).Get(path), 200)
		see(at(i+2).Get(path), 200)
		name := "Renamed " + harness.Unique()
		at(i+1).Patch(path, harness.M{"name": name}).Want(200)
		for _, other := range []int{i, i + 2} {
			if got := at(other).Get(path).Want(200).Text("name"); got != name {
				missed++
				t.Errorf("the project is called %q, want %q", got, name)
			}
		}
		secret := at(i+2).Post("/v1/environments/"+owner.Dev+"/api-keys", harness.M{"name": "Read"}).Want(201).Text("key")
		for other := range all {
			see(all[other].Client(t).Key(secret).Get("/v1/sdk/authorize"), 204)
		}
		at(i).Delete(path, harness.M{"confirm": at(i + 1).Get(path).Want(200).Text("slug")}).Want(204)
		see(at(i+1).Get(path), 404)
	}
	harness.Figure(t, "what one replica wrote and another did not read at once", "%d of %d", missed, rounds*8)
}
