package api

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func TestAProfileShowsTheAccountAndWhereItBelongs(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		second := ada.Post("/v1/organizations", M{"name": "Second " + harness.Unique()}).Want(201)
		me := ada.Get("/v1/auth/me").Want(200)
		place := func(r *harness.Response, path string) M {
			return M{"id": "ID", "name": r.Text(path + "name"), "slug": r.Text(path + "slug"), "is_personal_account": false, "role": "owner"}
		}
		first := place(ada.Registered(), "organization.")
		active := changed(first, M{"created_at": "TIME", "updated_at": "TIME"})
		want := M{
			"id": "ID", "email": ada.Email, "name": ada.Name, "username": nil, "email_verified": false, "operator": false,
			"created_at": "TIME", "updated_at": "TIME", "last_login_at": "TIME",
			"organization": active, "organizations": []any{first, place(second, "")},
		}
		if diff := cmp.Diff(any(want), shape(me.Object())); diff != "" {
			t.Errorf("the profile (-want +got):\n%s", diff)
		}
	})
}

func TestAProfileChangesWhatIsSentAndNothingElse(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, other := s.Register(t), s.Register(t, M{"username": "taken-" + harness.Unique()})
		changed := ada.Patch("/v1/auth/me", M{"name": " Countess "}).Want(200)
		if changed.Text("name") != "Countess" || changed.Value("username") != nil || changed.Text("email") != ada.Email {
			t.Errorf("the profile is %v", changed.Object())
		}
		username := "Countess." + harness.Unique()
		changed = ada.Patch("/v1/auth/me", M{"username": username}).Want(200)
		if changed.Text("name") != "Countess" || changed.Text("username") != strings.ToLower(username) {
			t.Errorf("the profile is %v", changed.Object())
		}
		for _, nothing := range []M{{}, {"name": ""}, {"username": ""}} {
			same := ada.Patch("/v1/auth/me", nothing).Want(200)
			if same.Text("name") != "Countess" || same.Text("username") != strings.ToLower(username) {
				t.Errorf("%v changed the profile to %v", nothing, same.Object())
			}
		}
		taken := other.Registered().Text("user.username")
		ada.Patch("/v1/auth/me", M{"username": strings.ToUpper(taken)}).Refused(409, "USERNAME_TAKEN")
		ada.Patch("/v1/auth/me", M{"username": username}).Want(200)
		for _, body := range []M{{"name": nil}, {"name": repeat("x", 101)}, {"name": "a\nb"}, {"name": 1}} {
			ada.Patch("/v1/auth/me", body).Refused(400, "VALIDATION_FAILED").Names("name")
		}
		for _, member := range []string{"email", "email_verified", "operator", "id", "password", "disabled", "organizations"} {
			ada.Patch("/v1/auth/me", M{member: true}).Refused(400, "VALIDATION_FAILED").Names(member)
		}
	})
}

func TestNobodyTakesAnothersAddressAsAName(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		eve, victim := s.Register(t), s.Register(t)
		eve.Patch("/v1/auth/me", M{"username": victim.Email}).Refused(400, "VALIDATION_FAILED").Names("username")
		eve.Patch("/v1/auth/me", M{"name": victim.Email}).Want(200)
		if id := s.Client(t).Post("/v1/auth/login", M{"email": victim.Email, "password": victim.Password}).Want(200).Text("user.id"); id != victim.ID {
			t.Error("the victim's address leads elsewhere")
		}
		s.Client(t).Post("/v1/auth/login", M{"email": victim.Email, "password": eve.Password}).Refused(401, "INVALID_CREDENTIALS")
	})
}

