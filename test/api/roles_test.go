package api

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// ranks are the roles, from the least to the most.
var ranks = []string{"viewer", "developer", "admin", "owner"}

// deed is something that a member may want to do, and the least role that may.
// It prepares what it needs as the owner.
type deed struct {
	name  string
	least string
	done  int // the status of success
	do    func(t *testing.T, stage harness.Stage, by harness.Person) *harness.Response
}

func deeds() []deed {
	type person = harness.Person
	get := func(path func(harness.Stage) string) func(*testing.T, harness.Stage, person) *harness.Response {
		return func(_ *testing.T, stage harness.Stage, by person) *harness.Response { return by.Get(path(stage)) }
	}
	project := func(t *testing.T, stage harness.Stage) string {
		t.Helper()
		return stage.Owner.Post("/v1/projects", M{"name": "Prop " + harness.Unique()}).Want(201).Text("id")
	}
	environment := func(t *testing.T, stage harness.Stage) string {
		t.Helper()
		return stage.Owner.Post("/v1/projects/"+stage.Project+"/environments", M{"name": "Prop " + harness.Unique()}).Want(201).Text("id")
	}
	return []deed{
		{"read the organization", "viewer", 200, get(func(s harness.Stage) string { return "/v1/organizations/" + s.Organization })},
		{"list projects", "viewer", 200, get(func(harness.Stage) string { return "/v1/projects" })},
		{"read a project", "viewer", 200, get(func(s harness.Stage) string { return "/v1/projects/" + s.Project })},
		{"list environments", "viewer", 200, get(func(s harness.Stage) string { return "/v1/projects/" + s.Project + "/environments" })},
		{"read an environment", "viewer", 200, get(func(s harness.Stage) string { return "/v1/environments/" + s.Production })},
		{"list keys", "viewer", 200, get(func(s harness.Stage) string { return "/v1/environments/" + s.Production + "/api-keys" })},
		{"read a key", "viewer", 200, func(t *testing.T, stage harness.Stage, by person) *harness.Response {
			_, id := stage.Owner.NewKey(t, stage.Dev)
			return by.Get("/v1/api-keys/" + id)
		}},
		{"create a project", "developer", 201, func(_ *testing.T, _ harness.Stage, by person) *harness.Response {
			return by.Post("/v1/projects", M{"name": "Made " + harness.Unique()})
		}},
		{"rename a project", "developer", 200, func(_ *testing.T, stage harness.Stage, by person) *harness.Response {
			return by.Patch("/v1/projects/"+stage.Project, M{"name": "Renamed"})
		}},
		{"create an environment", "developer", 201, func(_ *testing.T, stage harness.Stage, by person) *harness.Response {
			return by.Post("/v1/projects/"+stage.Project+"/environments", M{"name": "Made " + harness.Unique()})
		}},
		{"rename an environment", "developer", 200, func(_ *testing.T, stage harness.Stage, by person) *harness.Response {
			return by.Patch("/v1/environments/"+stage.Dev, M{"name": "Renamed"})
		}},
		{"delete a project", "admin", 204, func(t *testing.T, stage harness.Stage, by person) *harness.Response {
			path := "/v1/projects/" + project(t, stage)
			return by.Delete(path, confirming(stage.Owner.Client, path))
		}},
		{"delete an environment", "admin", 204, func(t *testing.T, stage harness.Stage, by person) *harness.Response {
			return by.Delete("/v1/environments/" + environment(t, stage))
		}},
		{"delete an environment of a project", "admin", 204, func(t *testing.T, stage harness.Stage, by person) *harness.Response {
			return by.Delete("/v1/projects/" + stage.Project + "/environments/" + environment(t, stage))
		}},
		{"make a key", "admin", 201, func(_ *testing.T, stage harness.Stage, by person) *harness.Response {
			return by.Post("/v1/environments/"+stage.Dev+"/api-keys", M{"name": "Made"})
		}},
		{"rotate a key", "admin", 201, func(t *testing.T, stage harness.Stage, by person) *harness.Response {
			_, id := stage.Owner.NewKey(t, stage.Dev)
			return by.Post("/v1/api-keys/"+id+"/rotate", nil)
		}},
		{"protect an environment", "admin", 200, func(t *testing.T, stage harness.Stage, by person) *harness.Response {
			return by.Patch("/v1/environments/"+environment(t, stage), M{"protected": true})
		}},
		{"lift a protection", "owner", 200, func(_ *testing.T, stage harness.Stage, by person) *harness.Response {
			return by.Patch("/v1/environments/"+stage.Production, M{"protected": false})
		}},
		{"delete a protected environment", "admin", 204, func(_ *testing.T, stage harness.Stage, by person) *harness.Response {
			made := stage.Owner.Post("/v1/projects/"+stage.Project+"/environments", M{"name": "Live " + harness.Unique(), "kind": "production"}).Want(201)
			return by.Delete("/v1/environments/"+made.Text("id"), M{"confirm": made.Text("slug")})
		}},
		{"revoke a key", "admin", 204, func(t *testing.T, stage harness.Stage, by person) *harness.Response {
			_, id := stage.Owner.NewKey(t, stage.Dev)
			return by.Delete("/v1/api-keys/" + id)
		}},
		{"rename the organization", "owner", 200, func(_ *testing.T, stage harness.Stage, by person) *harness.Response {
			return by.Patch("/v1/organizations/"+stage.Organization, M{"name": "Renamed"})
		}},
		{"delete the organization", "owner", 204, func(_ *testing.T, stage harness.Stage, by person) *harness.Response {
			return by.Delete("/v1/organizations/"+stage.Organization, M{"confirm": stage.Slug})
		}},
	}
}

