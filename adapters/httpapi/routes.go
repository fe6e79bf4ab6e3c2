package httpapi

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

const (
	get    = http.MethodGet
	post   = http.MethodPost
	patch  = http.MethodPatch
	remove = http.MethodDelete
)

// class is the kind of credential that a route asks for, and so the middleware
// that stands before it. Rate limits hang here, too: a class is a bucket.
type class struct {
	name       string
	middleware func(*server) []gin.HandlerFunc
	security   []map[string][]string
	refuses    []int // on every route of the class
}

// The classes of routes.
var (
	open       = class{"open", func(*server) []gin.HandlerFunc { return nil }, nil, nil}
	byToken    = class{"token", func(s *server) []gin.HandlerFunc { return []gin.HandlerFunc{s.session} }, needs(sessionScheme), []int{400, 401}}
	byOperator = class{"operator", func(s *server) []gin.HandlerFunc { return []gin.HandlerFunc{s.operator} }, needs(operatorScheme), []int{400, 401}}
	byKey      = class{"key", func(*server) []gin.HandlerFunc { return []gin.HandlerFunc{asksForKey} }, needs(keyScheme), []int{401}}
)

func needs(scheme string) []map[string][]string { return []map[string][]string{{scheme: {}}} }

// route is one line of the table of contents.
type route struct {
	method, path string
	class        class
	id, summary  string
	endpoint     endpoint
	refuses      []int // beyond what its class and its input imply
}

// section is a noun's routes.
type section struct {
	tag, about string
	routes     []route
}

// sections is the whole API.
func (s *server) sections() []section {
	return []section{
		{"Accounts", "Making an account, and one's own.", s.accountRoutes()},
		{"Sessions", "Logging in, staying in and getting out.", s.sessionRoutes()},
		{"Organizations", "Tenants, and one's place in them.", s.organizationRoutes()},
		{"Projects", "Projects of the active organization.", s.projectRoutes()},
		{"Environments", "The stages of a project.", s.environmentRoutes()},
		{"Environment keys", "What SDKs and backends call in by.", s.keyRoutes()},
		{"SDK plane", "What a key opens.", s.sdkRoutes()},
		{"System", "About this installation.", s.systemRoutes()},
	}
}

func (s *server) accountRoutes() []route {
	return []route{
		{post, "/v1/auth/register", open, "register", "Make an account with an organization of its own", answers(201, s.registerAccount), []int{409}},
		{post, "/v1/auth/signup", open, "sign-up", "Make an account with a personal organization", answers(201, s.signUp), []int{409}},
		{get, "/v1/auth/me", byToken, "get-me", "Show one's account", answers(200, s.me), []int{404}},
		{patch, "/v1/auth/me", byToken, "update-me", "Change one's name or username", answers(200, s.updateMe), []int{404, 409}},
		{remove, "/v1/auth/me", byToken, "delete-me", "Delete one's account", answers(204, s.deleteMe), []int{403, 404, 409, 429}},
	}
}

func (s *server) sessionRoutes() []route {
	return []route{
		{post, "/v1/auth/login", open, "log-in", "Begin a session", answers(200, s.login), []int{401, 429}},
		{post, "/v1/auth/refresh", open, "refresh", "Trade a refresh token for new tokens", answers(200, s.refresh), []int{401}},
		{post, "/v1/auth/logout", byToken, "log-out", "End this session", answers(204, s.logout), []int{404}},
		{post, "/v1/auth/switch-organization", byToken, "switch-organization", "Make another organization the active one", answers(200, s.switchOrganization), []int{404}},
		{post, "/v1/auth/reauthenticate", byToken, "reauthenticate", "Prove the password again", answers(204, s.reauthenticate), []int{403, 404, 429}},
		{get, "/v1/auth/sessions", byToken, "list-sessions", "List one's sessions", answers(200, s.listSessions), []int{404}},
		{remove, "/v1/auth/sessions", byToken, "end-other-sessions", "End all of one's sessions but this one", answers(204, s.endOtherSessions), []int{404}},
		{remove, "/v1/auth/sessions/{id}", byToken, "end-session", "End one of one's sessions", answers(204, s.endSession), []int{404}},
	}
}

func (s *server) organizationRoutes() []route {
	return []route{
		{get, "/v1/auth/organizations", byToken, "list-my-organizations", "List one's organizations, with one's role", answers(200, s.listMyOrganizations), []int{404}},
		{get, "/v1/auth/users/{userId}/organizations", byToken, "list-user-organizations", "List an account's organizations, as far as one may know them", answers(200, s.listUserOrganizations), []int{404}},
		{get, "/v1/organizations", byToken, "list-organizations", "List one's organizations", answers(200, s.listOrganizations), []int{404}},
		{post, "/v1/organizations", byToken, "create-organization", "Found an organization", answers(201, s.createOrganization), []int{404, 409}},
		{get, "/v1/organizations/{id}", byToken, "get-organization", "Show an organization", answers(200, s.getOrganization), []int{404}},
		{patch, "/v1/organizations/{id}", byToken, "update-organization", "Rename or convert an organization", answers(200, s.updateOrganization), []int{403, 404, 409}},
		{remove, "/v1/organizations/{id}", byToken, "delete-organization", "Delete an organization with everything in it", answers(204, s.deleteOrganization), []int{403, 404, 409}},
	}
}

