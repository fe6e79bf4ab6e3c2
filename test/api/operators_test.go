package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func operate(t *testing.T, s *harness.Server) *harness.Client {
	t.Helper()
	return s.Client(t).Bearer(harness.AdminToken)
}

func TestOnlyOperatorsOperate(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		first, second := s.Register(t), s.Register(t)
		byKey, _ := program(t, s, first, nil)
		routes := func(c *harness.Client) []*harness.Response {
			return []*harness.Response{
				c.Get("/v1/admin/accounts"), c.Get("/v1/admin/accounts/" + second.ID), c.Get("/v1/admin/organizations"),
				c.Patch("/v1/admin/accounts/"+second.ID, M{"disabled": false}), c.Delete("/v1/admin/accounts/" + randomID()),
			}
		}
		for name, c := range map[string]*harness.Client{"the token": operate(t, s), "the operator's session": first.Client} {
			for _, r := range routes(c) {
				if r.Status != 200 && (r.Method != "DELETE" || r.Status != 404) {
					t.Errorf("%s: %s %s: %d %s", name, r.Method, r.Path, r.Status, r.Code())
				}
			}
		}
		for name, c := range map[string]*harness.Client{"another's session": second.Client, "the operator's key": byKey} {
			for _, r := range routes(c) {
				if r.Status != 403 || r.Code() != "OPERATOR_ONLY" {
					t.Errorf("%s: %s %s: %d %s", name, r.Method, r.Path, r.Status, r.Code())
				}
			}
		}
		for name, c := range map[string]*harness.Client{
			"nobody": s.Client(t), "a token that is none": s.Client(t).Bearer(harness.AdminToken + "x"), "a part of the token": s.Client(t).Bearer(harness.AdminToken[:31]),
			"the token as a key": s.Client(t).Key(harness.AdminToken),
		} {
			for _, r := range routes(c) {
				if r.Status != 401 {
					t.Errorf("%s: %s %s: %d %s", name, r.Method, r.Path, r.Status, r.Code())
				}
			}
		}
		operate(t, s).Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		operate(t, s).Get("/v1/projects").Refused(401, "INVALID_TOKEN")
	})
}

func TestAServerWithoutTheTokenHasNoneThatOpens(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"ADMIN_API_TOKEN": harness.Unset})
	for _, empty := range []string{"", " ", "null", harness.AdminToken} {
		if r := s.Client(t).Bearer(empty).Get("/v1/admin/accounts"); r.Status != 401 {
			t.Errorf("%q: %d", empty, r.Status)
		}
	}
}

func TestAnOperatorFindsAccountsAndOrganizations(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		word := harness.Unique()
		ada := s.Register(t, M{"name": "Ünique " + word, "username": "user-" + word, "org_name": "100%_" + word})
		operator := operate(t, s)
		for _, q := range []string{ada.Email, strings.ToUpper(ada.Email), word, "ÜNIQUE%20" + word, "user-" + word, "USER-" + strings.ToUpper(word)} {
			if got := texts(operator.Get("/v1/admin/accounts?q="+q).Want(200).List(), "id"); !slices.Equal(got, []string{ada.ID}) {
				t.Errorf("accounts by %s: %v", q, got)
			}
		}
		for _, q := range []string{"100%25_" + word, word, strings.ToUpper(word)} {
			if got := texts(operator.Get("/v1/admin/organizations?q="+q).Want(200).List(), "id"); !slices.Equal(got, []string{ada.Organization}) {
				t.Errorf("organizations by %s: %v", q, got)
			}
		}
		for _, q := range []string{word[:4] + "%25" + word[8:], word[:5] + "_" + word[6:], "no-such-" + word} {
			if got := operator.Get("/v1/admin/accounts?q=" + q).Want(200).List(); len(got) != 0 {
				t.Errorf("accounts by %s: %v", q, got)
			}
		}
		if got, pages := follow(t, operator, "/v1/admin/accounts?limit=1&q=example.com"); pages < 2 || len(got) != pages {
			t.Errorf("%d accounts on %d pages", len(got), pages)
		}
		shown := operator.Get("/v1/admin/accounts/" + ada.ID).Want(200)
		want := M{
			"id": "ID", "email": ada.Email, "name": ada.Name, "username": "user-" + word, "email_verified": false, "operator": shown.Value("operator"),
			"disabled": false, "created_at": "TIME", "updated_at": "TIME", "last_login_at": "TIME",
			"organizations": []any{M{"id": "ID", "name": "100%_" + word, "slug": ada.Slug, "is_personal_account": false, "role": "owner"}},
		}
		if diff := cmp.Diff(any(want), shape(shown.Object())); diff != "" {
			t.Errorf("an account (-want +got):\n%s", diff)
		}
		operator.Get("/v1/admin/accounts/"+randomID()).Refused(404, "NOT_FOUND")
		operator.Get("/v1/admin/accounts/x").Refused(400, "VALIDATION_FAILED")
		for _, query := range []string{"limit=0", "limit=101", "q=%00", "after=x", "page=1"} {
			for _, path := range []string{"/v1/admin/accounts?", "/v1/admin/organizations?"} {
				if r := operator.Get(path + query); r.Status != 400 {
					t.Errorf("%s%s: %d", path, query, r.Status)
				}
			}
		}
	})
}

