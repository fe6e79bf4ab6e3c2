package api

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func TestARegistrationMakesEverythingThatAProductNeeds(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		username := "Ada-" + harness.Unique()
		body := harness.NewRegistration(M{"name": "  Ada Lovelace ", "username": username})
		answer := s.Client(t).Post("/v1/auth/register", body).Want(201)
		environment := func(name, slug, kind, color string) M {
			return M{"id": "ID", "org_id": "ID", "project_id": "ID", "name": name, "slug": slug, "kind": kind, "color": color,
				"protected": kind == "production", "created_at": "TIME", "updated_at": "TIME"}
		}
		want := M{
			"user": M{"id": "ID", "email": body["email"], "name": "Ada Lovelace", "username": strings.ToLower(username),
				"email_verified": false, "created_at": "TIME", "updated_at": "TIME", "last_login_at": "TIME"},
			"organization": M{"id": "ID", "name": body["org_name"], "slug": strings.ReplaceAll(strings.ToLower(body["org_name"].(string)), " ", "-"),
				"is_personal_account": false, "created_at": "TIME", "updated_at": "TIME"},
			"project": M{"id": "ID", "org_id": "ID", "name": "default", "slug": "default", "created_at": "TIME", "updated_at": "TIME"},
			"environments": []any{
				environment("Development", "dev", "development", "#22c55e"),
				environment("Staging", "staging", "staging", "#f59e0b"),
				environment("Production", "production", "production", "#ef4444"),
			},
			"tokens": M{"access_token": "SECRET", "refresh_token": "SECRET", "token_type": "Bearer", "expires_in": 3600.0, "expires_at": "UNIX"},
		}
		if diff := cmp.Diff(any(want), shape(answer.Object())); diff != "" {
			t.Errorf("the answer (-want +got):\n%s", diff)
		}
		belongsTogether(t, answer)
		ends := time.Unix(int64(answer.Value("tokens.expires_at").(float64)), 0)
		if left := time.Until(ends); left < 58*time.Minute || left > time.Hour {
			t.Errorf("the access token ends in %s", left)
		}
		stays(t, s.Client(t).Bearer(answer.Text("tokens.access_token")), answer)
	})
}

func belongsTogether(t *testing.T, answer *harness.Response) {
	t.Helper()
	organization, project := answer.Text("organization.id"), answer.Text("project.id")
	if answer.Text("project.org_id") != organization {
		t.Error("the project is another organization's")
	}
	for _, i := range []string{"0", "1", "2"} {
		if answer.Text("environments."+i+".org_id") != organization || answer.Text("environments."+i+".project_id") != project {
			t.Errorf("environment %s hangs elsewhere", i)
		}
	}
}

// stays checks that what the answer showed is what later requests find.
func stays(t *testing.T, ada *harness.Client, answer *harness.Response) {
	t.Helper()
	found := []any{
		ada.Get("/v1/organizations/" + answer.Text("organization.id")).Want(200).Object(),
		ada.Get("/v1/projects/" + answer.Text("project.id")).Want(200).Object(),
	}
	shown := []any{answer.Value("organization"), answer.Value("project")}
	if diff := cmp.Diff(shown, found); diff != "" {
		t.Errorf("what was shown is not what is there (-shown +found):\n%s", diff)
	}
	var environments []any
	for _, e := range ada.Get("/v1/projects/" + answer.Text("project.id") + "/environments").Want(200).List() {
		environments = append(environments, e)
	}
	if diff := cmp.Diff(answer.Value("environments"), any(environments)); diff != "" {
		t.Errorf("the environments (-shown +found):\n%s", diff)
	}
	if role := ada.Get("/v1/auth/me").Want(200).Text("organization.role"); role != "owner" {
		t.Errorf("who registered is %s", role)
	}
}

func TestTheDocumentedExampleRegisters(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		answer := s.Client(t).Post("/v1/auth/register", `{
			"email": "admin@example.com",
			"password": "securepassword",
			"name": "Admin User",
			"org_name": "My Company"
		}`).Want(201)
		if slug := answer.Text("organization.slug"); slug != "my-company" {
			t.Errorf("the slug is %q", slug)
		}
		for _, password := range []string{"SecretPass123!", "super-secret-password-123"} {
			s.Register(t, M{"password": password})
		}
	})
}

