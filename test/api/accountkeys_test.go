package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// program is a client that acts by an account key.
func program(t *testing.T, s *harness.Server, p harness.Person, body M) (*harness.Client, string) {
	t.Helper()
	whole := M{"name": "Deploy script"}
	for name, value := range body {
		whole[name] = value
	}
	made := p.Post("/v1/auth/keys", whole).Want(201)
	return s.Client(t).Bearer(made.Text("key")), made.Text("id")
}

func TestAnAccountKeyIsShownOnce(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		expires := in(time.Hour)
		made := ada.Post("/v1/auth/keys", M{"name": " Deploy ", "scopes": []string{"keys", "read"}, "expires_at": expires, "organization_id": ada.Organization}).Want(201)
		secret := made.Text("key")
		if !strings.HasPrefix(secret, "sk_live_") || len(secret) != len("sk_live_")+38 || !strings.HasPrefix(secret, made.Text("key_prefix")) {
			t.Errorf("the key is %.12s…, its prefix %s", secret, made.Text("key_prefix"))
		}
		want := M{
			"id": "ID", "name": "Deploy", "key_prefix": made.Text("key_prefix"), "scopes": []any{"read", "keys"}, "organization_id": "ID",
			"expires_at": "TIME", "last_used_at": nil, "created_at": "TIME",
		}
		list := ada.Get("/v1/auth/keys").Want(200)
		if diff := cmp.Diff(any([]any{want}), shape(anySlice(list.List()))); diff != "" {
			t.Errorf("the list (-want +got):\n%s", diff)
		}
		if strings.Contains(string(list.Body), secret) || strings.Contains(dump(t, s, "account_keys"), secret) {
			t.Error("the secret is shown again, or stored")
		}
		plain := ada.Post("/v1/auth/keys", M{"name": "Plain"}).Want(201)
		if diff := cmp.Diff([]any{"read", "write"}, plain.Value("scopes")); diff != "" || plain.Value("expires_at") != nil || plain.Value("organization_id") != nil {
			t.Errorf("by default a key is %s", plain.Body)
		}
		for member, wrong := range map[string][]any{
			"name": {"", nil, "a\nb", repeat("x", 101), 1}, "scopes": {[]string{"admin"}, "read", []string{"read", "write", "*"}, []any{1}},
			"expires_at": {in(-time.Second), "tomorrow", 1}, "organization_id": {"x", 1}, "user_id": {ada.ID}, "account_id": {ada.ID}, "key": {"sk_live_x"},
		} {
			for _, value := range wrong {
				ada.Post("/v1/auth/keys", M{"name": "Key", member: value}).Refused(400, "VALIDATION_FAILED")
			}
		}
		ada.Post("/v1/auth/keys", M{"name": "Key", "organization_id": s.Cast(t).Outsider.Organization}).Refused(404, "NOT_FOUND")
	})
}

func anySlice(list []M) []any {
	all := make([]any, 0, len(list))
	for _, item := range list {
		all = append(all, item)
	}
	return all
}