func (s *server) projectRoutes() []route {
	return []route{
		{get, "/v1/projects", byToken, "list-projects", "List projects", answers(200, s.listProjects), []int{404}},
		{post, "/v1/projects", byToken, "create-project", "Make a project with the default environments", answers(201, s.createProject), []int{403, 404, 409}},
		{get, "/v1/projects/{id}", byToken, "get-project", "Show a project", answers(200, s.getProject), []int{404}},
		{patch, "/v1/projects/{id}", byToken, "update-project", "Rename a project", answers(200, s.updateProject), []int{403, 404, 409}},
		{remove, "/v1/projects/{id}", byToken, "delete-project", "Delete a project with its environments and keys", answers(204, s.deleteProject), []int{403, 404}},
	}
}

func (s *server) environmentRoutes() []route {
	return []route{
		{get, "/v1/projects/{id}/environments", byToken, "list-environments", "List a project's environments", answers(200, s.listEnvironments), []int{404}},
		{post, "/v1/projects/{id}/environments", byToken, "create-environment", "Make an environment", answers(201, s.createEnvironment), []int{403, 404, 409}},
		{remove, "/v1/projects/{id}/environments/{envId}", byToken, "delete-project-environment", "Delete an environment of this project", answers(204, s.deleteProjectEnvironment), []int{403, 404}},
		{get, "/v1/environments/{id}", byToken, "get-environment", "Show an environment", answers(200, s.getEnvironment), []int{404}},
		{patch, "/v1/environments/{id}", byToken, "update-environment", "Change an environment", answers(200, s.updateEnvironment), []int{403, 404, 409}},
		{remove, "/v1/environments/{id}", byToken, "delete-environment", "Delete an environment with its keys", answers(204, s.deleteEnvironment), []int{403, 404}},
	}
}

func (s *server) keyRoutes() []route {
	return []route{
		{get, "/v1/environments/{id}/api-keys", byToken, "list-api-keys", "List an environment's keys", answers(200, s.listAPIKeys), []int{404}},
		{post, "/v1/environments/{id}/api-keys", byToken, "create-api-key", "Make a key; the answer alone shows it", answers(201, s.createAPIKey), []int{403, 404}},
		{get, "/v1/api-keys/{id}", byToken, "get-api-key", "Show a key, without its secret", answers(200, s.getAPIKey), []int{404}},
		{remove, "/v1/api-keys/{id}", byToken, "revoke-api-key", "Revoke a key at once", answers(204, s.revokeAPIKey), []int{403, 404}},
	}
}

func (s *server) sdkRoutes() []route {
	return []route{
		{get, "/v1/sdk/environment", byKey, "get-sdk-environment", "Show what this key opens", serves(s.sdkEnvironment, documentSDKEnvironment), []int{400}},
		{get, "/v1/sdk/authorize", byKey, "authorize", "Let a gateway ask whether this key opens what it should", serves(s.sdkAuthorize, documentAuthorize), []int{403}},
		{post, "/v1/keys/verify", byOperator, "verify-key", "Let a product's backend ask about a key", answers(200, s.verifyKey), nil},
	}
}

func (s *server) systemRoutes() []route {
	return []route{
		{get, "/healthz", open, "health", "Say that the process runs", serves(s.health, documentHealth), nil},
		{get, "/readyz", open, "readiness", "Say whether requests can be served", serves(s.readiness, documentHealth), nil},
		{get, "/.well-known/jwks.json", open, "jwks", "Show the public keys of access tokens (RFC 7517)", serves(s.jwks, documentObject("The keys")), nil},
		{get, "/openapi.json", open, "openapi", "Show this document", serves(s.openapi, documentObject("The document")), nil},
		{get, "/docs", open, "docs", "Show this document as a page", serves(s.docs, documentFile("text/html")), nil},
		{get, "/docs/{asset}", open, "docs-asset", "Load a part of that page", serves(s.docsAsset, documentAsset), []int{404}},
	}
}

// register puts every route on the engine and into the specification.
func (s *server) register(engine *gin.Engine, specification *huma.OpenAPI) {
	config := huma.Config{
		OpenAPI:                      specification,
		Formats:                      formats,
		DefaultFormat:                jsonType,
		RejectUnknownQueryParameters: true,
	}
	for _, section := range s.sections() {
		specification.Tags = append(specification.Tags, &huma.Tag{Name: section.tag, Description: section.about})
		for _, r := range section.routes {
			group := engine.Group("", r.class.middleware(s)...)
			api := humagin.NewWithGroup(engine, group, config)
			api.UseMiddleware(strict)
			op := huma.Operation{
				Method: r.method, Path: r.path, OperationID: r.id, Summary: r.summary,
				Tags: []string{section.tag}, Security: r.class.security,
			}
			refusals(&op, http.StatusInternalServerError, http.StatusServiceUnavailable)
			refusals(&op, r.class.refuses...)
			refusals(&op, r.refuses...)
			if r.class.name == byToken.name {
				op.Parameters = append(op.Parameters, organizationParameter)
			}
			r.endpoint(api, group, op)
		}
	}
}

// ginPath writes a path of the specification as the router wants it.
func ginPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}
