package api

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// forgot asks for a link to a new password, and returns its token.
func forgot(t *testing.T, s *harness.Server, email string) string {
	t.Helper()
	s.Client(t).Post("/v1/auth/password/forgot", M{"email": email}).Want(202)
	return token(t, post, email, aboutReset)
}

func TestAChangedPasswordEndsWhatTheOldOneOpened(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := proven(t, s)
		elsewhere := ada.Login(t)
		pending := forgot(t, s, ada.Email)
		next := harness.NewPassword()
		change := func(current, wanted any) *harness.Response {
			return ada.Post("/v1/auth/password/change", M{"current_password": current, "new_password": wanted})
		}
		change("not the password", next).Refused(403, "WRONG_PASSWORD")
		for _, weak := range []any{"short", "12345678", ada.Email, repeat("x", 257), nil, 1, "a\x00b" + next} {
			change(ada.Password, weak).Refused(400, "VALIDATION_FAILED").Names("new_password")
		}
		elsewhere.Get("/v1/auth/me").Want(200)
		change(ada.Password, next).Want(204)
		ada.Get("/v1/auth/me").Want(200)
		ada.Post("/v1/auth/refresh", M{"refresh_token": ada.RefreshToken}).Want(200)
		elsewhere.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		elsewhere.Post("/v1/auth/refresh", M{"refresh_token": elsewhere.RefreshToken}).Refused(401, "INVALID_REFRESH_TOKEN")
		s.Client(t).Post("/v1/auth/password/reset", M{"token": pending, "new_password": harness.NewPassword()}).Refused(400, noLink)
		s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": ada.Password}).Refused(401, "INVALID_CREDENTIALS")
		s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": next}).Want(200)
		if m := post.Wait(t, ada.Email, aboutPassword); m.Link() != "" || strings.Contains(string(m.Raw), harness.Marker) {
			t.Errorf("the notice has a link or a password:\n%s", m.Text)
		}
	})
}

func TestWrongPasswordsAreCountedWhereAPasswordIsChanged(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		body := M{"current_password": "not the password", "new_password": harness.NewPassword()}
		for range 10 {
			ada.Post("/v1/auth/password/change", body).Refused(403, "WRONG_PASSWORD")
		}
		ada.Post("/v1/auth/password/change", body).Refused(429, "TOO_MANY_ATTEMPTS")
		ada.Post("/v1/auth/password/change", M{"current_password": ada.Password, "new_password": harness.NewPassword()}).Refused(429, "TOO_MANY_ATTEMPTS")
		ada.Get("/v1/auth/me").Want(200)
		// A reset is a way in, still.
		reset := M{"token": forgot(t, s, ada.Email), "new_password": harness.NewPassword()}
		s.Client(t).Post("/v1/auth/password/reset", reset).Want(204)
		s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": reset["new_password"]}).Want(200)
	})
}

func TestAForgottenPasswordIsReplacedByALinkOnce(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := proven(t, s)
		first := forgot(t, s, ada.Email)
		second := forgot(t, s, strings.ToLower(ada.Email))
		reset := func(secret string, password any) *harness.Response {
			return s.Client(t).Post("/v1/auth/password/reset", M{"token": secret, "new_password": password})
		}
		reset(first, harness.NewPassword()).Refused(400, noLink)
		for _, weak := range []any{"short", "12345678", ada.Email, repeat("x", 257), nil, 1} {
			reset(second, weak).Refused(400, "VALIDATION_FAILED").Names("new_password")
		}
		ada.Get("/v1/auth/me").Want(200)
		next := harness.NewPassword()
		if r := reset(second, next).Want(204); len(r.Body) != 0 || r.Header.Get("Set-Cookie") != "" {
			t.Error("a reset logs in")
		}
		ada.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		reset(second, harness.NewPassword()).Refused(400, noLink)
		s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": ada.Password}).Refused(401, "INVALID_CREDENTIALS")
		s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": next}).Want(200)
		post.Wait(t, ada.Email, aboutPassword)
	})
}

func TestOneOfTwentyResetsCounts(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := proven(t, s)
		secret := forgot(t, s, ada.Email)
		var passwords [20]string
		answers := simultaneously(len(passwords), func(i int) *harness.Response {
			passwords[i] = harness.NewPassword()
			return s.Client(t).Post("/v1/auth/password/reset", M{"token": secret, "new_password": passwords[i]})
		})
		if n := tally(answers); n[204] != 1 || n[400]+n[503] != 19 { // 503: a busy machine had no time
			t.Errorf("the answers are %v", n)
		}
		for i, r := range answers {
			if r.Status == 204 {
				s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": passwords[i]}).Want(200)
			}
		}
	})
}

