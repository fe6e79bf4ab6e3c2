package httpapi

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/fault"
)

const (
	requestIDHeader = "X-Request-Id" // as net/http spells it
	maxRequestID    = 128
)

// call is what the machinery has learned of a request on its way to the
// handler. It travels in the request's context, inside this package only.
type call struct {
	id      string
	client  app.Client
	dialect *Dialect // nil on our own routes
	logger  *slog.Logger

	// actor is set behind credentials of an account; named, when the request
	// itself named the organization that it means.
	actor access.Actor
	named bool

	// installation is set behind credentials of an operator.
	installation access.Installation

	// What a repetition of the request is known by: where it goes, what it holds and
	// how the client calls it. app is asked for the answer to the first one.
	app         *app.App
	route       string
	body        []byte
	idempotency []string

	// presented says that a credential came along, and scheme how it has to.
	presented bool
	scheme    string

	// What the access log says of the outcome.
	account, organization, code string
}

type callKey struct{}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// caller is who is calling, nil for nobody who is known.
func (c *call) caller() *access.Actor {
	if c.account == "" {
		return nil
	}
	return &c.actor
}

// begin opens the call: it accepts the client's request id or makes one, and
// says so in the answer.
func (s *server) begin(c *gin.Context) {
	id := first(c.Request.Header[requestIDHeader])
	if !validRequestID(id) {
		id = newRequestID()
	}
	c.Writer.Header()[requestIDHeader] = []string{id}
	if s.Ready.failed.Load() {
		c.Header("Connection", "close") // who comes again shall be sent elsewhere
	}
	if len(c.Request.TransferEncoding) > 0 {
		// net/http drops a Content-Length beside it without a word. What another
		// reader may take for the rest of the body must not be read as a request
		// (RFC 9112, section 6.1).
		c.Header("Connection", "close")
	}
	client := clientOf(c.Request, s.TrustedProxies)
	client.RequestID = id
	opened := &call{id: id, client: client, logger: s.Logger, app: s.App, scheme: bearer}
	if d := s.spoken(c.Request.URL); d != nil {
		opened.dialect, opened.client.Dialect = d, d.Name
	}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), callKey{}, opened))
}

// newRequestID makes a UUIDv7. That it is unique is all that is asked of it, so
// the fast generator does.
func newRequestID() string {
	var u uuid.UUID
	binary.BigEndian.PutUint64(u[:8], uint64(time.Now().UnixMilli())<<16|rand.Uint64()>>52|0x7000) //nolint:gosec // an identifier, no secret
	binary.BigEndian.PutUint64(u[8:], rand.Uint64()>>2|1<<63)                                      //nolint:gosec // as above
	return u.String()
}

// first is the first of a header's values, or nothing.
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// validRequestID accepts what can be copied into a header and a log line.
func validRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		if id[i] < ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}

// access writes one line a request, and tells who measures: the route, never
// the URL, and no body.
func (s *server) access(c *gin.Context) {
	start := time.Now()
	method := c.Request.Method
	ended := s.trace(c)
	defer func() {
		opened := callOf(c.Request.Context())
		took := time.Since(start)
		defer ended(method, c.FullPath(), c.Writer.Status(), opened.code)
		if s.Observe != nil {
			s.Observe(method, c.FullPath(), c.Writer.Status(), took)
		}
		if !s.Logger.Enabled(c.Request.Context(), slog.LevelInfo) {
			return
		}
		s.Logger.LogAttrs(c.Request.Context(), slog.LevelInfo, "request",
			slog.String("method", method),
			slog.String("route", c.FullPath()),
			slog.Int("status", c.Writer.Status()),
			slog.String("code", opened.code),
			slog.Float64("duration_ms", float64(took.Microseconds())/1000),
			slog.String("request_id", opened.id),
			slog.String("account_id", opened.account),
			slog.String("organization_id", opened.organization),
			slog.String("client", opened.client.Address))
	}()
	c.Next()
}

// trace opens the request's span, where somebody collects them.
func (s *server) trace(c *gin.Context) (end func(method, route string, status int, code string)) {
	if s.Trace == nil {
		return untraced
	}
	ctx, end := s.Trace(c.Request)
	c.Request = c.Request.WithContext(ctx)
	return end
}

func untraced(string, string, int, string) {}

// recovered turns a panic into a 500. The stack is for the log alone.
func recovered(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); ok && err == http.ErrAbortHandler { //nolint:errorlint // the sentinel that net/http compares itself
			panic(cause)
		}
		opened := callOf(c.Request.Context())
		opened.logger.ErrorContext(c.Request.Context(), "a handler panicked",
			"panic", fmt.Sprint(cause), "stack", string(debug.Stack()), "request_id", opened.id, "route", c.FullPath())
		if c.Writer.Written() {
			panic(http.ErrAbortHandler) // half an answer must not look whole
		}
		opened.code = fault.ErrInternal.Code
		write(c, present(opened, fault.ErrInternal))
	}()
	c.Next()
}

// secured sets the headers that keep browsers from guessing, framing and
// keeping. What may be cached says so itself, later.
func (s *server) secured(c *gin.Context) {
	h := c.Writer.Header()
	h["X-Content-Type-Options"] = nosniff
	h["Referrer-Policy"] = noReferrer
	h["Content-Security-Policy"] = noContent
	h["Cache-Control"] = noStore
	if s.Secure {
		h["Strict-Transport-Security"] = aYear
	}
}

// Values of headers that every answer has. They are shared by all answers:
// nobody may write into them, and whoever appends gets a copy.
var (
	nosniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	noContent  = []string{"default-src 'none'; frame-ancestors 'none'"}
	noStore    = []string{"no-store"}
	aYear      = []string{"max-age=31536000"}
	byOrigin   = []string{"Origin"}
)
