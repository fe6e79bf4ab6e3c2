package compat

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

const zylon = "/compat/zylon/api/v1/auth"

// machine is a backend that holds the API token.
func machine(t *testing.T, s *harness.Server) *harness.Client {
	return s.Client(t).Bearer(harness.AdminToken)
}

// enroll registers by the dialect.
func enroll(t *testing.T, s *harness.Server, role string) (who M, answer *harness.Response) {
	t.Helper()
	who = M{"email": harness.NewEmail(), "password": harness.NewPassword()}
	answer = machine(t, s).Post(zylon+"/register", M{"email": who["email"], "password": who["password"], "roles": []string{role}})
	return who, answer
}

// native logs in by our own API.
func native(t *testing.T, s *harness.Server, who M) (*harness.Client, *harness.Response) {
	t.Helper()
	r := s.Client(t).Post("/v1/auth/login", who2v1(who)).Want(200)
	return s.Client(t).Bearer(r.Text("tokens.access_token")), r
}

var zylonRoles = map[string]string{"AppOwner": "owner", "AppAdmin": "admin", "AppUser": "developer", "AppViewer": "viewer"}

func texts(list any) []string {
	var all []string
	items, _ := list.([]any)
	for _, item := range items {
		text, _ := item.(string)
		all = append(all, text)
	}
	return all
}

// The first of an empty installation is as the document shows it, too.
func TestWhoIsRegisteredAtZylonIsWhatWasAskedInTheOneOrganization(t *testing.T) {
	for _, first := range []string{"AppAdmin", "AppViewer"} {
		t.Run(first, func(t *testing.T) {
			harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
				s := harness.Start(t, d)
				org := ""
				for i, role := range []string{first, "AppOwner", "AppAdmin", "AppUser", "AppViewer"} {
					who, made := enroll(t, s, role)
					made.Want(201)
					if !slices.Equal(texts(made.Value("roles")), []string{role}) || !slices.Equal(texts(made.Value("users.0.roles")), []string{role}) ||
						len(made.Value("users").([]any)) != 1 || made.Text("users.0.state") != "Active" || made.Text("provider") != "Credentials" {
						t.Errorf("%s is registered as %s", role, made.Body)
					}
					if made.Text("users.0.account_id") != made.Text("id") || made.Text("users.0.email") != who["email"] || made.Text("users.0.name") != made.Text("name") {
						t.Errorf("the user is another: %s", made.Body)
					}
					if org == "" {
						org = made.Text("users.0.org_id")
					}
					in, begun := native(t, s, who)
					own := in.Get("/v1/auth/organizations").Want(200).List()
					if len(own) != 1 || own[0]["id"] != hexadecimal(t, "org_", org) || own[0]["role"] != zylonRoles[role] || own[0]["is_personal_account"] != false {
						t.Errorf("%s is in %v", role, own)
					}
					if made.Text("users.0.org_id") != org || hexadecimal(t, "acct_", made.Text("id")) != begun.Text("user.id") {
						t.Errorf("the ids are %s", made.Body)
					}
					if operates := in.Get("/v1/auth/me").Want(200).Value("operator"); operates != (i == 0) {
						t.Errorf("account %d operates: %v", i, operates)
					}
					found := in.Get("/v1/members?q=" + who["email"].(string)).Want(200).List()
					if len(found) != 1 || found[0]["id"] != hexadecimal(t, "user_", made.Text("users.0.id")) {
						t.Errorf("the member is %v", found)
					}
				}
				d.Sound(t)
			})
		})
	}
}

func TestALoginAtZylonShowsWhatTheRegistrationDid(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := enroll(t, s, "AppUser")
		in := machine(t, s).Post(zylon+"/login", who).Want(200)
		if string(in.Body) != string(made.Want(201).Body) {
			t.Errorf("registered as %s, logged in as %s", made.Body, in.Body)
		}
		stage := s.Stage(t)
		for role, person := range stage.ByRole() {
			shown := machine(t, s).Post(zylon+"/login", M{"email": person.Email, "password": person.Password}).Want(200)
			place := ""
			for _, u := range shown.Value("users").([]any) {
				if user := u.(M); hexadecimal(t, "org_", user["org_id"].(string)) == stage.Organization {
					place = texts(user["roles"])[0]
				}
			}
			if zylonRoles[place] != role {
				t.Errorf("%s is shown as %q", role, place)
			}
			if all := texts(shown.Value("roles")); len(all) > 0 {
				t.Errorf("who was made elsewhere, and is %s there, is %v here", place, all)
			}
		}
	})
}

