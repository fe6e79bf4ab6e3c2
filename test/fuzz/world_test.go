package fuzz

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// world is what one client holds: a session of an organization's owner, who has
// a colleague, keys, and everything else that a request can be about.
type world struct {
	s     *harness.Server
	owner harness.Person
	other harness.Person // of another organization

	organization, slug, project, environment string
	member, invitation, session              string
	key, keyID, clientKey                    string
	accountKey, accountKeyID                 string
	cursors                                  []string
	operator                                 string // a token
	furnished                                int    // organizations that the owner founded
}

// plenty is how many organizations an owner founds. Who has dozens is deleted
// slowly, and is somebody else's test.
const plenty = 8

// newWorld begins with people of its own.
func newWorld(t *testing.T, s *harness.Server) *world {
	t.Helper()
	w := &world{s: s, operator: harness.AdminToken}
	w.other = s.Register(t)
	w.begin(t)
	return w
}

// begin registers the owner anew and furnishes its organization.
func (w *world) begin(t *testing.T) {
	t.Helper()
	w.owner, w.furnished = w.s.Register(t), 0
	w.furnish(t)
}

// furnish founds another organization, with one of everything.
func (w *world) furnish(t *testing.T) {
	t.Helper()
	o := w.owner
	w.furnished++
	founded := o.Post("/v1/organizations", M{"name": "Fuzz " + harness.Unique()}).Want(201)
	w.organization, w.slug, w.project = founded.Text("id"), founded.Text("slug"), founded.Text("project.id")
	w.environment = founded.Text("environments.0.id")
	o.Client = o.In(w.organization)
	w.s.Join(t, w.organization, w.other.ID, "developer")
	for _, m := range o.Get("/v1/members?role=developer").Want(200).List() {
		w.member, _ = m["id"].(string)
	}
	w.invitation = o.Post("/v1/members/invite", M{"email": harness.NewEmail()}).Want(201).Text("id")
	w.key, w.keyID = o.NewKey(t, w.environment, M{"scopes": []any{"flags:read"}})
	w.clientKey, _ = o.NewKey(t, w.environment, M{"type": "client"})
	made := o.Post("/v1/auth/keys", M{"name": "Fuzz", "scopes": []any{"read", "write", "keys"}}).Want(201)
	w.accountKey, w.accountKeyID = made.Text("key"), made.Text("id")
	w.session = o.Session()
	w.cursors = nil
	for _, list := range []string{"/v1/members?limit=1", "/v1/audit?limit=1", "/v1/projects/" + w.project + "/environments?limit=1"} {
		if _, cursor, more := strings.Cut(o.Get(list).Want(200).Next(), "after="); more {
			cursor, _, _ = strings.Cut(cursor, "&")
			w.cursors = append(w.cursors, cursor)
		}
	}
}

// renew puts the world in order again, after something in it may have ended.
func (w *world) renew(t *testing.T) {
	t.Helper()
	if w.other.Get("/v1/auth/me").Status != 200 {
		w.other = w.s.Register(t)
	}
	if w.furnished == plenty || w.owner.Get("/v1/auth/me").Status != 200 {
		w.begin(t)
		return
	}
	w.furnish(t)
}

// value is what the world has for a member or parameter of that name.
func (w *world) value(r *rand.Rand, name string) (any, bool) {
	switch name {
	case "email":
		return pick(r, []string{harness.NewEmail(), w.owner.Email, w.other.Email}), true
	case "username":
		return pick(r, []string{w.owner.Email, "u" + harness.Unique()}), true
	case "password", "current_password":
		return pick(r, []string{w.owner.Password, harness.NewPassword()}), true
	case "new_password":
		return harness.NewPassword(), true
	case "name", "org_name", "full_name", "fullName":
		return "Fuzz " + harness.Unique(), true
	case "slug":
		return "s-" + harness.Unique(), true
	case "color":
		return "#22c55e", true
	case "kind":
		return pick(r, []string{"development", "staging", "production"}), true
	case "type":
		return pick(r, []string{"server", "client", "project", "member"}), true
	case "role":
		return pick(r, []string{"viewer", "developer", "admin", "owner"}), true
	case "scopes":
		return []any{pick(r, []string{"read", "write", "flags:read"})}, true
	case "expires_at":
		return "2099-01-31T12:00:00Z", true
	case "confirm":
		return pick(r, []string{w.slug, "default", "dev", "production"}), true
	case "refresh_token", "refreshToken":
		return w.owner.RefreshToken, true
	case "key":
		return pick(r, []string{w.key, w.clientKey}), true
	case "organization_id":
		return w.organization, true
	case "member_id", "member":
		return w.member, true
	case "action":
		return pick(r, []string{"project.create", "project.created", "key.created"}), true
	case "after":
		return pick(r, append(w.cursors, "")), true
	case "token":
		return strings.Repeat("A", 43), true
	case "disabled":
		return false, true
	case "delete_organizations":
		return true, true
	}
	return nil, false
}

// slot is what the world has for the id in a path.
func (w *world) slot(r *rand.Rand, path, name string) string {
	switch {
	case name == "asset":
		return pick(r, []string{"docs.js", "verify.js", "verify.css"})
	case name == "envId":
		return w.environment
	case name == "userId", strings.HasPrefix(path, "/v1/admin/"):
		return pick(r, []string{w.owner.ID, w.other.ID})
	case name == "keyId":
		return "key_" + strings.ReplaceAll(w.accountKeyID, "-", "")
	case strings.HasPrefix(path, "/v1/auth/keys/"):
		return w.accountKeyID
	}
	for prefix, id := range map[string]string{
		"/v1/organizations/": w.organization, "/v1/projects/": w.project, "/v1/environments/": w.environment,
		"/v1/api-keys/": w.keyID, "/v1/auth/sessions/": w.session,
	} {
		if strings.HasPrefix(path, prefix) {
			return id
		}
	}
	return pick(r, []string{w.member, w.invitation})
}

// ids are all that the world knows, of every kind.
func (w *world) ids() []string {
	return []string{
		w.organization, w.project, w.environment, w.member, w.invitation, w.session, w.keyID, w.accountKeyID, w.owner.ID,
		w.other.ID, w.other.Organization, w.other.Project, w.other.Dev,
	}
}
