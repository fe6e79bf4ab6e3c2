package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

// This file is all that packages below compat may use of this one, beside
// Status. A dialect says how the paths, the shapes and the refusals of a
// published API look; the machinery and the use cases are those of /v1.

// Dialect is an API that somebody else has published, served under
// /compat/<name> so that its clients need nothing but another base URL.
type Dialect struct {
	// Name is a path segment, what COMPAT lists, and what the audit calls it.
	Name string
	// Title and About head its specification.
	Title, About string
	// Refusal returns the JSON body of a refusal, of one type for all of them. It
	// gets everything that is not answered by one of the routes' handlers, too.
	Refusal func(Refusal) any
	// Routes is the table of what it serves. It is also called without use cases,
	// to write the specification, and must not call any.
	Routes func(*app.App) []Route
}

// Refusal is why a request is not served.
type Refusal struct {
	Status   int
	Code     string // as on /v1: stable, SCREAMING_SNAKE
	Sentence string // for people
}

// Route is one line of a dialect's table.
type Route = route

// Get is a route that reads. The path is what follows /compat/<name>, with slots
// in braces; the id is the operation's, unique in the dialect; refuses are
// statuses beyond what the class and the input imply.
func Get(path string, c Class, id, summary string, e Endpoint, refuses ...int) Route {
	return route{get, path, c, id, summary, e, refuses}
}

// Post is a route that creates or acts.
func Post(path string, c Class, id, summary string, e Endpoint, refuses ...int) Route {
	return route{post, path, c, id, summary, e, refuses}
}

// Delete is a route that deletes.
func Delete(path string, c Class, id, summary string, e Endpoint, refuses ...int) Route {
	return route{remove, path, c, id, summary, e, refuses}
}

// Class is the kind of credential that a route asks for. Rate limits hang here.
type Class = class

// The classes that dialects use: nobody in particular, bounded by the client's
// address; whoever is logged in, or an account key; only who is logged in; only a
// machine that presents ADMIN_API_TOKEN, also bounded by its address. Behind that
// last one cookies can be trusted: no other site's page gets there.
var (
	ByAddress = byAddress
	// Open is for who presents something that nobody can guess, such as a refresh
	// token: many may come from one address.
	Open      = open
	ByToken   = byToken
	ByPerson  = byPerson
	ByMachine = byMachine
)

// Endpoint is a handler with its documentation.
type Endpoint = endpoint

// Answers serves by a typed handler, as on /v1: the body of I is read strictly,
// and O is written with the status. Both are documented. An O without fields, or
// nil, is an answer without a body.
func Answers[I, O any](status int, serve func(context.Context, *Call, *I) (*O, error)) Endpoint {
	return answers(status, handler[I, O](serve))
}

// Creates serves by a typed handler that creates. As on /v1, a client may repeat
// the request under its Idempotency-Key: serve hands keep on to the use case,
// and show, which makes the body of what was made, is called in the unit of work.
func Creates[I, T, B any](status int, serve func(context.Context, *Call, *I, app.Keep[T]) (T, error), show func(T) B) Endpoint {
	return createsWith(status, maker[I, T](serve), func(made T) (int, B) { return status, show(made) })
}

// Call is what the machinery has learned of a request.
type Call = call

// Client is the device that the request came from.
func (c *call) Client() app.Client { return c.client }

// Actor is who calls, on routes of a class with credentials of an account.
func (c *call) Actor() access.Actor { return c.actor }

// Installation is the authority of ADMIN_API_TOKEN, on routes of ByMachine.
func (c *call) Installation() access.Installation { return c.installation }

// Optional is a member of a request that may be left out; null is refused and
// the empty text counts as left out, as on /v1.
type Optional[T any] = optional[T]

// Renamed is err with the refused members called what the dialect calls them.
func Renamed(err error, names map[string]string) error {
	f := fault.Of(err)
	if f == nil || len(f.Fields) == 0 {
		return err
	}
	renamed := *f
	renamed.Fields = nil
	for _, field := range f.Fields {
		if name, other := names[field.Name]; other {
			field.Name = name
		}
		renamed.Fields = append(renamed.Fields, field)
	}
	return &renamed
}

// Lists without pages are read in parts, and end after so many items.
const (
	wholePart = 100
	wholeEnd  = 1000
)

// Whole reads a list to its end, for documents that know no pages: at most its
// first 1,000 items. position is where an item stands in the list.
func Whole[T, ID any](read func(ports.Page[ID]) (app.Listed[T], error), position func(T) ID) ([]T, error) {
	var all []T
	page := ports.Page[ID]{Limit: wholePart}
	for {
		found, err := read(page)
		if err != nil {
			return nil, err
		}
		all = append(all, found.Items...)
		if !found.More || len(all) >= wholeEnd {
			return all, nil
		}
		page.After = position(all[len(all)-1])
	}
}

func (d *Dialect) prefix() string { return "/compat/" + d.Name }

// spoken is the dialect in whose part of the tree an address lies, nil for none.
func (s *server) spoken(u *url.URL) *Dialect {
	for i := range s.Dialects {
		if d := &s.Dialects[i]; strings.HasPrefix(u.EscapedPath(), d.prefix()+"/") {
			return d
		}
	}
	return nil
}

// mount puts a dialect's routes on the engine, and its specification beside
// them.
func (s *server) mount(engine *gin.Engine, d *Dialect) error {
	var text []byte
	specification := d.specification()
	s.register(engine, specification, d.sections(s.App, &text))
	var err error
	text, err = indented(specification)
	return err
}

// Specification writes the dialect's own OpenAPI document.
func (d Dialect) Specification() ([]byte, error) {
	s, err := newServer(Options{})
	if err != nil {
		return nil, err
	}
	specification := d.specification()
	s.register(s.engine(), specification, d.sections(nil, new([]byte)))
	return indented(specification)
}

func (d *Dialect) specification() *huma.OpenAPI {
	return specificationOf(&huma.Info{Title: d.Title, Version: "1", Description: d.About}, d)
}

// sections is the dialect's table in the form of our own. text is what the
// specification will be, once it is printed.
func (d *Dialect) sections(a *app.App, text *[]byte) []section {
	own := section{tag: d.Title, about: d.About}
	for _, r := range d.Routes(a) {
		r.path = d.prefix() + r.path
		own.routes = append(own.routes, r)
	}
	show := func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=300")
		c.Data(http.StatusOK, jsonType, *text)
	}
	own.routes = append(own.routes, route{
		get, d.prefix() + "/openapi.json", open, "openapi", "Show this document", serves(show, documentObject("The document")), nil,
	})
	return []section{own}
}
