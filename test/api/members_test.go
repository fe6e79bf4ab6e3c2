package api

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func TestAMemberIsShownAsPromised(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		email := harness.NewEmail()
		invited := stage.Admin.Post("/v1/members/invite", M{"email": " " + strings.ToUpper(email), "role": "viewer"}).Want(201)
		list := stage.Viewer.Get("/v1/members").Want(200).List()
		if len(list) != 5 {
			t.Fatalf("the list is %v", list)
		}
		want := M{
			"id": "ID", "org_id": "ID", "user_id": "ID", "email": stage.Viewer.Email, "name": stage.Viewer.Name, "role": "viewer",
			"status": "active", "invited_by": nil, "expires_at": nil, "created_at": "TIME",
		}
		if diff := cmp.Diff(any(want), shape(only(list, stage.Viewer.Email))); diff != "" {
			t.Errorf("an active member (-want +got):\n%s", diff)
		}
		want = M{
			"id": "ID", "org_id": "ID", "user_id": nil, "email": email, "name": "", "role": "viewer",
			"status": "invited", "invited_by": "ID", "expires_at": "TIME", "created_at": "TIME",
		}
		if diff := cmp.Diff(any(want), shape(only(list, email))); diff != "" {
			t.Errorf("an invitation (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(only(list, email), invited.Object()); diff != "" {
			t.Errorf("the answer to inviting differs from the list:\n%s", diff)
		}
		if invited.Text("invited_by") != stage.Admin.ID || invited.Text("org_id") != stage.Organization {
			t.Errorf("the invitation is %v", invited.Object())
		}
		if lives := invited.Time("expires_at").Sub(invited.Time("created_at")); lives != 7*24*time.Hour {
			t.Errorf("the invitation lives for %s", lives)
		}
	})
}

// only is the one item of a list with the address.
func only(list []M, email string) M {
	i := slices.IndexFunc(list, func(item M) bool { return item["email"] == email })
	if i < 0 {
		return nil
	}
	return list[i]
}