func TestAnOrganizationsSlugComesFromItsName(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		owner, u := s.Cast(t).Owner, harness.Unique()
		tests := []struct{ name, slug string }{
			{"Acme, Inc. " + u, "acme-inc-" + u},
			{"  Müller & Söhne " + u, "mueller-soehne-" + u},
			{"Ærøskøbing " + u, "aeroskobing-" + u},
			{"Привет мир " + u, "privet-mir-" + u},
			{"Αθήνα " + u, "athina-" + u},
			{"Cafe\u0301 " + u, "cafe-" + u},
			{"--- a/../b <script> " + u, "a-b-script-" + u},
		}
		for _, test := range tests {
			if slug := owner.Post("/v1/organizations", M{"name": test.name}).Want(201).Text("slug"); slug != test.slug {
				t.Errorf("%q has the slug %q, want %q", test.name, slug, test.slug)
			}
		}
		patterns := []struct{ name, form string }{
			{"東京株式会社", `^org-[0-9a-z]{8}$`},
			{"!!!", `^org-[0-9a-z]{8}$`},
			{"Settings", `^settings-\d+$`},
			{"API", `^api-\d+$`},
		}
		for _, test := range patterns {
			if slug := owner.Post("/v1/organizations", M{"name": test.name}).Want(201).Text("slug"); !regexp.MustCompile(test.form).MatchString(slug) {
				t.Errorf("%q has the slug %q, want %s", test.name, slug, test.form)
			}
		}
	})
}

func TestATakenSlugIsNumbered(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		owner, u := s.Cast(t).Owner, harness.Unique()
		for _, want := range []string{"acme-" + u, "acme-" + u + "-2", "acme-" + u + "-3"} {
			if slug := owner.Post("/v1/organizations", M{"name": "Acme " + u}).Want(201).Text("slug"); slug != want {
				t.Errorf("the slug is %q, want %q", slug, want)
			}
		}
		long := u + " " + repeat("long ", 17)
		for range 2 {
			slug := owner.Post("/v1/organizations", M{"name": long}).Want(201).Text("slug")
			if len(slug) > 63 || strings.HasSuffix(slug, "-") || strings.Contains(slug, "--") {
				t.Errorf("a long name has the slug %q", slug)
			}
		}
	})
}

func TestARegistrationNamesEverythingThatItRefuses(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		c := s.Client(t)
		all := []string{"email", "password", "name", "org_name"}
		c.Post("/v1/auth/register", M{}).Refused(400, "VALIDATION_FAILED").Names(all...)
		c.Post("/v1/auth/register", M{"email": 1, "password": true, "name": []string{}, "org_name": M{}}).
			Refused(400, "VALIDATION_FAILED").Names(all...)
		c.Post("/v1/auth/register", M{"email": nil, "password": nil, "name": nil, "org_name": nil}).
			Refused(400, "VALIDATION_FAILED").Names(all...)
		c.Post("/v1/auth/register", M{"email": "ada", "password": "short", "name": " ", "org_name": repeat("x", 101), "username": "a!"}).
			Refused(400, "VALIDATION_FAILED").Names(append(all, "username")...)
		for _, name := range []string{"two\nlines", "bell\u0007", "reversed\u202Etxt", "line\u2028separator"} {
			c.Post("/v1/auth/register", harness.NewRegistration(M{"name": name})).Refused(400, "VALIDATION_FAILED").Names("name")
		}
		for _, name := range []string{"ab", "has space", "at@sign", "ünlaut", repeat("x", 33)} {
			c.Post("/v1/auth/register", harness.NewRegistration(M{"username": name})).Refused(400, "VALIDATION_FAILED").Names("username")
		}
		c.Post("/v1/auth/register", harness.NewRegistration(M{"username": nil, "name": "\U0001F469\u200D\U0001F4BB"})).Want(201)
		empty := s.Register(t, M{"username": ""})
		if username := empty.Registered().Value("user.username"); username != nil {
			t.Errorf("an empty username became %v", username)
		}
	})
}

func TestATakenAddressOrUsernameIsAConflictAndLeavesNothing(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		username := "ada." + harness.Unique()
		ada := s.Register(t, M{"username": username})
		name := "Never " + harness.Unique()
		for _, email := range []string{ada.Email, strings.ToUpper(ada.Email), "  " + ada.Email + " "} {
			s.Client(t).Post("/v1/auth/register", harness.NewRegistration(M{"email": email, "org_name": name})).
				Refused(409, "EMAIL_ALREADY_EXISTS")
		}
		s.Client(t).Post("/v1/auth/signup", M{"email": ada.Email, "password": harness.NewPassword()}).Refused(409, "EMAIL_ALREADY_EXISTS")
		for _, taken := range []string{username, strings.ToUpper(username)} {
			body := harness.NewRegistration(M{"username": taken, "org_name": name})
			s.Client(t).Post("/v1/auth/register", body).Refused(409, "USERNAME_TAKEN")
			if n := s.Count(t, "SELECT count(*) FROM accounts WHERE email = $1", body["email"]); n != 0 {
				t.Error("a refused registration left an account")
			}
		}
		if n := s.Count(t, "SELECT count(*) FROM organizations WHERE name = $1", name); n != 0 {
			t.Errorf("refused registrations left %d organizations", n)
		}
	})
}

