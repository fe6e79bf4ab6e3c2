package api

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

func refresh(t *testing.T, s *harness.Server, token string) *harness.Response {
	t.Helper()
	return s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": token})
}

func TestARefreshRotates(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Cast(t).Outsider.Login(t)
		answer := refresh(t, s, ada.RefreshToken).Want(200)
		if got := sorted(answer.Members("")...); strings.Join(got, " ") != "access_token expires_at expires_in refresh_token token_type" {
			t.Errorf("the members are %v", got)
		}
		next := ada.Holding(answer)
		if next.RefreshToken == ada.RefreshToken || next.Session() != ada.Session() {
			t.Error("the refresh did not rotate, or opened another session")
		}
		next.Get("/v1/auth/me").Want(200)
		if harness.Claims(t, next.AccessToken)["jti"] == harness.Claims(t, ada.AccessToken)["jti"] {
			t.Error("two access tokens have one jti")
		}
	})
}

func TestTheTokenBeforeGivesTheSameSuccessorForAWhile(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Cast(t).Outsider.Login(t)
		first, lost := refresh(t, s, ada.RefreshToken).Want(200), refresh(t, s, ada.RefreshToken).Want(200)
		if first.Text("refresh_token") != lost.Text("refresh_token") {
			t.Error("a repeated refresh forked the session")
		}
		ada.Holding(lost).Get("/v1/auth/me").Want(200)
		refresh(t, s, first.Text("refresh_token")).Want(200)
	})
}

func TestManyRefreshesAtOnceAreOneLineage(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Cast(t).Outsider.Login(t)
		successors := map[string]bool{}
		for _, answer := range simultaneously(crowd, func(int) *harness.Response { return refresh(t, s, ada.RefreshToken) }) {
			successors[answer.Want(200).Text("refresh_token")] = true
		}
		if len(successors) != 1 {
			t.Errorf("%d successors", len(successors))
		}
		for token := range successors {
			refresh(t, s, token).Want(200)
		}
	})
}

func TestAReplacedTokenEndsItsSession(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Cast(t).Outsider
		other := ada.Login(t)
		tests := map[string]func(stolen harness.Person) (newest harness.Person){
			"two generations old": func(stolen harness.Person) harness.Person {
				next := stolen.Holding(refresh(t, s, stolen.RefreshToken).Want(200))
				return next.Holding(refresh(t, s, next.RefreshToken).Want(200))
			},
			"the one before, after the grace": func(stolen harness.Person) harness.Person {
				next := stolen.Holding(refresh(t, s, stolen.RefreshToken).Want(200))
				s.Exec(t, "UPDATE sessions SET rotated_at = $1 WHERE id = $2", time.Now().UTC().Add(-11*time.Second).Truncate(time.Microsecond), stolen.Session())
				return next
			},
		}
		for name, age := range tests {
			stolen := ada.Login(t)
			newest := age(stolen)
			newest.Get("/v1/auth/me").Want(200)
			refresh(t, s, stolen.RefreshToken).Refused(401, "INVALID_REFRESH_TOKEN")
			t.Log(name, "ends the newest tokens, too")
			refresh(t, s, newest.RefreshToken).Refused(401, "INVALID_REFRESH_TOKEN")
			newest.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		}
		other.Get("/v1/auth/me").Want(200)
	})
}

func TestAnEndedSessionCannotBeRefreshed(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Cast(t).Outsider.Login(t)
		s.Exec(t, "UPDATE sessions SET expires_at = $1 WHERE id = $2", time.Now().UTC().Add(-time.Second).Truncate(time.Microsecond), ada.Session())
		refresh(t, s, ada.RefreshToken).Refused(401, "INVALID_REFRESH_TOKEN")
		ada.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
	})
}

func TestARefreshTokenHasExactlyOneSpelling(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Cast(t).Outsider.Login(t)
		token := ada.RefreshToken
		variants := []string{
			"", " ", token + "A", token + "=", token + "\n", " " + token, token + " ", "\t" + token, token[:20] + "\n" + token[20:],
			token + "\x00", "rt_", "Bearer " + token, token + "." + token, token + token, strings.TrimPrefix(token, "rt_"), "RT_" + token[3:],
			strings.ToUpper(token), strings.ToLower(token), swapCase(token, len(token)/2), url.QueryEscape(token + "%"), ada.AccessToken, "null", "{}",
		}
		for n := 1; n < len(token); n += 7 {
			variants = append(variants, token[:len(token)-n])
		}
		for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
			if variant := token[:len(token)-1] + string(last); variant != token {
				variants = append(variants, variant)
			}
		}
		c := s.Client(t)
		for _, variant := range variants {
			r := c.Post("/v1/auth/refresh", M{"refresh_token": variant})
			if r.Status != 401 && (r.Status != 400 || variant != "" && !strings.Contains(variant, "\x00")) {
				t.Errorf("a variant of %d characters: %d", len(variant), r.Status)
			}
		}
		for _, body := range []any{M{}, M{"refresh_token": nil}, M{"refresh_token": 1}, M{"refresh_token": []string{token}}} {
			c.Post("/v1/auth/refresh", body).Refused(400, "VALIDATION_FAILED").Names("refresh_token")
		}
		c.Post("/v1/auth/refresh", M{"refresh_token": token, "client_id": "web"}).Refused(400, "VALIDATION_FAILED").Names("client_id")
		c.Post("/v1/auth/refresh", M{"refresh_token": token}).Want(200)
	})
}

// swapCase turns the first letter from i on into the other case.
func swapCase(text string, i int) string {
	for ; i < len(text); i++ {
		c := text[i : i+1]
		if upper, lower := strings.ToUpper(c), strings.ToLower(c); upper != lower {
			if c == upper {
				return text[:i] + lower + text[i+1:]
			}
			return text[:i] + upper + text[i+1:]
		}
	}
	return text
}

func TestARefreshConcernsTheSessionOfItsTokenAlone(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, eve := s.Cast(t).Outsider.Login(t), s.Cast(t).Viewer.Login(t)
		r := eve.Post("/v1/auth/refresh", M{"refresh_token": ada.RefreshToken})
		if r.Status == 200 {
			if got := harness.Claims(t, r.Text("access_token")); got["sub"] != ada.ID || got["sid"] != ada.Session() {
				t.Errorf("beside another's access token the new one is for %v", got)
			}
		} else {
			r.Refused(401, "INVALID_REFRESH_TOKEN")
		}
		eve.Get("/v1/auth/me").Want(200)
		refresh(t, s, eve.RefreshToken).Want(200)
	})
}
