package api

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func TestALoginAnswersWithWhoWhereAndTokens(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		username := "Ada-" + harness.Unique()
		ada := s.Register(t, M{"username": username})
		answer := s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": ada.Password}).Want(200)
		want := M{
			"user": M{"id": "ID", "email": ada.Email, "name": ada.Name, "username": strings.ToLower(username), "email_verified": false,
				"created_at": "TIME", "updated_at": "TIME", "last_login_at": "TIME"},
			"organization": M{"id": "ID", "name": ada.Registered().Text("organization.name"), "slug": ada.Slug, "is_personal_account": false,
				"created_at": "TIME", "updated_at": "TIME"},
			"tokens": M{"access_token": "SECRET", "refresh_token": "SECRET", "token_type": "Bearer", "expires_in": 3600.0, "expires_at": "UNIX"},
		}
		if diff := cmp.Diff(any(want), shape(answer.Object())); diff != "" {
			t.Errorf("the answer (-want +got):\n%s", diff)
		}
		if cache := answer.Header.Get("Cache-Control"); cache != "no-store" {
			t.Errorf("Cache-Control is %q", cache)
		}
		if last := answer.Time("user.last_login_at"); time.Since(last) > time.Minute {
			t.Errorf("the last login was at %s", last)
		}
	})
}

func TestOneAccountIsReachedByEverySpellingOfItsNames(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		username := "ada_" + harness.Unique()
		ada := s.Register(t, M{"username": username})
		for _, names := range []M{
			{"email": strings.ToUpper(ada.Email)}, {"email": "  " + ada.Email + " "}, {"username": username},
			{"username": strings.ToUpper(username)}, {"email": username}, {"username": ada.Email}, {"email": ada.Email, "username": ""},
		} {
			names["password"] = ada.Password
			if id := s.Client(t).Post("/v1/auth/login", names).Want(200).Text("user.id"); id != ada.ID {
				t.Errorf("%v is somebody else", names)
			}
		}
		c := s.Client(t)
		c.Post("/v1/auth/login", M{"email": ada.Email, "username": username, "password": ada.Password}).Refused(400, "VALIDATION_FAILED")
		c.Post("/v1/auth/login", M{"password": ada.Password}).Refused(400, "VALIDATION_FAILED").Names("email")
		c.Post("/v1/auth/login", M{"email": "", "username": "", "password": ada.Password}).Refused(400, "VALIDATION_FAILED").Names("email")
		c.Post("/v1/auth/login", M{"email": ada.Email}).Refused(400, "VALIDATION_FAILED").Names("password")
		c.Post("/v1/auth/login", M{"email": ada.Email, "password": ""}).Refused(400, "VALIDATION_FAILED").Names("password")
	})
}

func TestWrongUnknownAndDisabledHaveOneAnswer(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, disabled := s.Register(t), s.Register(t)
		s.Exec(t, "UPDATE accounts SET disabled = $1 WHERE id = $2", true, disabled.ID)
		wrong := s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": "not the password"}).Refused(401, "INVALID_CREDENTIALS")
		for what, body := range map[string]M{
			"an unknown address":              {"email": harness.NewEmail(), "password": "not the password"},
			"an unknown username":             {"username": harness.Unique(), "password": "not the password"},
			"what is no name at all":          {"email": "<script>", "password": "not the password"},
			"a disabled account":              {"email": disabled.Email, "password": disabled.Password},
			"a disabled account's wrong word": {"email": disabled.Email, "password": "not the password"},
		} {
			other := s.Client(t).Post("/v1/auth/login", body)
			if diff := cmp.Diff(wrong.Masked(), other.Masked()); diff != "" {
				t.Errorf("%s is told apart (-wrong password +it):\n%s", what, diff)
			}
		}
		if wrong.Value("error") != "invalid credentials" {
			t.Errorf("the documented sentence is %v", wrong.Value("error"))
		}
		disabled.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": disabled.RefreshToken}).Refused(401, "INVALID_REFRESH_TOKEN")
	})
}

