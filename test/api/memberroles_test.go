package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/test/harness"
)

// extra puts one more member into an organization, of an account that nobody
// can log in to: it costs no hash of a password.
func extra(t *testing.T, s *harness.Server, organization, role string) (member, account, email string) {
	t.Helper()
	account, email = randomID(), harness.NewEmail()
	now := time.Now().UTC().Truncate(time.Microsecond)
	s.Exec(t, `INSERT INTO accounts (id, email, email_verified, name, password_hash, operator, disabled, version, created_at, updated_at, search_name)
		VALUES ($1, $2, true, 'Extra', 'none', false, false, 1, $3, $4, 'extra')`, account, email, now, now)
	member = uuid.Must(uuid.NewV7()).String()
	s.Exec(t, `INSERT INTO memberships (organization_id, id, account_id, role, status, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'active', 1, $5, $6)`, organization, member, account, role, now, now)
	return member, account, email
}

// memberDeeds are what can be done about members, each with the least role.
func memberDeeds(s *harness.Server) []deed {
	type person = harness.Person
	get := func(path string) func(*testing.T, harness.Stage, person) *harness.Response {
		return func(_ *testing.T, _ harness.Stage, by person) *harness.Response { return by.Get(path) }
	}
	invited := func(t *testing.T, stage harness.Stage, role string) string {
		t.Helper()
		return stage.Owner.Post("/v1/members/invite", M{"email": harness.NewEmail(), "role": role}).Want(201).Text("id")
	}
	about := func(method, role string, body any) func(*testing.T, harness.Stage, person) *harness.Response {
		return func(t *testing.T, stage harness.Stage, by person) *harness.Response {
			id, _, _ := extra(t, s, stage.Organization, role)
			return by.Do(method, "/v1/members/"+id, body)
		}
	}
	aboutInvited := func(method, role, path string, body any) func(*testing.T, harness.Stage, person) *harness.Response {
		return func(t *testing.T, stage harness.Stage, by person) *harness.Response {
			return by.Do(method, "/v1/members/"+invited(t, stage, role)+path, body)
		}
	}
	invite := func(role string) func(*testing.T, harness.Stage, person) *harness.Response {
		return func(_ *testing.T, _ harness.Stage, by person) *harness.Response {
			return by.Post("/v1/members/invite", M{"email": harness.NewEmail(), "role": role})
		}
	}
	return []deed{
		{"list members", "viewer", 200, get("/v1/members")},
		{"read the audit", "admin", 200, get("/v1/audit")},
		{"export the audit", "admin", 200, get("/v1/audit/export")},
		{"ask why", "admin", 200, func(_ *testing.T, _ harness.Stage, by person) *harness.Response {
			return by.Post("/v1/authz/explain", M{"action": "project.create"})
		}},
		{"invite a viewer", "admin", 201, invite("viewer")},
		{"invite an admin", "admin", 201, invite("admin")},
		{"send an invitation again", "admin", 204, aboutInvited("POST", "developer", "/resend", nil)},
		{"offer another role", "admin", 204, aboutInvited("PUT", "developer", "", M{"role": "admin"})},
		{"withdraw an invitation", "admin", 204, aboutInvited("DELETE", "admin", "", nil)},
		{"promote a member", "admin", 204, about("PUT", "viewer", M{"role": "admin"})},
		{"demote a member", "admin", 204, about("PATCH", "admin", M{"role": "viewer"})},
		{"remove a member", "admin", 204, about("DELETE", "admin", nil)},
		{"invite an owner", "owner", 201, invite("owner")},
		{"send an owner's invitation again", "owner", 204, aboutInvited("POST", "owner", "/resend", nil)},
		{"offer ownership", "owner", 204, aboutInvited("PATCH", "admin", "", M{"role": "owner"})},
		{"offer less than ownership", "owner", 204, aboutInvited("PUT", "owner", "", M{"role": "viewer"})},
		{"withdraw an owner's invitation", "owner", 204, aboutInvited("DELETE", "owner", "", nil)},
		{"make an owner", "owner", 204, about("PUT", "admin", M{"role": "owner"})},
		{"demote an owner", "owner", 204, about("PATCH", "owner", M{"role": "admin"})},
		{"remove an owner", "owner", 204, about("DELETE", "owner", nil)},
		{"hand the organization over", "owner", 204, func(t *testing.T, stage harness.Stage, by person) *harness.Response {
			id, _, _ := extra(t, s, stage.Organization, "viewer")
			return by.Post("/v1/organizations/"+stage.Organization+"/transfer", M{"member_id": id})
		}}, // comes last: the owner is none after it
	}
}