func TestZylonsRolesAreReadStrictly(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		register := func(roles string) *harness.Response {
			return machine(t, s).Post(zylon+"/register", `{"email": "`+harness.NewEmail()+`", "password": "`+harness.NewPassword()+`", "roles": `+roles+`}`)
		}
		for _, wrong := range []string{
			`["AppRoot"]`, `["appadmin"]`, `["admin"]`, `["AppAdmin", "AppRoot"]`, `[]`, `null`, `"AppAdmin"`, `[null]`, `[1]`, `[""]`, `[["AppAdmin"]]`,
		} {
			if r := register(wrong).Want(400); !strings.HasPrefix(r.Text("error"), "roles") {
				t.Errorf("%s: %s", wrong, r.Body)
			}
		}
		machine(t, s).Post(zylon+"/register", M{"email": harness.NewEmail(), "password": harness.NewPassword()}).Want(400)
		if r := register(`["AppViewer", "AppAdmin", "AppUser"]`).Want(201); !slices.Equal(texts(r.Value("roles")), []string{"AppAdmin"}) {
			t.Errorf("of several roles came %s", r.Body)
		}
	})
}

func TestZylonNamesAnAccountByItsAddress(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		at := harness.Unique() + ".example.com"
		for local, want := range map[string][3]string{
			"sasha.patel": {"Sasha Patel", "Sasha", "Patel"}, "sasha": {"Sasha", "Sasha", ""}, "ADA": {"ADA", "ADA", ""},
			"mary-ann_of.york+news": {"Mary Ann Of York News", "Mary", "Ann Of York News"}, "~": {"~", "~", ""},
		} {
			made := machine(t, s).Post(zylon+"/register", M{"email": local + "@" + at, "password": harness.NewPassword(), "roles": []string{"AppUser"}}).Want(201)
			if got := [3]string{made.Text("name"), made.Text("given_name"), made.Text("family_name")}; got != want {
				t.Errorf("%s is %v", local, got)
			}
		}
		ada := s.Register(t, M{"name": "Augusta Ada  King"})
		shown := machine(t, s).Post(zylon+"/login", M{"email": ada.Email, "password": ada.Password}).Want(200)
		if shown.Text("given_name") != "Augusta" || shown.Text("family_name") != "Ada  King" {
			t.Errorf("%s", shown.Body)
		}
	})
}

func TestOnlyTheAPITokenOpensZylon(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		operator := s.Register(t)
		key := operator.Post("/v1/auth/keys", M{"name": "CI"}).Want(201).Text("key")
		environmentKey, _ := operator.NewKey(t, operator.Dev)
		ask := func(_ *harness.Server, what string, c *harness.Client, status int, code string) {
			t.Helper()
			for _, path := range []string{"/register", "/login", "/logout"} {
				body := any(M{"email": harness.NewEmail(), "password": harness.NewPassword(), "roles": []string{"AppUser"}})
				if path == "/logout" {
					body = nil
				}
				if r := c.Post(zylon+path, body); r.Status != status || r.Value("code") != code {
					t.Errorf("%s to %s: %d %s", what, path, r.Status, r.Body)
				}
			}
		}
		refuses := func(s *harness.Server) {
			t.Helper()
			ask(s, "nothing", s.Client(t), 401, "ADMIN_TOKEN_REQUIRED")
			ask(s, "an empty token", s.Client(t).Bearer(""), 401, "ADMIN_TOKEN_REQUIRED")
			ask(s, "another token", s.Client(t).Bearer(harness.AdminToken+"x"), 401, "ADMIN_TOKEN_REQUIRED")
			ask(s, "no access token", s.Client(t).Bearer("x.y.z"), 401, "ADMIN_TOKEN_REQUIRED")
			ask(s, "another scheme", s.Client(t).With("Authorization", "Basic "+harness.AdminToken), 401, "ADMIN_TOKEN_REQUIRED")
			ask(s, "an environment key", s.Client(t).Key(environmentKey), 401, "ADMIN_TOKEN_REQUIRED")
			ask(s, "a session", operator.Client, 403, "OPERATOR_ONLY")
			ask(s, "an account key", s.Client(t).Bearer(key), 403, "OPERATOR_ONLY")
			ask(s, "two credentials", machine(t, s).Key(environmentKey), 400, "AMBIGUOUS_CREDENTIALS")
		}
		refuses(s)
		s.Stop()
		without := harness.Start(t, d, harness.Environment{"ADMIN_API_TOKEN": harness.Unset})
		operator = relogged(t, without, operator)
		ask(without, "the token that was", machine(t, without), 401, "ADMIN_TOKEN_REQUIRED")
		refuses(without)
	})
}