func TestALoginNeverAdoptsASessionThatTheClientBrings(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		planted := ada.Session()
		credentials := M{"email": ada.Email, "password": ada.Password}
		c := s.Client(t).With("Cookie", "session_id="+planted+"; sid="+planted).With("X-Session-ID", planted)
		again := ada.Holding(c.Post("/v1/auth/login", credentials).Want(200).At("tokens"))
		if again.Session() == planted {
			t.Error("the login took over a session that the client named")
		}
		for _, member := range []string{"session_id", "sid"} {
			c.Post("/v1/auth/login", M{"email": ada.Email, "password": ada.Password, member: planted}).
				Refused(400, "VALIDATION_FAILED").Names(member)
		}
		if again.Login(t).Session() == again.Session() {
			t.Error("two logins are one session")
		}
	})
}

func TestARefreshTokenIsOpaqueAndLong(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Cast(t).Outsider.Login(t)
		if !regexp.MustCompile(`^rt_[A-Za-z0-9_-]{40,}$`).MatchString(ada.RefreshToken) {
			t.Errorf("the refresh token has another form: %d characters", len(ada.RefreshToken))
		}
		if strings.Count(ada.RefreshToken, ".") != 0 {
			t.Error("the refresh token looks like a JWT")
		}
	})
}

func TestMissingAndBadCredentialsAreChallengedDifferently(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		secret, _ := s.Cast(t).Owner.NewKey(t, s.Cast(t).Owner.Dev)
		c := s.Client(t)
		challenge := func(r *harness.Response) string { return r.Header.Get("WWW-Authenticate") }
		none := challenge(c.Get("/v1/auth/me").Refused(401, "CREDENTIALS_REQUIRED"))
		if !strings.HasPrefix(none, "Bearer") || strings.Contains(none, "error") {
			t.Errorf("without credentials the challenge is %q", none)
		}
		bad := challenge(c.Bearer("nonsense").Get("/v1/auth/me").Refused(401, "INVALID_TOKEN"))
		if !strings.HasPrefix(bad, "Bearer") || !strings.Contains(bad, `error="invalid_token"`) {
			t.Errorf("with a bad token the challenge is %q", bad)
		}
		scoped := challenge(c.Key(secret).Get("/v1/sdk/authorize?scope=flags:write").Refused(403, "INSUFFICIENT_SCOPE"))
		if !strings.Contains(scoped, `error="insufficient_scope"`) {
			t.Errorf("with too low a scope the challenge is %q", scoped)
		}
	})
}

func TestCredentialsCountOnlyWhereTheyBelong(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		owner := s.Cast(t).Owner
		token := owner.AccessToken
		secret, _ := owner.NewKey(t, owner.Dev)
		c := s.Client(t)
		for what, r := range map[string]*harness.Response{
			"in the query":            c.Get("/v1/auth/me?access_token=" + token),
			"in a cookie":             c.With("Cookie", "access_token="+token+"; token="+token).Get("/v1/auth/me"),
			"in a form":               c.With("Content-Type", "application/x-www-form-urlencoded").Patch("/v1/auth/me", "access_token="+token),
			"as Basic user":           c.With("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(token+":"))).Get("/v1/auth/me"),
			"without its scheme":      c.With("Authorization", token).Get("/v1/auth/me"),
			"as an environment key":   c.Key(token).Get("/v1/auth/me"),
			"a key as a bearer token": c.Bearer(secret).Get("/v1/auth/me"),
			"a key in its own header": c.Key(secret).Get("/v1/auth/me"),
			"the operators' token":    c.Bearer(harness.AdminToken).Get("/v1/auth/me"),
			"a refresh token":         c.Bearer(owner.RefreshToken).Get("/v1/auth/me"),
		} {
			if r.Status != http.StatusUnauthorized {
				t.Errorf("a token %s: %d", what, r.Status)
			}
		}
		owner.Key(secret).Get("/v1/auth/me").Refused(400, "AMBIGUOUS_CREDENTIALS")
		owner.Key(secret).Post("/v1/keys/verify", M{"key": secret}).Refused(400, "AMBIGUOUS_CREDENTIALS")
		twice := c.NewRequest(http.MethodGet, "/v1/auth/me", nil)
		twice.Header["Authorization"] = []string{"Bearer " + token, "Bearer " + token}
		c.Send(twice).Refused(400, "AMBIGUOUS_CREDENTIALS")
		c.With("Authorization", "bEaReR "+token).Get("/v1/auth/me").Want(200)
	})
}
