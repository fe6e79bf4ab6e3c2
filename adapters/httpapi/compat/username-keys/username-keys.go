// Package usernamekeys speaks the dialect of an API that logs in by username
// and gives out keys for programs: flat objects in camelCase, refusals in
// {"error": …}, ids such as user_… in hexadecimal digits, refresh tokens that
// stay.
package usernamekeys

import (
	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/app"
)

//go:generate go run ../../../../cmd/tenantry openapi openapi.json username-keys

// New returns the dialect.
func New() httpapi.Dialect {
	return httpapi.Dialect{
		Name:    "username-keys",
		Title:   "Username and keys",
		About:   "An authentication API by usernames and account keys, spoken by Tenantry. What it leaves open is as under /v1.",
		Refusal: refusal,
		Routes:  func(a *app.App) []httpapi.Route { return (&dialect{a}).routes() },
	}
}

// dialect translates for the use cases.
type dialect struct{ app *app.App }

func (d *dialect) routes() []httpapi.Route {
	return []httpapi.Route{
		httpapi.Post("/api/v1/auth/login", httpapi.ByAddress, "log-in", "Begin a session", httpapi.Answers(200, d.login), 401),
		httpapi.Post("/api/v1/auth/refresh", httpapi.Open, "refresh", "Obtain a new access token", httpapi.Answers(200, d.refresh), 401),
		httpapi.Post("/api/v1/auth/logout", httpapi.ByPerson, "log-out", "End the session with its tokens", httpapi.Answers(200, d.logout), 404),
		httpapi.Post("/api/v1/auth/keys", httpapi.ByPerson, "create-key", "Make an account key; the answer alone shows it", httpapi.Creates(201, d.createKey, showNewKey), 404),
		httpapi.Get("/api/v1/auth/keys", httpapi.ByPerson, "list-keys", "List one's account keys", httpapi.Answers(200, d.listKeys), 404),
		httpapi.Delete("/api/v1/auth/keys/{keyId}", httpapi.ByPerson, "delete-key", "End an account key at once", httpapi.Answers(204, d.deleteKey), 404),
	}
}
