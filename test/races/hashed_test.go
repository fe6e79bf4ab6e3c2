package races

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// hashed are races in which every request hashes a password. They cost seconds,
// so that there are few rounds of them. Who finds the lane full is told to come
// again.
var hashed = []race{
	{"a registration of one address", registeredAddress},
	{"a registration of one username", registeredUsername},
	{"an invitation that makes an account", joinedAsNew},
	{"a link to a new password", reset},
}

// full and late are what a loaded machine answers.
const (
	full = "503 BUSY"
	late = "503 UNAVAILABLE"
)

func TestWhoeverHashesAPasswordGetsWhatWorksOnceOnce(t *testing.T) {
	onEachFleet(t, func(t *testing.T, f *fleet) {
		played := 0
		for _, r := range hashed {
			t.Run(r.name, func(t *testing.T) {
				before, round := f.deadlocks(t), r.begin(t, f)
				for range harness.Rounds(1, 100) {
					round(t)
					played++
				}
				if n := f.deadlocks(t) - before; n > 0 {
					t.Errorf("there were %d deadlocks", n)
				}
			})
		}
		f.tell(t, "accounts made twice, links to new passwords used twice", played, crowd)
	})
}

// accounts fails the test unless there is one account, with the one organization
// that it began with.
func (f *fleet) oneAccount(t *testing.T, email string) {
	t.Helper()
	n := f.count(t, "SELECT count(*) FROM accounts WHERE email = $1", email)
	owned := f.count(t, "SELECT count(*) FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE a.email = $1", email)
	if n != 1 || owned != 1 {
		t.Errorf("%d accounts have the address, with %d memberships", n, owned)
	}
}

func registeredAddress(_ *testing.T, f *fleet) func(*testing.T) {
	return func(t *testing.T) {
		email := harness.NewEmail()
		answers := f.meet(t, each(crowd, func(int) ask { return public("/v1/auth/register", harness.NewRegistration(M{"email": email})) }))
		one(t, answers, 201, "409 EMAIL_ALREADY_EXISTS", full, late)
		f.oneAccount(t, email)
	}
}

func registeredUsername(_ *testing.T, f *fleet) func(*testing.T) {
	return func(t *testing.T) {
		name := "u" + harness.Unique()
		answers := f.meet(t, each(crowd, func(int) ask { return public("/v1/auth/register", harness.NewRegistration(M{"username": name})) }))
		one(t, answers, 201, "409 USERNAME_TAKEN", full, late)
		if n := f.count(t, "SELECT count(*) FROM accounts WHERE username = $1", name); n != 1 {
			t.Errorf("%d accounts have the username", n)
		}
	}
}

func joinedAsNew(_ *testing.T, f *fleet) func(*testing.T) {
	return func(t *testing.T) {
		o, email := f.found(t), harness.NewEmail()
		_, token := f.invite(t, o.organization, f.cast[0].ID, email, "developer")
		answers := f.meet(t, each(crowd, func(i int) ask {
			return public("/v1/invitations/accept", M{"token": token, "name": fmt.Sprint("Guest ", i), "password": harness.NewPassword()})
		}))
		one(t, answers, 201, "404 INVITATION_NOT_FOUND", "409 ACCOUNT_EXISTS", "409 EMAIL_ALREADY_EXISTS", full, late)
		f.oneAccount(t, email)
		if n := f.count(t, "SELECT count(*) FROM memberships WHERE organization_id = $1", o.organization); n != 2 {
			t.Errorf("there are %d members", n)
		}
	}
}

func reset(t *testing.T, f *fleet) func(*testing.T) {
	who := f.person(t)
	return func(t *testing.T) {
		token := f.link(t, "reset_password", who.ID, who.Email)
		passwords := make([]string, crowd)
		answers := f.meet(t, each(crowd, func(i int) ask {
			passwords[i] = harness.NewPassword()
			return public("/v1/auth/password/reset", M{"token": token, "new_password": passwords[i]})
		}))
		one(t, answers, http.StatusNoContent, "400 INVALID_TOKEN_LINK", full, late)
		won := winners(answers, http.StatusNoContent)[0]
		for _, try := range []struct{ place, status int }{{won, 200}, {(won + 1) % crowd, 401}} {
			f.first.Client(t).Post("/v1/auth/login", M{"email": who.Email, "password": passwords[try.place]}).Want(try.status)
		}
	}
}