func TestSensitiveActsNeedAFreshLogin(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		second := ada.Post("/v1/organizations", M{"name": "Second " + harness.Unique()}).Want(201)
		deleteOrganization := func(p harness.Person) *harness.Response {
			return p.Delete("/v1/organizations/"+second.Text("id"), M{"confirm": second.Text("slug")})
		}
		ada.Age(t, 11*time.Minute)
		deleteOrganization(ada).Refused(403, "REAUTH_REQUIRED")
		ada.Delete("/v1/auth/me", M{"password": ada.Password}).Refused(403, "REAUTH_REQUIRED")
		ada = ada.Holding(refresh(t, s, ada.RefreshToken).Want(200))
		deleteOrganization(ada).Refused(403, "REAUTH_REQUIRED")
		ada.Post("/v1/auth/reauthenticate", M{"password": "not the password"}).Refused(403, "WRONG_PASSWORD")
		deleteOrganization(ada).Refused(403, "REAUTH_REQUIRED")
		ada.Post("/v1/auth/reauthenticate", M{"password": ada.Password}).Want(204)
		deleteOrganization(ada).Want(204)
		ada.Age(t, 9*time.Minute)
		ada.Post("/v1/auth/reauthenticate", M{}).Refused(400, "VALIDATION_FAILED").Names("password")
		ada.Delete("/v1/auth/me", M{}).Refused(400, "VALIDATION_FAILED").Names("password")
		ada.Delete("/v1/auth/me", M{"password": "not the password"}).Refused(403, "WRONG_PASSWORD")
		ada.Delete("/v1/auth/me", M{"password": ada.Password}).Want(204)
	})
}

func TestADeletedAccountLeavesNothingThatOpens(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, stage := s.Register(t), s.Stage(t)
		s.Join(t, stage.Organization, ada.ID, "admin")
		own, _ := ada.NewKey(t, ada.Dev)
		shared, id := harness.Person{Client: ada.In(stage.Organization)}.NewKey(t, stage.Dev)
		ada.Delete("/v1/auth/me", M{"password": ada.Password}).Want(204)
		ada.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		refresh(t, s, ada.RefreshToken).Refused(401, "INVALID_REFRESH_TOKEN")
		credentials := M{"email": ada.Email, "password": ada.Password}
		s.Client(t).Post("/v1/auth/login", credentials).Refused(401, "INVALID_CREDENTIALS")
		s.Client(t).Key(own).Get("/v1/sdk/environment").Refused(401, "INVALID_KEY")
		s.Client(t).Key(shared).Get("/v1/sdk/environment").Want(200)
		if maker := stage.Owner.Get("/v1/api-keys/" + id).Want(200).Value("created_by"); maker != nil {
			t.Errorf("the key was made by %v, who is gone", maker)
		}
		for table, column := range map[string]string{"organizations": "id", "projects": "organization_id", "environments": "organization_id", "environment_keys": "organization_id", "key_digests": "organization_id", "memberships": "organization_id"} {
			if n := s.Count(t, "SELECT count(*) FROM "+table+" WHERE "+column+" = $1", ada.Organization); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		again := s.Register(t, M{"email": ada.Email})
		if again.ID == ada.ID {
			t.Error("the new account has the old one's id")
		}
		if n := len(again.Get("/v1/organizations").Want(200).List()); n != 1 {
			t.Errorf("the new account is in %d organizations", n)
		}
		ada.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
	})
}

func TestTheOnlyOwnerCannotLeaveOthersBehind(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, viewer := s.Register(t), s.Cast(t).Viewer
		s.Join(t, ada.Organization, viewer.ID, "viewer")
		ada.Delete("/v1/auth/me", M{"password": ada.Password}).Refused(409, "LAST_OWNER")
		ada.Get("/v1/auth/me").Want(200)
		s.Exec(t, "UPDATE memberships SET role = 'owner' WHERE organization_id = $1 AND account_id = $2", ada.Organization, viewer.ID)
		ada.Delete("/v1/auth/me", M{"password": ada.Password}).Want(204)
		viewer.Get("/v1/organizations/" + ada.Organization).Want(200)
	})
}

func TestTheLastOperatorStays(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		operator, ada := s.Register(t), s.Register(t)
		if operator.Get("/v1/auth/me").Value("operator") != true || ada.Get("/v1/auth/me").Value("operator") != false {
			t.Error("the first account is not the operator, or the second is")
		}
		operator.Delete("/v1/auth/me", M{"password": operator.Password}).Refused(409, "LAST_OPERATOR")
		list := operator.Get("/v1/auth/users/" + ada.ID + "/organizations").Want(200).List()
		want := []M{{"id": ada.Organization, "name": ada.Registered().Text("organization.name"), "slug": ada.Slug, "is_personal_account": false,
			"role": "owner", "user_id": ada.ID, "requested_by": operator.ID}}
		if diff := cmp.Diff(want, list); diff != "" {
			t.Errorf("what an operator sees (-want +got):\n%s", diff)
		}
	})
}