func TestALinkToANewPasswordLivesForAnHour(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := proven(t, s)
		secret := forgot(t, s, ada.Email)
		var text string
		if err := s.DB().QueryRow("SELECT max(expires_at) FROM links WHERE account_id = $1", ada.ID).Scan(&text); err != nil {
			t.Fatal(err)
		}
		body := M{"token": secret, "new_password": harness.NewPassword()}
		age := func(by time.Duration) {
			s.Exec(t, "UPDATE links SET expires_at = $1 WHERE account_id = $2", in(time.Hour-by), ada.ID)
		}
		age(time.Hour + time.Millisecond)
		s.Client(t).Post("/v1/auth/password/reset", body).Refused(400, noLink)
		age(time.Hour - 20*time.Second)
		s.Client(t).Post("/v1/auth/password/reset", body).Want(204)
	})
}

func TestForgettingTellsNothingOfAccounts(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		known, disabled, unknown := proven(t, s), proven(t, s), harness.NewEmail()
		s.Exec(t, "UPDATE accounts SET disabled = true WHERE id = $1", disabled.ID)
		ask := func(email string) string {
			return s.Client(t).Post("/v1/auth/password/forgot", M{"email": email}).Want(202).Masked()
		}
		want := ask(unknown)
		for i := range 5 {
			for _, email := range []string{known.Email, disabled.Email, unknown} {
				if diff := cmp.Diff(want, ask(email)); diff != "" {
					t.Errorf("time %d for %s (-unknown +this):\n%s", i, email, diff)
				}
			}
		}
		settled(t, s)
		sent := 0
		for _, m := range post.To(known.Email) {
			if strings.Contains(m.Subject, aboutReset) {
				sent++
			}
		}
		if sent < 1 || sent > 3 || len(post.To(unknown)) != 0 || len(post.To(disabled.Email)) != 1 {
			t.Errorf("%d mails to the known address, %d to the unknown, %d to the disabled", sent, len(post.To(unknown)), len(post.To(disabled.Email)))
		}
		wrong := func() *harness.Response {
			return s.Client(t).Post("/v1/auth/password/reset", M{"token": noToken, "new_password": harness.NewPassword()})
		}
		if diff := cmp.Diff(wrong().Refused(400, noLink).Masked(), wrong().Masked()); diff != "" {
			t.Error(diff)
		}
		for _, email := range []any{"", "x", nil, 1, "a@b@c", "a\r\nb@example.com"} {
			s.Client(t).Post("/v1/auth/password/forgot", M{"email": email}).Refused(400, "VALIDATION_FAILED").Names("email")
			s.Client(t).Post("/v1/auth/send-verification-email", M{"email": email}).Refused(400, "VALIDATION_FAILED").Names("email")
		}
	})
}

func TestAnAddressChangesWhenTheNewOneIsProven(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, taken := proven(t, s), s.Cast(t).Viewer
		to := harness.NewEmail()
		pending := forgot(t, s, ada.Email)
		ada.Age(t, time.Hour)
		ada.Post("/v1/auth/email", M{"email": to}).Refused(403, "REAUTH_REQUIRED")
		refreshed := ada.Holding(ada.Post("/v1/auth/refresh", M{"refresh_token": ada.RefreshToken}).Want(200))
		refreshed.Post("/v1/auth/email", M{"email": to}).Refused(403, "REAUTH_REQUIRED")
		ada = refreshed
		ada.Post("/v1/auth/reauthenticate", M{"password": ada.Password}).Want(204)
		for _, wrong := range []any{"", "x", nil, ada.Email, strings.ToUpper(ada.Email)} {
			ada.Post("/v1/auth/email", M{"email": wrong}).Refused(400, "VALIDATION_FAILED").Names("email")
		}
		known := ada.Post("/v1/auth/email", M{"email": taken.Email}).Want(202)
		if diff := cmp.Diff(known.Masked(), ada.Post("/v1/auth/email", M{"email": to}).Want(202).Masked()); diff != "" {
			t.Errorf("a taken address is told from a free one:\n%s", diff)
		}
		if got := ada.Get("/v1/auth/me").Want(200).Text("email"); got != ada.Email {
			t.Errorf("the address is %s before it is proven", got)
		}
		s.Client(t).Post("/v1/auth/verify-email", M{"token": token(t, post, taken.Email, aboutConfirmation)}).Refused(400, noLink) // the later request voids it
		s.Client(t).Post("/v1/auth/verify-email", M{"token": token(t, post, to, aboutConfirmation)}).Want(204)
		me := ada.Get("/v1/auth/me").Want(200)
		if me.Text("email") != to || me.Value("email_verified") != true {
			t.Errorf("the account is %s", me.Body)
		}
		s.Client(t).Post("/v1/auth/password/reset", M{"token": pending, "new_password": harness.NewPassword()}).Refused(400, noLink)
		s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": ada.Password}).Refused(401, "INVALID_CREDENTIALS")
		s.Client(t).Post("/v1/auth/login", M{"email": to, "password": ada.Password}).Want(200)

		notice := post.Wait(t, ada.Email, aboutUndo)
		if !strings.Contains(notice.Text, to) {
			t.Errorf("the notice does not tell the new address:\n%s", notice.Text)
		}
		var lives int
		if lives = s.Count(t, "SELECT count(*) FROM links WHERE account_id = $1 AND purpose = 'undo_email' AND expires_at > $2", ada.ID, in(71*time.Hour)); lives != 1 {
			t.Error("the way back is open for less than 72 hours")
		}
		s.Client(t).Post("/v1/auth/email/undo", M{"token": notice.Token()}).Want(204)
		ada.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		s.Client(t).Post("/v1/auth/login", M{"email": to, "password": ada.Password}).Refused(401, "INVALID_CREDENTIALS")
		s.Client(t).Post("/v1/auth/email/undo", M{"token": notice.Token()}).Refused(400, noLink)
		reset := M{"token": token(t, post, ada.Email, aboutReset), "new_password": harness.NewPassword()} // the thief knew the password
		s.Client(t).Post("/v1/auth/password/reset", reset).Want(204)
		s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": reset["new_password"]}).Want(200)
	})
}

