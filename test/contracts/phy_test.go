package contracts

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

func TestPHY(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		// The document's password for logins is one that everybody guesses: its
		// account comes from a time when that was allowed.
		lax := harness.Start(t, d, harness.Environment{"PASSWORD_MIN_SCORE": "0"})
		operator := lax.Register(t)
		lax.Client(t).Post("/v1/auth/signup", M{"email": "user@example.com", "password": "password123", "name": "Personal Account"}).Want(201)
		lax.Stop()

		r := begin(t, "phy", harness.Start(t, d, harness.Environment{"COMPAT": "phy"}))
		r.refused = func(x exchange) {
			r.Helper()
			phyRefusal(r, x.endpoint, x.Status, x.Body)
		}
		for _, i := range r.items {
			if i.kind == envelope { // each answer below is held against its own
				names := namesOf(i.json)
				if !slices.Equal(names, []string{"data", "error", "message", "success"}) {
					r.Errorf("%s has %v", i, names)
				}
				r.take(i, holds)
			}
		}
		phySignUp(r, operator)
		session := phyLogin(r)
		phyOrganizations(r, session)
		phyUserOrganizations(r, session, operator)
		phyVerification(r)
		phyFailures(r, session)
	})
}

func phyRefusal(r *run, endpoint string, status int, body []byte) {
	r.Helper()
	var refused struct {
		Success        *bool
		Message, Error string
	}
	if err := json.Unmarshal(body, &refused); err != nil || refused.Success == nil || *refused.Success || refused.Message == "" || refused.Error == "" {
		r.Errorf("%s: %d is no refusal of this dialect:\n%s", endpoint, status, body)
	}
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil || len(members) != 3 {
		r.Errorf("%s: %d has other members than success, message and error:\n%s", endpoint, status, body)
	}
}

func phySignUp(r *run, operator harness.Person) {
	r.Helper()
	const endpoint = "POST /api/v1/auth/signup"
	first := r.ask(endpoint).answered(200)
	admin := r.server.Client(r).Bearer(harness.AdminToken)
	admin.Delete("/v1/admin/accounts/"+first.Text("data.user.id"), M{"delete_organizations": true}).Want(204)
	second := r.ask(endpoint).answered(200)
	if first.Text("data.user.id") == second.Text("data.user.id") {
		r.Error("an account that was deleted came back")
	}
	r.again(endpoint).is(401) // the address is taken
	r.again(endpoint, "newuser@example.com", operator.Email).is(401)
	for _, wrong := range []M{
		{"password": "SecretPass123!"}, {"email": harness.NewEmail()}, {"email": "no address", "password": "SecretPass123!"},
		{"email": harness.NewEmail(), "password": "short"}, {"email": 1, "password": "SecretPass123!"},
	} {
		r.do(endpoint, r.server.Client(r), wrong).is(400)
	}
	r.do(endpoint, r.server.Client(r).With("Content-Type", "text/plain"), `{"email":"a@example.com","password":"SecretPass123!"}`).is(415)
	r.says("• Content-Type: application/json")

	login := r.do("POST /api/v1/auth/login", r.server.Client(r), M{"email": "newuser@example.com", "password": "SecretPass123!"}).is(200)
	if login.Text("data.user.id") != second.Text("data.user.id") {
		r.Errorf("signed up as %s, logged in as %s", second.Body, login.Body)
	}
	r.says("• After signup, call POST /api/v1/auth/login with the same credentials to obtain an access token.")
}