// A key does what its scopes and its account's role allow, and no more.
func TestAKeyIsHeldToItsScopes(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		scopes := map[string][]string{"read": {"read"}, "write": {"write"}, "keys": {"keys"}, "all": {"read", "write", "keys"}}
		programs := map[string]*harness.Client{}
		for name, granted := range scopes {
			programs[name], _ = program(t, s, stage.Owner, M{"scopes": granted, "organization_id": stage.Organization})
		}
		key := func() string { _, id := stage.Owner.NewKey(t, stage.Dev); return id }
		for name, d := range map[string]struct {
			scope string
			do    func(c *harness.Client) *harness.Response
		}{
			"list projects":       {"read", func(c *harness.Client) *harness.Response { return c.Get("/v1/projects") }},
			"read an environment": {"read", func(c *harness.Client) *harness.Response { return c.Get("/v1/environments/" + stage.Dev) }},
			"list keys":           {"read", func(c *harness.Client) *harness.Response { return c.Get("/v1/environments/" + stage.Dev + "/api-keys") }},
			"list members":        {"read", func(c *harness.Client) *harness.Response { return c.Get("/v1/members") }},
			"read the audit":      {"read", func(c *harness.Client) *harness.Response { return c.Get("/v1/audit") }},
			"export the audit":    {"read", func(c *harness.Client) *harness.Response { return c.Get("/v1/audit/export") }},
			"read itself":         {"read", func(c *harness.Client) *harness.Response { return c.Get("/v1/auth/me") }},
			"list organizations":  {"read", func(c *harness.Client) *harness.Response { return c.Get("/v1/organizations") }},
			"list one's own":      {"read", func(c *harness.Client) *harness.Response { return c.Get("/v1/auth/organizations") }},
			"read a project":      {"read", func(c *harness.Client) *harness.Response { return c.Get("/v1/projects/" + stage.Project) }},
			"list environments": {"read", func(c *harness.Client) *harness.Response {
				return c.Get("/v1/projects/" + stage.Project + "/environments")
			}},
			"read a key":        {"read", func(c *harness.Client) *harness.Response { return c.Get("/v1/api-keys/" + key()) }},
			"read organization": {"read", func(c *harness.Client) *harness.Response { return c.Get("/v1/organizations/" + stage.Organization) }},
			"ask why": {"read", func(c *harness.Client) *harness.Response {
				return c.Post("/v1/authz/explain", M{"action": "project.read"})
			}},
			"judge a key": {"read", func(c *harness.Client) *harness.Response { return c.Post("/v1/keys/verify", M{"key": "none"}) }},
			"make a project": {"write", func(c *harness.Client) *harness.Response {
				return c.Post("/v1/projects", M{"name": "Made " + harness.Unique()})
			}},
			"rename a project": {"write", func(c *harness.Client) *harness.Response {
				return c.Patch("/v1/projects/"+stage.Project, M{"name": "Renamed"})
			}},
			"delete a project": {"write", func(c *harness.Client) *harness.Response {
				made := stage.Owner.Post("/v1/projects", M{"name": "Prop " + harness.Unique()}).Want(201)
				return c.Delete("/v1/projects/"+made.Text("id"), M{"confirm": made.Text("slug")})
			}},
			"invite": {"write", func(c *harness.Client) *harness.Response {
				return c.Post("/v1/members/invite", M{"email": harness.NewEmail()})
			}},
			"rename the organization": {"write", func(c *harness.Client) *harness.Response {
				return c.Patch("/v1/organizations/"+stage.Organization, M{"name": "Renamed"})
			}},
			"make a key": {"keys", func(c *harness.Client) *harness.Response {
				return c.Post("/v1/environments/"+stage.Dev+"/api-keys", M{"name": "Made"})
			}},
			"rotate a key": {"keys", func(c *harness.Client) *harness.Response { return c.Post("/v1/api-keys/"+key()+"/rotate", nil) }},
			"protect an environment": {"write", func(c *harness.Client) *harness.Response {
				return c.Patch("/v1/environments/"+stage.Staging, M{"protected": true})
			}},
			"revoke a key": {"keys", func(c *harness.Client) *harness.Response { return c.Delete("/v1/api-keys/" + key()) }},
		} {
			for granted, by := range programs {
				r := d.do(by)
				switch allowed := slices.Contains(scopes[granted], d.scope); {
				case allowed && r.Status/100 != 2:
					t.Errorf("a key with the scopes %s cannot %s: %d %s", granted, name, r.Status, r.Code())
				case !allowed:
					r.Refused(403, "KEY_SCOPE_TOO_NARROW")
				}
			}
		}
		programs["read"].Post("/v1/organizations/"+stage.Organization+"/leave", nil).Refused(403, "KEY_SCOPE_TOO_NARROW")
	})
}

func TestAKeyIsBoundByItsAccountsMembership(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, other := s.Stage(t), s.Stage(t)
		all := M{"scopes": []string{"read", "write", "keys"}}
		by, _ := program(t, s, stage.Viewer, all)
		by.In(stage.Organization).Get("/v1/projects").Want(200)
		by.In(other.Organization).Get("/v1/projects").Want(200)
		by.In(stage.Organization).Post("/v1/projects", M{"name": "X"}).Refused(403, "FORBIDDEN")
		by.In(stage.Outsider.Organization).Get("/v1/projects").Refused(404, "NOT_FOUND")
		by.In(randomID()).Get("/v1/projects").Refused(404, "NOT_FOUND")
		if got := texts(by.Get("/v1/projects").Want(200).List(), "org_id"); len(got) == 0 || got[0] != stage.Viewer.Organization {
			t.Errorf("without a header the projects are of %v, want the oldest membership's", got)
		}

		bound, _ := program(t, s, stage.Admin, M{"organization_id": stage.Organization})
		if got := texts(bound.Get("/v1/projects").Want(200).List(), "org_id"); got[0] != stage.Organization {
			t.Errorf("the projects are of %v", got)
		}
		bound.In(stage.Organization).Get("/v1/projects").Want(200)
		for _, foreign := range []string{other.Organization, stage.Admin.Organization} {
			bound.In(foreign).Get("/v1/projects").Refused(404, "NOT_FOUND")
			bound.In(foreign).Post("/v1/projects", M{"name": "X"}).Refused(404, "NOT_FOUND")
			bound.Get("/v1/organizations/"+foreign).Refused(404, "NOT_FOUND")
			bound.Patch("/v1/organizations/"+foreign, M{"name": "X"}).Refused(404, "NOT_FOUND")
			bound.Post("/v1/organizations/"+foreign+"/leave", nil).Refused(404, "NOT_FOUND")
		}
		for _, path := range []string{"/v1/organizations", "/v1/auth/organizations"} {
			if got := texts(bound.Get(path).Want(200).List(), "id"); !slices.Equal(got, []string{stage.Organization}) {
				t.Errorf("%s shows a bound key %v", path, got)
			}
		}
		if me := bound.Get("/v1/auth/me").Want(200); len(me.Value("organizations").([]any)) != 1 {
			t.Errorf("the profile shows a bound key %v", me.Value("organizations"))
		}
	})
}

