package api

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// attempt is a login with a wrong password, from an address of its own.
func attempt(t *testing.T, s *harness.Server, names M) *harness.Response {
	t.Helper()
	body := M{"password": "not the password"}
	for name, value := range names {
		body[name] = value
	}
	return s.Client(t).Post("/v1/auth/login", body)
}

func TestAllSpellingsOfAnAccountShareOneCount(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d, harness.Environment{"LOGIN_FAILURES": "5"})
		ada := s.Register(t, M{"username": "ada.lovelace"})
		for _, names := range []M{
			{"email": ada.Email}, {"email": strings.ToUpper(ada.Email)}, {"email": " " + ada.Email}, {"username": "ada.lovelace"}, {"username": "ADA.Lovelace"},
		} {
			attempt(t, s, names).Refused(401, "INVALID_CREDENTIALS")
		}
		for _, names := range []M{{"email": ada.Email}, {"username": "Ada.Lovelace"}, {"email": ada.Email, "password": ada.Password}} {
			r := attempt(t, s, names).Refused(429, "TOO_MANY_ATTEMPTS")
			if wait := retryAfter(t, r); wait < 1 || wait > 15*60 {
				t.Errorf("Retry-After is %d", wait)
			}
		}
		ada.Get("/v1/auth/me").Want(200)
		s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": ada.RefreshToken}).Want(200)
		again := s.Restart(t)
		attempt(t, again, M{"email": ada.Email, "password": ada.Password}).Refused(429, "TOO_MANY_ATTEMPTS")
	})
}

func retryAfter(t *testing.T, r *harness.Response) int {
	t.Helper()
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil {
		t.Errorf("Retry-After: %v", err)
	}
	return seconds
}

func TestThePasswordIsThrottledWhereverItIsAskedFor(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d, harness.Environment{"LOGIN_FAILURES": "2"})
		ada := s.Register(t)
		ada.Post("/v1/auth/reauthenticate", M{"password": "not the password"}).Refused(403, "WRONG_PASSWORD")
		ada.Delete("/v1/auth/me", M{"password": "not the password"}).Refused(403, "WRONG_PASSWORD")
		ada.Post("/v1/auth/reauthenticate", M{"password": ada.Password}).Refused(429, "TOO_MANY_ATTEMPTS")
		ada.Delete("/v1/auth/me", M{"password": ada.Password}).Refused(429, "TOO_MANY_ATTEMPTS")
		attempt(t, s, M{"email": ada.Email}).Refused(429, "TOO_MANY_ATTEMPTS")
	})
}

func TestTheThrottleDoesNotTellWhetherAnAccountExists(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d, harness.Environment{"LOGIN_FAILURES": "3"})
		known, unknown := s.Register(t).Email, harness.NewEmail()
		for i := range 6 {
			one, other := attempt(t, s, M{"email": known}), attempt(t, s, M{"email": unknown})
			if one.Status == 429 && other.Status == 429 && math.Abs(float64(retryAfter(t, one)-retryAfter(t, other))) <= 2 {
				other.Header.Set("Retry-After", one.Header.Get("Retry-After"))
			}
			if diff := cmp.Diff(one.Masked(), other.Masked()); diff != "" {
				t.Errorf("failure %d (-known +unknown):\n%s", i+1, diff)
			}
			if want := map[bool]int{true: 401, false: 429}[i < 3]; one.Status != want {
				t.Errorf("failure %d is answered %d, want %d", i+1, one.Status, want)
			}
		}
	})
}

func TestABurstGetsNoMoreGuessesThanARow(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		const limit = 5
		s := harness.Start(t, d, harness.Environment{"LOGIN_FAILURES": strconv.Itoa(limit)})
		ada := s.Register(t)
		answers := simultaneously(60, func(int) *harness.Response { return attempt(t, s, M{"email": ada.Email}) })
		got := tally(answers)
		if got[401] > limit+2 || got[401] == 0 || got[401]+got[429]+got[503] != len(answers) {
			t.Errorf("the answers are %v, with a limit of %d", got, limit)
		}
	})
}

func TestALoginResetsItsOwnCountOnly(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		// One to spare: an attempt that a busy server does not judge counts, too.
		const limit, fewer = 5, 3
		s := harness.Start(t, d, harness.Environment{"LOGIN_FAILURES": strconv.Itoa(limit)})
		victim, attacker := s.Register(t), s.Register(t)
		login := func(email, password string) *harness.Response {
			return s.Client(t).At("192.0.2.7").Post("/v1/auth/login", M{"email": email, "password": password})
		}
		for range limit {
			login(victim.Email, "not the password").Refused(401, "INVALID_CREDENTIALS")
			login(attacker.Email, attacker.Password).Want(200)
		}
		login(victim.Email, "not the password").Refused(429, "TOO_MANY_ATTEMPTS")
		for range 2 {
			for range fewer {
				login(attacker.Email, "not the password").Refused(401, "INVALID_CREDENTIALS")
			}
			login(attacker.Email, attacker.Password).Want(200)
		}
	})
}

func TestAnAddressIsOneHoweverItIsWritten(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d, harness.Environment{"LOGIN_FAILURES": "1", "LOGIN_WINDOW_MINUTES": "1440"}) // ten for an address, and a day to count them
		from := func(address string) *harness.Response {
			return s.Client(t).At(address).Post("/v1/auth/login", M{"email": harness.NewEmail(), "password": "not the password"})
		}
		for i := range 10 {
			from(fmt.Sprintf("2001:db8:7:7::%x", i+1)).Refused(401, "INVALID_CREDENTIALS")
		}
		for _, same := range []string{"2001:db8:7:7::1", "2001:DB8:7:7:ffff::1", "2001:0db8:0007:0007:0000:0000:0000:00ff", "[2001:db8:7:7::9]:4711"} {
			from(same).Refused(429, "TOO_MANY_ATTEMPTS")
		}
		from("2001:db8:7:8::1").Refused(401, "INVALID_CREDENTIALS")
		forms := []string{"192.0.2.33", "::ffff:192.0.2.33", "::FFFF:c000:221", "192.0.2.33:8080", "[::ffff:192.0.2.33]:1"}
		for i := range 10 {
			from(forms[i%len(forms)]).Refused(401, "INVALID_CREDENTIALS")
		}
		for _, form := range forms {
			from(form).Refused(429, "TOO_MANY_ATTEMPTS")
		}
		from("192.0.2.34").Refused(401, "INVALID_CREDENTIALS")
	})
}