// prepared are the deeds before which the owner makes something, which changes
// the organization.
var prepared = []string{
	"delete a project", "delete an environment", "delete an environment of a project", "delete a protected environment",
	"protect an environment", "revoke a key", "rotate a key",
}

func rank(role string) int {
	for i, r := range ranks {
		if r == role {
			return i
		}
	}
	return -1
}

func TestEachRoleMayDoWhatTheTableSays(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		people := stage.ByRole()
		for _, d := range deeds() {
			for _, role := range ranks { // the owner comes last, and may end the stage
				r := d.do(t, stage, people[role])
				switch allowed := rank(role) >= rank(d.least); {
				case allowed && r.Status != d.done:
					t.Errorf("%s cannot %s: %d %s", role, d.name, r.Status, r.Code())
				case !allowed:
					r.Refused(403, "FORBIDDEN")
				}
			}
		}
	})
}

func TestARefusedRoleChangesNothing(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		people := stage.ByRole()
		state := func() string {
			text := ""
			for _, table := range []string{"projects", "environments", "environment_keys", "key_digests", "memberships"} {
				text += fmt.Sprint(table, s.Count(t, "SELECT count(*) FROM "+table+" WHERE organization_id = $1", stage.Organization), " ")
			}
			for _, path := range []string{"/v1/organizations/" + stage.Organization, "/v1/projects/" + stage.Project, "/v1/environments/" + stage.Dev} {
				text += string(stage.Owner.Get(path).Want(200).Body)
			}
			return text
		}
		before := state()
		for _, d := range deeds() {
			for _, role := range ranks[:rank(d.least)] {
				if !slices.Contains(prepared, d.name) {
					d.do(t, stage, people[role]).Refused(403, "FORBIDDEN")
				}
			}
		}
		for path, body := range map[string]any{
			"/v1/projects/" + stage.Project: nil, "/v1/environments/" + stage.Dev: nil,
			"/v1/projects/" + stage.Project + "/environments/" + stage.Dev: nil, "/v1/organizations/" + stage.Organization: M{"confirm": stage.Slug},
		} {
			people["developer"].Do("DELETE", path, body).Refused(403, "FORBIDDEN")
		}
		if after := state(); after != before {
			t.Errorf("it changed\nfrom %s\nto   %s", before, after)
		}
	})
}

func TestWhatDoesNotExistIsTheSameForEveryRole(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		for role, who := range stage.ByRole() {
			for _, r := range []*harness.Response{
				who.Get("/v1/projects/" + randomID()), who.Patch("/v1/projects/"+randomID(), M{"name": "X"}), who.Delete("/v1/projects/" + randomID()),
				who.Post("/v1/projects/"+randomID()+"/environments", M{"name": "X"}), who.Delete("/v1/environments/" + randomID()),
				who.Delete("/v1/projects/" + stage.Project + "/environments/" + randomID()), who.Delete("/v1/projects/" + randomID() + "/environments/" + stage.Dev),
				who.Post("/v1/environments/"+randomID()+"/api-keys", M{"name": "X"}), who.Delete("/v1/api-keys/" + randomID()),
				who.Get("/v1/environments/" + stage.Project), who.Get("/v1/projects/" + stage.Dev), who.Get("/v1/api-keys/" + stage.Dev),
			} {
				if r.Status != 404 {
					t.Errorf("%s: %s %s: %d", role, r.Method, r.Path, r.Status)
				}
			}
		}
	})
}

func TestARoleIsLookedUpForEachRequest(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		set := func(role string) {
			s.Exec(t, "UPDATE memberships SET role = $1 WHERE organization_id = $2 AND account_id = $3", role, stage.Organization, stage.Viewer.ID)
		}
		rename := func() *harness.Response {
			return stage.Viewer.Patch("/v1/organizations/"+stage.Organization, M{"name": "Mine"})
		}
		rename().Refused(403, "FORBIDDEN")
		set("owner")
		rename().Want(200)
		set("developer")
		rename().Refused(403, "FORBIDDEN")
	})
}
