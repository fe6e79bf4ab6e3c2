package compat

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

const usernameKeys = "/compat/username-keys/api/v1/auth"

// hexadecimal is an id's form, read independently of the program's own reader.
func hexadecimal(t *testing.T, prefix, text string) string {
	t.Helper()
	digits, ok := strings.CutPrefix(text, prefix)
	if !ok || len(digits) != 32 || strings.Trim(digits, "0123456789abcdef") != "" {
		t.Fatalf("%q is no id of the kind %s", text, prefix)
	}
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
}

// named registers somebody with a username.
func named(t *testing.T, s *harness.Server) (who harness.Person, username string) {
	t.Helper()
	username = "ada." + harness.Unique()
	return s.Register(t, M{"username": username}), username
}

func enter(t *testing.T, s *harness.Server, username, password string) *harness.Response {
	t.Helper()
	return s.Client(t).Post(usernameKeys+"/login", M{"username": username, "password": password})
}

// members are the names of an answer's members.
func members(r *harness.Response) []string { return slices.Sorted(maps.Keys(r.Object())) }

// says wants a refusal with this sentence and nothing else.
func says(t *testing.T, r *harness.Response, status int, sentence string) {
	t.Helper()
	if got := r.Want(status).Object(); fmt.Sprint(got) != fmt.Sprint(M{"error": sentence}) {
		t.Errorf("%s %s is refused by %s", r.Method, r.Path, r.Body)
	}
}

func TestOneLogsInByUsernameOrEmail(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, username := named(t, s)
		for _, name := range []string{username, strings.ToUpper(username), ada.Email} {
			begun := enter(t, s, name, ada.Password).Want(200)
			if begun.Text("user.username") != username || begun.Text("user.email") != ada.Email || hexadecimal(t, "user_", begun.Text("user.id")) != ada.ID {
				t.Errorf("%s is %s", name, begun.Body)
			}
			if begun.Value("expires_in") != float64(3600) || !strings.HasPrefix(begun.Text("refreshToken"), "rt_") {
				t.Errorf("the login answers %s", begun.Body)
			}
			if me := s.Client(t).Bearer(begun.Text("token")).Get("/v1/auth/me").Want(200); me.Text("id") != ada.ID {
				t.Errorf("the token is that of %s", me.Body)
			}
		}
		eve := s.Register(t)
		if begun := enter(t, s, eve.Email, eve.Password).Want(200); begun.Text("user.username") != eve.Email {
			t.Errorf("who has no username is shown as %s", begun.Body)
		}
	})
}

func TestALoginThatFailsTellsNothing(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, username := named(t, s)
		for name, r := range map[string]*harness.Response{
			"a wrong password": enter(t, s, username, "wrong"), "an unknown username": enter(t, s, "nobody."+harness.Unique(), ada.Password),
			"no username": enter(t, s, "@", ada.Password), "no name": enter(t, s, "", ada.Password),
		} {
			says(t, r, 401, "Invalid credentials")
			if !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("%s: WWW-Authenticate is %q", name, r.Header.Get("WWW-Authenticate"))
			}
		}
	})
}

func TestTheRefreshTokenOfAUsernameSessionStays(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, username := named(t, s)
		token := enter(t, s, username, ada.Password).Want(200).Text("refreshToken")
		for range 3 {
			next := s.Client(t).Post(usernameKeys+"/refresh", M{"refreshToken": token}).Want(200)
			if !slices.Equal(members(next), []string{"expires_in", "token"}) || next.Value("expires_in") != float64(3600) {
				t.Errorf("the refresh answers %s", next.Body)
			}
			if native := s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": token}).Want(200); native.Text("refresh_token") != token {
				t.Error("/v1 replaced the token")
			}
		}
		ours := s.Client(t).Post(usernameKeys+"/refresh", M{"refreshToken": ada.RefreshToken}).Want(200)
		if ours.Text("refreshToken") == ada.RefreshToken {
			t.Error("a session of our own does not rotate here")
		}
		s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": ours.Text("refreshToken")}).Want(200)
	})
}

