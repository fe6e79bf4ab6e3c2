package contracts

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

func TestUsernameAndKeys(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		r := begin(t, "username-and-keys", harness.Start(t, d, harness.Environment{"COMPAT": "username-keys"}))
		r.refused = func(x exchange) {
			r.Helper()
			if sentence, isText := x.Value("error").(string); !isText || sentence == "" || len(x.Object()) != 1 {
				r.Errorf("%s: %d is no refusal of this dialect:\n%s", x.endpoint, x.Status, x.Body)
			}
		}
		r.server.Register(t) // somebody else is first
		jane := r.server.Register(t, M{"username": "jane.doe", "email": "jane.doe@example.com"})
		session := usernameLogin(r, jane)
		usernameRefresh(r, session)
		usernameKeys(r, jane, session)
		usernameLogout(r, session)
	})
}

func usernameLogin(r *run, jane harness.Person) exchange {
	r.Helper()
	const endpoint = "POST /api/v1/auth/login"
	in := func(changes M) exchange {
		return r.do(endpoint, r.server.Client(r), with(M{"username": "jane.doe", "password": jane.Password}, changes))
	}
	session := in(nil).answered(200)
	if byEmail := in(M{"username": "jane.doe@example.com"}).answered(200); byEmail.Text("user.id") != session.Text("user.id") {
		r.Errorf("the username is %s, the address %s", session.Body, byEmail.Body)
	}
	in(M{"password": "another password"}).answered(401)
	in(M{"username": harness.Unique()}).answered(401) // documented with a text of its own
	r.fields(endpoint, 200, 400, in)
	return session
}

func usernameRefresh(r *run, session exchange) {
	r.Helper()
	const endpoint = "POST /api/v1/auth/refresh"
	refresh := func(changes M) exchange {
		return r.do(endpoint, r.server.Client(r), with(M{"refreshToken": session.Text("refreshToken")}, changes))
	}
	first, next := refresh(nil).answered(200), refresh(nil).answered(200) // it does not rotate
	for _, token := range []string{session.Text("token"), first.Text("token"), next.Text("token")} {
		claims := harness.Claims(r, token)
		if lives := claims["exp"].(float64) - claims["iat"].(float64); lives != time.Hour.Seconds() {
			r.Errorf("a token lives %v s", lives)
		}
		r.server.Client(r).Bearer(token).Get("/v1/auth/me").Want(200)
	}
	refresh(M{"refreshToken": "rt_invented"}).answered(401)
	r.fields(endpoint, 200, 400, refresh)
}

func usernameKeys(r *run, jane harness.Person, session exchange) {
	r.Helper()
	const create, list, remove = "POST /api/v1/auth/keys", "GET /api/v1/auth/keys", "DELETE /api/v1/auth/keys/{keyId}"
	client := func() *harness.Client { return r.server.Client(r).Bearer(session.Text("token")) }
	if none := r.do(list, client(), nil).is(200); string(none.Body) != "[]" && len(none.List()) != 0 {
		r.Errorf("the keys are %s", none.Body)
	}
	bare := r.do(create, client(), nil).answered(201) // the document shows no body
	r.do(remove, client(), nil, "{keyId}", bare.Text("keyId")).is(204)
	integration := r.do(create, client(), M{"name": "My Integration Key"}).answered(201)
	staging := r.do(create, client(), M{"name": "Staging Key"}).is(201)
	r.do(create, client(), M{"name": 1}).is(400)
	r.do(create, r.server.Client(r), M{"name": "Nobody's"}).is(401)
	r.says("Requires authentication.")

	byKey := func(made exchange) *harness.Client { return r.server.Client(r).Bearer(made.Text("apiKey")) }
	if me := byKey(integration).Get("/v1/auth/me").Want(200); me.Text("id") != jane.ID {
		r.Errorf("the key acts as %s", me.Body)
	}
	r.server = r.server.Restart(r) // writes down which keys were used
	listed := r.do(list, client(), nil).answered(200)
	for _, k := range listed.List() {
		if k["keyId"] != integration.Text("keyId") && k["keyId"] != staging.Text("keyId") {
			r.Errorf("made %s and %s, listed %s", integration.Body, staging.Body, listed.Body)
		}
	}
	r.do(list, r.server.Client(r), nil).is(401)
	r.says("Requires authentication.")

	id := integration.Text("keyId")
	r.do(remove, r.server.Client(r), nil, "{keyId}", id).is(401)
	r.says("Requires authentication.")
	stranger := r.server.Register(r)
	r.do(remove, stranger.Client, nil, "{keyId}", id).is(404)
	r.do(remove, client(), nil, "{keyId}", id).answered(204)
	r.do(remove, client(), nil, "{keyId}", id).answered(404)
	r.do(remove, client(), nil, "{keyId}", "key_none").answered(404)
	byKey(integration).Get("/v1/auth/me").Want(401)
	byKey(staging).Get("/v1/auth/me").Want(200)
}

func usernameLogout(r *run, session exchange) {
	r.Helper()
	const endpoint = "POST /api/v1/auth/logout"
	client := r.server.Client(r).Bearer(session.Text("token"))
	r.do(endpoint, r.server.Client(r), nil).answered(401)
	r.do(endpoint, r.server.Client(r).Bearer("YOUR_JWT_TOKEN"), nil).answered(401)
	r.do(endpoint, client, nil).answered(200)
	r.do(endpoint, client, nil).answered(401)
	client.Get("/v1/auth/me").Want(401)
	r.do("POST /api/v1/auth/refresh", r.server.Client(r), M{"refreshToken": session.Text("refreshToken")}).answered(401)
	r.says("Requires authentication. The Authorization: Bearer YOUR_JWT_TOKEN header must be present.")
}