func TestAChangeIsNotTakenBackToAnAddressThatSomebodyElseHasProven(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, to := proven(t, s), harness.NewEmail()
		ada.Post("/v1/auth/email", M{"email": to}).Want(202)
		ada.Post("/v1/auth/verify-email", M{"token": token(t, post, to, aboutConfirmation)}).Want(204)
		undo := token(t, post, ada.Email, aboutUndo)
		other := proven(t, s, M{"email": ada.Email})
		s.Client(t).Post("/v1/auth/email/undo", M{"token": undo}).Refused(409, "EMAIL_ALREADY_EXISTS")
		other.Get("/v1/auth/me").Want(200)
		if got := ada.Get("/v1/auth/me").Want(200).Text("email"); got != to {
			t.Errorf("the address is %s", got)
		}
	})
}

func TestAChangeToATakenAddressFailsWhereItIsProven(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, bob := proven(t, s), proven(t, s)
		wanted := harness.NewEmail()
		ada.Post("/v1/auth/email", M{"email": wanted}).Want(202)
		first := token(t, post, wanted, aboutConfirmation)
		bob.Post("/v1/auth/email", M{"email": wanted}).Want(202)
		second := token(t, post, wanted, aboutConfirmation)
		secrets := []string{first, second}
		answers := simultaneously(2, func(i int) *harness.Response {
			return s.Client(t).Post("/v1/auth/verify-email", M{"token": secrets[i]})
		})
		if n := tally(answers); n[204] != 1 || n[409] != 1 {
			t.Errorf("the answers are %v", n)
		}
		for _, r := range answers {
			if text := string(r.Body); strings.Contains(text, ada.Email) || strings.Contains(text, bob.Email) {
				t.Errorf("the refusal tells who was first: %s", text)
			}
		}
		if n := s.Count(t, "SELECT count(*) FROM accounts WHERE email = $1", wanted); n != 1 {
			t.Errorf("%d accounts have the address", n)
		}
	})
}

func TestAChangeOfAddressVoidsTheProofOfTheOldOne(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		old := token(t, post, ada.Email, aboutVerification)
		to := harness.NewEmail()
		ada.Post("/v1/auth/email", M{"email": to}).Want(202)
		ada.Post("/v1/auth/verify-email", M{"token": token(t, post, to, aboutConfirmation)}).Want(204)
		ada.Post("/v1/auth/verify-email", M{"token": old}).Refused(400, noLink)
		if got := ada.Get("/v1/auth/me").Want(200).Text("email"); got != to {
			t.Errorf("the address is %s", got)
		}
	})
}

func TestWhatDoesNotHappenIsNotMailed(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, ada := s.Stage(t), proven(t, s)
		email := harness.NewEmail()
		stage.Viewer.Post("/v1/members/invite", M{"email": email}).Refused(403, "FORBIDDEN")
		stage.Admin.Post("/v1/members/invite", M{"email": email, "role": "owner"}).Refused(403, "FORBIDDEN")
		stage.Outsider.In(stage.Organization).Post("/v1/members/invite", M{"email": email}).Refused(404, "NOT_FOUND")
		ada.Post("/v1/auth/password/change", M{"current_password": "wrong password", "new_password": harness.NewPassword()}).Refused(403, "WRONG_PASSWORD")
		s.Client(t).Post("/v1/auth/register", harness.NewRegistration(M{"email": ada.Email})).Refused(409, "EMAIL_ALREADY_EXISTS")
		s.Client(t).Post("/v1/auth/register", harness.NewRegistration(M{"email": email, "password": "short"})).Refused(400, "VALIDATION_FAILED")
		settled(t, s)
		if n := len(post.To(email)); n != 0 {
			t.Errorf("%d mails went to an address to which nothing happened", n)
		}
		if n := len(post.To(ada.Email)); n != 1 {
			t.Errorf("%d mails went to %s, want the one of the registration", n, ada.Email)
		}
	})
}
