package secrets

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// headers are those in which clients send what is nobody's business, beside
// credentials. Those that are there to be written down are not among them:
// X-Request-ID and User-Agent.
var headers = []string{
	"Cookie", "Idempotency-Key", "X-Organization-ID", "Referer", "Origin", "Proxy-Authorization", "X-Forwarded-For", "X-Real-IP",
	"Forwarded", "If-None-Match", "Traceparent", "Tracestate", "Baggage", "X-Auth-Token", "X-Invented",
}

var parameters = []string{"api_key", "access_token", "token", "q", "after", "limit", "environment", "scope", "x"}

// drive sends a marker to every route in every place where one fits, and judges
// each answer: a marker is not to come back. It returns how many it sent.
func (h *house) drive(t *testing.T, callers map[string]*harness.Client) int {
	t.Helper()
	var sent atomic.Int64
	for _, o := range harness.Spec(t).Operations {
		var work sync.WaitGroup
		for who, c := range callers {
			work.Go(func() {
				for _, r := range h.burden(t, o, who, c) {
					h.judge(t, r)
					sent.Add(1)
				}
			})
		}
		work.Wait()
	}
	return int(sent.Load())
}

func (h *house) judge(t *testing.T, r *harness.Response) {
	t.Helper()
	var all strings.Builder
	_ = r.Header.Write(&all)
	for _, what := range h.hits(all.String() + string(r.Body)) {
		t.Errorf("%s %s: %d gives back %s", r.Method, r.Request.URL.Path, r.Status, what)
	}
}

// burden calls a route with markers in its headers, parameters, ids and body.
func (h *house) burden(t *testing.T, o harness.Operation, who string, c *harness.Client) []*harness.Response {
	t.Helper()
	about := " of " + o.Name() + " by " + who
	all, query := c, url.Values{}
	for _, name := range headers {
		all = all.With(name, h.marker(name+about))
	}
	for _, name := range parameters {
		query.Set(name, h.marker("?"+name+"="+about))
	}
	answers := []*harness.Response{
		all.Do(o.Method, o.Fill("x"), nil),
		c.Do(o.Method, o.Fill("x")+"?"+query.Encode(), nil),
		c.Do(o.Method, o.Fill("x")+"?api_key="+h.marker("?api_key="+about), nil),
		c.Do(o.Method, o.Fill(h.marker("an id"+about)), nil),
	}
	if who == "nobody" {
		answers = append(answers,
			c.Bearer(h.marker("a token"+about)).Do(o.Method, o.Fill("x"), nil),
			c.Key(h.marker("a key"+about)).Do(o.Method, o.Fill("x"), nil),
			c.With("Authorization", "Basic "+h.marker("basic credentials"+about)).Do(o.Method, o.Fill("x"), nil))
	}
	if !o.TakesBody() {
		return answers
	}
	text := h.marker("a body" + about)
	answers = append(answers,
		c.Do(o.Method, o.Fill("x"), `{"`+harness.Unique()+`":"`+text+`"}`),
		c.Do(o.Method, o.Fill("x"), text))
	taken := c.Do(o.Method, o.Fill("x"), filled(t, o, text))
	if taken.Status < http.StatusMultipleChoices {
		h.forget(text) // a name or the like, which is no secret where it is taken
	}
	return append(answers, taken)
}

