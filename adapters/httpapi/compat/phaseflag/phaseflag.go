// Package phaseflag speaks the dialect of PhaseFlag's authentication API: answers
// in {"data": …}, refusals in {"error": {"code", "message"}}, ids such as usr_…
// in Crockford's base 32, refresh tokens that stay.
package phaseflag

import (
	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/app"
)

//go:generate go run ../../../../cmd/tenantry openapi openapi.json phaseflag

// New returns the dialect.
func New() httpapi.Dialect {
	return httpapi.Dialect{
		Name:    "phaseflag",
		Title:   "PhaseFlag",
		About:   "PhaseFlag's authentication API, spoken by Tenantry. What it leaves open is as under /v1.",
		Refusal: refusal,
		Routes:  func(a *app.App) []httpapi.Route { return (&dialect{a}).routes() },
	}
}

// dialect translates for the use cases.
type dialect struct{ app *app.App }

func (d *dialect) routes() []httpapi.Route {
	return []httpapi.Route{
		httpapi.Post("/api/v1/auth/register", httpapi.ByAddress, "register", "Create a new user account", httpapi.Creates(201, d.register, showRegistered), 409),
		httpapi.Post("/api/v1/auth/login", httpapi.ByAddress, "log-in", "Obtain an access token", httpapi.Answers(200, d.login), 401),
		httpapi.Get("/api/v1/auth/me", httpapi.ByToken, "me", "Get the authenticated user's profile", httpapi.Answers(200, d.me), 404),
		httpapi.Post("/api/v1/auth/refresh", httpapi.Open, "refresh", "Obtain a new access token", httpapi.Answers(200, d.refresh), 401),
		httpapi.Post("/api/v1/auth/logout", httpapi.ByPerson, "log-out", "End the session with its tokens", httpapi.Answers(204, d.logout), 404),
	}
}
