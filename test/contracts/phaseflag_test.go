package contracts

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

func TestPhaseFlag(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		r := begin(t, "phaseflag", harness.Start(t, d, harness.Environment{"COMPAT": "phaseflag"}))
		r.refused = func(x exchange) {
			r.Helper()
			code, _ := x.Value("error.code").(string)
			message, _ := x.Value("error.message").(string)
			if members := x.Members("error"); code == "" || message == "" || len(members) != 2 || len(x.Object()) != 1 {
				r.Errorf("%s: %d is no refusal of this dialect:\n%s", x.endpoint, x.Status, x.Body)
			}
		}
		alice := r.ask("POST /auth/register").answered(201) // an empty installation: she is the admin
		r.again("POST /auth/register").answered(409)
		r.again("POST /auth/register", "alice@", "ALICE@").answered(409)
		second := r.again("POST /auth/register", "alice@example.com", harness.NewEmail()).Want(201)
		if role := second.Text("data.role"); role != "member" {
			r.Errorf("the second account's role is %s", role)
		}

		session := r.ask("POST /auth/login").answered(200)
		r.again("POST /auth/login", "super-secret-password-123", "another password").answered(401)
		r.again("POST /auth/login", "alice@example.com", harness.NewEmail()).answered(401)
		phaseFlagTokens(r, session)
		phaseFlagProfile(r, alice, session)
		phaseFlagKeys(r, session)
		phaseFlagSession(r, session)

		r.fields("POST /auth/register", 201, 400, func(changes M) exchange {
			body := M{"email": harness.NewEmail(), "password": "super-secret-password-123", "full_name": "Alice Smith"}
			return r.do("POST /auth/register", r.server.Client(r), with(body, changes))
		})
	})
}

// phaseFlagTokens checks what the document says of the login's members.
func phaseFlagTokens(r *run, session exchange) {
	r.Helper()
	claims := harness.Claims(r, session.Text("data.access_token"))
	r.says("access_token | JWT — include in Authorization: Bearer <token> header |") // as phaseFlagProfile does
	if lives := claims["exp"].(float64) - claims["iat"].(float64); lives != (24 * time.Hour).Seconds() {
		r.Errorf("the access token lives %v s", lives)
	}
	r.says("expires_in | Seconds until the access token expires (default: 24h) |")
	r.says("refresh_token | Opaque token for refreshing the access token |") // as phaseFlagSession does
}

const phaseFlagJWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9..."

func phaseFlagProfile(r *run, alice, session exchange) {
	r.Helper()
	token := session.Text("data.access_token")
	native := r.server.Client(r).Bearer(token)
	own := native.Get("/v1/auth/organizations").Want(200)
	if len(own.List()) != 1 || own.Value("0.is_personal_account") != true {
		r.Errorf("the registration made the organizations %s", own.Body)
	}
	native.Patch("/v1/organizations/"+own.Text("0.id"), M{"is_personal_account": false}).Want(200)
	native.Patch("/v1/organizations/"+own.Text("0.id"), M{"name": "Acme Corp"}).Want(200)
	me := r.ask("GET /auth/me", phaseFlagJWT, token).answered(200)
	if me.Text("data.id") != alice.Text("data.id") || me.Text("data.created_at") != alice.Text("data.created_at") {
		r.Errorf("registered %s, found %s", alice.Body, me.Body)
	}
	r.again("GET /auth/me").is(401)
	r.again("GET /auth/me", "Bearer "+phaseFlagJWT, "Basic YWxpY2U6eA==").is(401)
}

// phaseFlagKeys checks what the document says of environment keys, which are
// made in the dashboard: by our own API.
func phaseFlagKeys(r *run, session exchange) {
	r.Helper()
	native := r.server.Client(r).Bearer(session.Text("data.access_token"))
	project := native.Get("/v1/projects").Want(200).Text("0.id")
	secrets, ids := map[string]string{}, map[string]string{}
	for _, e := range native.Get("/v1/projects/" + project + "/environments").Want(200).List() {
		slug := e["slug"].(string)
		made := native.Post("/v1/environments/"+e["id"].(string)+"/api-keys", M{"name": "CI"}).Want(201)
		secrets[slug], ids[slug] = made.Text("key"), made.Text("id")
	}
	opens := func(slug string) *harness.Response {
		return r.server.Client(r).Key(secrets[slug]).Get("/v1/sdk/environment")
	}
	for slug, prefix := range map[string]string{"dev": "sdk-dev-", "staging": "sdk-staging-", "production": "sdk-prod-"} {
		if !strings.HasPrefix(secrets[slug], prefix) {
			r.Errorf("a key of %s begins with %.12s", slug, secrets[slug])
		}
		if found := opens(slug).Want(200).Text("environment.slug"); found != slug {
			r.Errorf("a key of %s opens %s", slug, found)
		}
		r.server.Client(r).Key(secrets[slug]).Get("/v1/sdk/authorize?environment=" + slug).Want(204)
	}
	if !strings.Contains(r.text, "sdk-dev-,sdk-staging-,sdk-prod-") {
		r.Error("the document has other prefixes")
	}
	r.says("- Prefixed with the environment type (")
	r.server.Client(r).Key(secrets["dev"]).Get("/v1/sdk/authorize?environment=staging").Want(403)
	r.says("- Scoped to a single environment")
	native.Delete("/v1/api-keys/" + ids["dev"]).Want(204)
	opens("dev").Want(401)
	opens("staging").Want(200)
	r.says("- Revocable individually without affecting other keys")
	r.ask("GET /sdk/ruleset", "sdk-prod-xxxxxxxxxxxx", secrets["production"]).unserved()
}

// phaseFlagSession refreshes, and ends the session.
func phaseFlagSession(r *run, session exchange) {
	r.Helper()
	const written = "rt_01HXKR7M2P3QNZFVM6T8WE9J0E"
	token := session.Text("data.refresh_token")
	first := r.ask("POST /auth/refresh", written, token).answered(200)
	next := r.again("POST /auth/refresh", written, token).answered(200) // the token stays
	r.again("POST /auth/refresh").is(401)
	access := []string{session.Text("data.access_token"), first.Text("data.access_token"), next.Text("data.access_token")}
	slices.Sort(access)
	if len(slices.Compact(slices.Clone(access))) != 3 {
		r.Error("a refresh gives an access token again")
	}
	r.ask("POST /auth/logout", phaseFlagJWT, next.Text("data.access_token")).answered(204)
	for _, token := range access {
		r.again("GET /auth/me", phaseFlagJWT, token).is(401)
	}
	r.again("POST /auth/refresh", written, token).is(401)
	r.again("POST /auth/logout", phaseFlagJWT, next.Text("data.access_token")).is(401)
}
