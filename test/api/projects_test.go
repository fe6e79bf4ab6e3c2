package api

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func TestAProjectIsMadeChangedAndDeleted(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		made := stage.Developer.Post("/v1/projects", M{"name": "Checkout Flow"}).Want(201)
		want := M{"id": "ID", "org_id": "ID", "name": "Checkout Flow", "slug": "checkout-flow", "created_at": "TIME", "updated_at": "TIME"}
		if diff := cmp.Diff(any(want), shape(made.Object())); diff != "" || made.Text("org_id") != stage.Organization {
			t.Errorf("the answer (-want +got):\n%s", diff)
		}
		path := "/v1/projects/" + made.Text("id")
		if diff := cmp.Diff(made.Object(), stage.Viewer.Get(path).Want(200).Object()); diff != "" {
			t.Errorf("reading it (-made +read):\n%s", diff)
		}
		if got := texts(stage.Viewer.Get(path+"/environments").Want(200).List(), "slug"); !slices.Equal(got, []string{"dev", "staging", "production"}) {
			t.Errorf("its environments are %v", got)
		}
		renamed := stage.Developer.Patch(path, M{"name": " Payments "}).Want(200)
		if renamed.Text("name") != "Payments" || renamed.Text("slug") != "checkout-flow" {
			t.Errorf("renamed, it is %v", renamed.Object())
		}
		if moved := stage.Developer.Patch(path, M{"slug": "payments"}).Want(200); moved.Text("slug") != "payments" || moved.Text("name") != "Payments" {
			t.Errorf("moved, it is %v", moved.Object())
		}
		environment := stage.Owner.Get(path + "/environments").Want(200).List()[0]["id"].(string)
		stage.Admin.Delete(path, M{"confirm": "payments"}).Want(204)
		stage.Admin.Delete(path).Refused(404, "NOT_FOUND")
		for _, gone := range []string{path, path + "/environments", "/v1/environments/" + environment, "/v1/environments/" + environment + "/api-keys"} {
			stage.Owner.Get(gone).Refused(404, "NOT_FOUND")
		}
	})
}

func TestAProjectsSlugIsUniqueInItsOrganization(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, elsewhere := s.Stage(t), s.Stage(t)
		first := stage.Owner.Post("/v1/projects", M{"name": "Shop", "slug": "shop"}).Want(201)
		stage.Owner.Post("/v1/projects", M{"name": "Other", "slug": "shop"}).Refused(409, "PROJECT_SLUG_TAKEN")
		for i, want := range []string{"shop-2", "shop-3"} {
			if slug := stage.Owner.Post("/v1/projects", M{"name": "Shop", "slug": ""}).Want(201).Text("slug"); slug != want {
				t.Errorf("slug %d is %q, want %q", i, slug, want)
			}
		}
		second := stage.Owner.Post("/v1/projects", M{"name": "Second"}).Want(201)
		stage.Owner.Patch("/v1/projects/"+second.Text("id"), M{"slug": "shop"}).Refused(409, "PROJECT_SLUG_TAKEN")
		stage.Owner.Patch("/v1/projects/"+first.Text("id"), M{"slug": "shop"}).Want(200)
		elsewhere.Owner.Post("/v1/projects", M{"name": "Shop", "slug": "shop"}).Want(201)
		for _, slug := range badSlugs() {
			stage.Owner.Post("/v1/projects", M{"name": "Bad", "slug": slug}).Refused(400, "VALIDATION_FAILED").Names("slug")
			stage.Owner.Patch("/v1/projects/"+second.Text("id"), M{"slug": slug}).Refused(400, "VALIDATION_FAILED").Names("slug")
		}
		stage.Owner.Post("/v1/projects", M{"name": nil}).Refused(400, "VALIDATION_FAILED").Names("name")
	})
}

func TestTwoSlugsSwappedAtOnceNeverBecomeOne(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		ids := []string{
			stage.Owner.Post("/v1/projects", M{"name": "A", "slug": "a"}).Want(201).Text("id"),
			stage.Owner.Post("/v1/projects", M{"name": "B", "slug": "b"}).Want(201).Text("id"),
		}
		for range 5 {
			simultaneously(2, func(i int) *harness.Response {
				return stage.Owner.Patch("/v1/projects/"+ids[i], M{"slug": []string{"b", "a"}[i]})
			})
			slugs := texts(stage.Owner.Get("/v1/projects").Want(200).List(), "slug")
			slices.Sort(slugs)
			if len(slices.Compact(slugs)) != 3 {
				t.Fatalf("the slugs are %v", slugs)
			}
		}
	})
}

