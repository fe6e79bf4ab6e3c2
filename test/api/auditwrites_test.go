package api

import (
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// auditedWrites are acts by which every operation that changes something is tried. They
// are done in this order: later ones need what earlier ones made.
func auditedWrites(t *testing.T, s *harness.Server) []act {
	t.Helper()
	ada, bob, grace := proven(t, s), proven(t, s), proven(t, s)
	leaving, doomed := proven(t, s), s.Register(t)
	deleted := doomed.Post("/v1/organizations", M{"name": "Doomed " + harness.Unique()}).Want(201)
	s.Join(t, ada.Organization, bob.ID, "admin")
	s.Join(t, ada.Organization, leaving.ID, "viewer")
	bobs := member(t, ada, bob.Email)
	var id, key, accountKey, undo string
	made := func(r *harness.Response, into *string) *harness.Response {
		if r.Status == 201 {
			*into = r.Text("id")
		}
		return r
	}
	asked := func(email string) string { _, secret := invite(t, ada, email, "viewer"); return secret }
	fresh, change := s.Register(t), harness.NewEmail()
	verify := token(t, post, fresh.Email, aboutVerification)
	newcomer, declined := harness.NewEmail(), harness.NewEmail()
	forNewcomer, forGrace, forDeclined := asked(newcomer), asked(grace.Email), asked(declined)
	resent := ada.Post("/v1/members/invite", M{"email": harness.NewEmail()}).Want(201).Text("id")
	second := bob.Login(t)
	operator := operate(t, s)
	next := harness.NewPassword()
	var env string
	for _, e := range deleted.Value("environments").([]any) {
		env, _ = e.(M)["id"].(string)
	}
	inDeleted := doomed.In(deleted.Text("id"))

	acts := []act{
		{"POST /v1/auth/register", "account.registered organization.created", 201, func() *harness.Response {
			return s.Client(t).Post("/v1/auth/register", harness.NewRegistration())
		}},
		{"POST /v1/auth/signup", "account.registered organization.created", 201, func() *harness.Response {
			return s.Client(t).Post("/v1/auth/signup", M{"email": harness.NewEmail(), "password": harness.NewPassword()})
		}},
		{"POST /v1/auth/login", "session.begun", 200, func() *harness.Response {
			return s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": ada.Password})
		}},
		{"POST /v1/auth/switch-organization", "session.organization_switched", 200, func() *harness.Response {
			return grace.Post("/v1/auth/switch-organization", M{"organization_id": grace.Organization})
		}},
		{"POST /v1/auth/reauthenticate", "session.reauthenticated", 204, func() *harness.Response {
			return ada.Post("/v1/auth/reauthenticate", M{"password": ada.Password})
		}},
		{"DELETE /v1/auth/sessions/{id}", "session.ended", 204, func() *harness.Response { return bob.Delete("/v1/auth/sessions/" + second.Session()) }},
		{"POST /v1/auth/logout", "session.begun session.ended", 204, func() *harness.Response { return bob.Login(t).Post("/v1/auth/logout", nil) }},
		{"DELETE /v1/auth/sessions", "session.begun session.ended", 204, func() *harness.Response {
			bob.Login(t)
			return bob.Delete("/v1/auth/sessions")
		}},
		{"PATCH /v1/auth/me", "account.updated", 200, func() *harness.Response { return ada.Patch("/v1/auth/me", M{"name": "Countess"}) }},
		{"POST /v1/auth/verify-email", "account.email_verified", 204, func() *harness.Response {
			return fresh.Post("/v1/auth/verify-email", M{"token": verify})
		}},
		{"POST /v1/auth/email", "account.email_change_requested", 202, func() *harness.Response {
			return fresh.Post("/v1/auth/email", M{"email": change})
		}},
		{"POST /v1/auth/verify-email", "account.email_changed", 204, func() *harness.Response {
			r := fresh.Post("/v1/auth/verify-email", M{"token": token(t, post, change, aboutConfirmation)})
			undo = token(t, post, fresh.Email, aboutUndo)
			return r
		}},
		{"POST /v1/auth/email/undo", "account.email_change_undone", 204, func() *harness.Response {
			return s.Client(t).Post("/v1/auth/email/undo", M{"token": undo})
		}},
		{"POST /v1/auth/password/forgot", "account.password_reset_requested", 202, func() *harness.Response {
			return s.Client(t).Post("/v1/auth/password/forgot", M{"email": grace.Email})
		}},
		{"POST /v1/auth/password/forgot", "", 202, func() *harness.Response {
			return s.Client(t).Post("/v1/auth/password/forgot", M{"email": harness.NewEmail()})
		}},
		{"POST /v1/auth/password/change", "account.password_changed", 204, func() *harness.Response {
			return ada.Post("/v1/auth/password/change", M{"current_password": ada.Password, "new_password": next})
		}},
		{"POST /v1/auth/keys", "account_key.created", 201, func() *harness.Response {
			return made(ada.Post("/v1/auth/keys", M{"name": "Key"}), &accountKey)
		}},
		{"DELETE /v1/auth/keys/{id}", "account_key.deleted", 204, func() *harness.Response { return ada.Delete("/v1/auth/keys/" + accountKey) }},

		{"POST /v1/organizations", "organization.created", 201, func() *harness.Response {
			return ada.Post("/v1/organizations", M{"name": "Second " + harness.Unique()})
		}},
		{"PATCH /v1/organizations/{id}", "organization.updated", 200, func() *harness.Response {
			return ada.Patch("/v1/organizations/"+ada.Organization, M{"name": "Renamed"})
		}},
		{"POST /v1/members/invite", "member.invited", 201, func() *harness.Response {
			return made(ada.Post("/v1/members/invite", M{"email": harness.NewEmail()}), &id)
		}},
		{"PUT /v1/members/{id}", "member.role_changed", 204, func() *harness.Response { return ada.Put("/v1/members/"+id, M{"role": "viewer"}) }},
		{"DELETE /v1/members/{id}", "member.invitation_revoked", 204, func() *harness.Response { return ada.Delete("/v1/members/" + id) }},
		{"POST /v1/members/{id}/resend", "member.invitation_resent", 204, func() *harness.Response {
			return ada.Post("/v1/members/"+resent+"/resend", nil)
		}},
		{"POST /v1/invitations/accept", "member.joined", 200, func() *harness.Response {
			return grace.Post("/v1/invitations/accept", M{"token": forGrace})
		}},
		{"POST /v1/invitations/accept", "account.registered member.joined", 201, func() *harness.Response {
			return s.Client(t).Post("/v1/invitations/accept", M{"token": forNewcomer, "name": "New", "password": harness.NewPassword()})
		}},
		{"POST /v1/invitations/decline", "member.invitation_declined", 204, func() *harness.Response {
			return s.Client(t).Post("/v1/invitations/decline", M{"token": forDeclined})
		}},
		{"PATCH /v1/members/{id}", "member.role_changed", 204, func() *harness.Response {
			return ada.Patch("/v1/members/"+member(t, ada, grace.Email), M{"role": "developer"})
		}},
		{"DELETE /v1/members/{id}", "member.removed", 204, func() *harness.Response {
			return ada.Delete("/v1/members/" + member(t, ada, grace.Email))
		}},
		{"POST /v1/organizations/{id}/leave", "member.left", 204, func() *harness.Response {
			return leaving.Post("/v1/organizations/"+ada.Organization+"/leave", nil)
		}},

		{"POST /v1/projects", "project.created", 201, func() *harness.Response {
			return made(ada.Post("/v1/projects", M{"name": "P " + harness.Unique()}), &id)
		}},
		{"PATCH /v1/projects/{id}", "project.updated", 200, func() *harness.Response {
			return ada.Patch("/v1/projects/"+id, M{"name": "Renamed"})
		}},
		{"DELETE /v1/projects/{id}", "project.deleted", 204, func() *harness.Response {
			return ada.Delete("/v1/projects/"+id, confirming(ada.Client, "/v1/projects/"+id))
		}},
		{"POST /v1/projects/{id}/environments", "environment.created", 201, func() *harness.Response {
			return made(ada.Post("/v1/projects/"+ada.Project+"/environments", M{"name": "E " + harness.Unique()}), &id)
		}},
		{"PATCH /v1/environments/{id}", "environment.updated", 200, func() *harness.Response {
			return ada.Patch("/v1/environments/"+id, M{"name": "Renamed"})
		}},
		{"DELETE /v1/environments/{id}", "environment.deleted", 204, func() *harness.Response { return ada.Delete("/v1/environments/" + id) }},
		{"DELETE /v1/projects/{id}/environments/{envId}", "environment.deleted", 204, func() *harness.Response {
			return inDeleted.Delete("/v1/projects/"+deleted.Text("project.id")+"/environments/"+env, confirming(inDeleted, "/v1/environments/"+env))
		}},
		{"POST /v1/environments/{id}/api-keys", "key.created", 201, func() *harness.Response {
			return made(ada.Post("/v1/environments/"+ada.Dev+"/api-keys", M{"name": "Key"}), &key)
		}},
		{"POST /v1/api-keys/{id}/rotate", "key.rotated", 201, func() *harness.Response { return ada.Post("/v1/api-keys/"+key+"/rotate", nil) }},
		{"DELETE /v1/api-keys/{id}", "key.revoked", 204, func() *harness.Response { return ada.Delete("/v1/api-keys/" + key) }},

		{"POST /v1/organizations/{id}/transfer", "organization.ownership_transferred", 204, func() *harness.Response {
			return ada.Post("/v1/organizations/"+ada.Organization+"/transfer", M{"member_id": bobs})
		}},
		{"DELETE /v1/organizations/{id}", "organization.deleted", 204, func() *harness.Response {
			return doomed.Delete("/v1/organizations/"+deleted.Text("id"), M{"confirm": deleted.Text("slug")})
		}},
		{"PATCH /v1/admin/accounts/{id}", "account.disabled", 200, func() *harness.Response {
			return operator.Patch("/v1/admin/accounts/"+leaving.ID, M{"disabled": true})
		}},
		{"PATCH /v1/admin/accounts/{id}", "account.enabled", 200, func() *harness.Response {
			return operator.Patch("/v1/admin/accounts/"+leaving.ID, M{"disabled": false})
		}},
		{"DELETE /v1/admin/accounts/{id}", "account.deleted organization.deleted", 204, func() *harness.Response {
			return operator.Delete("/v1/admin/accounts/" + leaving.ID)
		}},
		{"DELETE /v1/auth/me", "account.deleted organization.deleted", 204, func() *harness.Response {
			return doomed.Delete("/v1/auth/me", M{"password": doomed.Password})
		}},
		{"POST /v1/auth/password/reset", "account.password_reset", 204, func() *harness.Response {
			body := M{"token": token(t, post, grace.Email, aboutReset), "new_password": harness.NewPassword()}
			return s.Client(t).Post("/v1/auth/password/reset", body)
		}},
	}
	return acts
}