// live does what people do, and keeps every secret that is given out on the way.
// Each is shown once, where it is made.
func (h *house) live(t *testing.T) (ada harness.Person, callers map[string]*harness.Client) {
	t.Helper()
	ada = h.Register(t)
	h.secret("a password", ada.Password)
	holding := func(what string, p harness.Person) harness.Person {
		h.secret("the access token of "+what, p.AccessToken)
		h.secret("the refresh token of "+what, p.RefreshToken)
		return p
	}
	holding("a registration", ada)
	proof := h.secret("a mailed proof", h.post.Wait(t, ada.Email, "Confirm your email address").Token())
	ada.Post("/v1/auth/verify-email", M{"token": proof}).Want(204)
	other := holding("a login", ada.Login(t))
	holding("a refresh", other.Holding(h.Client(t).Post("/v1/auth/refresh", M{"refresh_token": other.RefreshToken}).Want(200)))
	h.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": h.secret("a wrong password", harness.NewPassword())}).Want(401)
	h.Client(t).Post("/v1/auth/login", M{"email": h.secret("a password typed as a name", harness.NewPassword()), "password": ada.Password}).Want(401)

	key, id := ada.NewKey(t, ada.Dev, M{"type": "client"})
	h.secret("an environment key", key)
	h.Client(t).Key(key).Get("/v1/sdk/environment").Want(200)
	h.Client(t).Get("/v1/sdk/environment?api_key=" + key).Want(200)
	h.Client(t).Bearer(harness.AdminToken).Post("/v1/keys/verify", M{"key": key}).Want(200)
	again := ada.With("Idempotency-Key", h.secret("an Idempotency-Key", "retry-"+harness.Unique()+harness.Unique()))
	rotated := again.Post("/v1/api-keys/"+id+"/rotate", M{}).Want(201)
	h.secret("a successor", rotated.Text("key"))
	if replayed := again.Post("/v1/api-keys/"+id+"/rotate", M{}).Want(201); replayed.Text("key") != rotated.Text("key") {
		t.Error("the answer is not given again")
	}
	account := h.secret("an account key", again.Post("/v1/auth/keys", M{"name": "CLI"}).Want(201).Text("key"))

	guest := harness.NewEmail()
	ada.Post("/v1/members/invite", M{"email": guest, "role": "developer"}).Want(201)
	invitation := h.secret("an invitation", h.post.Wait(t, guest, "invited you to").Token())
	h.Client(t).Post("/v1/invitations/preview", M{"token": invitation}).Want(200)
	joined := h.Client(t).Post("/v1/invitations/accept", M{"token": invitation, "name": "Grace", "password": h.secret("a guest's password", harness.NewPassword())}).Want(201)
	h.secret("the guest's access token", joined.Text("tokens.access_token"))

	h.Client(t).Post("/v1/auth/password/forgot", M{"email": ada.Email}).Want(202)
	reset := h.secret("a reset", h.post.Wait(t, ada.Email, "Choose a new password").Token())
	ada.Password = h.secret("a new password", harness.NewPassword())
	h.Client(t).Post("/v1/auth/password/reset", M{"token": reset, "new_password": ada.Password}).Want(204)
	for _, mount := range []string{"/compat/phaseflag/api/v1/auth/login", "/compat/phy/api/v1/auth/login", "/compat/username-keys/api/v1/auth/login"} {
		h.Client(t).Post(mount, M{"email": ada.Email, "username": ada.Email, "password": h.secret("a dialect's password", harness.NewPassword())})
	}
	ada = holding("the last login", ada.Login(t))
	return ada, map[string]*harness.Client{
		"nobody": h.Client(t), "the owner": ada.Client, "the operators' token": h.Client(t).Bearer(harness.AdminToken),
		"an account key": h.Client(t).Bearer(account), "an environment key": h.Client(t).Key(rotated.Text("key")),
	}
}

func TestNoSecretIsWrittenAnywhere(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		h := open(t, d)
		ada, callers := h.live(t)
		sent := h.drive(t, callers)
		ada = ada.Login(t) // the session before was logged out on the way
		h.secret("the last access token", ada.AccessToken)
		for _, path := range []string{
			"/v1/auth/me", "/v1/auth/sessions", "/v1/auth/keys", "/v1/members", "/v1/projects", "/v1/audit?limit=100", "/v1/audit/export",
		} {
			if found := h.hits(string(ada.Get(path).Want(http.StatusOK).Body)); len(found) > 0 {
				t.Errorf("%s shows %q", path, found)
			}
		}
		planted := plant(ada.Client)
		places := h.places(t)
		h.Stop() // which sends the last traces
		places["the log"], places["the traces"] = h.Logs(), h.traces.Text()
		control(t, places, planted)
		searched := 0
		for where, text := range places {
			searched += len(text)
			for _, what := range h.hits(text) {
				t.Errorf("%s holds %s", where, what)
			}
		}
		harness.Figure(t, "secrets in logs, traces, metrics and dumps on "+string(d.Engine),
			"0 of %d in %.1f MB, after %d requests", len(h.secrets), float64(searched)/1e6, sent)
	})
}

// plant writes to every kind of place what the search has to find there: to the log
// what is sent as the id of a request, to the database a name, to the traces a
// route.
func plant(c *harness.Client) map[string]string {
	planted := map[string]string{"the log": "planted-" + harness.Unique(), "the database": "planted-" + harness.Unique(), "the traces": "/v1/sdk/authorize"}
	c.With("X-Request-ID", planted["the log"]).Get("/v1/projects").Want(http.StatusOK)
	c.Post("/v1/projects", M{"name": planted["the database"]}).Want(http.StatusCreated)
	return planted
}

// control shows that the search finds what is there, however it is spelled.
func control(t *testing.T, places, planted map[string]string) {
	t.Helper()
	for where, text := range planted {
		look := &house{secrets: map[string]string{text: "what was planted"}}
		if len(look.hits(places[where])) != 1 {
			t.Errorf("the search does not find what was written to %s", where)
		}
	}
	marker := "Zq7-" + harness.Unique() + harness.Unique()
	for _, secret := range []string{"words and words", marker} {
		look := &house{secrets: map[string]string{secret: "what was planted"}}
		for _, spelled := range spellings(secret) {
			if len(look.hits("x "+spelled+" y")) == 0 {
				t.Errorf("the search does not find %s spelled %s", secret, spelled)
			}
		}
	}
}
