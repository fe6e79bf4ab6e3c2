package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

const apiKeyParameter = "api_key"

type sdkKeyBody struct {
	ID        string     `json:"id" format:"uuid"`
	Name      string     `json:"name" example:"Checkout backend"`
	Type      string     `json:"type" enum:"server,client"`
	Scopes    []string   `json:"scopes" example:"flags:read"`
	ExpiresAt *time.Time `json:"expires_at" doc:"Null for never"`
}

type openedBody struct {
	Organization OrganizationBody `json:"organization"`
	Project      ProjectBody      `json:"project"`
	Environment  environmentBody  `json:"environment"`
	Key          sdkKeyBody       `json:"key"`
}

func showOpened(o *ports.Opened) openedBody {
	return openedBody{
		Organization: showOrganization(o.Organization), Project: showProject(o.Project), Environment: showEnvironment(o.Environment),
		Key: sdkKeyBody{
			ID: o.Key.ID.String(), Name: o.Key.Name.String(), Type: string(o.Key.Type),
			Scopes: append([]string{}, o.Key.Scopes...), ExpiresAt: o.Key.ExpiresAt,
		},
	}
}

// asksForKey makes every 401 of the class name the header of keys.
func (*server) asksForKey(c *gin.Context) { callOf(c.Request.Context()).scheme = apiKey }

// presentedKey takes the key from its header, or from the query, where a
// browser's EventSource can only put it.
func presentedKey(c *gin.Context, query url.Values) (app.Presented, error) {
	if err := unambiguous(c.Request); err != nil {
		return app.Presented{}, err
	}
	inHeader, inQuery := first(c.Request.Header[apiKeyHeader]), query.Get(apiKeyParameter)
	callOf(c.Request.Context()).presented = inHeader != "" || inQuery != ""
	switch {
	case inQuery != "" && (inHeader != "" || c.GetHeader(authorizationHeader) != ""):
		return app.Presented{}, errAmbiguous
	case inHeader == "" && inQuery == "":
		return app.Presented{}, errKeyRequired
	}
	return app.Presented{Key: inHeader + inQuery, InURL: inQuery != "", Client: callOf(c.Request.Context()).client}, nil
}

// openBy finds out what the request's key opens, and takes the request from the
// limits that spend knows, once the key is found to be good. Parameters that are
// not known or empty are refused: a misspelled condition must not count as none,
// nor one whose variable a gateway did not set.
func (s *server) openBy(c *gin.Context, spend func(*server, *gin.Context, *ports.Opened) error, parameters ...string) (*ports.Opened, error) {
	var query url.Values
	var malformedQuery error
	if c.Request.URL.RawQuery != "" {
		query, malformedQuery = url.ParseQuery(c.Request.URL.RawQuery)
	}
	key, err := presentedKey(c, query)
	if err != nil {
		return nil, err
	}
	if malformedQuery != nil {
		return nil, malformed("query", "is not well formed")
	}
	var v fault.Validation
	for name, values := range query {
		if name != apiKeyParameter && !slices.Contains(parameters, name) {
			v.Refuse(shortened(name), "is not known here")
		} else if len(values) > 1 {
			v.Refuse(name, "appears more than once")
		} else if values[0] == "" {
			v.Refuse(name, "is empty: leave it out, or say what is asked for")
		}
	}
	// What has to be asked of the store has its own limit of time.
	opened, err := s.App.Verification.Authorize(c.Request.Context(), key, asked(query, parameters))
	if err != nil && fault.KindOf(err) != fault.Forbidden {
		return nil, err // no good key, and so nobody's
	}
	callOf(c.Request.Context()).organization = opened.Organization.ID.String()
	if limited := spend(s, c, opened); limited != nil {
		return nil, limited
	}
	if err != nil {
		return nil, err
	}
	return opened, v.Err() // who is asking comes first
}

// asked reads conditions, of which a route may have none.
func asked(query url.Values, parameters []string) (a app.Asked) {
	if slices.Contains(parameters, "environment") {
		a.Environment = query.Get("environment")
	}
	if slices.Contains(parameters, "scope") {
		a.Scope = query.Get("scope")
	}
	return a
}

// sdkEnvironment says what the key opens. The answer may be kept, and asked
// about again by its ETag.
func (s *server) sdkEnvironment(c *gin.Context) {
	opened, err := s.openBy(c, (*server).read)
	if err != nil {
		fail(c, err)
		return
	}
	answer, err := s.rendered.render(opened)
	if err != nil {
		fail(c, err)
		return
	}
	h := c.Writer.Header()
	h["Etag"] = answer.tag
	h["Cache-Control"] = privately
	h["Vary"] = byOriginAndKey
	if matches(c.Request.Header["If-None-Match"], answer.tag[0]) {
		c.Status(http.StatusNotModified)
		return
	}
	h["Content-Type"] = asJSON
	c.Status(http.StatusOK)
	_, _ = c.Writer.Write(answer.body) // whoever does not read on needs no answer
}

// Values of headers of what a key opens, shared by all answers like those of
// every answer.
var (
	privately      = []string{"private, no-cache"}
	byOriginAndKey = []string{"Origin", "X-API-Key, " + authorizationHeader}
	asJSON         = []string{jsonType}
)

// matches compares weakly, as If-None-Match asks for (RFC 9110, section 13.1.2).
func matches(conditions []string, tag string) bool {
	for candidate := range strings.SplitSeq(strings.Join(conditions, ","), ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == tag || candidate == "*" {
			return true
		}
	}
	return false
}

