package compat

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// given is the session's cookie of an answer.
func given(t *testing.T, r *harness.Response) *http.Cookie {
	t.Helper()
	answer := http.Response{Header: r.Header}
	cookies := answer.Cookies()
	if len(cookies) != 1 || cookies[0].Name != "__Host-tenantry_session" {
		t.Fatalf("%s sets %v", r.Path, r.Header["Set-Cookie"])
	}
	c := cookies[0]
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Raw) > 4096 {
		t.Errorf("%s sets %s", r.Path, c.Raw)
	}
	return c
}

func with(c *harness.Client, cookie string) *harness.Client {
	return c.With("Cookie", "__Host-tenantry_session="+cookie)
}

func TestZylonKeepsTheSessionInACookie(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := enroll(t, s, "AppUser")
		if len(made.Want(201).Header["Set-Cookie"]) != 0 {
			t.Error("a registration logs in")
		}
		first := given(t, machine(t, s).Post(zylon+"/login", who).Want(200))
		second := given(t, with(machine(t, s), first.Value).Post(zylon+"/login", who).Want(200))
		if first.Value == second.Value || first.MaxAge != 0 || !first.Expires.IsZero() {
			t.Errorf("the cookies are %s and %s", first.Raw, second.Raw)
		}
		in, _ := native(t, s, who)
		if n := len(in.Get("/v1/auth/sessions").Want(200).List()); n != 3 {
			t.Errorf("there are %d sessions", n)
		}
		// It is a cookie for this dialect, and the token in it one to be refreshed.
		with(s.Client(t), first.Value).Get("/v1/auth/me").Refused(401, "CREDENTIALS_REQUIRED")
		s.Client(t).Bearer(first.Value).Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		for range 2 {
			if again := s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": first.Value}).Want(200); again.Text("refresh_token") != first.Value {
				t.Error("the token was replaced, and the cookie is worth nothing")
			}
		}
		access := s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": first.Value}).Want(200).Text("access_token")

		out := with(machine(t, s), first.Value).Post(zylon+"/logout", nil).Want(200)
		if gone := given(t, out); gone.MaxAge >= 0 || gone.Value != "" || strings.TrimSpace(string(out.Body)) != `"ok"` {
			t.Errorf("the logout sets %s and says %s", gone.Raw, out.Body)
		}
		s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": first.Value}).Refused(401, "INVALID_REFRESH_TOKEN")
		s.Client(t).Bearer(access).Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": second.Value}).Want(200)
		for _, none := range []string{first.Value, "", "x", "rt_x", second.Value + "x", strings.ToUpper(second.Value)} {
			if again := with(machine(t, s), none).Post(zylon+"/logout", nil).Want(200); strings.TrimSpace(string(again.Body)) != `"ok"` || given(t, again).MaxAge >= 0 {
				t.Errorf("a logout by %q says %s", none, again.Body)
			}
		}
		given(t, machine(t, s).Post(zylon+"/logout", nil).Want(200))
		s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": second.Value}).Want(200)
		with(machine(t, s), second.Value).Post(zylon+"/logout?x=1", nil).Want(400)
	})
}

func TestWhateverEndsASessionEndsTheCookiesWorth(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, _ := enroll(t, s, "AppUser")
		begin := func() string { return given(t, machine(t, s).Post(zylon+"/login", who).Want(200)).Value }
		ended := func(what, cookie string) {
			t.Helper()
			if r := s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": cookie}); r.Status != 401 {
				t.Errorf("after %s the session goes on: %s", what, r.Body)
			}
		}
		cookie := begin()
		in, _ := native(t, s, who)
		in.Delete("/v1/auth/sessions").Want(204)
		ended("the end of all others", cookie)
		cookie = begin()
		in.Post("/v1/auth/password/change", M{"current_password": who["password"], "new_password": harness.NewPassword()}).Want(204)
		ended("a new password", cookie)
		who, made := enroll(t, s, "AppUser")
		cookie = begin()
		account := "/v1/admin/accounts/" + hexadecimal(t, "acct_", made.Want(201).Text("id"))
		machine(t, s).Patch(account, M{"disabled": true}).Want(200)
		ended("disabling", cookie)
		if r := machine(t, s).Post(zylon+"/login", who).Want(401); r.Text("code") != "INVALID_CREDENTIALS" {
			t.Errorf("a disabled account: %s", r.Body)
		}
		machine(t, s).Patch(account, M{"disabled": false}).Want(200)
		cookie = begin()
		machine(t, s).Delete(account).Want(204)
		ended("deletion", cookie)
		with(machine(t, s), cookie).Post(zylon+"/logout", nil).Want(200)
	})
}

func TestPagesOfOtherSitesGetNowhereAtZylon(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		who, made := enroll(t, s, "AppUser")
		made.Want(201)
		cookie := given(t, machine(t, s).Post(zylon+"/login", who).Want(200)).Value
		for _, foreign := range [][2]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
		} {
			c := with(machine(t, s), cookie).With(foreign[0], foreign[1])
			fresh := M{"email": harness.NewEmail(), "password": harness.NewPassword(), "roles": []string{"AppUser"}}
			for path, body := range map[string]any{"/logout": nil, "/login": who, "/register": fresh} {
				if r := c.Post(zylon+path, body).Want(403); r.Text("code") != "CROSS_ORIGIN" || len(r.Header["Set-Cookie"]) != 0 {
					t.Errorf("%v to %s: %s", foreign, path, r.Body)
				}
			}
			c.With("Content-Type", "text/plain").Post(zylon+"/login", who).Want(403)
		}
		s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": cookie}).Want(200)
		own := with(machine(t, s), cookie).With("Sec-Fetch-Site", "same-origin").With("Origin", s.URL)
		own.Post(zylon+"/logout", nil).Want(200)
		s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": cookie}).Want(401)
	})
}
