package httpapi

import (
	_ "embed" // openapi.json
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/idempotency"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/session"
)

//go:generate go run ../../cmd/tenantry openapi openapi.json

// published is the specification as it is committed and served.
//
//go:embed openapi.json
var published []byte

// The security schemes.
const (
	sessionScheme    = "session"
	accountKeyScheme = "accountKey"
	operatorScheme   = "operator"
	keyScheme        = "environmentKey"
)

// formats is JSON alone. The second name is what huma looks a media type's
// suffix up by.
var formats = map[string]huma.Format{jsonType: huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}

// init sets how huma reads and documents shapes; it keeps that in package
// variables.
func init() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
}

// Specification writes the OpenAPI document from the routes. openapi.json is
// this, committed.
func Specification() ([]byte, error) {
	s, err := newServer(Options{})
	if err != nil {
		return nil, err
	}
	specification := newSpecification()
	s.register(s.engine(), specification, s.sections())
	return indented(specification)
}

func indented(specification *huma.OpenAPI) ([]byte, error) {
	text, err := json.MarshalIndent(specification, "", "  ")
	return append(text, '\n'), err
}

// schemaName is the type's name without the ending that tells shapes from the
// nouns of the domain.
func schemaName(t reflect.Type, hint string) string {
	return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "Body")
}

// schemaOf is the schema of a shape, by reference.
func schemaOf[T any](r huma.Registry) *huma.Schema { return r.Schema(reflect.TypeFor[T](), true, "") }

const about = `Organizations, projects, environments and the keys that open them.

Lists are bare arrays, paged by ` + "`limit` and `after`" + `; the next page is in the Link header. Every refusal is an
application/problem+json document whose member ` + "`code`" + ` is stable. What belongs to another organization does not
exist: 404. An optional text that is empty counts as left out.

Where an operation documents 429, requests are limited: by client address where no credential is needed, else by
organization, or by environment and key on the SDK plane. Answers to a caller who is known show how it stands:
` + "`X-RateLimit-Limit`" + ` (requests a minute, and as many at once), ` + "`X-RateLimit-Remaining`" + ` and ` + "`X-RateLimit-Reset`" + `
(seconds until all of them remain again). Past a limit the code is ` + "`RATE_LIMITED`" + `; ` + "`Retry-After`" + ` says when the next
request is served.`

func newSpecification() *huma.OpenAPI {
	return specificationOf(&huma.Info{Title: "Tenantry", Version: "1", Description: about}, nil)
}

// specificationOf is an empty document, of a dialect where it is not nil.
func specificationOf(info *huma.Info, d *Dialect) *huma.OpenAPI {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    info,
		Components: &huma.Components{
			Schemas:   registry,
			Responses: refusalResponses(registry, d),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				sessionScheme:    {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The access token of a login."},
				accountKeyScheme: {Type: "http", Scheme: "bearer", Description: "An account key, sk_live_…: it acts as its account, within its scopes."},
				operatorScheme:   {Type: "http", Scheme: "bearer", Description: "The installation's ADMIN_API_TOKEN."},
				keyScheme:        {Type: "apiKey", In: "header", Name: "X-API-Key", Description: "An environment key. Client keys alone may also come as the query parameter api_key."},
			},
		},
	}
}

// organizationParameter stands on every route that acts in an organization.
var organizationParameter = &huma.Param{
	Name: organizationHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"},
	Description: "The organization that is meant, instead of the token's active one, or of a key's own or oldest one.",
}

// typical is the fault that a status is documented by.
var typical = []*fault.Error{
	fault.ErrInvalid.WithField("email", "must be an email address, such as ada@example.com"), session.ErrNoCredentials,
	fault.ErrForbidden, fault.ErrNotFound, errSlowBody, membership.ErrLastOwner, errTooLarge, errMediaType,
	idempotency.ErrReused,
	errRateLimited, fault.ErrInternal, fault.ErrUnavailable,
}

// refusalResponses documents each status once; the operations refer to them.
func refusalResponses(registry huma.Registry, d *Dialect) map[string]*huma.Response {
	schema := schemaOf[problem]
	if d != nil {
		schema = func(r huma.Registry) *huma.Schema { return r.Schema(reflect.TypeOf(d.Refusal(Refusal{})), true, "") }
	}
	responses := map[string]*huma.Response{}
	for _, f := range typical {
		status, example := Status(*f), present(&call{id: exampleID, dialect: d}, f)
		response := &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{example.ContentType(""): {Schema: schema(registry), Example: example}},
		}
		switch status {
		case http.StatusUnauthorized:
			response.Headers = map[string]*huma.Header{"WWW-Authenticate": textHeader("How to authenticate, and what was wrong (RFC 6750)")}
		case http.StatusConflict:
			response.Headers = map[string]*huma.Header{"Retry-After": textHeader("Seconds until it is worth trying again, while the first request of an Idempotency-Key is worked on")}
		case http.StatusTooManyRequests:
			response.Headers = map[string]*huma.Header{
				"Retry-After":           textHeader("Seconds until it is worth trying again"),
				"X-RateLimit-Limit":     textHeader("Requests a minute, and as many at once. This and the next two are there when code is RATE_LIMITED"),
				"X-RateLimit-Remaining": textHeader("Requests that would be served now"),
				"X-RateLimit-Reset":     textHeader("Seconds until all of them would be"),
			}
		case http.StatusServiceUnavailable:
			response.Headers = map[string]*huma.Header{"Retry-After": textHeader("Seconds until it is worth trying again")}
		}
		responses[strconv.Itoa(status)] = response
	}
	return responses
}

func textHeader(description string) *huma.Header {
	return &huma.Header{Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
}
