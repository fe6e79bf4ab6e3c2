package api

import (
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// reach is what somebody holds in an organization that is not their own.
type reach struct {
	person       harness.Person // whose active organization it is
	organization string
	member       string
	bound, free  string // account keys, the first bound to the organization
	invited      string // the token of an invitation that the person sent
	environment  string // the secret of an environment key that the person made
}

// settle makes an admin of the stage out of a new account, with everything that
// an admin can come to hold.
func settle(t *testing.T, s *harness.Server, stage harness.Stage) reach {
	t.Helper()
	p := proven(t, s)
	s.Join(t, stage.Organization, p.ID, "admin")
	p = p.Holding(p.Post("/v1/auth/switch-organization", M{"organization_id": stage.Organization}).Want(200))
	r := reach{person: p, organization: stage.Organization, member: member(t, p, p.Email)}
	r.bound = p.Post("/v1/auth/keys", M{"name": "Bound", "organization_id": stage.Organization}).Want(201).Text("key")
	r.free = p.Post("/v1/auth/keys", M{"name": "Free"}).Want(201).Text("key")
	_, r.invited = invite(t, p, harness.NewEmail(), "viewer")
	r.environment, _ = p.NewKey(t, stage.Dev)
	return r
}

// works says that everything opens what it should.
func (r reach) works(t *testing.T, s *harness.Server, stage harness.Stage) {
	t.Helper()
	r.person.Get("/v1/projects/" + stage.Project).Want(200)
	s.Client(t).Bearer(r.bound).Get("/v1/projects/" + stage.Project).Want(200)
	s.Client(t).Bearer(r.free).In(stage.Organization).Get("/v1/projects/" + stage.Project).Want(200)
	s.Client(t).Post("/v1/invitations/preview", M{"token": r.invited}).Want(200)
}

// isOver says that nothing does any more, with the token of before, at once.
func (r reach) isOver(t *testing.T, s *harness.Server, stage harness.Stage) {
	t.Helper()
	r.person.Get("/v1/projects").Refused(404, "NOT_FOUND")
	r.person.Get("/v1/projects/"+stage.Project).Refused(404, "NOT_FOUND")
	r.person.In(stage.Organization).Get("/v1/members").Refused(404, "NOT_FOUND")
	r.person.Post("/v1/projects", M{"name": "X"}).Refused(404, "NOT_FOUND")
	r.person.Post("/v1/members/invite", M{"email": harness.NewEmail()}).Refused(404, "NOT_FOUND")
	r.person.Post("/v1/auth/switch-organization", M{"organization_id": stage.Organization}).Refused(404, "NOT_FOUND")
	r.person.Get("/v1/organizations/"+stage.Organization).Refused(404, "NOT_FOUND")
	if me := r.person.Get("/v1/auth/me").Want(200); me.Value("organization") != nil {
		t.Errorf("the active organization is %v", me.Value("organization"))
	}
	s.Client(t).Bearer(r.bound).Get("/v1/projects").Refused(401, "INVALID_ACCOUNT_KEY")
	s.Client(t).Bearer(r.free).In(stage.Organization).Get("/v1/projects").Refused(404, "NOT_FOUND")
	s.Client(t).Bearer(r.free).Get("/v1/projects/"+stage.Project).Refused(404, "NOT_FOUND")
	s.Client(t).Post("/v1/invitations/preview", M{"token": r.invited}).Refused(404, "INVITATION_NOT_FOUND")
	for _, path := range []string{"/v1/organizations", "/v1/auth/organizations"} {
		for _, id := range texts(r.person.Get(path).Want(200).List(), "id") {
			if id == stage.Organization {
				t.Errorf("%s lists it still", path)
			}
		}
	}
	refreshed := s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": r.person.RefreshToken}).Want(200)
	if org := harness.Claims(t, refreshed.Text("access_token"))["org"]; org != nil {
		t.Errorf("the refreshed token names %v", org)
	}
}

func TestRemovalEndsEverythingAtOnce(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		for name, remove := range map[string]func(t *testing.T, stage harness.Stage, r reach){
			"removed": func(_ *testing.T, stage harness.Stage, r reach) {
				stage.Owner.Delete("/v1/members/" + r.member).Want(204)
			},
			"left": func(_ *testing.T, stage harness.Stage, r reach) {
				r.person.Post("/v1/organizations/"+stage.Organization+"/leave", nil).Want(204)
			},
		} {
			t.Run(name, func(t *testing.T) {
				stage := s.Stage(t)
				r := settle(t, s, stage)
				r.works(t, s, stage)
				remove(t, stage, r)
				r.isOver(t, s, stage)
				// An environment key is the organization's own: whoever made it.
				s.Client(t).Key(r.environment).Get("/v1/sdk/environment").Want(200)
				r.person.In(r.person.Organization).Get("/v1/projects").Want(200)

				// Back in, with the new role only.
				id, secret := invite(t, stage.Owner, r.person.Email, "viewer")
				r.person.Post("/v1/invitations/accept", M{"token": secret}).Want(200)
				back := r.person.In(stage.Organization)
				back.Get("/v1/projects").Want(200)
				back.Post("/v1/projects", M{"name": "X"}).Refused(403, "FORBIDDEN")
				s.Client(t).Bearer(r.bound).Get("/v1/projects").Refused(401, "INVALID_ACCOUNT_KEY")
				s.Client(t).Post("/v1/invitations/preview", M{"token": r.invited}).Refused(404, "INVITATION_NOT_FOUND")
				if id == r.member {
					t.Error("the new membership has the id of the old one")
				}
			})
		}
	})
}