// sdkAuthorize tells a gateway by the status alone whether to let a request
// pass, and by headers whose it is.
func (s *server) sdkAuthorize(c *gin.Context) {
	opened, err := s.openBy(c, (*server).use, "environment", "scope")
	if err != nil {
		fail(c, forGateway(err))
		return
	}
	// One allocation for all values: this is asked for every request of a product.
	values := [...]string{
		callOf(c.Request.Context()).organization, opened.Project.ID.String(), opened.Environment.ID.String(),
		opened.Key.ID.String(), string(opened.Key.Type), opened.Key.Scopes.String(),
	}
	h := c.Writer.Header()
	for i, name := range openedHeaders {
		h[name] = values[i : i+1 : i+1]
	}
	c.Status(http.StatusNoContent)
}

// openedHeaders tell a gateway whose a key is.
var openedHeaders = [...]string{
	"X-Tenantry-Organization", "X-Tenantry-Project", "X-Tenantry-Environment",
	"X-Tenantry-Key", "X-Tenantry-Key-Type", "X-Tenantry-Scopes",
}

// forGateway turns what would be a 400 into a 403: gateways take every other
// status for a failure of the authorizer itself.
func forGateway(err error) error {
	f := *fault.Of(err)
	if f.Kind == fault.Invalid {
		f.Kind = fault.Forbidden
	}
	return &f
}

type verifyInput struct {
	Body struct {
		Key         string           `json:"key" example:"sdk-dev-00000000000000000000000000000000000000"`
		Environment optional[string] `json:"environment,omitempty" doc:"The id or slug of the environment that it must open"`
		Scope       optional[string] `json:"scope,omitempty" doc:"The scope that it must have"`
	}
}

type verdictBody struct {
	Valid        bool                     `json:"valid"`
	Code         string                   `json:"code" enum:"VALID,NOT_FOUND,MALFORMED,EXPIRED,REVOKED,WRONG_ENVIRONMENT,INSUFFICIENT_SCOPE,RATE_LIMITED"`
	Organization orNull[OrganizationBody] `json:"organization"`
	Project      orNull[ProjectBody]      `json:"project"`
	Environment  orNull[environmentBody]  `json:"environment"`
	Key          orNull[sdkKeyBody]       `json:"key"`
	CacheAge     int64                    `json:"cache_age_ms" doc:"How old the knowledge is, in milliseconds"`
}

type verdictOutput struct{ Body verdictBody }

func (s *server) verifyKey(ctx context.Context, by *call, in *verifyInput) (*verdictOutput, error) {
	reach, err := s.reachOf(ctx, by)
	if err != nil {
		return nil, err
	}
	asked := app.Asked{Environment: in.Body.Environment.orZero(), Scope: in.Body.Scope.orZero()}
	verdict, err := s.App.Verification.Verify(ctx, reach, app.Presented{Key: in.Body.Key, Client: by.client}, asked)
	if err != nil {
		return nil, err
	}
	shown := verdictBody{Valid: verdict.Code == app.Valid, Code: string(verdict.Code), CacheAge: verdict.Age.Milliseconds()}
	if s.limited(verdict) {
		shown.Valid, shown.Code = false, errRateLimited.Code
	}
	if verdict.Opened != nil {
		o := showOpened(verdict.Opened)
		shown.Organization.value, shown.Project.value = &o.Organization, &o.Project
		shown.Environment.value, shown.Key.value = &o.Environment, &o.Key
	}
	return &verdictOutput{shown}, nil
}

// reachOf is the set of organizations of whose keys a product's backend may know.
func (s *server) reachOf(ctx context.Context, by *call) (access.Reach, error) {
	if by.installation.Permits() == nil {
		return access.Everywhere(), nil
	}
	return s.App.AccountKeys.Reach(ctx, by.actor)
}

func documentSDKEnvironment(r huma.Registry, op *huma.Operation) {
	op.Parameters = append(op.Parameters, keyParameter)
	op.Responses["200"] = jsonResponse("What the key opens", schemaOf[openedBody](r))
	op.Responses["200"].Headers = map[string]*huma.Header{"ETag": textHeader("For If-None-Match")}
	op.Responses["304"] = &huma.Response{Description: "Nothing has changed since that ETag"}
}

func documentAuthorize(_ huma.Registry, op *huma.Operation) {
	op.Description = "Refusals are 401, 403 or 429. Every address below this one is answered like this one, whatever its method, " +
		"and its query is not read: for gateways that append the address of the request that they hold back, such as Envoy's ext_authz."
	op.Parameters = append(op.Parameters, keyParameter,
		&huma.Param{Name: "environment", In: "query", Schema: &huma.Schema{Type: huma.TypeString}, Description: "The id or slug of the environment that the key must open"},
		&huma.Param{Name: "scope", In: "query", Schema: &huma.Schema{Type: huma.TypeString}, Description: "The scope that the key must have"})
	headers := map[string]*huma.Header{}
	for _, name := range []string{"Organization", "Project", "Environment", "Key"} {
		headers["X-Tenantry-"+name] = textHeader("Its id")
	}
	headers["X-Tenantry-Key-Type"] = textHeader("server or client")
	headers["X-Tenantry-Scopes"] = textHeader("The key's scopes, space by space")
	op.Responses["204"] = &huma.Response{Description: "The key opens it", Headers: headers}
}

var keyParameter = &huma.Param{
	Name: apiKeyParameter, In: "query", Schema: &huma.Schema{Type: huma.TypeString},
	Description: "A client key, where a header cannot be set",
}