func TestEachRoleMayDoAboutMembersWhatTheTableSays(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		people := stage.ByRole()
		for _, d := range memberDeeds(s) {
			d.do(t, stage, harness.Person{Client: stage.Outsider.In(stage.Organization)}).Refused(404, "NOT_FOUND")
			for _, role := range ranks {
				r := d.do(t, stage, people[role])
				switch allowed := rank(role) >= rank(d.least); {
				case allowed && r.Status != d.done:
					t.Errorf("%s cannot %s: %d %s", role, d.name, r.Status, r.Code())
				case !allowed:
					r.Refused(403, "FORBIDDEN")
				}
			}
		}
	})
}

func TestEveryoneMayLeave(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		extra(t, s, stage.Organization, "owner")
		leave := "/v1/organizations/" + stage.Organization + "/leave"
		stage.Outsider.Post(leave, nil).Refused(404, "NOT_FOUND")
		for role, who := range stage.ByRole() {
			who.Get("/v1/projects").Want(200)
			who.Post(leave, nil).Want(204)
			who.Get("/v1/projects").Refused(404, "NOT_FOUND")
			if r := who.Post(leave, nil); r.Status != 404 {
				t.Errorf("the former %s leaves again: %d", role, r.Status)
			}
		}
	})
}

// Nobody gives, keeps or takes more than they hold: every actor, old role and
// new role.
func TestNobodyGivesOrTakesMoreThanTheyHold(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		target, _, _ := extra(t, s, stage.Organization, "viewer")
		asked := stage.Owner.Post("/v1/members/invite", M{"email": harness.NewEmail()}).Want(201).Text("id")
		for actor, by := range stage.ByRole() {
			for _, from := range ranks {
				for _, to := range ranks {
					allowed := rank(actor) >= rank("admin") && rank(from) <= rank(actor) && rank(to) <= rank(actor)
					for _, id := range []string{target, asked} {
						// Neither of the two ever calls, so that nothing remembers their roles.
						s.ExecUnheard(t, "UPDATE memberships SET role = $1 WHERE organization_id = $2 AND id = $3", from, stage.Organization, id)
						r := by.Put("/v1/members/"+id, M{"role": to})
						if want := map[bool]int{true: 204, false: 403}[allowed]; r.Status != want {
							t.Errorf("%s changes %s to %s: %d, want %d", actor, from, to, r.Status, want)
						}
						is := s.Count(t, "SELECT count(*) FROM memberships WHERE organization_id = $1 AND id = $2 AND role = $3",
							stage.Organization, id, map[bool]string{true: to, false: from}[allowed])
						if is != 1 {
							t.Errorf("%s changed %s to %s: the role is another", actor, from, to)
						}
					}
				}
			}
			if r := by.Put("/v1/members/"+member(t, stage.Owner, by.Email), M{"role": "owner"}); actor != "owner" {
				r.Refused(403, "FORBIDDEN")
			}
		}
	})
}