// phyLogin logs in and refreshes; the session that it returns is alive.
func phyLogin(r *run) exchange {
	r.Helper()
	const login, refresh = "POST /api/v1/auth/login", "POST /api/v1/auth/refresh"
	session := r.ask(login).answered(200)
	if ends, lives := session.Value("data.expires_at").(float64), session.Value("data.expires_in").(float64); time.Until(time.Unix(int64(ends), 0)).Seconds() > lives {
		r.Errorf("the access token ends at %v and lives %v s", ends, lives)
	}
	other := r.ask(login).answered(200)
	for _, wrong := range []M{
		{"password": "password123"}, {"email": "user@example.com"}, {"email": "no address", "password": "password123"},
		{"email": "user@example.com", "password": 1}, {},
	} {
		r.do(login, r.server.Client(r), wrong).is(400)
	}
	r.again(login, "password123", "another password").is(401)
	r.again(login, "user@example.com", harness.NewEmail()).is(401)
	r.do(login, r.server.Client(r).With("Content-Type", "text/plain"), `{"email":"user@example.com","password":"password123"}`).is(415)
	r.says("• Content-Type: application/json")

	first := r.ask(refresh, "<refresh-token-from-login-or-signup>", session.Text("data.refresh_token")).answered(200)
	r.ask(refresh, "<refresh-token>", other.Text("data.refresh_token")).answered(200)
	if first.Text("data.refresh_token") == session.Text("data.refresh_token") || first.Text("data.user.id") != session.Text("data.user.id") {
		r.Errorf("the session %s goes on as %s", session.Body, first.Body)
	}
	next := r.again(refresh, "<refresh-token-from-login-or-signup>", first.Text("data.refresh_token")).answered(200)
	r.again(refresh).is(401)
	r.do(refresh, r.server.Client(r), M{}).is(400)
	r.do(refresh, r.server.Client(r), M{"refresh_token": 1}).is(400)
	r.do(refresh, r.server.Client(r).With("Content-Type", "text/plain"), `{"refresh_token":"x"}`).is(415)
	r.says("• Content-Type: application/json")
	r.says("• access_token is a Bearer JWT. Include it on protected API requests using the Authorization: Bearer <access_token> header.") // as below
	r.says("• refresh_token can be used to obtain a new access token via the refresh endpoint below. A refresh token is returned on successful authentication when applicable.")
	return next
}

func phyOrganizations(r *run, session exchange) {
	r.Helper()
	const endpoint = "GET /api/v1/auth/organizations"
	owner := r.server.Register(r, M{"org_name": "Example Utilities"})
	r.server.Join(r, owner.Organization, session.Text("data.user.id"), "admin")
	r.ask(endpoint, "<access_token>", session.Text("data.access_token")).answered(200)
	r.again(endpoint).is(401)
	r.do(endpoint, r.server.Client(r), nil).is(401)
	r.says("• Method: GET")
	r.says("• Path: /api/v1/auth/organizations")
	r.says("Authentication: Requires a valid access token (Bearer).")

	if own := r.do(endpoint, owner.Client, nil).is(200); own.Text("message") != "Retrieved 1 organizations" || own.Text("data.0.role") != "OWNER" {
		r.Errorf("an owner sees %s", own.Body)
	}
	admin := r.server.Client(r).Bearer(session.Text("data.access_token"))
	admin.Get("/v1/admin/accounts").Want(403)
	r.server.Client(r).Get("/v1/admin/accounts").Want(401)
	r.server.Client(r).Bearer(harness.AdminToken).Get("/v1/admin/accounts").Want(200)
	r.says("• Administrative user-management endpoints exist for service integrations; they require elevated credentials and should only be used by trusted services.")
}

// phyUserOrganizations asks as the operator, who may see all three; as an owner,
// who may see what he shares; and as a stranger.
func phyUserOrganizations(r *run, session exchange, operator harness.Person) {
	r.Helper()
	const endpoint = "GET /api/v1/auth/users/:userId/organizations"
	user := session.Text("data.user.id")
	owner, stranger := r.server.Register(r), r.server.Register(r)
	r.server.Join(r, owner.Organization, user, "viewer")

	asking := r.server.Client(r).Post("/v1/auth/login", M{"email": operator.Email, "password": operator.Password}).Want(200)
	r.abridged["data[]"] = true
	all := r.ask(endpoint, "<user-id>", user, "<access_token>", asking.Text("tokens.access_token")).answered(200)
	delete(r.abridged, "data[]")
	roles := map[string]bool{}
	for _, item := range all.Value("data").([]any) {
		entry := item.(M)
		roles[entry["role"].(string)] = true
		if entry["user_id"] != user || entry["requested_by"] != operator.ID {
			r.Errorf("%s asks about %s: %v", operator.ID, user, entry)
		}
	}
	if len(roles) != 3 || !roles["ADMIN"] || !roles["OWNER"] || !roles["VIEWER"] {
		r.Errorf("the roles are %v", roles)
	}
	for _, test := range []struct {
		who  harness.Person
		sees int
		says string
	}{{owner, 1, "Retrieved 1 organizations for user"}, {stranger, 0, "Retrieved 0 organizations for user"}} {
		found := r.do(endpoint, test.who.Client, nil, ":userId", user).is(200)
		if list := found.Value("data").([]any); len(list) != test.sees || found.Value("count") != float64(test.sees) || found.Text("message") != test.says {
			r.Errorf("%d organizations should be seen: %s", test.sees, found.Body)
		}
	}
	for _, wrong := range []string{"1", "not-a-uuid", "usr_01HXKQ4R9C2BVNZFM5T7WE6J8D", strings.ToUpper(user)} {
		r.again(endpoint, "<user-id>", wrong, "<access_token>", asking.Text("tokens.access_token")).is(400)
	}
	r.again(endpoint, "<user-id>", user).is(401)
	r.says("• userId (uuid)")
	r.says("Authentication: Requires a valid access token (Bearer).")
}

