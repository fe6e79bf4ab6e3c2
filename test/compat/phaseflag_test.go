package compat

import (
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

const phaseflag = "/compat/phaseflag/api/v1/auth"

// crockford is an id's form, read independently of the program's own reader.
func crockford(t *testing.T, prefix, text string) string {
	t.Helper()
	digits, ok := strings.CutPrefix(text, prefix)
	if !ok || len(digits) != 26 {
		t.Fatalf("%q is no id of the kind %s", text, prefix)
	}
	n := new(big.Int)
	for _, digit := range digits {
		at := strings.IndexRune("0123456789ABCDEFGHJKMNPQRSTVWXYZ", digit)
		if at < 0 {
			t.Fatalf("%q has the digit %c", text, digit)
		}
		n.Add(n.Lsh(n, 5), big.NewInt(int64(at)))
	}
	return uuid.UUID(n.FillBytes(make([]byte, 16))).String()
}

// newcomer registers by the dialect.
func newcomer(t *testing.T, s *harness.Server, changes M) (body M, answer *harness.Response) {
	t.Helper()
	body = M{"email": harness.NewEmail(), "password": harness.NewPassword(), "full_name": "Ada Lovelace"}
	for name, value := range changes {
		if body[name] = value; value == nil {
			delete(body, name)
		}
	}
	return body, s.Client(t).Post(phaseflag+"/register", body)
}

func logIn(t *testing.T, s *harness.Server, as M) *harness.Response {
	t.Helper()
	return s.Client(t).Post(phaseflag+"/login", M{"email": as["email"], "password": as["password"]})
}

func TestTheFirstAccountOfPhaseFlagIsAdmin(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		first, made := newcomer(t, s, nil)
		if role := made.Want(201).Text("data.role"); role != "admin" {
			t.Errorf("the first is %s", role)
		}
		_, second := newcomer(t, s, nil)
		if role := second.Want(201).Text("data.role"); role != "member" {
			t.Errorf("the second is %s", role)
		}
		token := logIn(t, s, first).Want(200).Text("data.access_token")
		me := s.Client(t).Bearer(token).Get("/v1/auth/me").Want(200)
		if me.Value("operator") != true {
			t.Error("the first account operates nothing")
		}
	})
}

func TestOneAccountHasOneIDInBothDialects(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := newcomer(t, s, nil)
		made.Want(201)
		native := s.Client(t).Post("/v1/auth/login", who2v1(who)).Want(200)
		if id := crockford(t, "usr_", made.Text("data.id")); id != native.Text("user.id") {
			t.Errorf("%s is %s", id, native.Text("user.id"))
		}
		me := s.Client(t).Bearer(native.Text("tokens.access_token")).Get(phaseflag + "/me").Want(200)
		if me.Text("data.id") != made.Text("data.id") || me.Text("data.full_name") != "Ada Lovelace" || me.Text("data.created_at") != made.Text("data.created_at") {
			t.Errorf("registered as %s, shown as %s", made.Body, me.Body)
		}
		if org := crockford(t, "org_", me.Text("data.organizations.0.id")); org != native.Text("organization.id") || native.Value("organization.is_personal_account") != true {
			t.Errorf("%s is %s", org, native.Text("organization.id"))
		}
		if me.Text("data.organizations.0.role") != "admin" || me.Text("data.role") != "member" {
			t.Errorf("the roles are wrong: %s", me.Body)
		}
	})
}

func who2v1(who M) M { return M{"email": who["email"], "password": who["password"]} }

func TestRolesAreShownInPhaseFlagsTwoWords(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		for role, person := range stage.ByRole() {
			want := map[string]string{"owner": "admin", "admin": "admin", "developer": "member", "viewer": "member"}[role]
			shown := ""
			for _, o := range person.Get(phaseflag + "/me").Want(200).Value("data.organizations").([]any) {
				place := o.(M)
				if id, _ := place["id"].(string); crockford(t, "org_", id) == stage.Organization {
					shown, _ = place["role"].(string)
				}
			}
			if shown != want {
				t.Errorf("%s is shown as %q", role, shown)
			}
		}
	})
}