func TestARoleHasItsExactNameOnly(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		id, _, email := extra(t, s, stage.Organization, "viewer")
		for _, role := range []any{
			"Owner", "owner ", " owner", "OWNER", "", nil, []string{"viewer", "owner"}, "admin,owner", "admin owner", "root", "0", 4, true,
			M{"role": "owner"}, repeat("owner", 2000), "ow\u200bner", "\uff4fwner",
		} {
			for _, method := range []string{"PUT", "PATCH"} {
				stage.Owner.Do(method, "/v1/members/"+id, M{"role": role}).Refused(400, "VALIDATION_FAILED").Names("role")
			}
			if role != "" { // counts as absent there
				stage.Owner.Post("/v1/members/invite", M{"email": harness.NewEmail(), "role": role}).Refused(400, "VALIDATION_FAILED").Names("role")
			}
		}
		for _, name := range []string{"org_id", "user_id", "id", "status", "email", "expires_at", "version", "Role"} {
			stage.Owner.Put("/v1/members/"+id, M{"role": "developer", name: stage.Outsider.ID}).Refused(400, "VALIDATION_FAILED").Names(name)
			stage.Owner.Post("/v1/members/invite", M{"email": harness.NewEmail(), name + "_": stage.Outsider.Organization}).Refused(400, "VALIDATION_FAILED")
		}
		stage.Owner.Put("/v1/members/"+id, M{}).Refused(400, "VALIDATION_FAILED").Names("role")
		if found := stage.Owner.Get("/v1/members?q=" + email).Want(200).List()[0]; found["role"] != "viewer" || found["org_id"] != stage.Organization {
			t.Errorf("the member is now %v", found)
		}
		invited := stage.Owner.Post("/v1/members/invite", M{"email": harness.NewEmail(), "role": ""}).Want(201)
		if invited.Text("role") != "developer" {
			t.Errorf("without a role %s is offered", invited.Text("role"))
		}
	})
}

func TestAskingWhyShowsTheRule(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		viewer := member(t, stage.Owner, stage.Viewer.Email)
		ask := func(body M) *harness.Response { return stage.Admin.Post("/v1/authz/explain", body) }
		for name, want := range map[string]struct {
			body    M
			allowed bool
			least   any
			role    string
		}{
			"one's own right":      {M{"action": "member.invite"}, true, "admin", "admin"},
			"what is too much":     {M{"action": "organization.transfer"}, false, "owner", "admin"},
			"a member":             {M{"action": "project.create", "member": viewer}, false, "developer", "viewer"},
			"a member and a thing": {M{"action": "project.read", "member": viewer, "resource": M{"type": "project", "id": stage.Project}}, true, "viewer", "viewer"},
			"what no rule names":   {M{"action": "project.launch"}, false, nil, "admin"},
		} {
			r := ask(want.body).Want(200)
			if r.Value("allowed") != want.allowed || r.Value("rule.least_role") != want.least || r.Text("role") != want.role {
				t.Errorf("%s: %s", name, r.Body)
			}
		}
		for name, body := range map[string]M{
			"no action": {}, "an empty action": {"action": ""}, "a member that is no id": {"action": "project.read", "member": "x"},
			"an unknown type":    {"action": "project.read", "resource": M{"type": "planet", "id": randomID()}},
			"an id that is none": {"action": "project.read", "resource": M{"type": "project", "id": "x"}},
		} {
			if r := ask(body); r.Status != 400 {
				t.Errorf("%s: %d", name, r.Status)
			}
		}
		for _, kind := range []string{"organization", "project", "environment", "key", "member"} {
			ask(M{"action": "project.read", "resource": M{"type": kind, "id": randomID()}}).Refused(404, "NOT_FOUND")
		}
		ask(M{"action": "project.read", "resource": M{"type": "project", "id": stage.Outsider.Project}}).Refused(404, "NOT_FOUND")
		ask(M{"action": "project.read", "member": randomID()}).Refused(404, "NOT_FOUND")
		// What is explained is what happens.
		for role, who := range stage.ByRole() {
			told := ask(M{"action": "project.create", "member": member(t, stage.Owner, who.Email)}).Want(200).Value("allowed")
			done := who.Post("/v1/projects", M{"name": fmt.Sprint("By ", role, " ", harness.Unique())}).Status == 201
			if told != done {
				t.Errorf("%s: told %v, done %v", role, told, done)
			}
		}
	})
}