func TestDisablingActsAtOnceAndEnablingGivesBack(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, operator := s.Register(t), operate(t, s)
		second := ada.Login(t)
		by, _ := program(t, s, ada, nil)
		secret, _ := ada.NewKey(t, ada.Dev)
		set := func(disabled any) *harness.Response {
			return operator.Patch("/v1/admin/accounts/"+ada.ID, M{"disabled": disabled})
		}
		if set(true).Want(200).Value("disabled") != true {
			t.Error("it is not shown as disabled")
		}
		ada.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		second.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		by.Get("/v1/auth/me").Refused(401, "INVALID_ACCOUNT_KEY")
		for _, p := range []harness.Person{ada, second} {
			p.Post("/v1/auth/refresh", M{"refresh_token": p.RefreshToken}).Refused(401, "INVALID_REFRESH_TOKEN")
		}
		s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": ada.Password}).Refused(401, "INVALID_CREDENTIALS")
		s.Client(t).Key(secret).Get("/v1/sdk/environment").Want(200) // is the organization's
		if n := s.Count(t, "SELECT count(*) FROM memberships WHERE account_id = $1 AND role = 'owner'", ada.ID); n != 1 {
			t.Error("disabling changed a membership")
		}
		set(true).Want(200)
		for _, wrong := range []any{nil, "true", 1} {
			set(wrong).Refused(400, "VALIDATION_FAILED").Names("disabled")
		}
		operator.Patch("/v1/admin/accounts/"+ada.ID, M{}).Refused(400, "VALIDATION_FAILED").Names("disabled")
		operator.Patch("/v1/admin/accounts/"+ada.ID, M{"disabled": false, "operator": true}).Refused(400, "VALIDATION_FAILED").Names("operator")
		operator.Patch("/v1/admin/accounts/"+randomID(), M{"disabled": true}).Refused(404, "NOT_FOUND")

		set(false).Want(200)
		ada.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN") // sessions ended for good
		by.Get("/v1/auth/me").Want(200)
		ada.Login(t).Get("/v1/projects").Want(200)
		if n := s.Count(t, "SELECT count(*) FROM audit_entries WHERE resource_id = $1 AND action IN ('account.disabled', 'account.enabled') AND actor_type = 'operator'", ada.ID); n != 2 {
			t.Errorf("the audit tells of %d acts, want one each: what is so already is none", n)
		}
	})
}

func TestAnOperatorDecidesWhatADeletedAccountOwned(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, cast, operator := s.Register(t), s.Cast(t), operate(t, s)
		shared := ada.Post("/v1/organizations", M{"name": "Shared " + harness.Unique()}).Want(201).Text("id")
		s.Join(t, shared, cast.Viewer.ID, "admin")
		joined := s.Stage(t)
		s.Join(t, joined.Organization, ada.ID, "admin")
		path := "/v1/admin/accounts/" + ada.ID
		for _, r := range []*harness.Response{operator.Delete(path), operator.Delete(path, M{}), operator.Delete(path, M{"delete_organizations": false})} {
			if named := r.Refused(409, "LAST_OWNER").Refusals(); len(named) != 1 || named[shared] == "" {
				t.Errorf("the refusal names %v", named)
			}
		}
		operator.Delete(path, M{"delete_organizations": "yes"}).Refused(400, "VALIDATION_FAILED").Names("delete_organizations")
		ada.Get("/v1/auth/me").Want(200)
		operator.Delete(path, M{"delete_organizations": true}).Want(204)
		ada.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		operator.Delete(path, M{"delete_organizations": true}).Refused(404, "NOT_FOUND")
		for name, org := range map[string]string{"its own": ada.Organization, "the shared one": shared} {
			if s.Count(t, "SELECT count(*) FROM organizations WHERE id = $1", org) != 0 {
				t.Errorf("%s is left", name)
			}
		}
		cast.Viewer.In(shared).Get("/v1/projects").Refused(404, "NOT_FOUND")
		if found := only(joined.Owner.Get("/v1/members").Want(200).List(), ada.Email); found != nil {
			t.Errorf("it is a member still: %v", found)
		}
		told := joined.Owner.Get("/v1/audit?action=member.removed").Want(200).List()
		if len(told) != 1 || told[0]["actor_type"] != "operator" || told[0]["actor_id"] != nil {
			t.Errorf("the audit tells %v", told)
		}
	})
}

func TestOperatorsCannotEndEachOtherToTheLast(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		first, second := s.Register(t), s.Register(t)
		path := "/v1/admin/accounts/"
		for _, by := range []*harness.Client{first.Client, operate(t, s)} {
			by.Patch(path+first.ID, M{"disabled": true}).Refused(409, "LAST_OPERATOR")
			by.Delete(path+first.ID, M{"delete_organizations": true}).Refused(409, "LAST_OPERATOR")
		}
		first.Delete("/v1/auth/me", M{"password": first.Password}).Refused(409, "LAST_OPERATOR")
		s.Exec(t, "UPDATE accounts SET operator = true WHERE id = $1", second.ID)
		answers := simultaneously(2, func(i int) *harness.Response {
			one, other := []harness.Person{first, second}[i], []harness.Person{second, first}[i]
			return one.Patch(path+other.ID, M{"disabled": true})
		})
		if n := tally(answers); n[200] != 1 {
			t.Errorf("two operators disable each other: %v", n)
		}
		if n := s.Count(t, "SELECT count(*) FROM accounts WHERE operator AND NOT disabled"); n != 1 {
			t.Errorf("%d operators are left", n)
		}
	})
}