// relogged is the person at another server on the same database.
func relogged(t *testing.T, s *harness.Server, p harness.Person) harness.Person {
	t.Helper()
	p.Client, _ = native(t, s, M{"email": p.Email, "password": p.Password})
	return p
}

func TestWhatZylonRefusesHasOneForm(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := enroll(t, s, "AppUser")
		made.Want(201)
		taken := machine(t, s).Post(zylon+"/register", M{"email": strings.ToUpper(who["email"].(string)), "password": harness.NewPassword(), "roles": []string{"AppUser"}})
		wrong := machine(t, s).Post(zylon+"/login", M{"email": who["email"], "password": "not the password"})
		nobody := machine(t, s).Post(zylon+"/login", M{"email": harness.NewEmail(), "password": "not the password"})
		for r, want := range map[*harness.Response]string{
			taken.Want(409): "EMAIL_ALREADY_EXISTS", wrong.Want(401): "INVALID_CREDENTIALS", nobody.Want(401): "INVALID_CREDENTIALS",
		} {
			if r.Text("code") != want || r.Text("error") == "" || len(r.Object()) != 2 || len(r.Header["Set-Cookie"]) != 0 {
				t.Errorf("%s", r.Body)
			}
		}
		if wrong.Masked() != nobody.Masked() {
			t.Errorf("a wrong password answers %s, nobody's %s", wrong.Masked(), nobody.Masked())
		}
		if challenge := wrong.Header.Get("WWW-Authenticate"); strings.Contains(challenge, "error") {
			t.Errorf("a wrong password is told as a wrong token: %s", challenge)
		}
	})
}

func TestTooManyLoginsAtZylonAreThrottled(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d, harness.Environment{"LOGIN_FAILURES": "3"})
		who, made := enroll(t, s, "AppUser")
		made.Want(201)
		for range 3 {
			machine(t, s).Post(zylon+"/login", M{"email": who["email"], "password": "wrong"}).Want(401)
		}
		if r := machine(t, s).Post(zylon+"/login", who).Want(429); r.Text("code") != "TOO_MANY_ATTEMPTS" {
			t.Errorf("%s", r.Body)
		}
	})
}

func TestTheAuditNamesZylonAndTheOperator(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := enroll(t, s, "AppAdmin")
		account := hexadecimal(t, "acct_", made.Want(201).Text("id"))
		cookie := given(t, machine(t, s).Post(zylon+"/login", who).Want(200)).Value
		with(machine(t, s), cookie).Post(zylon+"/logout", nil).Want(200)
		count := func(action, actor, resource string) {
			t.Helper()
			n := s.Count(t, "SELECT count(*) FROM audit_entries WHERE dialect = 'zylon' AND action = $1 AND actor_type = $2 AND organization_id = $3", action, actor, resource)
			if n != 1 {
				t.Errorf("%d entries tell of %s by %s", n, action, actor)
			}
		}
		count("account.registered", "operator", account)
		count("session.begun", "account", account)
		count("session.ended", "account", account)
		in, _ := native(t, s, who)
		joined := in.Get("/v1/audit?action=member.joined&resource_id=" + hexadecimal(t, "user_", made.Text("users.0.id"))).Want(200).List()
		if len(joined) != 1 || joined[0]["dialect"] != "zylon" || joined[0]["actor_type"] != "operator" {
			t.Errorf("the audit says %v", joined)
		}
	})
}

