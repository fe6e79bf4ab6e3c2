package api

import (
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

func TestAProtectedEnvironmentIsDeletedOnlyWhenItsSlugConfirmsIt(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		for _, within := range []bool{false, true} {
			stage := s.Stage(t)
			path := "/v1/environments/" + stage.Production
			if within {
				path = "/v1/projects/" + stage.Project + "/environments/" + stage.Production
			}
			for _, body := range []any{nil, M{}, M{"confirm": ""}, M{"confirm": "Production"}, M{"confirm": "staging"}, M{"confirm": stage.Production}} {
				r := stage.Owner.Do("DELETE", path, body).Refused(409, "CONFIRMATION_REQUIRED").Names("confirm")
				if !strings.Contains(r.Refusals()["confirm"], "production") {
					t.Errorf("it does not say what is wanted: %s", r.Body)
				}
			}
			for _, body := range []any{M{"confirm": nil}, M{"confirm": 1}, M{"confirm": "production", "force": true}, "no JSON", []string{"production"}} {
				stage.Owner.Do("DELETE", path, body).Refused(400, "VALIDATION_FAILED")
			}
			stage.Developer.Delete(path, M{"confirm": "production"}).Refused(403, "FORBIDDEN")
			stage.Admin.Delete(path, M{"confirm": "production"}).Want(204)
			stage.Admin.Delete(path, M{"confirm": "production"}).Refused(404, "NOT_FOUND")
		}
	})
}

func TestWhatIsNotProtectedNeedsNoConfirmationButARightOne(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		stage.Owner.Delete("/v1/environments/"+stage.Staging, M{"confirm": "production"}).Refused(409, "CONFIRMATION_REQUIRED")
		stage.Owner.Delete("/v1/environments/"+stage.Staging, M{"confirm": "staging"}).Want(204)
		stage.Owner.Delete("/v1/environments/"+stage.Dev, M{"confirm": ""}).Want(204)
	})
}

func TestAProjectWithAProtectedEnvironmentIsDeletedOnlyWhenConfirmed(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		path := "/v1/projects/" + stage.Project
		for _, body := range []any{nil, M{"confirm": "production"}, M{"confirm": stage.Slug}} {
			r := stage.Owner.Do("DELETE", path, body).Refused(409, "CONFIRMATION_REQUIRED").Names("confirm")
			if !strings.Contains(r.Refusals()["confirm"], "default") {
				t.Errorf("it does not say what is wanted: %s", r.Body)
			}
		}
		stage.Owner.Get("/v1/environments/" + stage.Production).Want(200)
		stage.Developer.Delete(path, M{"confirm": "default"}).Refused(403, "FORBIDDEN")
		stage.Admin.Delete(path, M{"confirm": "default"}).Want(204)
		stage.Owner.Get("/v1/environments/"+stage.Production).Refused(404, "NOT_FOUND")
		bare := stage.Owner.Post("/v1/projects", M{"name": "Bare"}).Want(201).Text("id")
		for _, e := range stage.Owner.Get("/v1/projects/" + bare + "/environments").Want(200).List() {
			if e["protected"] == true {
				stage.Owner.Delete("/v1/environments/"+e["id"].(string), M{"confirm": e["slug"]}).Want(204)
			}
		}
		stage.Owner.Delete("/v1/projects/" + bare).Want(204)
	})
}

func TestWhatIsProtectedIsNotDeletedWhileItsKeysAreUsed(t *testing.T) {
	harness.ForEachEngineAlone(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		environment, project := "/v1/environments/"+stage.Production, "/v1/projects/"+stage.Project
		confirm := M{"confirm": "production"}
		secret, id := stage.Owner.NewKey(t, stage.Production, M{"name": "Checkout backend"})
		_, idle := stage.Owner.NewKey(t, stage.Production)
		s.Client(t).Key(secret).Get("/v1/sdk/authorize").Want(204) // is not written yet
		stage.Owner.Delete(environment).Refused(409, "CONFIRMATION_REQUIRED")
		for path, body := range map[string]M{environment: confirm, project + "/environments/" + stage.Production: confirm, project: {"confirm": "default"}} {
			r := stage.Owner.Delete(path, body).Refused(409, "KEYS_IN_USE").Names(id)
			if !strings.Contains(r.Refusals()[id], "Checkout backend") {
				t.Errorf("it does not name the key: %s", r.Body)
			}
		}
		stage.Owner.Delete("/v1/api-keys/" + id).Want(204)
		stage.Owner.Delete(environment, confirm).Refused(409, "KEYS_IN_USE").Names(id) // it was used all the same
		used := func(key string, ago time.Duration) {
			t.Helper()
			s.Exec(t, "UPDATE environment_keys SET last_used_at = $1 WHERE id = $2", time.Now().UTC().Add(-ago).Truncate(time.Microsecond), key)
		}
		used(idle, 23*time.Hour)
		stage.Owner.Delete(environment, confirm).Refused(409, "KEYS_IN_USE").Names(id, idle)
		stage.Admin.Patch(environment, M{"protected": false}).Refused(403, "FORBIDDEN")
		stage.Owner.Patch(environment, M{"protected": false}).Want(200)
		stage.Admin.Delete(environment).Want(204)

		made := stage.Owner.Post(project+"/environments", M{"name": "Live", "kind": "production"}).Want(201)
		_, old := stage.Owner.NewKey(t, made.Text("id"))
		used(old, 25*time.Hour)
		stage.Owner.Delete("/v1/environments/"+made.Text("id"), M{"confirm": "live"}).Want(204)
	})
}

func TestAProtectionIsSetByAdminsAndLiftedByOwners(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		dev, production := "/v1/environments/"+stage.Dev, "/v1/environments/"+stage.Production
		stage.Developer.Patch(dev, M{"name": "Changed", "protected": true}).Refused(403, "FORBIDDEN")
		stage.Developer.Patch(production, M{"protected": false}).Refused(403, "FORBIDDEN")
		stage.Admin.Patch(production, M{"name": "Changed", "protected": false}).Refused(403, "FORBIDDEN")
		stage.Viewer.Patch(dev, M{"protected": false}).Refused(403, "FORBIDDEN")
		if name := stage.Owner.Get(dev).Want(200).Text("name"); name != "Development" {
			t.Errorf("a refused change renamed it to %s", name)
		}
		stage.Developer.Patch(production, M{"protected": true, "color": "#000000"}).Want(200) // as it is
		if on := stage.Admin.Patch(dev, M{"protected": true}).Want(200); on.Value("protected") != true {
			t.Errorf("it is %s", on.Body)
		}
		stage.Admin.Delete(dev).Refused(409, "CONFIRMATION_REQUIRED")
		if off := stage.Owner.Patch(dev, M{"protected": false}).Want(200); off.Value("protected") != false {
			t.Errorf("it is %s", off.Body)
		}
		entry := stage.Owner.Get("/v1/audit?action=environment.updated&limit=1").Want(200)
		if entry.Value("0.before_state.protected") != "true" || entry.Value("0.after_state.protected") != "false" {
			t.Errorf("the audit says %s", entry.Body)
		}
		for _, value := range []any{nil, "true", 1} {
			stage.Owner.Patch(dev, M{"protected": value}).Refused(400, "VALIDATION_FAILED").Names("protected")
		}
	})
}
