package compat

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

const phy = "/compat/phy/api/v1/auth"

// phySignup signs somebody up.
func phySignup(t *testing.T, s *harness.Server) (who M, answer *harness.Response) {
	t.Helper()
	who = M{"email": harness.NewEmail(), "password": harness.NewPassword()}
	return who, s.Client(t).Post(phy+"/signup", who)
}

// phyRefuses wants a refusal in the envelope, in these words.
func phyRefuses(t *testing.T, r *harness.Response, status int, message, sentence string) {
	t.Helper()
	want := M{"success": false, "message": message, "error": sentence}
	if got := r.Want(status).Object(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s %s is refused by %s", r.Method, r.Path, r.Body)
	}
}

// places are the roles of a list of organizations, by their ids.
func places(t *testing.T, r *harness.Response) map[string]string {
	t.Helper()
	roles := map[string]string{}
	for _, item := range r.Value("data").([]any) {
		roles[item.(M)["id"].(string)] = item.(M)["role"].(string)
	}
	if r.Value("success") != true || r.Value("count") != float64(len(roles)) {
		t.Errorf("%s", r.Body)
	}
	return roles
}

func TestASignupAtPHYMakesAPersonalOrganizationAndNoSession(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := phySignup(t, s)
		if made.Want(200).Value("success") != true || made.Text("message") != "Authentication successful" || made.Text("data.user.email") != who["email"] {
			t.Errorf("%s", made.Body)
		}
		if n := s.Count(t, "SELECT count(*) FROM sessions WHERE account_id = $1", made.Text("data.user.id")); n != 0 {
			t.Errorf("the signup began %d sessions", n)
		}
		native := s.Client(t).Post("/v1/auth/login", who).Want(200)
		if native.Text("user.id") != made.Text("data.user.id") || native.Value("organization.is_personal_account") != true {
			t.Errorf("signed up as %s, logged in as %s", made.Body, native.Body)
		}
		if shown := made.Text("data.user.created_at"); strings.Contains(shown, ".") || native.Time("user.created_at").Truncate(time.Second) != made.Time("data.user.created_at") {
			t.Errorf("%s is shown as %s", native.Text("user.created_at"), shown)
		}
	})
}

func TestPHYsRefreshReplacesTheTokenAndNamesTheUser(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := phySignup(t, s)
		begun := s.Client(t).Post(phy+"/login", who).Want(200)
		claims := harness.Claims(t, begun.Text("data.access_token"))
		if begun.Value("data.expires_in") != float64(3600) || begun.Value("data.expires_at") != claims["exp"] || begun.Text("message") != "Authentication successful" {
			t.Errorf("the login answers %s", begun.Body)
		}
		next := s.Client(t).Post(phy+"/refresh", M{"refresh_token": begun.Text("data.refresh_token")}).Want(200)
		if next.Text("data.refresh_token") == begun.Text("data.refresh_token") || next.Text("message") != "Token refreshed" {
			t.Errorf("the refresh answers %s", next.Body)
		}
		for _, answer := range []*harness.Response{begun, next} {
			if fmt.Sprint(answer.Value("data.user")) != fmt.Sprint(made.Value("data.user")) {
				t.Errorf("%s signed up, and is shown as %s", made.Body, answer.Body)
			}
		}
		if _, told := next.Value("data").(M)["expires_in"]; told {
			t.Errorf("the refresh answers %s", next.Body)
		}
		s.Client(t).Bearer(next.Text("data.access_token")).Post("/v1/auth/logout", nil).Want(204)
		phyRefuses(t, s.Client(t).Post(phy+"/refresh", M{"refresh_token": next.Text("data.refresh_token")}), 401,
			"Unauthorized", "The refresh token is not valid, or its session has ended.")
		phyRefuses(t, s.Client(t).Bearer(next.Text("data.access_token")).Get(phy+"/organizations"), 401,
			"Unauthorized", "The access token is not valid, or its session has ended.")
	})
}

func TestATokenThatPHYReplacedEndsTheSessionLater(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, _ := phySignup(t, s)
		begun := s.Client(t).Post(phy+"/login", who).Want(200)
		old := M{"refresh_token": begun.Text("data.refresh_token")}
		next := s.Client(t).Post(phy+"/refresh", old).Want(200)
		if again := s.Client(t).Post(phy+"/refresh", old).Want(200); again.Text("data.refresh_token") != next.Text("data.refresh_token") {
			t.Error("the replaced token, presented at once, has another successor")
		}
		s.Exec(t, "UPDATE sessions SET rotated_at = $1 WHERE account_id = $2", time.Now().UTC().Add(-time.Minute).Truncate(time.Microsecond), begun.Text("data.user.id"))
		s.Client(t).Post(phy+"/refresh", old).Want(401)
		s.Client(t).Post(phy+"/refresh", M{"refresh_token": next.Text("data.refresh_token")}).Want(401)
	})
}

