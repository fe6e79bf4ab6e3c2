// Package phy speaks the dialect of PHY's authentication API: everything in an
// envelope {"success", "message", "data", "error"}, ids as under /v1, roles in
// upper case, a signup without tokens.
package phy

import (
	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/app"
)

//go:generate go run ../../../../cmd/tenantry openapi openapi.json phy

// New returns the dialect.
func New() httpapi.Dialect {
	return httpapi.Dialect{
		Name:    "phy",
		Title:   "PHY",
		About:   "PHY's authentication API, spoken by Tenantry. What it leaves open is as under /v1.",
		Refusal: refusal,
		Routes:  func(a *app.App) []httpapi.Route { return (&dialect{a}).routes() },
	}
}

// dialect translates for the use cases.
type dialect struct{ app *app.App }

func (d *dialect) routes() []httpapi.Route {
	return []httpapi.Route{
		httpapi.Post("/api/v1/auth/login", httpapi.ByAddress, "log-in", "Begin a session", httpapi.Answers(200, d.login), 401),
		httpapi.Post("/api/v1/auth/signup", httpapi.ByAddress, "sign-up", "Make an account with a personal organization", httpapi.Creates(200, d.signup, showSignedUp), 401),
		httpapi.Post("/api/v1/auth/refresh", httpapi.Open, "refresh", "Exchange a refresh token for new tokens", httpapi.Answers(200, d.refresh), 401),
		httpapi.Get("/api/v1/auth/organizations", httpapi.ByToken, "list-organizations", "List one's organizations, with one's role", httpapi.Answers(200, d.organizations), 404),
		httpapi.Get("/api/v1/auth/users/{userId}/organizations", httpapi.ByToken, "list-user-organizations", "List an account's organizations, as far as one may know them", httpapi.Answers(200, d.userOrganizations), 404),
	}
}
