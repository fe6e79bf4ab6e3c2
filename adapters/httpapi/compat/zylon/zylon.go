// Package zylon speaks the dialect of Zylon's authentication API: a backend that
// holds the installation's API token makes accounts and logs people in, ids such
// as acct_… are hexadecimal, sessions are kept in a cookie.
package zylon

import (
	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/app"
)

//go:generate go run ../../../../cmd/tenantry openapi openapi.json zylon

// New returns the dialect.
func New() httpapi.Dialect {
	return httpapi.Dialect{
		Name:    "zylon",
		Title:   "Zylon",
		About:   "Zylon's authentication API, spoken by Tenantry. Its API token is ADMIN_API_TOKEN, and every call needs it. What it leaves open is as under /v1.",
		Refusal: refusal,
		Routes:  func(a *app.App) []httpapi.Route { return (&dialect{a}).routes() },
	}
}

// dialect translates for the use cases.
type dialect struct{ app *app.App }

func (d *dialect) routes() []httpapi.Route {
	return []httpapi.Route{
		httpapi.Post("/api/v1/auth/register", httpapi.ByMachine, "register", "Create a credentials-based account", httpapi.Creates(201, d.register, showEnrolled), 409),
		httpapi.Post("/api/v1/auth/login", httpapi.ByMachine, "log-in", "Exchange credentials for a session", httpapi.Answers(200, d.login)),
		httpapi.Post("/api/v1/auth/logout", httpapi.ByMachine, "log-out", "End the session of the cookie", httpapi.Answers(200, d.logout)),
	}
}
