package contracts

import (
	"encoding/hex"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// One account, used through everything that is served: registered in one
// dialect, logged in by another, a key made in a third, listed in a fourth, the
// session ended in the fifth.
func TestOneAccountIsTheSameInAllDialects(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		const (
			zylon     = "/compat/zylon/api/v1/auth"
			phy       = "/compat/phy/api/v1/auth"
			keys      = "/compat/username-keys/api/v1/auth"
			phaseflag = "/compat/phaseflag/api/v1/auth"
		)
		credentials := M{"email": harness.NewEmail(), "password": harness.NewPassword()}

		registered := s.Client(t).Bearer(harness.AdminToken).Post(zylon+"/register", with(credentials, M{"roles": []string{"AppOwner"}})).Want(201)
		session := s.Client(t).Post(phy+"/login", credentials).Want(200)
		me := s.Client(t).Bearer(session.Text("data.access_token"))
		made := me.Post(keys+"/keys", M{"name": "Everywhere"}).Want(201)

		listed := me.Get("/v1/auth/keys").Want(200)
		if len(listed.List()) != 1 || bits(t, listed.Text("0.id")) != bits(t, made.Text("keyId")) || listed.Text("0.name") != "Everywhere" {
			t.Errorf("made %s, listed %s", made.Body, listed.Body)
		}
		profile := me.Get(phaseflag + "/me").Want(200)
		places := me.Get(phy + "/organizations").Want(200)
		id := bits(t, registered.Text("id"))
		for what, other := range map[string]string{
			"PHY's": session.Text("data.user.id"), "PhaseFlag's": profile.Text("data.id"),
			"our own": me.Get("/v1/auth/me").Want(200).Text("id"),
		} {
			if bits(t, other) != id {
				t.Errorf("the account is %s, %s is %s", registered.Text("id"), what, other)
			}
		}
		organization := bits(t, registered.Text("users.0.org_id"))
		if bits(t, profile.Text("data.organizations.0.id")) != organization || bits(t, places.Text("data.0.id")) != organization {
			t.Errorf("the organization is %s, of %s and %s", registered.Body, profile.Body, places.Body)
		}

		me.Post(phaseflag+"/logout", nil).Want(204)
		me.Get(phy + "/organizations").Want(401)
		me.Get(keys + "/keys").Want(401)
		me.Get("/v1/auth/me").Want(401)
		me.Get(phaseflag + "/me").Want(401)
		refresh := M{"refresh_token": session.Text("data.refresh_token")}
		s.Client(t).Post(phy+"/refresh", refresh).Want(401)
		s.Client(t).Post("/v1/auth/refresh", refresh).Want(401)
		s.Client(t).Bearer(made.Text("apiKey")).Get("/v1/auth/me").Want(200) // what was not ended goes on

		again := s.Client(t).Post("/v1/auth/login", credentials).Want(200)
		account := again.Text("user.id")
		if bits(t, account) != id {
			t.Errorf("the account is %s, at the end %s", registered.Text("id"), account)
		}
		for action, dialect := range map[string]string{"session.begun": "phy", "account_key.created": "username-keys", "session.ended": "phaseflag"} {
			if n := s.Count(t, "SELECT count(*) FROM audit_entries WHERE actor_id = $1 AND action = $2 AND dialect = $3", account, action, dialect); n != 1 {
				t.Errorf("the audit has %d of %s by %s", n, action, dialect)
			}
		}
		if n := s.Count(t, "SELECT count(*) FROM audit_entries WHERE resource_id = $1 AND action = 'account.registered' AND dialect = 'zylon'", account); n != 1 {
			t.Errorf("the audit has %d registrations by zylon", n)
		}
	})
}

var prefix = regexp.MustCompile(`^[a-z]+_`)

// bits reads an id in any of the forms, and returns its 128 bits in hex.
func bits(t *testing.T, id string) string {
	t.Helper()
	digits := prefix.ReplaceAllString(id, "")
	if harness.UUIDv7.MatchString(digits) {
		return strings.ReplaceAll(digits, "-", "")
	}
	if len(digits) != 26 {
		if raw, err := hex.DecodeString(digits); err != nil || len(raw) != 16 {
			t.Fatalf("%q is no id", id)
		}
		return digits
	}
	n := new(big.Int)
	for _, digit := range digits {
		at := strings.IndexRune("0123456789ABCDEFGHJKMNPQRSTVWXYZ", digit)
		if at < 0 {
			t.Fatalf("%q is no id", id)
		}
		n.Add(n.Lsh(n, 5), big.NewInt(int64(at)))
	}
	return hex.EncodeToString(n.FillBytes(make([]byte, 16)))
}
