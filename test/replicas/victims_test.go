package replicas

import (
	"net/http"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// house is an installation with people in it, seen through its first replica.
type house struct {
	first *harness.Server
	owner harness.Person
}

func newHouse(t *testing.T, first *harness.Server) *house {
	t.Helper()
	first.Register(t) // the operator
	return &house{first: first, owner: first.Register(t)}
}

func bearer(token string) http.Header {
	return http.Header{"Authorization": {"Bearer " + token}, "X-Forwarded-For": {"10.1.2.3"}}
}

func environmentKey(secret string) http.Header {
	return http.Header{"X-Api-Key": {secret}, "X-Forwarded-For": {"10.1.2.3"}}
}

// kinds are the ways in which a credential loses what it opened.
func (h *house) kinds() map[string]func(*testing.T) victim {
	return map[string]func(*testing.T) victim{
		"a revoked key":               h.revokedKey,
		"a rotated key":               h.rotatedKey,
		"a session that was ended":    h.endedSession,
		"a member who was removed":    h.removedMember,
		"a member who was demoted":    h.demotedMember,
		"another session's password":  h.changedPassword,
		"an account key":              h.accountKey,
		"an account that is disabled": h.disabledAccount,
		"a deleted environment":       h.deletedEnvironment,
		"a deleted organization":      h.deletedOrganization,
	}
}

func (h *house) as(t *testing.T) harness.Person {
	t.Helper()
	return h.owner.For(t)
}

func (h *house) revokedKey(t *testing.T) victim {
	t.Helper()
	secret, id := h.as(t).NewKey(t, h.owner.Dev)
	return victim{"a revoked key", "/v1/sdk/authorize", environmentKey(secret), 204, 401, func(t *testing.T) {
		t.Helper()
		h.as(t).Delete("/v1/api-keys/" + id).Want(204)
	}}
}

func (h *house) rotatedKey(t *testing.T) victim {
	t.Helper()
	secret, id := h.as(t).NewKey(t, h.owner.Dev)
	return victim{"a rotated key", "/v1/sdk/authorize", environmentKey(secret), 204, 401, func(t *testing.T) {
		t.Helper()
		h.as(t).Post("/v1/api-keys/"+id+"/rotate", harness.M{"overlap_seconds": 0}).Want(201)
	}}
}

func (h *house) endedSession(t *testing.T) victim {
	t.Helper()
	second := h.as(t).Login(t)
	return victim{"a session that was ended", "/v1/projects", bearer(second.AccessToken), 200, 401, func(t *testing.T) {
		t.Helper()
		second.For(t).Post("/v1/auth/logout", nil).Want(204)
	}}
}

// joined is a new member of the owner's organization, and what the member is
// called there.
func (h *house) joined(t *testing.T, role string) (who harness.Person, member string) {
	t.Helper()
	who = h.first.Register(t)
	h.first.Join(t, h.owner.Organization, who.ID, role)
	list := h.as(t).Get("/v1/members?q=" + who.Email).Want(200)
	return who, list.Text("0.id")
}

func (h *house) removedMember(t *testing.T) victim {
	t.Helper()
	who, id := h.joined(t, "viewer")
	header := bearer(who.AccessToken)
	header.Set("X-Organization-Id", h.owner.Organization)
	return victim{"a member who was removed", "/v1/projects", header, 200, 404, func(t *testing.T) {
		t.Helper()
		h.as(t).Delete("/v1/members/" + id).Want(204)
	}}
}

func (h *house) demotedMember(t *testing.T) victim {
	t.Helper()
	who, id := h.joined(t, "admin")
	header := bearer(who.AccessToken)
	header.Set("X-Organization-Id", h.owner.Organization)
	return victim{"a member who was demoted", "/v1/audit?limit=1", header, 200, 403, func(t *testing.T) {
		t.Helper()
		h.as(t).Put("/v1/members/"+id, harness.M{"role": "viewer"}).Want(204)
	}}
}

func (h *house) changedPassword(t *testing.T) victim {
	t.Helper()
	who := h.first.Register(t)
	other := who.Login(t)
	return victim{"another session's password", "/v1/auth/me", bearer(other.AccessToken), 200, 401, func(t *testing.T) {
		t.Helper()
		who.For(t).Post("/v1/auth/password/change", harness.M{"current_password": who.Password, "new_password": harness.NewPassword()}).Want(204)
	}}
}

func (h *house) accountKey(t *testing.T) victim {
	t.Helper()
	made := h.as(t).Post("/v1/auth/keys", harness.M{"name": "Backend"}).Want(201)
	return victim{"an account key", "/v1/projects", bearer(made.Text("key")), 200, 401, func(t *testing.T) {
		t.Helper()
		h.as(t).Delete("/v1/auth/keys/" + made.Text("id")).Want(204)
	}}
}

func (h *house) disabledAccount(t *testing.T) victim {
	t.Helper()
	who := h.first.Register(t)
	return victim{"an account that is disabled", "/v1/projects", bearer(who.AccessToken), 200, 401, func(t *testing.T) {
		t.Helper()
		h.first.Client(t).Bearer(harness.AdminToken).Patch("/v1/admin/accounts/"+who.ID, harness.M{"disabled": true}).Want(200)
	}}
}

func (h *house) deletedEnvironment(t *testing.T) victim {
	t.Helper()
	e := h.as(t).Post("/v1/projects/"+h.owner.Project+"/environments", harness.M{"name": "Preview " + harness.Unique()}).Want(201)
	secret, _ := h.as(t).NewKey(t, e.Text("id"))
	return victim{"a deleted environment", "/v1/sdk/environment", environmentKey(secret), 200, 401, func(t *testing.T) {
		t.Helper()
		h.as(t).Delete("/v1/environments/" + e.Text("id")).Want(204)
	}}
}

func (h *house) deletedOrganization(t *testing.T) victim {
	t.Helper()
	founder := h.first.Register(t)
	secret, _ := founder.NewKey(t, founder.Production)
	return victim{"a deleted organization", "/v1/sdk/authorize", environmentKey(secret), 204, 401, func(t *testing.T) {
		t.Helper()
		founder.For(t).Delete("/v1/organizations/"+founder.Organization, harness.M{"confirm": founder.Slug}).Want(204)
	}}
}