func TestNoKeyDoesWhatOnlyAPersonMay(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, owner := s.Stage(t), s.Register(t)
		by, id := program(t, s, owner, M{"scopes": []string{"read", "write", "keys"}})
		_, secret := invite(t, stage.Owner, owner.Email, "viewer")
		heir, _, _ := extra(t, s, owner.Organization, "viewer")
		for name, r := range map[string]*harness.Response{
			"make a key":                by.Post("/v1/auth/keys", M{"name": "Mine"}),
			"make a narrower key":       by.Post("/v1/auth/keys", M{"name": "Mine", "scopes": []string{"read"}}),
			"list keys":                 by.Get("/v1/auth/keys"),
			"delete itself":             by.Delete("/v1/auth/keys/" + id),
			"rename the account":        by.Patch("/v1/auth/me", M{"name": "X"}),
			"delete the account":        by.Delete("/v1/auth/me", M{"password": owner.Password}),
			"change the address":        by.Post("/v1/auth/email", M{"email": harness.NewEmail()}),
			"change the password":       by.Post("/v1/auth/password/change", M{"current_password": owner.Password, "new_password": harness.NewPassword()}),
			"be as fresh as a person":   by.Post("/v1/auth/reauthenticate", M{"password": owner.Password}),
			"log out":                   by.Post("/v1/auth/logout", nil),
			"switch":                    by.Post("/v1/auth/switch-organization", M{"organization_id": owner.Organization}),
			"list sessions":             by.Get("/v1/auth/sessions"),
			"end a session":             by.Delete("/v1/auth/sessions/" + owner.Session()),
			"end sessions":              by.Delete("/v1/auth/sessions"),
			"found an organization":     by.Post("/v1/organizations", M{"name": "X"}),
			"delete an organization":    by.Delete("/v1/organizations/"+owner.Organization, M{"confirm": owner.Slug}),
			"hand an organization over": by.Post("/v1/organizations/"+owner.Organization+"/transfer", M{"member_id": heir}),
			"accept an invitation":      by.Post("/v1/invitations/accept", M{"token": secret}),
			"look at others":            by.Get("/v1/auth/users/" + stage.Owner.ID + "/organizations"),
		} {
			if r.Status != 403 || r.Code() != "SESSION_REQUIRED" {
				t.Errorf("a key may %s: %d %s", name, r.Status, r.Code())
			}
		}
		owner.Get("/v1/auth/me").Want(200)
		for _, r := range []*harness.Response{by.Get("/v1/admin/accounts"), by.Get("/v1/admin/organizations"), by.Delete("/v1/admin/accounts/" + owner.ID)} {
			r.Refused(403, "OPERATOR_ONLY")
		}
	})
}

func TestAKeyEnds(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		over := func(c *harness.Client) {
			t.Helper()
			c.Get("/v1/auth/me").Refused(401, "INVALID_ACCOUNT_KEY")
			c.Post("/v1/keys/verify", M{"key": "x"}).Refused(401, "INVALID_ACCOUNT_KEY")
		}
		deleted, id := program(t, s, ada, nil)
		deleted.Get("/v1/auth/me").Want(200)
		s.Cast(t).Outsider.Delete("/v1/auth/keys/"+id).Refused(404, "NOT_FOUND")
		ada.Delete("/v1/auth/keys/" + id).Want(204)
		over(deleted)
		ada.Delete("/v1/auth/keys/"+id).Refused(404, "NOT_FOUND")

		expiring, id := program(t, s, ada, M{"expires_at": in(time.Hour)})
		s.Exec(t, "UPDATE account_keys SET expires_at = $1 WHERE id = $2", in(20*time.Second), id)
		expiring.Get("/v1/auth/me").Want(200)
		s.Exec(t, "UPDATE account_keys SET expires_at = $1 WHERE id = $2", in(-time.Millisecond), id)
		over(expiring)

		disabled, _ := program(t, s, ada, nil)
		s.Exec(t, "UPDATE accounts SET disabled = true WHERE id = $1", ada.ID)
		over(disabled)
		s.Exec(t, "UPDATE accounts SET disabled = false WHERE id = $1", ada.ID)
		disabled.Get("/v1/auth/me").Want(200)
		ada.Delete("/v1/auth/me", M{"password": ada.Password}).Want(204)
		over(disabled)
	})
}

