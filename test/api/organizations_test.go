package api

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func TestAnOrganizationIsFoundedChangedAndDeleted(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		owner, u := s.Cast(t).Owner, harness.Unique()
		founded := owner.Post("/v1/organizations", M{"name": "Engines", "slug": "chosen-" + u}).Want(201)
		organization := M{"id": "ID", "name": "Engines", "slug": "chosen-" + u, "is_personal_account": false, "created_at": "TIME", "updated_at": "TIME"}
		whole := changed(organization, M{"project": shape(owner.Registered().Value("project")), "environments": shape(owner.Registered().Value("environments"))})
		if diff := cmp.Diff(any(whole), shape(founded.Object())); diff != "" {
			t.Errorf("the answer (-want +got):\n%s", diff)
		}
		path := "/v1/organizations/" + founded.Text("id")
		if diff := cmp.Diff(any(organization), shape(owner.Get(path).Want(200).Object())); diff != "" {
			t.Errorf("reading it (-want +got):\n%s", diff)
		}
		renamed := owner.Patch(path, M{"name": "  Looms "}).Want(200)
		if renamed.Text("name") != "Looms" || renamed.Text("slug") != "chosen-"+u || !renamed.Time("updated_at").After(founded.Time("updated_at")) {
			t.Errorf("renamed, it is %v", renamed.Object())
		}
		moved := owner.Patch(path, M{"slug": "moved-" + u, "name": ""}).Want(200)
		if moved.Text("slug") != "moved-"+u || moved.Text("name") != "Looms" {
			t.Errorf("moved, it is %v", moved.Object())
		}
		owner.Delete(path, M{"confirm": "chosen-" + u}).Refused(409, "CONFIRMATION_MISMATCH")
		owner.Delete(path, M{}).Refused(400, "VALIDATION_FAILED").Names("confirm")
		owner.Delete(path, M{"confirm": "moved-" + u}).Want(204)
		owner.Get(path).Refused(404, "NOT_FOUND")
		owner.Delete(path, M{"confirm": "moved-" + u}).Refused(404, "NOT_FOUND")
		owner.Post("/v1/organizations", M{"name": "Again", "slug": "moved-" + u}).Want(201)
	})
}

func TestAnOrganizationsSlugIsUniqueAndWellFormed(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		owner, u := s.Cast(t).Owner, harness.Unique()
		owner.Post("/v1/organizations", M{"name": "First", "slug": u}).Want(201)
		second := owner.Post("/v1/organizations", M{"name": "Second"}).Want(201)
		owner.Post("/v1/organizations", M{"name": "Third", "slug": u}).Refused(409, "SLUG_TAKEN")
		owner.Patch("/v1/organizations/"+second.Text("id"), M{"slug": u}).Refused(409, "SLUG_TAKEN")
		for _, slug := range badSlugs() {
			owner.Post("/v1/organizations", M{"name": "Fourth", "slug": slug}).Refused(400, "VALIDATION_FAILED").Names("slug")
			owner.Patch("/v1/organizations/"+second.Text("id"), M{"slug": slug}).Refused(400, "VALIDATION_FAILED").Names("slug")
		}
		owner.Post("/v1/organizations", M{}).Refused(400, "VALIDATION_FAILED").Names("name")
		owner.Post("/v1/organizations", M{"name": ""}).Refused(400, "VALIDATION_FAILED").Names("name")
	})
}

// badSlugs are slugs that nothing may have.
func badSlugs() []string {
	return []string{
		"new", "settings", "api", "..", "%2e%2e", ".", "-", "-a", "a-", "A", "ä", "a_b", "a b", "a/b", "../x", "<script>", "a.b", "a\x00b", "a\nb",
		repeat("a", 64),
	}
}

func TestAPersonalOrganizationStaysUntilItIsConverted(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		body := M{"email": harness.NewEmail(), "password": harness.NewPassword()}
		signed := s.Client(t).Post("/v1/auth/signup", body).Want(201)
		login := s.Client(t).Post("/v1/auth/login", body).Want(200)
		ada := s.Client(t).Bearer(login.Text("tokens.access_token"))
		path, slug := "/v1/organizations/"+signed.Text("organization.id"), signed.Text("organization.slug")
		ada.Delete(path, M{"confirm": slug}).Refused(409, "PERSONAL_ORGANIZATION")
		ada.Patch(path, M{"is_personal_account": true}).Refused(400, "VALIDATION_FAILED").Names("is_personal_account")
		ada.Patch(path, M{"is_personal_account": "false"}).Refused(400, "VALIDATION_FAILED").Names("is_personal_account")
		if ada.Patch(path, M{"name": "Still mine"}).Want(200).Value("is_personal_account") != true {
			t.Error("renaming converted it")
		}
		if ada.Patch(path, M{"is_personal_account": false}).Want(200).Value("is_personal_account") != false {
			t.Error("it is not converted")
		}
		ada.Delete(path, M{"confirm": slug}).Want(204)
		if active := ada.Get("/v1/auth/me").Want(200).Value("organization"); active != nil {
			t.Errorf("the active organization is %v", active)
		}
	})
}