func TestPhaseFlagsRefreshKeepsTheTokenWhereverItIsPresented(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := newcomer(t, s, nil)
		made.Want(201)
		begun := logIn(t, s, who).Want(200)
		if begun.Value("data.expires_in") != float64(86400) || begun.Text("data.token_type") != "bearer" || !strings.HasPrefix(begun.Text("data.refresh_token"), "rt_") {
			t.Errorf("the login answers %s", begun.Body)
		}
		token := begun.Text("data.refresh_token")
		for range 3 {
			again := s.Client(t).Post(phaseflag+"/refresh", M{"refresh_token": token}).Want(200)
			if again.Value("data.refresh_token") != nil || again.Value("data.expires_in") != float64(86400) {
				t.Errorf("the refresh answers %s", again.Body)
			}
			native := s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": token}).Want(200)
			if native.Text("refresh_token") != token || native.Value("expires_in") != float64(86400) {
				t.Error("/v1 replaced the token, or gave an access token of another life")
			}
		}
		access := s.Client(t).Post(phaseflag+"/refresh", M{"refresh_token": token}).Want(200).Text("data.access_token")
		org := s.Client(t).Bearer(access).Post("/v1/organizations", M{"name": "Engines"}).Want(201).Text("id")
		switched := s.Client(t).Bearer(access).Post("/v1/auth/switch-organization", M{"organization_id": org}).Want(200)
		if switched.Text("refresh_token") != token {
			t.Error("a switch replaced the token")
		}
		s.Client(t).Bearer(access).Post(phaseflag+"/logout", nil).Want(204)
		s.Client(t).Bearer(access).Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		ended := s.Client(t).Post(phaseflag+"/refresh", M{"refresh_token": token}).Want(401)
		if ended.Text("error.code") != "INVALID_REFRESH_TOKEN" {
			t.Errorf("after the end: %s", ended.Body)
		}
		s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": token}).Refused(401, "INVALID_REFRESH_TOKEN")
	})
}

func TestASessionOfOurOwnRotatesAtPhaseFlagToo(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		next := s.Client(t).Post(phaseflag+"/refresh", M{"refresh_token": ada.RefreshToken}).Want(200)
		if next.Text("data.refresh_token") == ada.RefreshToken || next.Value("data.expires_in") != float64(3600) {
			t.Errorf("the refresh answers %s", next.Body)
		}
		s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": next.Text("data.refresh_token")}).Want(200)
	})
}

func TestWhatPhaseFlagRefusesHasTheDocumentsWords(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := newcomer(t, s, nil)
		made.Want(201)
		wants := func(r *harness.Response, status int, want string) {
			t.Helper()
			var body struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal(r.Want(status).Body, &body); err != nil || body.Error.Code+": "+body.Error.Message != want {
				t.Errorf("%s", r.Body)
			}
		}
		_, taken := newcomer(t, s, M{"email": strings.ToUpper(who["email"].(string))})
		wants(taken, 409, "EMAIL_ALREADY_EXISTS: An account with this email address already exists.")
		who["password"] = "not the password"
		wants(logIn(t, s, who), 401, "INVALID_CREDENTIALS: The email or password you provided is incorrect.")
		wants(logIn(t, s, M{"email": harness.NewEmail(), "password": "x"}), 401, "INVALID_CREDENTIALS: The email or password you provided is incorrect.")
		_, long := newcomer(t, s, M{"full_name": strings.Repeat("x", 101)})
		if !strings.HasPrefix(long.Want(400).Text("error.message"), "full_name ") {
			t.Errorf("%s", long.Body)
		}
		wants(s.Client(t).Get(phaseflag+"/me"), 401, "CREDENTIALS_REQUIRED: This needs an access token.")
		wants(s.Client(t).Bearer("x.y.z").Post(phaseflag+"/logout", nil), 401, "INVALID_TOKEN: The access token is not valid, or its session has ended.")
	})
}

func TestANameIsOptionalAtPhaseFlag(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		for _, none := range []any{nil, ""} {
			who, made := newcomer(t, s, M{"full_name": none})
			if local, _, _ := strings.Cut(who["email"].(string), "@"); made.Want(201).Text("data.full_name") != local {
				t.Errorf("%s", made.Body)
			}
		}
		_, made := newcomer(t, s, M{"full_name": json.RawMessage("null")})
		made.Want(400)
	})
}

