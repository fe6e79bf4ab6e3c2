package races

import (
	"net/http"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// once are the things that work once. Those that hash a password are in
// hashed_test.go, since each costs as much as a hundred of these.
var once = []race{
	{"a refresh token", refreshed},
	{"a proof of an address", proven},
	{"a link to a new address", moved},
	{"a new address that several want", contested},
	{"an invitation", joined},
	{"an answer to an invitation", answered},
	{"an invitation to an address", invited},
	{"an Idempotency-Key", repeated},
	{"a rotation", rotated},
	{"the end of a session", ended},
}

func TestWhatWorksOnceWorksOnceHoweverManyMeet(t *testing.T) {
	onEachFleet(t, func(t *testing.T, f *fleet) { f.play(t, "single-use things used twice", 100, once) })
}

// Within the grace all get the same successor, and the session has moved on by
// one. Each round trades the token of the round before.
func refreshed(t *testing.T, f *fleet) func(*testing.T) {
	who := f.spare(t, 1)[0].Login(t)
	token, played := who.RefreshToken, 1
	return func(t *testing.T) {
		answers := f.meet(t, times(crowd, public("/v1/auth/refresh", M{"refresh_token": token})))
		only(t, answers, "200")
		for _, a := range answers {
			if got := a.Text("refresh_token"); got != answers[0].Text("refresh_token") {
				t.Fatal("a refresh token has two successors")
			}
		}
		played++
		if n := f.count(t, "SELECT counter FROM sessions WHERE id = $1", who.Session()); n != played {
			t.Errorf("the session is at its refresh token %d, want %d", n, played)
		}
		token = answers[0].Text("refresh_token")
	}
}

func (f *fleet) told(t *testing.T, action, resource string) int {
	t.Helper()
	return f.count(t, "SELECT count(*) FROM audit_entries WHERE action = $1 AND resource_id = $2", action, resource)
}

func proven(t *testing.T, f *fleet) func(*testing.T) {
	who := f.person(t)
	before := f.told(t, "account.email_verified", who.ID)
	return func(t *testing.T) {
		f.exec(t, "UPDATE accounts SET email_verified = $1 WHERE id = $2", false, who.ID)
		token := f.link(t, "verify_email", who.ID, who.Email)
		one(t, f.meet(t, times(crowd, public("/v1/auth/verify-email", M{"token": token}))), 204, "400 INVALID_TOKEN_LINK")
		before++
		if told := f.told(t, "account.email_verified", who.ID); told != before {
			t.Errorf("the audit tells %d times of the proof, want %d", told, before)
		}
	}
}

func moved(t *testing.T, f *fleet) func(*testing.T) {
	who := f.person(t)
	return func(t *testing.T) {
		email := harness.NewEmail()
		token := f.link(t, "change_email", who.ID, email)
		one(t, f.meet(t, times(crowd, public("/v1/auth/verify-email", M{"token": token}))), 204, "400 INVALID_TOKEN_LINK")
		if n := f.count(t, "SELECT count(*) FROM accounts WHERE id = $1 AND email = $2", who.ID, email); n != 1 {
			t.Error("the account has not moved to the new address")
		}
	}
}

func contested(t *testing.T, f *fleet) func(*testing.T) {
	people := []harness.Person{f.person(t), f.person(t), f.person(t), f.person(t)}
	return func(t *testing.T) {
		email := harness.NewEmail()
		tokens := make([]string, len(people))
		for i, p := range people {
			tokens[i] = f.link(t, "change_email", p.ID, email)
		}
		one(t, f.meet(t, each(crowd, func(i int) ask { return public("/v1/auth/verify-email", M{"token": tokens[i%len(tokens)]}) })),
			204, "409 EMAIL_ALREADY_EXISTS", "400 INVALID_TOKEN_LINK")
		if n := f.count(t, "SELECT count(*) FROM accounts WHERE email = $1", email); n != 1 {
			t.Errorf("%d accounts have the address", n)
		}
	}
}

func joined(t *testing.T, f *fleet) func(*testing.T) {
	guest := f.spare(t, 1)[0]
	return func(t *testing.T) {
		o := f.found(t)
		_, token := f.invite(t, o.organization, f.cast[0].ID, guest.Email, "developer")
		one(t, f.meet(t, times(crowd, by(guest, "", http.MethodPost, "/v1/invitations/accept", M{"token": token}))), 200, "404 INVITATION_NOT_FOUND")
		members := f.count(t, "SELECT count(*) FROM memberships WHERE organization_id = $1", o.organization)
		told := f.count(t, "SELECT count(*) FROM audit_entries WHERE organization_id = $1 AND action = 'member.joined'", o.organization)
		if members != 2 || told != 1 {
			t.Errorf("there are %d members, and the audit tells %d times of joining", members, told)
		}
	}
}

// answered lets an invitation be accepted, declined, withdrawn, changed and sent
// again at once. One who was let in can be removed again by who meant to withdraw.
func answered(t *testing.T, f *fleet) func(*testing.T) {
	guest := f.spare(t, 1)[0]
	return func(t *testing.T) {
		o := f.found(t)
		member, token := f.invite(t, o.organization, f.cast[0].ID, guest.Email, "developer")
		path := "/v1/members/" + member
		kinds := []ask{
			by(guest, "", http.MethodPost, "/v1/invitations/accept", M{"token": token}),
			public("/v1/invitations/decline", M{"token": token}),
			by(f.cast[0], o.organization, http.MethodDelete, path, nil),
			by(f.cast[0], o.organization, http.MethodPut, path, M{"role": "viewer"}),
			by(f.cast[0], o.organization, http.MethodPost, path+"/resend", nil),
		}
		answers := f.meet(t, each(crowd, func(i int) ask { return kinds[i%len(kinds)] }))
		only(t, answers, "200", "204", "404 INVITATION_NOT_FOUND", "404 NOT_FOUND", "409 ALREADY_MEMBER", "429 TOO_MANY_INVITATIONS")
		of := make([]int, len(kinds))
		for _, place := range append(winners(answers, 200), winners(answers, 204)...) {
			of[place%len(kinds)]++
		}
		accepted, declined, withdrawn := of[0], of[1], of[2]
		if accepted+declined > 1 || withdrawn > 1 || declined+withdrawn > 1 {
			t.Errorf("accepted %d times, declined %d times, withdrawn %d times", accepted, declined, withdrawn)
		}
		active := f.count(t, "SELECT count(*) FROM memberships WHERE organization_id = $1 AND account_id = $2", o.organization, guest.ID)
		if active != max(accepted-withdrawn, 0) {
			t.Errorf("there are %d memberships, and %v", active, outcomes(answers))
		}
	}
}

func invited(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	return func(t *testing.T) {
		email := harness.NewEmail()
		asked := by(f.cast[0], o.organization, http.MethodPost, "/v1/members/invite", M{"email": email})
		one(t, f.meet(t, times(crowd, asked)), 201, "409 ALREADY_INVITED")
		if n := f.count(t, "SELECT count(*) FROM links WHERE email = $1", email); n != 1 {
			t.Errorf("there are %d links", n)
		}
	}
}

// repeated sends one request with one key: one is worked on, and the others are
// told so, or get its answer.
func repeated(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	return func(t *testing.T) {
		name := "Once " + harness.Unique()
		asked := by(f.cast[0], o.organization, http.MethodPost, "/v1/projects", M{"name": name})
		asked.header.Set("Idempotency-Key", harness.Marker+"-"+harness.Unique())
		answers := f.meet(t, times(crowd, asked))
		only(t, answers, "201", "409 IDEMPOTENCY_KEY_IN_PROGRESS")
		first, body := 0, ""
		for _, place := range winners(answers, 201) {
			if body == "" {
				body = string(answers[place].Body)
			}
			if string(answers[place].Body) != body {
				t.Errorf("two answers: %s and %s", body, answers[place].Body)
			}
			if answers[place].Header.Get("Idempotent-Replayed") == "" {
				first++
			}
		}
		if n := f.count(t, "SELECT count(*) FROM projects WHERE name = $1", name); n != 1 || first != 1 {
			t.Errorf("there are %d projects, and %d answers that are no replay", n, first)
		}
	}
}

func rotated(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	path := "/v1/environments/" + o.dev + "/api-keys"
	return func(t *testing.T) {
		name := "Turn " + harness.Unique()
		made := f.cast[0].For(t).In(o.organization).Post(path, M{"name": name}).Want(201)
		asked := by(f.cast[0], o.organization, http.MethodPost, "/v1/api-keys/"+made.Text("id")+"/rotate", M{"overlap_seconds": 3600})
		one(t, f.meet(t, times(crowd, asked)), 201, "409 KEY_ROTATED")
		if n := f.count(t, "SELECT count(*) FROM environment_keys WHERE name = $1", name); n != 2 {
			t.Errorf("%d keys are good", n)
		}
	}
}

func ended(t *testing.T, f *fleet) func(*testing.T) {
	who := f.spare(t, 1)[0]
	return func(t *testing.T) {
		session, now := newID(), moment()
		f.exec(t, `INSERT INTO sessions (id, account_id, counter, rotated_at, authenticated_at, address, user_agent, created_at, last_used_at, expires_at)
			VALUES ($1, $2, 1, $3, $4, '', '', $5, $6, $7)`, session, who.ID, now, now, now, now, now.Add(time.Hour))
		one(t, f.meet(t, times(crowd, by(who, "", http.MethodDelete, "/v1/auth/sessions/"+session, nil))), 204, "404 NOT_FOUND")
	}
}