func TestTwoChangesAtOnceAreBothKeptOrOneIsRefused(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		path := "/v1/projects/" + stage.Project
		for range 5 {
			u := harness.Unique()
			changes := []M{{"name": "Name " + u}, {"slug": "slug-" + u}}
			answers := simultaneously(2, func(i int) *harness.Response { return stage.Owner.Patch(path, changes[i]) })
			now := stage.Owner.Get(path).Want(200)
			if answers[0].Status == 200 && now.Text("name") != "Name "+u || answers[1].Status == 200 && now.Text("slug") != "slug-"+u {
				t.Errorf("a change that was acknowledged is lost: %v", now.Object())
			}
			for _, a := range answers {
				if a.Status != 200 && a.Status != 409 {
					t.Errorf("the answer is %d", a.Status)
				}
			}
		}
	})
}

func TestNothingIsMadeInAProjectThatIsBeingDeleted(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		project := stage.Owner.Post("/v1/projects", M{"name": "Doomed"}).Want(201).Text("id")
		environment := stage.Owner.Get("/v1/projects/" + project + "/environments").Want(200).List()[0]["id"].(string)
		answers := simultaneously(41, func(i int) *harness.Response {
			switch {
			case i == 20:
				return stage.Owner.Delete("/v1/projects/"+project, M{"confirm": "doomed"})
			case i%2 == 0:
				return stage.Admin.Post("/v1/projects/"+project+"/environments", M{"name": "Late " + harness.Unique()})
			}
			return stage.Admin.Post("/v1/environments/"+environment+"/api-keys", M{"name": "Late"})
		})
		answers[20].Want(204)
		for _, a := range answers {
			if a.Status != 201 && a.Status != 204 && a.Status != 404 {
				t.Errorf("%s: %d", a.Path, a.Status)
			}
			if a.Status != 201 {
				continue
			}
			if secret, isKey := a.Object()["key"].(string); isKey {
				s.Client(t).Key(secret).Get("/v1/sdk/environment").Refused(401, "INVALID_KEY")
				stage.Owner.Get("/v1/api-keys/"+a.Text("id")).Refused(404, "NOT_FOUND")
			} else {
				stage.Owner.Get("/v1/environments/"+a.Text("id")).Refused(404, "NOT_FOUND")
			}
		}
		if n := s.Count(t, "SELECT count(*) FROM environments WHERE project_id = $1", project); n != 0 {
			t.Errorf("%d environments hang under no project", n)
		}
	})
}

func TestAKeyNeverReachesWhatTookItsPlace(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		for range 2 {
			project := stage.Owner.Post("/v1/projects", M{"name": "Phoenix", "slug": "phoenix"}).Want(201).Text("id")
			environment := stage.Owner.Get("/v1/projects/" + project + "/environments").Want(200).List()[0]["id"].(string)
			secret, _ := stage.Owner.NewKey(t, environment)
			s.Client(t).Key(secret).Get("/v1/sdk/authorize?environment=dev").Want(204)
			for _, e := range stage.Owner.Get("/v1/projects/" + project + "/environments").Want(200).List() {
				stage.Owner.Patch("/v1/environments/"+e["id"].(string), M{"protected": false}).Want(200)
			}
			stage.Owner.Delete("/v1/projects/" + project).Want(204)
			stage.Owner.Post("/v1/projects", M{"name": "Phoenix", "slug": "phoenix"}).Want(201)
			s.Client(t).Key(secret).Get("/v1/sdk/authorize?environment=dev").Refused(401, "INVALID_KEY")
			stage.Owner.Get("/v1/projects/"+project).Refused(404, "NOT_FOUND")
			for _, p := range stage.Owner.Get("/v1/projects").Want(200).List() {
				if p["slug"] == "phoenix" {
					stage.Owner.Delete("/v1/projects/"+p["id"].(string), M{"confirm": "phoenix"}).Want(204)
				}
			}
		}
	})
}