func TestWhereAddressesAreProvenZylonsLoginsWait(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		sink := mailsink.Start(t, mailsink.Options{})
		s := harness.Start(t, d, mailing(sink), harness.Environment{"EMAIL_VERIFICATION": "required"})
		who, made := enroll(t, s, "AppAdmin")
		made.Want(201)
		again := machine(t, s).Post(zylon+"/register", M{"email": who["email"], "password": harness.NewPassword(), "roles": []string{"AppUser"}})
		if again.Want(409).Text("code") != "EMAIL_ALREADY_EXISTS" {
			t.Errorf("%s", again.Body)
		}
		machine(t, s).Post(zylon+"/login", who).Want(401)
		proof := sink.Wait(t, who["email"].(string), "Confirm your email address").Token()
		s.Client(t).Post("/v1/auth/verify-email", M{"token": proof}).Want(204)
		if in := machine(t, s).Post(zylon+"/login", who).Want(200); string(in.Body) != string(made.Body) {
			t.Errorf("registered as %s, logged in as %s", made.Body, in.Body)
		}
	})
}

func TestTheHomeIsOneHoweverManyComeFirst(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		const many = 8
		answers := make([]*harness.Response, many)
		var group sync.WaitGroup
		for i := range many {
			group.Go(func() { _, answers[i] = enroll(t, s, "AppUser") })
		}
		group.Wait()
		homes := map[string]bool{}
		for _, r := range answers {
			homes[r.Want(201).Text("users.0.org_id")] = true
		}
		if len(homes) != 1 {
			t.Errorf("there are %d homes", len(homes))
		}
		if n := s.Count(t, "SELECT count(*) FROM organizations"); n != 1 {
			t.Errorf("there are %d organizations", n)
		}
		if n := s.Count(t, "SELECT count(*) FROM accounts WHERE operator AND NOT disabled"); n != 1 {
			t.Errorf("%d accounts operate", n)
		}
		d.Sound(t)
	})
}

func TestTheHomeIsAnOrganizationLikeOthers(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		outsider := s.Register(t)
		who, made := enroll(t, s, "AppAdmin")
		home := hexadecimal(t, "org_", made.Want(201).Text("users.0.org_id"))
		outsider.In(home).Get("/v1/members").Want(404)
		admin, _ := native(t, s, who)
		keeper := ""
		for _, m := range admin.Get("/v1/members?role=owner").Want(200).List() {
			keeper, _ = m["id"].(string)
		}
		admin.Delete("/v1/members/" + keeper).Want(403)
		boss, _ := enroll(t, s, "AppOwner")
		owner, _ := native(t, s, boss)
		owner.Delete("/v1/members/" + keeper).Want(204)
		owner.Post("/v1/organizations/"+home+"/leave", nil).Refused(409, "LAST_OWNER")
		if _, next := enroll(t, s, "AppUser"); hexadecimal(t, "org_", next.Want(201).Text("users.0.org_id")) != home {
			t.Errorf("the home has moved: %s", next.Body)
		}
		slug := owner.Get("/v1/organizations/" + home).Want(200).Text("slug")
		owner.Delete("/v1/organizations/"+home, M{"confirm": slug}).Want(204)
		_, next := enroll(t, s, "AppUser")
		if org := hexadecimal(t, "org_", next.Want(201).Text("users.0.org_id")); org == home {
			t.Error("the home that was deleted goes on")
		}
		shown := machine(t, s).Post(zylon+"/login", who).Want(200)
		if !strings.Contains(string(shown.Body), `"users":[],"roles":[]`) {
			t.Errorf("who is nowhere is shown as %s", shown.Body)
		}
	})
}