func TestMembersThatARegistrationDoesNotHaveAreRefusedInEverySpelling(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		c := s.Client(t)
		for _, member := range []string{"role", "is_admin", "email_verified", "org_id", "id", "password_hash", "plan", "operator", "is_personal_account"} {
			spellings := []string{member, strings.ToUpper(member), folded(member)}
			for _, spelling := range spellings {
				body := harness.NewRegistration(M{spelling: "owner"})
				c.Post("/v1/auth/register", body).Refused(400, "VALIDATION_FAILED").Names(spelling)
				if n := s.Count(t, "SELECT count(*) FROM accounts WHERE email = $1", body["email"]); n != 0 {
					t.Errorf("%q made an account", spelling)
				}
			}
		}
		for _, member := range []string{"EMAIL", "Password", "pa\u017f\u017fword", "ORG_NAME"} {
			refused := c.Post("/v1/auth/register", harness.NewRegistration(M{member: "x"})).Refused(400, "VALIDATION_FAILED").Refusals()
			if refused[member] == "" {
				t.Errorf("%q is not named: %v", member, refused)
			}
		}
	})
}

// folded spells a name with letters that careless comparisons take for the
// plain ones.
func folded(name string) string {
	changed := strings.NewReplacer("s", "\u017f", "k", "\u212a").Replace(name)
	if changed == name {
		changed = strings.Replace(name, name[:1], string(rune(name[0])-'a'+'\uff41'), 1)
	}
	return changed
}

func TestASignupMakesAPersonalOrganizationAndNoSession(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		local := harness.Unique()
		body := M{"email": local + "@example.com", "password": harness.NewPassword()}
		answer := s.Client(t).Post("/v1/auth/signup", body).Want(201)
		want := M{
			"user": M{"id": "ID", "email": body["email"], "name": local, "username": nil, "email_verified": false,
				"created_at": "TIME", "updated_at": "TIME", "last_login_at": nil},
			"organization": M{"id": "ID", "name": local, "slug": local, "is_personal_account": true, "created_at": "TIME", "updated_at": "TIME"},
		}
		if diff := cmp.Diff(any(want), shape(answer.Object())); diff != "" {
			t.Errorf("the answer (-want +got):\n%s", diff)
		}
		if n := s.Count(t, "SELECT count(*) FROM sessions WHERE account_id = $1", answer.Text("user.id")); n != 0 {
			t.Errorf("signing up opened %d sessions", n)
		}
		login := s.Client(t).Post("/v1/auth/login", body).Want(200)
		projects := s.Client(t).Bearer(login.Text("tokens.access_token")).Get("/v1/projects").Want(200).List()
		if got := texts(projects, "slug"); !slices.Equal(got, []string{"default"}) {
			t.Errorf("the personal organization has the projects %v", got)
		}
		named := s.Client(t).Post("/v1/auth/signup", M{"email": harness.NewEmail(), "password": harness.NewPassword(), "name": "Grace Hopper"}).Want(201)
		if named.Text("user.name") != "Grace Hopper" || named.Text("organization.name") != "Grace Hopper" {
			t.Errorf("the names are %v and %v", named.Value("user.name"), named.Value("organization.name"))
		}
		s.Client(t).Post("/v1/auth/signup", M{"email": "x", "password": "y", "name": repeat("z", 101)}).
			Refused(400, "VALIDATION_FAILED").Names("email", "password", "name")
		s.Client(t).Post("/v1/auth/signup", M{}).Refused(400, "VALIDATION_FAILED").Names("email", "password")
	})
}

const crowd = 20

// registerTogether makes many accounts at once, all with the given members.
func registerTogether(t *testing.T, s *harness.Server, members M) []*harness.Response {
	t.Helper()
	return simultaneously(crowd, func(int) *harness.Response {
		return s.Client(t).Post("/v1/auth/register", harness.NewRegistration(members))
	})
}

func TestOfManyFirstAccountsExactlyOneIsTheOperator(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		answers := registerTogether(t, s, M{})
		if got := tally(answers); got[201] != crowd {
			t.Fatalf("the answers are %v", got)
		}
		operators := 0
		for _, a := range answers {
			if s.Client(t).Bearer(a.Text("tokens.access_token")).Get("/v1/auth/me").Want(200).Value("operator") == true {
				operators++
			}
		}
		if operators != 1 {
			t.Errorf("%d operators", operators)
		}
	})
}

func TestOneAddressRegisteredManyTimesAtOnceIsOneAccount(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		email, name := harness.NewEmail(), "Race "+harness.Unique()
		answers := registerTogether(t, s, M{"email": email, "org_name": name})
		if got := tally(answers); got[201] != 1 || got[409] != crowd-1 {
			t.Errorf("the answers are %v", got)
		}
		if n := s.Count(t, "SELECT count(*) FROM organizations WHERE name = $1", name); n != 1 {
			t.Errorf("%d organizations", n)
		}
	})
}

func TestOneNameRegisteredManyTimesAtOnceGivesDistinctSlugs(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		name := "Race " + harness.Unique()
		answers := registerTogether(t, s, M{"org_name": name})
		slugs := map[string]bool{}
		for _, a := range answers {
			slugs[a.Want(201).Text("organization.slug")] = true
		}
		if len(slugs) != crowd {
			t.Errorf("%d registrations have %d slugs", crowd, len(slugs))
		}
	})
}