func TestOnlyTheExactKeyOpensInTheOnlyPlace(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Cast(t).Outsider
		secret := ada.Post("/v1/auth/keys", M{"name": "Key"}).Want(201).Text("key")
		for _, wrong := range []string{
			secret[:len(secret)-1], secret + "0", swapCase(secret, 8), "sk_test_" + secret[8:], "SK_LIVE_" + secret[8:], secret[:8] + repeat("0", 38), "sk_live_",
		} {
			r := s.Client(t).Bearer(wrong).Get("/v1/auth/me")
			if r.Status != 401 {
				t.Errorf("%.14s…: %d", wrong, r.Status)
			}
		}
		s.Client(t).Key(secret).Get("/v1/projects").Refused(401, "CREDENTIALS_REQUIRED")
		s.Client(t).Key(secret).Get("/v1/sdk/environment").Refused(401, "MALFORMED_KEY")
		s.Client(t).With("Authorization", "Basic "+secret).Get("/v1/auth/me").Refused(401, "CREDENTIALS_REQUIRED")
		s.Client(t).Bearer(secret).Key(secret).Get("/v1/auth/me").Refused(400, "AMBIGUOUS_CREDENTIALS")
		if r := s.Client(t).Get("/v1/projects?access_token=" + secret); r.Status != 400 && r.Status != 401 {
			t.Errorf("in the address: %d", r.Status)
		}
		ada.Post("/v1/auth/refresh", M{"refresh_token": secret}).Refused(401, "INVALID_REFRESH_TOKEN")
	})
}

func TestABackendJudgesTheKeysOfItsOwnOrganizations(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, other := s.Stage(t), s.Stage(t)
		own, _ := stage.Owner.NewKey(t, stage.Dev)
		second, _ := other.Owner.NewKey(t, other.Dev)
		foreign, _ := stage.Outsider.NewKey(t, stage.Outsider.Dev)
		code := func(by *harness.Client, key string) string {
			return by.Post("/v1/keys/verify", M{"key": key}).Want(200).Text("code")
		}
		free, _ := program(t, s, stage.Viewer, M{"scopes": []string{"read"}})
		bound, _ := program(t, s, stage.Viewer, M{"organization_id": stage.Organization})
		for name, want := range map[string]struct {
			by               *harness.Client
			own, second, far string
		}{
			"a free key":   {free, "VALID", "VALID", "NOT_FOUND"},
			"a bound key":  {bound, "VALID", "NOT_FOUND", "NOT_FOUND"},
			"the operator": {s.Client(t).Bearer(harness.AdminToken), "VALID", "VALID", "VALID"},
		} {
			if a, b, c := code(want.by, own), code(want.by, second), code(want.by, foreign); a != want.own || b != want.second || c != want.far {
				t.Errorf("%s is told %s, %s and %s", name, a, b, c)
			}
		}
		// Which organization is meant is the key's to say.
		if got := code(free.In(stage.Outsider.Organization), own); got != "VALID" {
			t.Errorf("beside the header of a foreign organization it is told %s", got)
		}
		unknown := free.Post("/v1/keys/verify", M{"key": "sdk-dev-" + foreign[8:]})
		if unknown.Status != 200 {
			t.Errorf("a mistyped key: %d", unknown.Status)
		}
		stage.Owner.Post("/v1/keys/verify", M{"key": own}).Refused(401, "OPERATOR_TOKEN_REQUIRED")
		s.Client(t).Key(own).Post("/v1/keys/verify", M{"key": own}).Refused(401, "OPERATOR_TOKEN_REQUIRED")
	})
}

func TestTheLastUseOfAKeyIsKept(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		ada := s.Register(t)
		used, id := program(t, s, ada, nil)
		_, unused := program(t, s, ada, nil)
		before := in(0)
		used.Get("/v1/auth/me").Want(200)
		s = s.Restart(t) // what was collected is written at the end
		list := s.Client(t).Bearer(ada.AccessToken).Get("/v1/auth/keys").Want(200).List()
		for _, key := range list {
			at, _ := key["last_used_at"].(string)
			when, err := time.Parse(time.RFC3339, at)
			switch key["id"] {
			case id:
				if err != nil || when.Before(before.Add(-time.Second)) || when.After(in(time.Second)) {
					t.Errorf("the used key was last used %q", at)
				}
			case unused:
				if at != "" {
					t.Errorf("the unused key was last used %s", at)
				}
			}
		}
	})
}