func TestATakenAddressIs401AtPHY(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := phySignup(t, s)
		made.Want(200)
		who["email"] = strings.ToUpper(who["email"].(string))
		phyRefuses(t, s.Client(t).Post(phy+"/signup", who), 401, "Unauthorized", "An account with this email address already exists.")
		s.Client(t).Post("/v1/auth/signup", who).Refused(409, "EMAIL_ALREADY_EXISTS")
	})
}

func TestWhatPHYRefusesStandsInTheEnvelope(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := phySignup(t, s)
		made.Want(200)
		c := s.Client(t)
		for _, wrong := range []M{{"email": who["email"], "password": "wrong"}, {"email": harness.NewEmail(), "password": who["password"]}} {
			phyRefuses(t, c.Post(phy+"/login", wrong), 401, "Unauthorized", "invalid credentials")
		}
		phyRefuses(t, c.Post(phy+"/signup", M{"email": "no address", "password": who["password"]}), 400,
			"Bad Request", "email must be an email address, such as ada@example.com.")
		phyRefuses(t, c.Post(phy+"/login", M{"email": "ada.lovelace", "password": who["password"]}), 400,
			"Bad Request", "email must be an email address, such as ada@example.com.")
		phyRefuses(t, c.Post(phy+"/signup", M{"password": who["password"]}), 400, "Bad Request", "email is required.")
		phyRefuses(t, c.Post(phy+"/login", M{"email": who["email"], "password": ""}), 400, "Bad Request", "password must be text without NUL, with 1 to 256 characters.")
		phyRefuses(t, c.Post(phy+"/refresh", M{"refresh_token": 1}), 400, "Bad Request", "refresh_token expected string.")
		phyRefuses(t, c.Get(phy+"/organizations"), 401, "Unauthorized", "This needs an access token.")
		phyRefuses(t, c.Get(phy+"/nowhere"), 404, "Not Found", "There is no such thing, or none that you can see.")
		phyRefuses(t, c.Get(phy+"/login"), 405, "Method Not Allowed", "This address does not take that method; the Allow header lists those it takes.")
		phyRefuses(t, c.With("Content-Type", "text/plain").Post(phy+"/login", "{}"), 415,
			"Unsupported Media Type", "The body must be sent as Content-Type: application/json, in UTF-8 and uncompressed.")
	})
}

func TestPHYShowsOrganizationsWithRolesInUpperCase(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		for role, person := range stage.ByRole() {
			found := person.Get(phy + "/organizations").Want(200)
			all := places(t, found)
			if all[stage.Organization] != strings.ToUpper(role) || all[person.Organization] != "OWNER" {
				t.Errorf("%s is shown as %s", role, found.Body)
			}
			if want := fmt.Sprintf("Retrieved %d organizations", len(all)); found.Text("message") != want {
				t.Errorf("%q, want %q", found.Text("message"), want)
			}
			if own := places(t, person.Get(phy+"/users/"+person.ID+"/organizations").Want(200)); own[stage.Organization] != all[stage.Organization] || own[person.Organization] != "OWNER" {
				t.Errorf("%s is in %v, and by the id in %v", role, all, own)
			}
		}
	})
}

func TestPHYShowsOfOthersWhatOneMayKnow(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		of := func(who harness.Person) string { return phy + "/users/" + who.ID + "/organizations" }
		seen := stage.Admin.Get(of(stage.Viewer)).Want(200)
		if all := places(t, seen); len(all) == 0 || all[stage.Organization] != "VIEWER" || all[stage.Viewer.Organization] != "" {
			t.Errorf("an admin sees %s", seen.Body)
		}
		for i := range seen.Value("data").([]any) {
			if at := fmt.Sprintf("data.%d.", i); seen.Text(at+"user_id") != stage.Viewer.ID || seen.Text(at+"requested_by") != stage.Admin.ID {
				t.Errorf("an admin sees %s", seen.Body)
			}
		}
		for name, r := range map[string]*harness.Response{
			"a developer": stage.Developer.Get(of(stage.Viewer)), "a stranger": stage.Outsider.Get(of(stage.Viewer)),
			"of nobody": stage.Owner.Get(phy + "/users/" + uuid.Must(uuid.NewV7()).String() + "/organizations"),
		} {
			if string(r.Want(200).Body) != `{"success":true,"message":"Retrieved 0 organizations for user","data":[],"count":0}`+"\n" {
				t.Errorf("%s sees %s", name, r.Body)
			}
		}
		for _, malformed := range []string{"x", "usr_01H455VB4PEX5VSKNK084SN02Q", strings.ToUpper(stage.Viewer.ID), strings.ReplaceAll(stage.Viewer.ID, "-", ""), "me"} {
			r := stage.Admin.Get(phy + "/users/" + malformed + "/organizations").Want(400)
			if r.Text("message") != "Bad Request" || !strings.HasPrefix(r.Text("error"), "userId ") {
				t.Errorf("%s is refused by %s", malformed, r.Body)
			}
		}
	})
}