func TestADemotionCountsForTheNextRequest(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		id := member(t, stage.Owner, stage.Admin.Email)
		key := stage.Admin.Post("/v1/auth/keys", M{"name": "Key", "scopes": []string{"read", "write", "keys"}, "organization_id": stage.Organization}).Want(201).Text("key")
		program := s.Client(t).Bearer(key)
		path := "/v1/environments/" + stage.Dev + "/api-keys"
		stage.Admin.Post(path, M{"name": "A"}).Want(201)
		program.Post(path, M{"name": "B"}).Want(201)
		stage.Owner.Put("/v1/members/"+id, M{"role": "viewer"}).Want(204)
		stage.Admin.Post(path, M{"name": "C"}).Refused(403, "FORBIDDEN")
		program.Post(path, M{"name": "D"}).Refused(403, "FORBIDDEN")
		stage.Owner.Put("/v1/members/"+id, M{"role": "admin"}).Want(204)
		program.Post(path, M{"name": "E"}).Want(201)
	})
}

func TestADeletedOrganizationLeavesNothingBehind(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		r := settle(t, s, stage)
		_, key := stage.Owner.NewKey(t, stage.Dev)
		email := harness.NewEmail()
		asked, secret := invite(t, stage.Owner, email, "viewer")
		r.works(t, s, stage)
		stage.Owner.Delete("/v1/organizations/"+stage.Organization, M{"confirm": stage.Slug}).Want(204)
		r.isOver(t, s, stage)
		for _, path := range []string{
			"/v1/organizations/" + stage.Organization, "/v1/projects/" + stage.Project, "/v1/environments/" + stage.Dev,
			"/v1/api-keys/" + key, "/v1/members", "/v1/audit", "/v1/audit/export",
		} {
			stage.Owner.Get(path).Refused(404, "NOT_FOUND")
		}
		stage.Owner.Delete("/v1/members/"+asked).Refused(404, "NOT_FOUND")
		for _, path := range []string{"/v1/invitations/preview", "/v1/invitations/decline"} {
			s.Client(t).Post(path, M{"token": secret}).Refused(404, "INVITATION_NOT_FOUND")
		}
		s.Client(t).Post("/v1/invitations/accept", M{"token": secret, "name": "X", "password": harness.NewPassword()}).Refused(404, "INVITATION_NOT_FOUND")
		s.Client(t).Key(r.environment).Get("/v1/sdk/environment").Refused(401, "INVALID_KEY")
	})
}

func TestADeletedAccountLeavesNothingBehind(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		r := settle(t, s, stage)
		r.person.Delete("/v1/auth/me", M{"password": r.person.Password}).Want(204)
		r.person.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		for _, key := range []string{r.bound, r.free} {
			s.Client(t).Bearer(key).Get("/v1/auth/me").Refused(401, "INVALID_ACCOUNT_KEY")
		}
		s.Client(t).Post("/v1/invitations/preview", M{"token": r.invited}).Refused(404, "INVITATION_NOT_FOUND")
		s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": r.person.RefreshToken}).Refused(401, "INVALID_REFRESH_TOKEN")

		again := s.Register(t, M{"email": r.person.Email, "password": r.person.Password})
		if again.ID == r.person.ID {
			t.Error("the new account has the id of the old one")
		}
		if got := texts(again.Get("/v1/organizations").Want(200).List(), "id"); len(got) != 1 || got[0] != again.Organization {
			t.Errorf("the new account is in %v", got)
		}
		if n := len(again.Get("/v1/auth/keys").Want(200).List()) + len(again.Get("/v1/auth/sessions").Want(200).List()); n != 1 {
			t.Errorf("the new account has %d keys and sessions", n)
		}
		again.In(stage.Organization).Get("/v1/projects").Refused(404, "NOT_FOUND")
	})
}
