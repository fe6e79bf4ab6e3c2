package isolation

import "maps"

// manner is in which order a route judges what it is asked for.
type manner int

const (
	// reading asks for the role and the scope, and then looks.
	reading manner = iota
	// changing looks first, so that a 403 proves nothing: 404 before 403.
	changing
	// naming names its organization itself; it looks first.
	naming
	// personal is about the caller's own account, and not for keys.
	personal
	// filtering narrows a list: what is not there is an empty list.
	filtering
	// knowing tells of an account what the caller may know.
	knowing
	// operating is for operators of the installation.
	operating
)

// place is where an id stands in a request, and what it names there.
type place struct {
	in   string // "path", "query" or "body"
	name string
	of   kind
	with M // members of the body that say what kind is meant
}

// route is what the tests know of an operation.
type route struct {
	manner manner
	places []place
	least  string // role; empty: the viewer's
	scope  string // that a key needs; empty: read
	done   int    // what it answers once everything is permitted; 0: 200
	person bool   // not for keys, however they are scoped
	body   M
	// unharmed says why it is not aimed at what is the caller's own.
	unharmed string
}

func at(name string, of kind) place            { return place{in: "path", name: name, of: of} }
func narrowed(name string, of kind) place      { return place{in: "query", name: name, of: of} }
func holding(name string, of kind) place       { return place{in: "body", name: name, of: of} }
func (p place) beside(members M) place         { p.with = members; return p }
func list(least string, places ...place) route { return route{places: places, least: least} }

// routes are all operations that know of tenants.
var routes = map[string]route{
	"GET /v1/organizations/{id}":           {manner: naming, places: []place{at("id", organization)}},
	"PATCH /v1/organizations/{id}":         {manner: naming, places: []place{at("id", organization)}, least: "owner", scope: "write", body: M{}},
	"DELETE /v1/organizations/{id}":        {manner: naming, places: []place{at("id", organization)}, least: "owner", scope: "write", person: true, done: 409, body: M{"confirm": "no-slug"}},
	"POST /v1/organizations/{id}/leave":    {manner: naming, places: []place{at("id", organization)}, scope: "write", unharmed: "the caller would be gone; test/api tries it"},
	"POST /v1/organizations/{id}/transfer": {manner: naming, places: []place{at("id", organization), holding("member_id", member)}, least: "owner", scope: "write", person: true, done: 409},

	"GET /v1/members":              list(""),
	"POST /v1/members/invite":      {manner: changing, least: "admin", scope: "write", done: 409, body: M{"email": "MEMBER"}},
	"POST /v1/members/{id}/resend": {manner: changing, places: []place{at("id", invitation)}, least: "admin", scope: "write", done: 204},
	"PUT /v1/members/{id}":         {manner: changing, places: []place{at("id", invitation)}, least: "admin", scope: "write", done: 204, body: M{"role": "developer"}},
	"PATCH /v1/members/{id}":       {manner: changing, places: []place{at("id", invitation)}, least: "admin", scope: "write", done: 204, body: M{"role": "developer"}},
	"DELETE /v1/members/{id}":      {manner: changing, places: []place{at("id", invitation)}, least: "admin", scope: "write", done: 204},

	"GET /v1/audit":        {manner: filtering, places: []place{narrowed("actor_id", account), narrowed("resource_id", project)}, least: "admin"},
	"GET /v1/audit/export": {manner: filtering, places: []place{narrowed("actor_id", account), narrowed("resource_id", project)}, least: "admin"},
	"POST /v1/authz/explain": {manner: reading, least: "admin", body: M{"action": "project.create"}, places: []place{
		holding("member", member), explained(organization), explained(project), explained(environment), explained(key), explained(member),
	}},

	"GET /v1/projects":         list(""),
	"POST /v1/projects":        {manner: changing, least: "developer", scope: "write", done: 409, body: M{"name": "Taken", "slug": "default"}},
	"GET /v1/projects/{id}":    list("", at("id", project)),
	"PATCH /v1/projects/{id}":  {manner: changing, places: []place{at("id", project)}, least: "developer", scope: "write", body: M{}},
	"DELETE /v1/projects/{id}": {manner: changing, places: []place{at("id", project)}, least: "admin", scope: "write", done: 409, body: M{"confirm": "no-slug"}},

	"GET /v1/projects/{id}/environments":            list("", at("id", project)),
	"POST /v1/projects/{id}/environments":           {manner: changing, places: []place{at("id", project)}, least: "developer", scope: "write", done: 409, body: M{"name": "Taken", "slug": "main"}},
	"DELETE /v1/projects/{id}/environments/{envId}": {manner: changing, places: []place{at("id", project), at("envId", environment)}, least: "admin", scope: "write", done: 409, body: M{"confirm": "no-slug"}},
	"GET /v1/environments/{id}":                     list("", at("id", environment)),
	"PATCH /v1/environments/{id}":                   {manner: changing, places: []place{at("id", environment)}, least: "developer", scope: "write", body: M{}},
	"DELETE /v1/environments/{id}":                  {manner: changing, places: []place{at("id", environment)}, least: "admin", scope: "write", done: 409, body: M{"confirm": "no-slug"}},
	"GET /v1/environments/{id}/api-keys":            list("", at("id", environment)),
	"POST /v1/environments/{id}/api-keys":           {manner: changing, places: []place{at("id", environment)}, least: "admin", scope: "keys", done: 201, body: M{"name": "Made"}},
	"GET /v1/api-keys/{id}":                         list("", at("id", key)),
	"DELETE /v1/api-keys/{id}":                      {manner: changing, places: []place{at("id", key)}, least: "admin", scope: "keys", done: 204},
	"POST /v1/api-keys/{id}/rotate":                 {manner: changing, places: []place{at("id", key)}, least: "admin", scope: "keys", done: 409, body: M{"overlap_seconds": 60}},
	"GET /v1/auth/organizations":                    {manner: personal},
	"GET /v1/organizations":                         {manner: personal},
	"GET /v1/auth/me":                               {manner: personal},
	"GET /v1/auth/users/{userId}/organizations":     {manner: knowing, places: []place{at("userId", account)}},
	"GET /v1/auth/sessions":                         {manner: personal, person: true},
	"GET /v1/auth/keys":                             {manner: personal, person: true},
	"DELETE /v1/auth/sessions/{id}":                 {manner: personal, person: true, places: []place{at("id", session)}, done: 204},
	"DELETE /v1/auth/keys/{id}":                     {manner: personal, person: true, places: []place{at("id", accountKey)}, done: 204},
	"POST /v1/auth/keys":                            {manner: personal, person: true, places: []place{holding("organization_id", organization)}, done: 201, body: M{"name": "Made"}},
	"POST /v1/auth/switch-organization":             {manner: personal, person: true, places: []place{holding("organization_id", organization)}, unharmed: "it rotates the caller's tokens; test/api tries it"},

	"GET /v1/admin/accounts":         {manner: operating},
	"GET /v1/admin/organizations":    {manner: operating},
	"GET /v1/admin/accounts/{id}":    {manner: operating, places: []place{at("id", account)}},
	"PATCH /v1/admin/accounts/{id}":  {manner: operating, places: []place{at("id", account)}, body: M{"disabled": false}},
	"DELETE /v1/admin/accounts/{id}": {manner: operating, places: []place{at("id", account)}, done: 204, body: M{"delete_organizations": false}, unharmed: "the account would be gone; test/api tries it"},
}