func TestPHYShowsAllOrganizationsAtOnce(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		want := []string{ada.Organization}
		for i := range 101 {
			want = append(want, ada.Post("/v1/organizations", M{"name": fmt.Sprintf("Engines %d", i)}).Want(201).Text("id"))
		}
		for _, path := range []string{"/organizations", "/users/" + ada.ID + "/organizations"} {
			var got []string
			all := ada.Get(phy + path).Want(200)
			for _, item := range all.Value("data").([]any) {
				got = append(got, item.(M)["id"].(string))
			}
			if !slices.Equal(got, want) || all.Value("count") != float64(102) || !strings.HasPrefix(all.Text("message"), "Retrieved 102 organizations") {
				t.Errorf("%s: %d of %d: %s", path, len(got), len(want), all.Text("message"))
			}
		}
	})
}

func TestEveryRuleOfOursHoldsAtPHY(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, eve := s.Register(t), s.Register(t)
		of := "/users/" + eve.ID + "/organizations"
		for _, path := range []string{"/organizations", of} {
			eve.In(ada.Organization).Get(phy + path).Want(404)
			eve.In("x").Get(phy + path).Want(400)
			eve.Get(phy + path + "?limit=1").Want(400)
			eve.Key("sdk-dev-x").Get(phy + path).Want(400)
			s.Client(t).Get(phy + path).Want(401)
			s.Client(t).Bearer(harness.AdminToken).Get(phy + path).Want(401)
		}
		key := func(body M) *harness.Client {
			body["name"] = "CI"
			return s.Client(t).Bearer(eve.Post("/v1/auth/keys", body).Want(201).Text("key"))
		}
		eve.Post("/v1/organizations", M{"name": "Second"}).Want(201)
		bound := key(M{"organization_id": eve.Organization})
		for _, path := range []string{"/organizations", of} {
			if all := places(t, bound.Get(phy+path).Want(200)); len(all) != 1 || all[eve.Organization] != "OWNER" {
				t.Errorf("a bound key sees %v at %s", all, path)
			}
			phyRefuses(t, key(M{"scopes": []string{"keys"}}).Get(phy+path), 403, "Forbidden", "This account key does not have the scope for that.")
		}
		bound.Get(phy + "/users/" + ada.ID + "/organizations").Want(403)

		client := s.Client(t)
		for range 200 {
			if client.Post(phy+"/login", M{"email": eve.Email, "password": "wrong"}).Status == http.StatusTooManyRequests {
				break
			}
		}
		phyRefuses(t, client.Post(phy+"/login", M{"email": eve.Email, "password": eve.Password}), 429,
			"Too Many Requests", "Too many failed attempts. Try again later.")
	})
}

func TestTheAuditNamesPHY(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := phySignup(t, s)
		s.Client(t).Post(phy+"/login", who).Want(200)
		for _, action := range []string{"account.registered", "organization.created", "session.begun"} {
			if n := s.Count(t, "SELECT count(*) FROM audit_entries WHERE dialect = 'phy' AND actor_id = $1 AND action = $2", made.Text("data.user.id"), action); n != 1 {
				t.Errorf("%d entries about %s name the dialect", n, action)
			}
		}
	})
}

func TestWhereAddressesAreProvenPHYTellsNobodyWhichAreKnown(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		sink := mailsink.Start(t, mailsink.Options{})
		s := harness.Start(t, d, mailing(sink), harness.Environment{"EMAIL_VERIFICATION": "required"})
		who, first := phySignup(t, s)
		again := s.Client(t).Post(phy+"/signup", who)
		for _, r := range []*harness.Response{first, again} {
			var body struct {
				Success bool
				Message string
				Data    struct{ User map[string]string }
			}
			if err := json.Unmarshal(r.Want(200).Body, &body); err != nil || !body.Success || body.Data.User["email"] != who["email"] || len(body.Data.User) != 3 {
				t.Errorf("%s: %v", r.Body, err)
			}
		}
		phyRefuses(t, s.Client(t).Post(phy+"/login", who), 401, "Unauthorized", "invalid credentials")
		proof := sink.Wait(t, who["email"].(string), "Confirm your email address").Token()
		s.Client(t).Post("/v1/auth/verify-email", M{"token": proof}).Want(204)
		in := s.Client(t).Post(phy+"/login", who).Want(200)
		if id := in.Text("data.user.id"); id != first.Text("data.user.id") || id == again.Text("data.user.id") {
			t.Errorf("signed up as %s, then %s; logged in as %s", first.Body, again.Body, in.Body)
		}
	})
}