// phyVerification confirms addresses first.
func phyVerification(r *run) {
	r.Helper()
	sink := mailsink.Start(r.T, mailsink.Options{})
	confirming := *r
	confirming.server = harness.Start(r, harness.NewDatabase(r, r.server.Database.Engine), harness.Environment{
		"COMPAT": "phy", "EMAIL_VERIFICATION": "required", "SMTP_URL": sink.URL(), "MAIL_FROM": "Tenantry <accounts@example.com>",
	})
	credentials := M{"email": harness.NewEmail(), "password": "SecretPass123!"}
	made := confirming.do("POST /api/v1/auth/signup", confirming.server.Client(r), credentials).is(200)
	taken := confirming.do("POST /api/v1/auth/signup", confirming.server.Client(r), credentials).is(200) // tells nobody
	if names := namesOf(made.Value("data.user")); !slices.Equal(names, namesOf(taken.Value("data.user"))) || len(names) != 3 {
		r.Errorf("a new address is answered %s, a known one %s", made.Body, taken.Body)
	}
	confirming.do("POST /api/v1/auth/login", confirming.server.Client(r), credentials).is(401)
	proof := sink.Wait(r.T, credentials["email"].(string), "Confirm your email address").Token()
	confirming.server.Client(r).Post("/v1/auth/verify-email", M{"token": proof}).Want(204)
	confirming.do("POST /api/v1/auth/login", confirming.server.Client(r), credentials).is(200)
	r.says("• If email confirmation is enabled on the platform, the account may require verification before login succeeds.")
}

// phyFailures takes the tables away and looks how a failure is told.
func phyFailures(r *run, session exchange) {
	r.Helper()
	for _, table := range []string{"accounts", "sessions", "organizations", "memberships"} {
		r.server.Exec(r, "ALTER TABLE "+table+" RENAME TO "+table+"_away")
	}
	bearer := "Bearer " + session.Text("data.access_token")
	for _, i := range r.items {
		if i.kind != refusal || i.status != 500 {
			continue
		}
		method, path, _ := strings.Cut(i.endpoint, " ")
		body := map[string]string{
			"POST /api/v1/auth/login":   `{"email":"user@example.com","password":"password123"}`,
			"POST /api/v1/auth/signup":  `{"email":"another@example.com","password":"SecretPass123!"}`,
			"POST /api/v1/auth/refresh": `{"refresh_token":"` + session.Text("data.refresh_token") + `"}`,
		}[i.endpoint]
		path = strings.ReplaceAll(path, ":userId", session.Text("data.user.id"))
		status, answered := r.unjudged(method, r.mount+path, bearer, body)
		if status != 500 {
			r.Errorf("%s: without tables: %d\n%s", i, status, answered)
		}
		phyRefusal(r, i.endpoint, status, answered)
		if bytes.Contains(answered, []byte("_away")) || bytes.Contains(answered, []byte("table")) {
			r.Errorf("%s tells too much:\n%s", i, answered)
		}
		r.take(i, holds)
	}
}

// unjudged sends a request whose answer the harness would refuse, since it is
// a failure of the server.
func (r *run) unjudged(method, path, authorization, body string) (int, []byte) {
	r.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, r.server.URL+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if authorization != "" && body == "" {
		request.Header.Set("Authorization", authorization)
	}
	answer, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var read bytes.Buffer
	if _, err := read.ReadFrom(answer.Body); err != nil {
		r.Fatal(err)
	}
	return answer.StatusCode, read.Bytes()
}