// explained is a resource that one can ask about.
func explained(k kind) place { return holding("resource.id", k).beside(M{"type": string(k)}) }

// others are the operations that no id leads to a tenant by, each with the
// reason.
var others = map[string]string{
	"GET /v1/sdk/environment": "is tried beside this matrix",
	"GET /v1/sdk/authorize":   "is tried beside this matrix",
	"POST /v1/keys/verify":    "is tried beside this matrix",
}

func init() {
	for reason, names := range map[string][]string{
		"documentation and health": {"GET /.well-known/jwks.json", "GET /docs", "GET /docs/{asset}", "GET /healthz", "GET /openapi.json", "GET /readyz"},
		"a page of its own":        {"GET /v1/auth/verify-email", "GET /v1/auth/verify-email/{asset}"},
		"the mailed token is the credential": {
			"POST /v1/auth/verify-email", "POST /v1/auth/email/undo", "POST /v1/auth/password/reset",
			"POST /v1/invitations/accept", "POST /v1/invitations/decline", "POST /v1/invitations/preview",
		},
		"answers alike for every address": {"POST /v1/auth/password/forgot", "POST /v1/auth/send-verification-email"},
		"makes or opens one's own": {
			"POST /v1/auth/register", "POST /v1/auth/signup", "POST /v1/auth/login", "POST /v1/auth/refresh", "POST /v1/organizations",
		},
		"changes the caller's own account, by the password": {
			"DELETE /v1/auth/me", "POST /v1/auth/email", "POST /v1/auth/password/change", "POST /v1/auth/reauthenticate",
		},
		"ends or renames the caller alone": {"PATCH /v1/auth/me", "POST /v1/auth/logout", "DELETE /v1/auth/sessions"},
	} {
		maps.Copy(others, collect(names, reason))
	}
}

func collect(names []string, reason string) map[string]string {
	all := map[string]string{}
	for _, name := range names {
		all[name] = reason
	}
	return all
}