func TestALogoutEndsTheUsernameSession(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, username := named(t, s)
		begun := enter(t, s, username, ada.Password).Want(200)
		in := s.Client(t).Bearer(begun.Text("token"))
		if left := in.Post(usernameKeys+"/logout", nil).Want(200); fmt.Sprint(left.Object()) != fmt.Sprint(M{"message": "Successfully logged out"}) {
			t.Errorf("the logout answers %s", left.Body)
		}
		says(t, in.Post(usernameKeys+"/logout", nil), 401, "Authentication required")
		says(t, in.Get(usernameKeys+"/keys"), 401, "Authentication required")
		says(t, s.Client(t).Post(usernameKeys+"/logout", nil), 401, "Authentication required")
		says(t, s.Client(t).Post(usernameKeys+"/refresh", M{"refreshToken": begun.Text("refreshToken")}), 401, "Invalid or expired refresh token")
		says(t, s.Client(t).Post(usernameKeys+"/refresh", M{"refreshToken": "x"}), 401, "Invalid or expired refresh token")
		ada.Get(usernameKeys + "/keys").Want(200) // her other session
	})
}

func TestKeysAreMadeListedUsedAndDeleted(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		ada, username := named(t, s)
		token := enter(t, s, username, ada.Password).Want(200).Text("token")
		in := s.Client(t).Bearer(token)
		if none := in.Get(usernameKeys + "/keys").Want(200); string(none.Body) != "[]\n" {
			t.Errorf("no keys are %s", none.Body)
		}
		made := in.Post(usernameKeys+"/keys", M{"name": "Staging Key"}).Want(201)
		if !slices.Equal(members(made), []string{"apiKey", "createdAt", "keyId", "name"}) || made.Text("name") != "Staging Key" {
			t.Errorf("a key is %s", made.Body)
		}
		listed := in.Get(usernameKeys + "/keys").Want(200)
		want := M{"keyId": made.Text("keyId"), "name": "Staging Key", "createdAt": made.Text("createdAt"), "lastUsed": nil}
		if fmt.Sprint(listed.List()) != fmt.Sprint([]M{want}) {
			t.Errorf("%s is listed as %s", made.Body, listed.Body)
		}
		native := in.Get("/v1/auth/keys").Want(200)
		if id := hexadecimal(t, "key_", made.Text("keyId")); native.Text("0.id") != id || native.Time("0.created_at").Truncate(time.Second) != made.Time("createdAt") {
			t.Errorf("%s is %s on /v1", made.Body, native.Body)
		}
		program := s.Client(t).Bearer(made.Text("apiKey"))
		if me := program.Get("/v1/auth/me").Want(200); me.Text("id") != ada.ID {
			t.Errorf("the key acts as %s", me.Body)
		}
		program.Post("/v1/projects", M{"name": "Made by a key"}).Want(201)
		s = s.Restart(t)
		in = s.Client(t).Bearer(token) // a server writes the uses down when it stops
		used := in.Get(usernameKeys + "/keys").Want(200)
		if at := used.Text("0.lastUsed"); !strings.HasSuffix(at, "Z") || strings.Contains(at, ".") || used.Time("0.lastUsed").Before(made.Time("createdAt")) {
			t.Errorf("the key was last used at %q", at)
		}
		in.Delete(usernameKeys + "/keys/" + made.Text("keyId")).Want(204)
		s.Client(t).Bearer(made.Text("apiKey")).Get("/v1/auth/me").Refused(401, "INVALID_ACCOUNT_KEY")
		says(t, in.Delete(usernameKeys+"/keys/"+made.Text("keyId")), 404, "API key not found")
	})
}

func TestAKeyMayBeAskedForWithoutABodyOrAName(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		for _, none := range []any{nil, M{}, M{"name": ""}} {
			if made := ada.Post(usernameKeys+"/keys", none).Want(201); made.Text("name") != "My Integration Key" {
				t.Errorf("%v makes %s", none, made.Body)
			}
		}
		for _, wrong := range []any{"null", "[]", M{"name": nil}, M{"name": 1}, M{"name": " "}, M{"name": strings.Repeat("x", 101)}, M{"scopes": []string{"keys"}}} {
			r := ada.Post(usernameKeys+"/keys", wrong).Want(400)
			if sentence := r.Text("error"); sentence == "" || len(members(r)) != 1 {
				t.Errorf("%v is refused by %s", wrong, r.Body)
			}
		}
	})
}

func TestNobodySeesOrDeletesTheKeysOfAnother(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, eve := s.Register(t), s.Register(t)
		key := ada.Post(usernameKeys+"/keys", nil).Want(201).Text("keyId")
		if seen := eve.Get(usernameKeys + "/keys").Want(200); string(seen.Body) != "[]\n" {
			t.Errorf("another's keys are %s", seen.Body)
		}
		for _, id := range []string{
			key, "key_" + strings.ReplaceAll(uuid.Must(uuid.NewV7()).String(), "-", ""), "key_abc123", strings.ToUpper(key),
			strings.TrimPrefix(key, "key_"), "user_" + strings.TrimPrefix(key, "key_"), "x",
		} {
			says(t, eve.Delete(usernameKeys+"/keys/"+id), 404, "API key not found")
		}
		if seen := ada.Get(usernameKeys + "/keys").Want(200); len(seen.List()) != 1 {
			t.Errorf("her own keys are %s", seen.Body)
		}
	})
}

