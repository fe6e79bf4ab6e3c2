package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func TestAnEnvironmentIsMadeChangedAndDeleted(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		list := "/v1/projects/" + stage.Project + "/environments"
		made := stage.Developer.Post(list, M{"name": "Quality Check"}).Want(201)
		want := M{"id": "ID", "org_id": "ID", "project_id": "ID", "name": "Quality Check", "slug": "quality-check", "kind": "development",
			"color": "#6B7280", "protected": false, "created_at": "TIME", "updated_at": "TIME"}
		if diff := cmp.Diff(any(want), shape(made.Object())); diff != "" || made.Text("project_id") != stage.Project {
			t.Errorf("the answer (-want +got):\n%s", diff)
		}
		live := stage.Developer.Post(list, M{"name": "Live", "slug": "live", "kind": "production", "color": "#ABCdef"}).Want(201)
		if live.Value("protected") != true || live.Text("color") != "#ABCdef" || live.Text("kind") != "production" {
			t.Errorf("another is %v", live.Object())
		}
		path := "/v1/environments/" + made.Text("id")
		if diff := cmp.Diff(made.Object(), stage.Viewer.Get(path).Want(200).Object()); diff != "" {
			t.Errorf("reading it (-made +read):\n%s", diff)
		}
		changed := stage.Developer.Patch(path, M{"name": "Q", "slug": "q", "color": "#000000"}).Want(200)
		if changed.Text("name") != "Q" || changed.Text("slug") != "q" || changed.Text("color") != "#000000" || changed.Text("kind") != "development" {
			t.Errorf("changed, it is %v", changed.Object())
		}
		stage.Admin.Delete(path).Want(204)
		stage.Admin.Delete(path).Refused(404, "NOT_FOUND")
		stage.Owner.Get(path).Refused(404, "NOT_FOUND")
		stage.Admin.Delete(list+"/"+live.Text("id"), M{"confirm": "live"}).Want(204)
		stage.Owner.Get("/v1/environments/"+live.Text("id")).Refused(404, "NOT_FOUND")
	})
}

func TestAnEnvironmentNamesEverythingThatItRefuses(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		list := "/v1/projects/" + stage.Project + "/environments"
		stage.Owner.Post(list, M{"name": "", "slug": "A", "kind": "test", "color": "red"}).
			Refused(400, "VALIDATION_FAILED").Names("name", "slug", "kind", "color")
		stage.Owner.Post(list, M{"name": "Dev", "slug": "dev"}).Refused(409, "ENVIRONMENT_SLUG_TAKEN")
		if slug := stage.Owner.Post(list, M{"name": "Dev", "slug": "", "kind": "", "color": ""}).Want(201).Text("slug"); slug != "dev-2" {
			t.Errorf("the slug is %q", slug)
		}
		stage.Owner.Patch("/v1/environments/"+stage.Staging, M{"slug": "dev"}).Refused(409, "ENVIRONMENT_SLUG_TAKEN")
		for _, slug := range badSlugs() {
			stage.Owner.Post(list, M{"name": "Bad", "slug": slug}).Refused(400, "VALIDATION_FAILED").Names("slug")
		}
		for _, color := range []string{"#fff", "#GGGGGG", "6B7280", "#6B72801", "#6B728\u0660"} {
			stage.Owner.Patch("/v1/environments/"+stage.Dev, M{"color": color}).Refused(400, "VALIDATION_FAILED").Names("color")
		}
	})
}

func TestAnEnvironmentCannotBeMoved(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, foreign := s.Stage(t), s.Cast(t).Outsider
		before := stage.Owner.Get("/v1/environments/" + stage.Dev).Want(200)
		other := stage.Owner.Post("/v1/projects", M{"name": "Other"}).Want(201).Text("id")
		for member, value := range map[string]string{
			"project_id": foreign.Project, "projectId": other, "org_id": foreign.Organization, "organization_id": foreign.Organization,
			"id": randomID(), "kind": "production", "protected": "false",
		} {
			stage.Owner.Patch("/v1/environments/"+stage.Dev, M{member: value}).Refused(400, "VALIDATION_FAILED").Names(member)
		}
		stage.Owner.Patch("/v1/environments/"+stage.Dev, M{"project_id": other}).Refused(400, "VALIDATION_FAILED").Names("project_id")
		if diff := cmp.Diff(before.Object(), stage.Owner.Get("/v1/environments/"+stage.Dev).Want(200).Object()); diff != "" {
			t.Errorf("it changed (-before +after):\n%s", diff)
		}
	})
}

func TestAnEnvironmentIsReachedThroughItsOwnProjectOnly(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, foreign := s.Stage(t), s.Cast(t).Outsider
		other := stage.Owner.Post("/v1/projects", M{"name": "Other"}).Want(201).Text("id")
		for _, path := range []string{
			other + "/environments/" + stage.Dev, foreign.Project + "/environments/" + stage.Dev,
			stage.Project + "/environments/" + foreign.Dev, foreign.Project + "/environments/" + foreign.Dev,
		} {
			for role, who := range stage.ByRole() {
				if r := who.Delete("/v1/projects/" + path); r.Status != 404 {
					t.Errorf("%s deletes %s: %d", role, path, r.Status)
				}
			}
		}
		stage.Owner.Post("/v1/projects/"+foreign.Project+"/environments", M{"name": "Planted"}).Refused(404, "NOT_FOUND")
		if n := s.Count(t, "SELECT count(*) FROM environments WHERE name = 'Planted'"); n != 0 {
			t.Errorf("%d environments were planted", n)
		}
		stage.Owner.Get("/v1/environments/" + stage.Dev).Want(200)
		foreign.Get("/v1/environments/" + foreign.Dev).Want(200)
	})
}