func TestMembersAreFoundByWhatTheyAreAndHowTheyAreWritten(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		_, special, email := extra(t, s, stage.Organization, "developer")
		s.Exec(t, "UPDATE accounts SET name = $1, search_name = $2 WHERE id = $3", "100% Ünderschrift_Å", "100% ünderschrift_å", special)
		stage.Owner.Post("/v1/members/invite", M{"email": "who_ever@example.com", "role": "admin"}).Want(201)
		find := func(query string) []string {
			return texts(stage.Viewer.Get("/v1/members?"+query).Want(200).List(), "email")
		}
		for query, want := range map[string][]string{
			"":                             {stage.Owner.Email, stage.Admin.Email, stage.Developer.Email, stage.Viewer.Email, email, "who_ever@example.com"},
			"status=active&role=admin":     {stage.Admin.Email},
			"status=invited":               {"who_ever@example.com"},
			"role=admin":                   {stage.Admin.Email, "who_ever@example.com"},
			"role=owner":                   {stage.Owner.Email},
			"role=owner&status=invited":    {},
			"status=&role=&q=":             {stage.Owner.Email, stage.Admin.Email, stage.Developer.Email, stage.Viewer.Email, email, "who_ever@example.com"},
			"q=" + url.QueryEscape("%"):    {email},
			"q=" + url.QueryEscape("0% ü"): {email},
			"q=" + url.QueryEscape("0% Ü"): {email},
			"q=_":                          {email, "who_ever@example.com"},
			"q=T_%C3%85":                   {email},
			"q=WHO_EVER":                   {"who_ever@example.com"},
			"q=who%25ever":                 {},
			"q=who.ever":                   {},
			"q=*":                          {},
			"q=" + url.QueryEscape(`\`):    {},
			"q=" + url.QueryEscape("'"):    {},
			"q=" + stage.Outsider.Email:    {},
			"q=" + strings.ToUpper(stage.Viewer.Email) + "&role=viewer": {stage.Viewer.Email},
			"q=" + stage.Viewer.Email + "&role=owner":                   {},
		} {
			if got := find(query); !slices.Equal(sorted(got...), sorted(want...)) {
				t.Errorf("%s finds %v, want %v", query, got, want)
			}
		}
		for query, name := range map[string]string{
			"status=gone": "status", "role=Owner": "role", "role=root": "role", "q=%00": "q", "limit=0": "limit", "limit=101": "limit",
			"limit=x": "limit", "org_id=" + stage.Outsider.Organization: "org_id", "email=x": "email",
		} {
			stage.Viewer.Get("/v1/members?"+query).Refused(400, "VALIDATION_FAILED").Names(name)
		}
		if r := stage.Viewer.Get("/v1/members?q=" + repeat("x", 1000)); r.Status != 400 {
			t.Errorf("a text of 1,000 letters is looked for: %d", r.Status)
		}
	})
}

func TestMembersArePagedWithTheirFilter(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, other := s.Stage(t), s.Stage(t)
		for i := range 7 {
			extra(t, s, stage.Organization, []string{"viewer", "developer"}[i%2])
		}
		all, pages := follow(t, stage.Owner.Client, "/v1/members?limit=4")
		if len(all) != 11 || pages != 3 {
			t.Errorf("%d members on %d pages", len(all), pages)
		}
		if ids := texts(all, "id"); !slices.IsSorted(ids) || len(slices.Compact(ids)) != len(all) {
			t.Error("the pages are not in order, or overlap")
		}
		some, pages := follow(t, stage.Owner.Client, "/v1/members?limit=2&role=viewer&q=example.com&status=active")
		if len(some) != 5 || pages != 3 || slices.ContainsFunc(some, func(m M) bool { return m["role"] != "viewer" }) {
			t.Errorf("%d viewers on %d pages", len(some), pages)
		}
		next := stage.Owner.Get("/v1/members?limit=2").Want(200).Next()
		cursor := regexp.MustCompile(`after=[^&]+`).FindString(next)
		other.Owner.Get("/v1/members?limit=2&"+cursor).Refused(400, "INVALID_CURSOR")
		stage.Owner.Get("/v1/projects?"+cursor).Refused(400, "INVALID_CURSOR")
		stage.Owner.Get("/v1/members?"+cursor+"x").Refused(400, "INVALID_CURSOR")
	})
}

func TestAnOrganizationKeepsAnOwner(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		own := member(t, stage.Owner, stage.Owner.Email)
		for _, role := range ranks[:3] {
			stage.Owner.Put("/v1/members/"+own, M{"role": role}).Refused(409, "LAST_OWNER")
			stage.Owner.Patch("/v1/members/"+own, M{"role": role}).Refused(409, "LAST_OWNER")
		}
		stage.Owner.Delete("/v1/members/"+own).Refused(409, "USE_LEAVE")
		stage.Owner.Post("/v1/organizations/"+stage.Organization+"/leave", nil).Refused(409, "LAST_OWNER")
		stage.Admin.Delete("/v1/members/"+own).Refused(403, "FORBIDDEN")
		stage.Owner.Put("/v1/members/"+own, M{"role": "owner"}).Want(204)
		stage.Owner.Post("/v1/members/invite", M{"email": harness.NewEmail(), "role": "owner"}).Want(201) // is none before it is accepted
		stage.Owner.Post("/v1/organizations/"+stage.Organization+"/leave", nil).Refused(409, "LAST_OWNER")

		sole := s.Register(t)
		s.Join(t, sole.Organization, stage.Viewer.ID, "admin")
		refused := sole.Delete("/v1/auth/me", M{"password": sole.Password}).Refused(409, "LAST_OWNER")
		if named := refused.Refusals(); named[sole.Organization] == "" || len(named) != 1 {
			t.Errorf("the refusal does not name the organization: %v", named)
		}
		second, _, _ := extra(t, s, sole.Organization, "owner")
		sole.Delete("/v1/members/" + second).Want(204)
		heir, _, _ := extra(t, s, sole.Organization, "owner")
		sole.Delete("/v1/auth/me", M{"password": sole.Password}).Want(204)
		if n := s.Count(t, "SELECT count(*) FROM memberships WHERE organization_id = $1 AND role = 'owner'", sole.Organization); n != 1 {
			t.Errorf("%d owners are left, want the heir %s", n, heir)
		}
	})
}

func TestNobodyRemovesThemselvesButByLeaving(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		stage.Admin.Delete("/v1/members/"+member(t, stage.Admin, stage.Admin.Email)).Refused(409, "USE_LEAVE")
		stage.Viewer.Delete("/v1/members/"+member(t, stage.Viewer, stage.Viewer.Email)).Refused(403, "FORBIDDEN")
		stage.Admin.Get("/v1/members").Want(200)
	})
}

func TestAnOrganizationIsHandedOver(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		owner, cast := s.Register(t), s.Cast(t)
		s.Join(t, owner.Organization, cast.Viewer.ID, "viewer")
		path := "/v1/organizations/" + owner.Organization + "/transfer"
		heir := member(t, owner, cast.Viewer.Email)
		to := func(id string) M { return M{"member_id": id} }
		asked := owner.Post("/v1/members/invite", M{"email": harness.NewEmail()}).Want(201).Text("id")

		owner.Post(path, to(asked)).Refused(404, "NOT_FOUND")
		owner.Post(path, to(randomID())).Refused(404, "NOT_FOUND")
		owner.Post(path, to("x")).Refused(400, "VALIDATION_FAILED").Names("member_id")
		owner.Post(path, M{}).Refused(400, "VALIDATION_FAILED").Names("member_id")
		owner.Post(path, to(member(t, owner, owner.Email))).Refused(409, "ALREADY_OWNER")
		cast.Outsider.Post(path, to(heir)).Refused(404, "NOT_FOUND")
		cast.Viewer.In(owner.Organization).Post(path, to(heir)).Refused(403, "FORBIDDEN")

		owner.Age(t, time.Hour)
		owner.Post(path, to(heir)).Refused(403, "REAUTH_REQUIRED")
		owner.Post("/v1/auth/reauthenticate", M{"password": owner.Password}).Want(204)
		owner.Post(path, to(heir)).Want(204)
		for email, want := range map[string]string{owner.Email: "admin", cast.Viewer.Email: "owner"} {
			if got := only(owner.Get("/v1/members").Want(200).List(), email); got["role"] != want {
				t.Errorf("%s is %v, want %s", email, got["role"], want)
			}
		}
		owner.Post(path, to(heir)).Refused(403, "FORBIDDEN")
		cast.Viewer.In(owner.Organization).Patch("/v1/organizations/"+owner.Organization, M{"name": "Mine"}).Want(200)
	})
}

func TestAPersonalOrganizationStaysItsOwners(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		cast := s.Cast(t)
		body := M{"email": harness.NewEmail(), "password": harness.NewPassword()}
		organization := s.Client(t).Post("/v1/auth/signup", body).Want(201).Text("organization.id")
		r := s.Client(t).Post("/v1/auth/login", body).Want(200)
		own := s.Client(t).Bearer(r.Text("tokens.access_token"))
		path := "/v1/organizations/" + organization
		shown := own.Get(path).Want(200)
		if shown.Value("is_personal_account") != true {
			t.Errorf("it is shown as %s", shown.Body)
		}
		invitation := M{"email": cast.Viewer.Email}
		own.Post("/v1/members/invite", invitation).Refused(409, "PERSONAL_ORGANIZATION")
		own.Post(path+"/leave", nil).Refused(409, "PERSONAL_ORGANIZATION")
		own.Delete(path, M{"confirm": shown.Text("slug")}).Refused(409, "PERSONAL_ORGANIZATION")
		s.Join(t, organization, cast.Developer.ID, "developer") // as none ever is
		heir := texts(own.Get("/v1/members?role=developer").Want(200).List(), "id")[0]
		own.Post(path+"/transfer", M{"member_id": heir}).Refused(409, "PERSONAL_ORGANIZATION")

		own.Patch(path, M{"is_personal_account": true}).Refused(400, "VALIDATION_FAILED").Names("is_personal_account")
		if own.Patch(path, M{"is_personal_account": false}).Want(200).Value("is_personal_account") != false {
			t.Error("it is personal still")
		}
		own.Post("/v1/members/invite", invitation).Want(201)
		own.Post(path+"/transfer", M{"member_id": heir}).Want(204)
		own.Post(path+"/leave", nil).Want(204)
	})
}

func TestAMemberThatIsNotThereIsNotFound(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, other := s.Stage(t), s.Stage(t)
		active, _, _ := extra(t, s, other.Organization, "viewer")
		asked := other.Owner.Post("/v1/members/invite", M{"email": harness.NewEmail()}).Want(201).Text("id")
		for role, by := range stage.ByRole() {
			for _, id := range []string{active, asked, randomID()} {
				for _, r := range []*harness.Response{
					by.Put("/v1/members/"+id, M{"role": "viewer"}), by.Patch("/v1/members/"+id, M{"role": "viewer"}),
					by.Delete("/v1/members/" + id), by.Post("/v1/members/"+id+"/resend", nil),
					by.Post("/v1/organizations/"+stage.Organization+"/transfer", M{"member_id": id}),
				} {
					if r.Status != 404 {
						t.Errorf("%s: %s %s: %d", role, r.Method, r.Path, r.Status)
					}
				}
			}
		}
		stage.Owner.Post("/v1/members/"+member(t, stage.Owner, stage.Viewer.Email)+"/resend", nil).Refused(409, "ALREADY_MEMBER")
		if n := len(other.Owner.Get("/v1/members").Want(200).List()); n != 6 {
			t.Errorf("the other organization has %d members", n)
		}
	})
}

func TestListsShowOnesOwnOrganizationsOnly(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		outsider := s.Register(t)
		for _, path := range []string{"/v1/organizations", "/v1/auth/organizations", "/v1/auth/users/" + outsider.ID + "/organizations"} {
			if got := texts(outsider.Get(path).Want(200).List(), "id"); !slices.Equal(got, []string{outsider.Organization}) {
				t.Errorf("%s lists %v", path, got)
			}
		}
		if got := outsider.Get("/v1/auth/users/" + stage.Owner.ID + "/organizations").Want(200).List(); len(got) != 0 {
			t.Errorf("a stranger's organizations are %v", got)
		}
		found := fmt.Sprint(outsider.Get("/v1/members?q=%25").Want(200).List(), outsider.Get("/v1/members?q=example").Want(200).List())
		for _, foreign := range []string{stage.Owner.Email, stage.Viewer.Email, stage.Organization} {
			if strings.Contains(found, foreign) {
				t.Errorf("an outsider finds %s", foreign)
			}
		}
	})
}
