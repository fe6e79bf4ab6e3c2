package contracts

import (
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

func TestFeatureSignals(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		r := begin(t, "featuresignals", harness.Start(t, d))
		r.refused = func(x exchange) {
			r.Helper()
			if sentence, isText := x.Value("error").(string); !isText || sentence == "" {
				r.Errorf("%s: %d has no error:\n%s", x.endpoint, x.Status, x.Body)
			}
		}
		registered := r.ask("POST /v1/auth/register").answered(201)
		begins(r, registered)
		loggedIn := r.ask("POST /v1/auth/login").answered(200)
		r.again("POST /v1/auth/login", "securepassword", "another password").answered(401)
		r.again("POST /v1/auth/login", "admin@example.com", harness.NewEmail()).answered(401)
		refreshed := r.ask("POST /v1/auth/refresh", "eyJ...", loggedIn.Text("tokens.refresh_token")).answered(200)
		r.again("POST /v1/auth/refresh").is(401)
		listed := r.ask("GET /v1/projects", "eyJ...", refreshed.Text("access_token")).is(200)
		if list := listed.List(); len(list) != 1 || list[0]["slug"] != "default" {
			r.Errorf("the projects are %v", list)
		}
		r.again("GET /v1/projects").is(401)

		owner := r.server.Client(r).Bearer(refreshed.Text("access_token"))
		key := owner.Post("/v1/environments/"+registered.Text("environments.0.id")+"/api-keys", M{"name": "Backend"}).Want(201)
		r.ask("POST /v1/evaluate", "fs_srv_...", key.Text("key")).unserved()

		r.fields("POST /v1/auth/register", 201, 400, func(changes M) exchange {
			body := harness.NewRegistration(M{"password": "x7#Kq9!z-longer"})
			return r.do("POST /v1/auth/register", r.server.Client(r), with(body, changes))
		})
		tokenSettings(r)
	})
}

// begins looks for all that a registration makes.
func begins(r *run, registered exchange) {
	r.Helper()
	admin := r.server.Client(r).Bearer(registered.Text("tokens.access_token"))
	me := admin.Get("/v1/auth/me").Want(200)
	if me.Text("id") != registered.Text("user.id") || me.Text("organization.role") != "owner" {
		r.Errorf("the account is %s", me.Body)
	}
	r.says("- User with owner role")
	organization := admin.Get("/v1/organizations/" + registered.Text("organization.id")).Want(200)
	if organization.Text("slug") != "my-company" {
		r.Errorf("the organization is %s", organization.Body)
	}
	r.says("- Organization with slug derived from name")
	projects := admin.Get("/v1/projects").Want(200)
	if len(projects.List()) != 1 || projects.Text("0.slug") != "default" {
		r.Errorf("the projects are %s", projects.Body)
	}
	r.says("- Default Project with slug")
	var slugs []string
	for _, e := range admin.Get("/v1/projects/" + projects.Text("0.id") + "/environments").Want(200).List() {
		slugs = append(slugs, e["slug"].(string))
	}
	if strings.Join(slugs, ",") != "dev,staging,production" {
		r.Errorf("the environments are %v", slugs)
	}
	r.says("default - Three environments:")
}

// tokenSettings tries the table of settings: what holds without them, and with
// others.
func tokenSettings(r *run) {
	r.Helper()
	const secret = "5Qd0rTqzJm3yX1uVbN8sKwLhE7cGfAio"
	other := harness.Start(r, harness.NewDatabase(r, r.server.Database.Engine),
		harness.Environment{"TOKEN_TTL_MINUTES": "5", "REFRESH_TTL_HOURS": "1", "JWT_SECRET": secret})
	byDefault, bySettings := lives(r, r.server.Register(r)), lives(r, other.Register(r))
	for _, lifetime := range []struct {
		setting, byDefault string
		asSaid             bool
	}{
		{"TOKEN_TTL_MINUTES", "60 minutes", byDefault.access == time.Hour && bySettings.access == 5*time.Minute},
		{"REFRESH_TTL_HOURS", "7 days", byDefault.session == 7*24*time.Hour && bySettings.session == time.Hour},
	} {
		documented := r.setting(lifetime.setting, lifetime.byDefault)
		if !lifetime.asSaid {
			r.Errorf("%s: without it %+v, with another value %+v", documented, byDefault, bySettings)
		}
		r.take(documented, holds)
	}
	documented := r.setting("JWT_SECRET", "dev-secret-change-in-production")
	refused := harness.Run(r, harness.Environment{"JWT_SECRET": documented.row.text}, "config")
	if refused.Code == 0 || !strings.Contains(refused.Stderr, "JWT_SECRET") {
		r.Errorf("the documented secret is taken: %+v", refused)
	}
	if byDefault.signature == "HS256" || bySettings.signature != "HS256" {
		r.Errorf("without a secret %s signs, with one %s", byDefault.signature, bySettings.signature)
	}
	r.take(documented, r.except(documented, []difference{{"", "is refused, and not the default"}}))
}

// lifetimes are how long what a person was given lives, and who vouches for it.
type lifetimes struct {
	access, session time.Duration
	signature       string
}

func lives(r *run, p harness.Person) lifetimes {
	r.Helper()
	claims := harness.Claims(r, p.AccessToken)
	current := p.Get("/v1/auth/sessions").Want(200)
	return lifetimes{
		access:    time.Duration((claims["exp"].(float64) - claims["iat"].(float64)) * float64(time.Second)),
		session:   current.Time("0.expires_at").Sub(current.Time("0.created_at")),
		signature: harness.TokenHeader(r, p.AccessToken)["alg"].(string),
	}
}