func TestADeletedOrganizationTakesEverythingWithIt(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		secret, key := stage.Owner.NewKey(t, stage.Production)
		s.Client(t).Key(secret).Get("/v1/sdk/environment").Want(200)
		viewer := stage.Viewer
		active := viewer.Holding(viewer.Login(t).Post("/v1/auth/switch-organization", M{"organization_id": stage.Organization}).Want(200))
		active.Client = active.Without("X-Organization-ID")
		stage.Owner.Delete("/v1/organizations/"+stage.Organization, M{"confirm": stage.Slug}).Want(204)
		s.Client(t).Key(secret).Get("/v1/sdk/environment").Refused(401, "INVALID_KEY")
		for _, path := range []string{
			"/v1/projects", "/v1/projects/" + stage.Project, "/v1/projects/" + stage.Project + "/environments",
			"/v1/environments/" + stage.Dev, "/v1/environments/" + stage.Dev + "/api-keys", "/v1/api-keys/" + key,
		} {
			stage.Owner.Get(path).Refused(404, "NOT_FOUND")
			active.Get(path).Refused(404, "NOT_FOUND")
		}
		me := active.Get("/v1/auth/me").Want(200)
		if me.Value("organization") != nil {
			t.Errorf("the deleted organization is active: %v", me.Value("organization"))
		}
		refreshed := active.Holding(s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": active.RefreshToken}).Want(200))
		refreshed.Get("/v1/auth/organizations").Want(200)
	})
}

func TestOnesOrganizationsAreListedWithOnesRole(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, stage := s.Register(t), s.Stage(t)
		s.Join(t, stage.Organization, ada.ID, "developer")
		want := []any{
			M{"id": "ID", "name": ada.Registered().Text("organization.name"), "slug": ada.Slug, "is_personal_account": false, "role": "owner"},
			M{"id": "ID", "name": stage.Owner.Get("/v1/organizations/" + stage.Organization).Text("name"), "slug": stage.Slug, "is_personal_account": false, "role": "developer"},
		}
		var got []any
		for _, place := range ada.Get("/v1/auth/organizations").Want(200).List() {
			got = append(got, place)
		}
		if diff := cmp.Diff(any(want), shape(got)); diff != "" {
			t.Errorf("the places (-want +got):\n%s", diff)
		}
		own := ada.Get("/v1/organizations").Want(200).List()
		if ids := texts(own, "id"); !slices.Equal(ids, []string{ada.Organization, stage.Organization}) {
			t.Errorf("the organizations are %v", ids)
		}
		if _, tells := own[0]["created_at"]; !tells {
			t.Errorf("an organization has no created_at: %v", own[0])
		}
	})
}

func TestAnothersOrganizationsAreSeenAsFarAsOneMayKnowThem(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, stage := s.Register(t), s.Stage(t)
		s.Join(t, stage.Organization, ada.ID, "developer")
		path := "/v1/auth/users/" + ada.ID + "/organizations"
		seen := func(by harness.Person) []string { return texts(by.Get(path).Want(200).List(), "id") }
		for _, by := range []harness.Person{stage.Admin} {
			if got := seen(by); !slices.Equal(got, []string{stage.Organization}) {
				t.Errorf("%s sees %v", by.Email, got)
			}
		}
		for _, by := range []harness.Person{stage.Developer, stage.Viewer, stage.Outsider} {
			if got := seen(by); len(got) != 0 {
				t.Errorf("%s sees %v", by.Email, got)
			}
		}
		own := ada.Get(path).Want(200).List()
		if got := texts(own, "id"); !slices.Equal(got, []string{ada.Organization, stage.Organization}) {
			t.Errorf("one sees of oneself %v", got)
		}
		if own[0]["user_id"] != ada.ID || own[0]["requested_by"] != ada.ID {
			t.Errorf("an entry is %v", own[0])
		}
		stranger := stage.Outsider.Get("/v1/auth/users/" + randomID() + "/organizations").Want(200)
		if diff := cmp.Diff(stranger.Masked(), stage.Outsider.Get(path).Masked()); diff != "" {
			t.Errorf("a stranger is told from nobody (-nobody +stranger):\n%s", diff)
		}
		if string(stranger.Body[:1]) != "[" {
			t.Errorf("the list is %s", stranger.Body)
		}
	})
}