func TestEveryRuleOfOursHoldsAtPhaseFlag(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, eve := s.Register(t), s.Register(t)
		eve.In(ada.Organization).Get(phaseflag + "/me").Want(404)
		eve.In(ada.Organization).Post(phaseflag+"/logout", nil).Want(404)
		eve.In("x").Get(phaseflag + "/me").Want(400)
		eve.Get(phaseflag + "/me?x=1").Want(400)
		eve.Post(phaseflag+"/logout?x=1", nil).Want(400)
		eve.Key("sdk-dev-x").Post(phaseflag+"/logout", nil).Want(400)
		key := func(scope string) *harness.Client {
			return s.Client(t).Bearer(ada.Post("/v1/auth/keys", M{"name": "CI", "scopes": []string{scope}}).Want(201).Text("key"))
		}
		if me := key("read").Get(phaseflag + "/me").Want(200); crockford(t, "usr_", me.Text("data.id")) != ada.ID {
			t.Errorf("a key is %s", me.Body)
		}
		key("keys").Get(phaseflag + "/me").Want(403)
		key("write").Post(phaseflag+"/logout", nil).Want(403)
		s.Client(t).Bearer(harness.AdminToken).Get(phaseflag + "/me").Want(401)

		ada.Post("/v1/auth/password/change", M{"current_password": ada.Password, "new_password": harness.NewPassword()}).Want(204)
		client := s.Client(t)
		for range 200 {
			if client.Post(phaseflag+"/login", M{"email": eve.Email, "password": "wrong"}).Status == http.StatusTooManyRequests {
				break
			}
		}
		throttled := client.Post(phaseflag+"/login", M{"email": eve.Email, "password": eve.Password}).Want(429)
		if throttled.Text("error.code") != "TOO_MANY_ATTEMPTS" {
			t.Errorf("%s", throttled.Body)
		}
	})
}

func TestTheAuditNamesTheDialect(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := newcomer(t, s, nil)
		token := logIn(t, s, who).Want(200).Text("data.access_token")
		in := s.Client(t).Bearer(token)
		for _, entry := range in.Get("/v1/audit").Want(200).List() {
			if entry["dialect"] != "phaseflag" {
				t.Errorf("%v was done by %v", entry["action"], entry["dialect"])
			}
		}
		account := crockford(t, "usr_", made.Text("data.id"))
		if n := s.Count(t, "SELECT count(*) FROM audit_entries WHERE dialect = 'phaseflag' AND actor_id = $1", account); n < 3 {
			t.Errorf("%d entries name the dialect: registration, foundation and login should", n)
		}
		in.Post("/v1/projects", M{"name": "Other"}).Want(201)
		if newest := in.Get("/v1/audit?limit=1").Want(200).List()[0]; newest["dialect"] != nil {
			t.Errorf("%v was done by %v", newest["action"], newest["dialect"])
		}
		in.Post(phaseflag+"/logout", nil).Want(204)
		if n := s.Count(t, "SELECT count(*) FROM audit_entries WHERE dialect = 'phaseflag' AND actor_id = $1 AND action = 'session.ended'", account); n != 1 {
			t.Errorf("%d ends of sessions name the dialect", n)
		}
	})
}

func TestWhereAddressesAreProvenPhaseFlagTellsNobodyWhichAreKnown(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		sink := mailsink.Start(t, mailsink.Options{})
		s := harness.Start(t, d, mailing(sink), harness.Environment{"EMAIL_VERIFICATION": "required"})
		who, first := newcomer(t, s, nil)
		_, again := newcomer(t, s, M{"email": who["email"]})
		for _, r := range []*harness.Response{first, again} {
			if r.Want(201).Text("data.email") != who["email"] || r.Text("data.role") != "member" || r.Text("data.full_name") != "Ada Lovelace" {
				t.Errorf("%s", r.Body)
			}
			crockford(t, "usr_", r.Text("data.id"))
		}
		logIn(t, s, who).Want(401)
		proof := sink.Wait(t, who["email"].(string), "Confirm your email address").Token()
		s.Client(t).Post("/v1/auth/verify-email", M{"token": proof}).Want(204)
		token := logIn(t, s, who).Want(200).Text("data.access_token")
		me := s.Client(t).Bearer(token).Get(phaseflag + "/me").Want(200)
		if me.Text("data.id") != first.Text("data.id") || me.Text("data.id") == again.Text("data.id") || me.Text("data.role") != "admin" {
			t.Errorf("registered as %s, then %s; shown as %s", first.Body, again.Body, me.Body)
		}
	})
}
