package races

import (
	"net/http"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// revocations are rights that end while they are used, and while others try to
// change or renew them.
var revocations = []race{
	{"a key that is rotated and used", revokedKey},
	{"a session that is refreshed and switched", endedSession},
	{"a membership that is changed", removedMember},
	{"a role that is used", demotedMember},
	{"an account key that is used", endedAccountKey},
	{"an account that stays logged in", disabledAccount},
}

func TestWhatIsRevokedNeverComesBack(t *testing.T) {
	onEachFleet(t, func(t *testing.T, f *fleet) { f.play(t, "revoked rights that came back", 42, revocations) })
}

// refused fails the test unless each server refuses the request within the
// published second, and from then on.
func (f *fleet) refused(t *testing.T, status int, send func(*harness.Server) *harness.Response) {
	t.Helper()
	for _, s := range f.servers {
		begin, refusals := time.Now(), 0
		for refusals < 3 {
			switch got := send(s).Status; {
			case got == status:
				refusals++
			case refusals > 0:
				t.Errorf("it is answered %d after it was refused", got)
				return
			case time.Since(begin) > time.Second:
				t.Errorf("it is answered %d a second after it was revoked", got)
				return
			}
		}
	}
}

func revokedKey(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	owner := f.cast[0]
	return func(t *testing.T) {
		in := owner.For(t).In(o.organization)
		created := in.Post("/v1/environments/"+o.dev+"/api-keys", M{"name": "Leaked"}).Want(201)
		path, secret := "/v1/api-keys/"+created.Text("id"), created.Text("key")
		answers := f.meet(t, each(crowd, func(i int) ask {
			switch i % 4 {
			case 0:
				return by(owner, o.organization, http.MethodDelete, path, nil)
			case 1:
				return by(owner, o.organization, http.MethodPost, path+"/rotate", M{"overlap_seconds": 3600})
			}
			return ask{http.MethodGet, "/v1/sdk/authorize", http.Header{"X-Api-Key": {secret}}, nil}
		}))
		only(t, answers, "204", "201", "401 KEY_REVOKED", "409 KEY_ENDED", "409 KEY_ROTATED")
		f.refused(t, 401, func(s *harness.Server) *harness.Response { return s.Client(t).Key(secret).Get("/v1/sdk/authorize") })
		if in.Get(path).Want(200).Value("revoked_at") == nil {
			t.Error("the key does not count as revoked")
		}
	}
}

func endedSession(t *testing.T, f *fleet) func(*testing.T) {
	who := f.spare(t, 1)[0]
	return func(t *testing.T) {
		now := who.Login(t)
		answers := f.meet(t, each(crowd, func(i int) ask {
			switch i % 5 {
			case 0:
				return by(now, "", http.MethodPost, "/v1/auth/logout", nil)
			case 1:
				return by(now, "", http.MethodPost, "/v1/auth/switch-organization", M{"organization_id": now.Organization})
			}
			return public("/v1/auth/refresh", M{"refresh_token": now.RefreshToken})
		}))
		only(t, answers, "204", "200", "401 INVALID_REFRESH_TOKEN", "401 INVALID_TOKEN", "404 NOT_FOUND")
		access, refresh := []string{now.AccessToken}, []string{now.RefreshToken}
		for _, place := range winners(answers, 200) {
			access, refresh = append(access, answers[place].Text("access_token")), append(refresh, answers[place].Text("refresh_token"))
		}
		for i := range refresh {
			s := f.servers[i%len(f.servers)]
			s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": refresh[i]}).Refused(401, "INVALID_REFRESH_TOKEN")
			f.refused(t, 401, func(s *harness.Server) *harness.Response { return s.Client(t).Bearer(access[i]).Get("/v1/auth/me") })
		}
	}
}

func removedMember(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	owner, other := f.cast[0], f.cast[1]
	return func(t *testing.T) {
		path := "/v1/members/" + f.admit(t, o.organization, other.ID, "admin")
		roles := []string{"viewer", "developer", "admin", "owner"}
		answers := f.meet(t, each(crowd, func(i int) ask {
			switch i % 5 {
			case 0:
				return by(owner, o.organization, http.MethodDelete, path, nil)
			case 1:
				return by(other, o.organization, http.MethodGet, "/v1/projects", nil)
			}
			return by(owner, o.organization, http.MethodPut, path, M{"role": roles[i%len(roles)]})
		}))
		only(t, answers, "204", "200", "404 NOT_FOUND")
		if n := f.count(t, "SELECT count(*) FROM memberships WHERE organization_id = $1 AND account_id = $2", o.organization, other.ID); n > 0 {
			t.Error("the membership is back")
		}
		f.refused(t, 404, func(s *harness.Server) *harness.Response {
			return s.Client(t).Bearer(other.AccessToken).In(o.organization).Get("/v1/projects")
		})
	}
}

// What changes something asks for the role inside its unit of work: once the
// demotion was answered, nothing that needs the old role succeeds anywhere.
func demotedMember(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	owner, other := f.cast[0], f.cast[1]
	member := f.admit(t, o.organization, other.ID, "admin")
	return func(t *testing.T) {
		owner.For(t).In(o.organization).Put("/v1/members/"+member, M{"role": "admin"}).Want(204)
		use := func() ask {
			return by(other, o.organization, http.MethodPost, "/v1/members/invite", M{"email": harness.NewEmail(), "role": "viewer"})
		}
		answers := f.meet(t, each(crowd, func(i int) ask {
			if i == 3 {
				return by(owner, o.organization, http.MethodPut, "/v1/members/"+member, M{"role": "viewer"})
			}
			return use()
		}))
		only(t, answers, "204", "201", "403 FORBIDDEN")
		only(t, f.meet(t, each(len(f.servers), func(int) ask { return use() })), "403 FORBIDDEN")
	}
}

func endedAccountKey(_ *testing.T, f *fleet) func(*testing.T) {
	owner := f.cast[0]
	return func(t *testing.T) {
		created := owner.For(t).Post("/v1/auth/keys", M{"name": "Leaked"}).Want(201)
		secret := created.Text("key")
		answers := f.meet(t, each(crowd, func(i int) ask {
			if i%5 == 0 {
				return by(owner, "", http.MethodDelete, "/v1/auth/keys/"+created.Text("id"), nil)
			}
			return ask{http.MethodGet, "/v1/projects", http.Header{"Authorization": {"Bearer " + secret}}, nil}
		}))
		only(t, answers, "204", "200", "401 INVALID_ACCOUNT_KEY", "404 NOT_FOUND")
		f.refused(t, 401, func(s *harness.Server) *harness.Response { return s.Client(t).Bearer(secret).Get("/v1/projects") })
	}
}

func disabledAccount(t *testing.T, f *fleet) func(*testing.T) {
	who := f.person(t)
	token := who.RefreshToken
	return func(t *testing.T) {
		operator := f.first.Client(t).Bearer(harness.AdminToken)
		path := "/v1/admin/accounts/" + who.ID
		answers := f.meet(t, each(crowd, func(i int) ask {
			switch i % 5 {
			case 0:
				return ask{http.MethodPatch, path, http.Header{"Authorization": {"Bearer " + harness.AdminToken}}, M{"disabled": true}}
			case 1:
				return by(who, "", http.MethodPatch, "/v1/auth/me", M{"name": "Still here"})
			}
			return public("/v1/auth/refresh", M{"refresh_token": token})
		}))
		only(t, answers, "200", "401 INVALID_REFRESH_TOKEN", "401 INVALID_TOKEN")
		f.refused(t, 401, func(s *harness.Server) *harness.Response {
			return s.Client(t).Bearer(who.AccessToken).Get("/v1/auth/me")
		})
		f.refused(t, 401, func(s *harness.Server) *harness.Response {
			return s.Client(t).Post("/v1/auth/refresh", M{"refresh_token": token})
		})
		operator.Patch(path, M{"disabled": false}).Want(200)
		who = who.Login(t)
		token = who.RefreshToken
	}
}
