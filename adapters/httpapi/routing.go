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
	put    = http.MethodPut
	patch  = http.MethodPatch
	remove = http.MethodDelete
)

// class is the kind of credential that a route asks for, and so the middleware
// that stands before it. It is the kind of rate limit, too: whom a class knows
// is bounded as that.
type class struct {
	name       string
	middleware func(*server) []gin.HandlerFunc
	security   []map[string][]string
	refuses    []int // on every route of the class
	within     bool  // X-Organization-ID says which organization is meant
}

// The classes of routes. byAddress is for what needs no credential and tries one,
// or sends mail; what is merely open is not bounded. Behind byPerson stands the same check as behind
// byToken: the use cases refuse account keys, and the specification says so.
var (
	open       = class{name: "open", middleware: each()}
	byAddress  = class{name: "address", middleware: each((*server).ofAddress), refuses: []int{429}}
	byAnyone   = class{"anyone", each((*server).ofAddress, (*server).guest), needs(anonymous, sessionScheme), []int{400, 401, 429}, false}
	byToken    = class{"token", each((*server).session), needs(sessionScheme, accountKeyScheme), []int{400, 401, 403, 429}, true}
	byPerson   = class{"person", each((*server).session), needs(sessionScheme), []int{400, 401, 403, 429}, true}
	byBackend  = class{"backend", each((*server).backend), needs(operatorScheme, accountKeyScheme), []int{400, 401, 403, 429}, false}
	byOperator = class{"operator", each((*server).operator), needs(operatorScheme, sessionScheme), []int{400, 401, 403}, false}
	byMachine  = class{"machine", each((*server).ofAddress, (*server).sameOrigin, (*server).machine), needs(operatorScheme), []int{400, 401, 403, 429}, false}
	byKey      = class{"key", each((*server).asksForKey), needs(keyScheme), []int{401, 429}, false}
)

// each passes a request through the steps, until one has answered it.
func each(steps ...func(*server, *gin.Context)) func(*server) []gin.HandlerFunc {
	return func(s *server) []gin.HandlerFunc {
		var chain []gin.HandlerFunc
		for _, step := range steps {
			chain = append(chain, func(c *gin.Context) { step(s, c) })
		}
		return chain
	}
}

// anonymous among the schemes means that a route works without any.
const anonymous = ""

// needs lists the schemes of which one is enough.
func needs(schemes ...string) []map[string][]string {
	var enough []map[string][]string
	for _, scheme := range schemes {
		if scheme == anonymous {
			enough = append(enough, map[string][]string{})
			continue
		}
		enough = append(enough, map[string][]string{scheme: {}})
	}
	return enough
}

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

// register puts every route on the engine and into the specification.
func (s *server) register(engine *gin.Engine, specification *huma.OpenAPI, sections []section) {
	config := huma.Config{
		OpenAPI:                      specification,
		Formats:                      formats,
		DefaultFormat:                jsonType,
		RejectUnknownQueryParameters: true,
	}
	for _, section := range sections {
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
			if r.class.within {
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
