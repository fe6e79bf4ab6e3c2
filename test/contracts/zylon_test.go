package contracts

import (
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

func TestZylon(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		r := begin(t, "zylon", harness.Start(t, d, harness.Environment{"COMPAT": "zylon", "LOGIN_FAILURES": "2"}))
		name := regexp.MustCompile(`^\w+$`) // the example's requests tell no name
		for _, member := range []string{"name", "given_name", "family_name", "users[].name"} {
			r.example[member] = name
		}
		r.example["family_name"] = regexp.MustCompile(`^\w*$`)
		r.server.Register(t)

		const register, login, logout = "POST /api/v1/auth/register", "POST /api/v1/auth/login", "POST /api/v1/auth/logout"
		who := []string{"{API_TOKEN}", harness.AdminToken, "{username}", "sasha@auroralabs.com", "{password}", harness.NewPassword()}
		made := r.ask(register, who...).answered(201)
		session := r.ask(login, who...).answered(200)
		if made.Text("id") != session.Text("id") || made.Text("users.0.id") != session.Text("users.0.id") || made.Text("users.0.account_id") != made.Text("id") {
			t.Errorf("registered %s, logged in %s", made.Body, session.Body)
		}
		cookie := zylonCookie(r, session)
		r.ask(logout, who[:2]...).answered(200) // as it is written, without the cookie
		r.do(logout, r.server.Client(t).Bearer(harness.AdminToken).With("Cookie", cookie), nil).answered(200)
		if n := r.server.Count(t, "SELECT count(*) FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE a.email = $1", "sasha@auroralabs.com"); n != 0 {
			t.Errorf("%d sessions outlived the logout", n)
		}
		zylonErrors(r, who)
	})
}

func zylonCookie(r *run, session exchange) string {
	r.Helper()
	cookies := (&http.Response{Header: session.Header}).Cookies()
	if len(cookies) != 1 {
		r.Fatalf("the login sets the cookies %v", cookies)
	}
	c := cookies[0]
	if c.Name != "__Host-tenantry_session" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		r.Errorf("the cookie is %v", c)
	}
	return c.Name + "=" + c.Value
}

func zylonErrors(r *run, who []string) {
	r.Helper()
	seen := map[int]bool{}
	is := func(x exchange, status int) {
		r.Helper()
		x.Want(status)
		seen[status] = true
	}
	person := r.server.Register(r)
	for _, endpoint := range []string{"POST /api/v1/auth/register", "POST /api/v1/auth/login", "POST /api/v1/auth/logout"} {
		is(r.again(endpoint), 401) // the token as it is written
		is(r.again(endpoint, "{API_TOKEN}", "0123456789abcdef0123456789abcdef"), 401)
		is(r.again(endpoint, "{API_TOKEN}", person.AccessToken), 403)
	}
	is(r.again("POST /api/v1/auth/register", who...), 409)
	r.again("POST /api/v1/auth/register", append(slices.Clone(who), `"AppAdmin"`, `"Root"`)...).Want(400)
	wrong := slices.Clone(who)
	wrong[5] = "another password"
	is(r.again("POST /api/v1/auth/login", wrong...), 401)
	for range 10 {
		if r.again("POST /api/v1/auth/login", wrong...).Status == http.StatusTooManyRequests {
			break
		}
	}
	is(r.again("POST /api/v1/auth/login", who...), 429)
	for _, i := range r.items {
		if i.kind == refusal && seen[i.status] {
			r.take(i, holds)
		}
	}
}
