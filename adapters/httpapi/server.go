// Package httpapi serves the HTTP API: it turns requests into calls of the use
// cases, and what they return into answers. It authenticates and it checks
// shapes; what a caller may do is decided in package app.
//
// routes.go is the table of contents. A request passes, in this order: its id,
// the access log, the catch of panics, security headers, CORS, the route (404
// and 405), the credentials and the rate limit of the route's class (401, 429),
// the shape of the request (400, 413, 415), and then the use case.
package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/fault"
)

// Limits of a connection. Whoever is slower is cut off, so that idle and slow
// clients hold no resources.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 120 * time.Second
	maxHeader     = 32 << 10
)

// Options is what the API is made of.
type Options struct {
	App    *app.App
	Logger *slog.Logger
	// PublicURL is where clients find this installation. Its origin is the one
	// that browsers may call from, unless CORSOrigins says otherwise.
	PublicURL string
	// Secure says that the server itself speaks TLS: browsers are told to come by
	// nothing else for a year.
	Secure bool
	// CORSOrigins are origins, as browsers write them: scheme, host and port.
	CORSOrigins []string
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// JWKS returns the document of public keys that verify access tokens now.
	JWKS func() []byte
	// CursorKey authenticates the cursors of lists: at least 32 random bytes that
	// are used for nothing else.
	CursorKey []byte
	// AdminToken is what operators' machines present; the zero value admits none.
	AdminToken AdminToken
	// Limits bound how often clients may call.
	Limits Limits
	// Now is the clock by which limits are counted; nil is the machine's.
	Now func() time.Time
	// Dialects are the compatibility dialects that are on.
	Dialects []Dialect
	// Ready decides, with Ping, what /readyz answers. Nil is always willing.
	Ready *Readiness
	// Ping says whether the store answers.
	Ping func(context.Context) error
	// Observe is told of every answered request; route is the pattern that
	// matched, empty for none. Nil is told of none.
	Observe func(method, route string, status int, took time.Duration)
	// Trace is told of every request before it is worked on, and by what it
	// returns how it was answered: by which route, empty for none, and with which
	// code of a refusal, empty for none. Nil is told of none.
	Trace func(r *http.Request) (_ context.Context, end func(method, route string, status int, code string))
}

// Readiness lets a program that is about to stop fail its readiness first, so
// that load balancers turn away before the listener closes. The zero value is
// ready.
type Readiness struct{ failed atomic.Bool }

// Fail makes /readyz answer 503 from now on.
func (r *Readiness) Fail() { r.failed.Store(true) }

// ErrStopping is the cause by which a program ends the contexts of requests that
// it waits for no longer. They are answered 503.
var ErrStopping = errors.New("the server is stopping")

// server is what the handlers share.
type server struct {
	Options
	cursors cursors
	limits  limits
	origins []string

	rendered renderings
}

// New returns the API as a handler. It needs App, Logger, CursorKey and Ping.
func New(o Options) (http.Handler, error) {
	s, err := newServer(o)
	if err != nil {
		return nil, err
	}
	engine := s.engine()
	s.register(engine, newSpecification(), s.sections())
	for i := range s.Dialects {
		if err := s.mount(engine, &s.Dialects[i]); err != nil {
			return nil, err
		}
	}
	return gatewayAsGet(headAsGet(engine)), nil
}

// Server returns an HTTP server for the handler, with every timeout set. What
// net/http itself has to say goes to the logger.
func Server(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ConnContext:       framedContext,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
	}
}

func newServer(o Options) (*server, error) {
	s := &server{Options: o, cursors: cursors{key: o.CursorKey}, limits: newLimits(o.Limits, o.Now), origins: o.CORSOrigins}
	if s.Ready == nil {
		s.Ready = &Readiness{}
	}
	if s.Observe == nil {
		s.Observe = func(string, string, int, time.Duration) {}
	}
	if len(s.origins) == 0 && o.PublicURL != "" {
		public, err := url.Parse(o.PublicURL)
		if err != nil {
			return nil, err
		}
		s.origins = []string{public.Scheme + "://" + public.Host}
	}
	return s, nil
}

// engine returns a router that passes every request through the machinery,
// whether a route matches or not. It matches the path as it was sent, so that
// an escaped slash inside an id never becomes a slash.
func (s *server) engine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.RedirectFixedPath = false
	engine.UseEscapedPath = true
	engine.UnescapePathValues = true
	engine.Use(s.begin, s.access, recovered, s.secured, oneLength, s.cors)
	engine.NoRoute(notFound)
	engine.NoMethod(wrongMethod)
	return engine
}

// headAsGet answers HEAD as GET: net/http drops the body by itself.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			get := *r
			get.Method = http.MethodGet
			r = &get
		}
		next.ServeHTTP(w, r)
	})
}

// authorizePath is where gateways ask.
const authorizePath = "/v1/sdk/authorize"

// gatewayAsGet answers gateways that ask with the method of the request that
// they hold back, and with its address behind ours, as Envoy does. Neither is
// ours to read: a query there, or a preflight, which passes elsewhere without a
// key, must not decide. Other methods at the very address are a mistake.
func gatewayAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		appended := strings.HasPrefix(r.URL.EscapedPath(), authorizePath+"/")
		if appended || r.Method == http.MethodOptions && r.URL.Path == authorizePath {
			asked := *r
			asked.Method = http.MethodGet
			if appended {
				asked.URL = &url.URL{Path: authorizePath}
			}
			r = &asked
		}
		next.ServeHTTP(w, r)
	})
}

func notFound(c *gin.Context) { fail(c, fault.ErrNotFound) }

// wrongMethod answers 405. The router has listed what the path does serve.
func wrongMethod(c *gin.Context) {
	allowed := c.Writer.Header().Get("Allow")
	if slices.Contains(strings.Split(allowed, ", "), http.MethodGet) {
		c.Header("Allow", allowed+", "+http.MethodHead)
	}
	fail(c, errMethod)
}