func TestEveryKeyIsListedAtOnce(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		var want, got []string
		for i := range 101 {
			want = append(want, ada.Post(usernameKeys+"/keys", M{"name": fmt.Sprintf("Key %d", i)}).Want(201).Text("keyId"))
		}
		for _, k := range ada.Get(usernameKeys + "/keys").Want(200).List() {
			got = append(got, k["keyId"].(string))
		}
		if !slices.Equal(got, want) {
			t.Errorf("of %d keys %d are listed", len(want), len(got))
		}
	})
}

func TestEveryRuleOfOursHoldsForUsernamesAndKeys(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, eve := s.Register(t), s.Register(t)
		program := s.Client(t).Bearer(eve.Post(usernameKeys+"/keys", nil).Want(201).Text("apiKey"))
		mine := "/keys/" + eve.Post(usernameKeys+"/keys", nil).Want(201).Text("keyId")
		for _, o := range [][2]string{{"POST", "/logout"}, {"POST", "/keys"}, {"GET", "/keys"}, {"DELETE", mine}} {
			ask := func(c *harness.Client, more string) *harness.Response { return c.Do(o[0], usernameKeys+o[1]+more, nil) }
			says(t, ask(eve.In(ada.Organization), ""), 404, "There is no such thing, or none that you can see.")
			ask(eve.In("x"), "").Want(400)
			ask(eve.Client, "?x=1").Want(400)
			ask(eve.Key("sdk-dev-x"), "").Want(400)
			says(t, ask(s.Client(t), ""), 401, "Authentication required")
			says(t, ask(s.Client(t).Bearer("x.y.z"), ""), 401, "Authentication required")
			says(t, ask(s.Client(t).Bearer(harness.AdminToken), ""), 401, "Authentication required")
			says(t, ask(program, ""), 403, "This can only be done by a person who is logged in, not by a key.")
		}
		client := s.Client(t)
		for range 200 {
			if client.Post(usernameKeys+"/login", M{"username": eve.Email, "password": "wrong"}).Status == http.StatusTooManyRequests {
				break
			}
		}
		says(t, client.Post(usernameKeys+"/login", M{"username": eve.Email, "password": eve.Password}), 429, "Too many failed attempts. Try again later.")
	})
}

func TestTheAuditNamesUsernamesAndKeys(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		in := s.Client(t).Bearer(enter(t, s, ada.Email, ada.Password).Want(200).Text("token"))
		key := in.Post(usernameKeys+"/keys", nil).Want(201).Text("keyId")
		in.Delete(usernameKeys + "/keys/" + key).Want(204)
		in.Post(usernameKeys+"/logout", nil).Want(200)
		for _, action := range []string{"session.begun", "account_key.created", "account_key.deleted", "session.ended"} {
			if n := s.Count(t, "SELECT count(*) FROM audit_entries WHERE dialect = 'username-keys' AND actor_id = $1 AND action = $2", ada.ID, action); n != 1 {
				t.Errorf("%d entries about %s name the dialect", n, action)
			}
		}
	})
}

func TestWhereAddressesAreProvenAUsernameWaitsForTheProof(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		sink := mailsink.Start(t, mailsink.Options{})
		s := harness.Start(t, d, mailing(sink), harness.Environment{"EMAIL_VERIFICATION": "required"})
		who := harness.NewRegistration(M{"username": "ada.lovelace"})
		s.Client(t).Post("/v1/auth/register", who).Want(202)
		password := who["password"].(string)
		says(t, enter(t, s, "ada.lovelace", password), 401, "Invalid credentials")
		proof := sink.Wait(t, who["email"].(string), "Confirm your email address").Token()
		s.Client(t).Post("/v1/auth/verify-email", M{"token": proof}).Want(204)
		var begun struct {
			User struct{ Username, Email string }
		}
		if err := json.Unmarshal(enter(t, s, "ada.lovelace", password).Want(200).Body, &begun); err != nil || begun.User.Username != "ada.lovelace" {
			t.Errorf("%+v, %v", begun, err)
		}
	})
}
