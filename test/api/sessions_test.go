package api

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func TestALogoutEndsTheSessionAtOnce(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		first := s.Cast(t).Outsider.Login(t)
		second := first.Login(t)
		first.Post("/v1/auth/logout", nil).Want(204)
		first.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": first.RefreshToken}).Refused(401, "INVALID_REFRESH_TOKEN")
		first.Post("/v1/auth/logout", nil).Refused(401, "INVALID_TOKEN")
		second.Get("/v1/auth/me").Want(200)
	})
}

func TestOneSeesAndEndsOnesOwnSessionsOnly(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, eve := s.Register(t), s.Cast(t).Outsider.Login(t)
		browser := ada.At("203.0.113.7").With("User-Agent", "Mozilla/5.0 (test)")
		login := browser.Without("Authorization").Post("/v1/auth/login", M{"email": ada.Email, "password": ada.Password}).Want(200)
		second := ada.Holding(login.At("tokens"))
		list := second.Get("/v1/auth/sessions").Want(200)
		sessions := list.List()
		if got := texts(sessions, "id"); !slices.Equal(got, []string{ada.Session(), second.Session()}) {
			t.Fatalf("the sessions are %v", got)
		}
		want := M{"id": second.Session(), "address": "203.0.113.7", "user_agent": "Mozilla/5.0 (test)", "current": true,
			"created_at": "TIME", "last_used_at": "TIME", "expires_at": "TIME"}
		got := shape(sessions[1]).(M)
		got["id"] = sessions[1]["id"]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("a session (-want +got):\n%s", diff)
		}
		if sessions[0]["current"] != false {
			t.Error("the other session is called current")
		}
		foreign := eve.Delete("/v1/auth/sessions/"+ada.Session()).Refused(404, "NOT_FOUND")
		if diff := cmp.Diff(eve.Delete("/v1/auth/sessions/"+randomID()).Masked(), foreign.Masked()); diff != "" {
			t.Errorf("another's session is told from none (-none +another's):\n%s", diff)
		}
		second.Delete("/v1/auth/sessions/" + ada.Session()).Want(204)
		ada.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		second.Delete("/v1/auth/sessions/"+ada.Session()).Refused(404, "NOT_FOUND")
		second.Get("/v1/auth/me").Want(200)
		second.Delete("/v1/auth/sessions/no-id").Refused(400, "VALIDATION_FAILED").Names("id")
	})
}

func TestEndingAllOthersKeepsThisSession(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		others := []harness.Person{ada.Login(t), ada.Login(t)}
		ada.Delete("/v1/auth/sessions").Want(204)
		for _, other := range others {
			other.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
			s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": other.RefreshToken}).Refused(401, "INVALID_REFRESH_TOKEN")
		}
		if n := len(ada.Get("/v1/auth/sessions").Want(200).List()); n != 1 {
			t.Errorf("%d sessions are left", n)
		}
		ada.Delete("/v1/auth/sessions").Want(204)
	})
}

func TestSwitchingGivesTokensOfTheSameSession(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, stage := s.Register(t), s.Stage(t)
		s.Join(t, stage.Organization, ada.ID, "viewer")
		before := ada.RefreshToken
		switched := ada.Holding(ada.Post("/v1/auth/switch-organization", M{"organization_id": stage.Organization}).Want(200))
		if switched.Session() != ada.Session() || switched.RefreshToken == before {
			t.Error("switching opened another session, or did not rotate")
		}
		if org := harness.Claims(t, switched.AccessToken)["org"]; org != stage.Organization {
			t.Errorf("the token means %v", org)
		}
		me := switched.Get("/v1/auth/me").Want(200)
		if me.Text("organization.id") != stage.Organization || me.Text("organization.role") != "viewer" {
			t.Errorf("the active organization is %v", me.Value("organization"))
		}
		if got := texts(switched.Get("/v1/projects").Want(200).List(), "id"); !slices.Equal(got, []string{stage.Project}) {
			t.Errorf("the projects are %v", got)
		}
		next := switched.Holding(s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": switched.RefreshToken}).Want(200))
		if org := harness.Claims(t, next.AccessToken)["org"]; org != stage.Organization {
			t.Errorf("after a refresh the token means %v", org)
		}
		foreign := next.Post("/v1/auth/switch-organization", M{"organization_id": s.Cast(t).Outsider.Organization}).Refused(404, "NOT_FOUND")
		none := next.Post("/v1/auth/switch-organization", M{"organization_id": randomID()})
		if diff := cmp.Diff(none.Masked(), foreign.Masked()); diff != "" {
			t.Errorf("a foreign organization is told from none (-none +foreign):\n%s", diff)
		}
		next.Post("/v1/auth/switch-organization", M{"organization_id": "no-id"}).Refused(400, "VALIDATION_FAILED").Names("organization_id")
		next.Post("/v1/auth/switch-organization", M{}).Refused(400, "VALIDATION_FAILED").Names("organization_id")
		next.Get("/v1/auth/me").Want(200)
	})
}

func TestALostMembershipLeavesTheSessionWithoutAnOrganization(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, stage := s.Register(t), s.Stage(t)
		s.Join(t, stage.Organization, ada.ID, "admin")
		switched := ada.Holding(ada.Post("/v1/auth/switch-organization", M{"organization_id": stage.Organization}).Want(200))
		s.Exec(t, "UPDATE memberships SET role = 'viewer' WHERE organization_id = $1 AND account_id = $2", stage.Organization, ada.ID)
		switched.Delete("/v1/projects/"+stage.Project).Refused(403, "FORBIDDEN")
		s.Exec(t, "DELETE FROM memberships WHERE organization_id = $1 AND account_id = $2", stage.Organization, ada.ID)
		for _, path := range []string{"/v1/projects", "/v1/projects/" + stage.Project, "/v1/environments/" + stage.Dev} {
			switched.Get(path).Refused(404, "NOT_FOUND")
		}
		switched.Post("/v1/projects", M{"name": "Mine"}).Refused(404, "NOT_FOUND")
		if active := switched.Get("/v1/auth/me").Want(200).Value("organization"); active != nil {
			t.Errorf("the active organization is %v", active)
		}
		refreshed := switched.Holding(s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": switched.RefreshToken}).Want(200))
		if active := refreshed.Get("/v1/auth/me").Want(200).Value("organization"); active != nil {
			t.Errorf("a refresh brought %v back", active)
		}
		refreshed.Get("/v1/projects").Refused(404, "NOT_FOUND")
		back := refreshed.Holding(refreshed.Post("/v1/auth/switch-organization", M{"organization_id": ada.Organization}).Want(200))
		back.Get("/v1/projects/" + ada.Project).Want(200)
	})
}
