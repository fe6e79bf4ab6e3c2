package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/idempotency"
)

// Media types of answers.
const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
)

// Faults of the protocol itself.
var (
	errMethod    = fault.Declare(fault.Invalid, "METHOD_NOT_ALLOWED", "This address does not take that method; the Allow header lists those it takes.")
	errTooLarge  = fault.Declare(fault.Invalid, "BODY_TOO_LARGE", "The body has more than 1 MiB.")
	errMediaType = fault.Declare(fault.Invalid, "UNSUPPORTED_MEDIA_TYPE", "The body must be sent as Content-Type: application/json, in UTF-8 and uncompressed.")
	errGone      = fault.Declare(fault.Unavailable, "CLIENT_CLOSED_REQUEST", "The client went away before the answer was ready.")
	errSlowBody  = fault.Declare(fault.Invalid, "REQUEST_TIMEOUT", "The body did not arrive in time.")
)

// statusByKind has every kind of fault.
var statusByKind = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Invalid:         http.StatusBadRequest,
	fault.NotFound:        http.StatusNotFound,
	fault.Forbidden:       http.StatusForbidden,
	fault.Conflict:        http.StatusConflict,
	fault.Throttled:       http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// statusGone is for the log and the metrics alone, under the number that nginx
// gave it: nobody is there to read it.
const statusGone = 499

// statusByCode has the faults for which HTTP knows a more precise word than for
// their kind.
var statusByCode = map[string]int{
	errMethod.Code:    http.StatusMethodNotAllowed,
	errTooLarge.Code:  http.StatusRequestEntityTooLarge,
	errMediaType.Code: http.StatusUnsupportedMediaType,
	errSlowBody.Code:  http.StatusRequestTimeout,
	errGone.Code:      statusGone,

	idempotency.ErrReused.Code: http.StatusUnprocessableEntity,
}

// Status is the HTTP status that a fault is answered with.
func Status(f fault.Error) int {
	if status, precise := statusByCode[f.Code]; precise {
		return status
	}
	return statusByKind[f.Kind]
}

// problem is the one shape of every refusal (RFC 9457). The member "error"
// repeats the detail for clients that know only that name.
type problem struct {
	Type      string  `json:"type" format:"uri" example:"urn:tenantry:error:not_found" doc:"Identifies the code, as a URI"`
	Title     string  `json:"title" example:"Not Found" doc:"What the status means"`
	Status    int     `json:"status" example:"404" doc:"The HTTP status"`
	Detail    string  `json:"detail" example:"There is no such thing, or none that you can see." doc:"One sentence for people"`
	Code      string  `json:"code" example:"NOT_FOUND" doc:"Stable; this is what programs branch on"`
	Sentence  string  `json:"error" example:"There is no such thing, or none that you can see." doc:"The same sentence as detail"`
	Fields    []field `json:"errors,omitempty" doc:"The refused members of the request, or what stands in its way"`
	RequestID string  `json:"request_id" example:"01890a5d-ac96-774b-bcce-b302099a8057" doc:"By which the log tells more"`

	// dialect writes it instead, where the request speaks one.
	dialect *Dialect
}

type field struct {
	Field   string `json:"field" example:"email" doc:"The member's name, or the id of what stands in the way"`
	Message string `json:"message" example:"must be an email address, such as ada@example.com" doc:"Why it was refused; never the value"`
}

func (p *problem) Error() string  { return p.Code }
func (p *problem) GetStatus() int { return p.Status }

// ContentType is asked by huma when it writes the problem.
func (p *problem) ContentType(string) string {
	if p.dialect != nil {
		return jsonType
	}
	return problemType
}

// MarshalJSON writes the problem, or what the dialect makes of it.
func (p *problem) MarshalJSON() ([]byte, error) {
	if p.dialect != nil {
		return json.Marshal(p.dialect.Refusal(Refusal{p.Status, p.Code, p.Sentence}))
	}
	type document problem
	return json.Marshal((*document)(p))
}

func present(c *call, f *fault.Error) *problem {
	status := Status(*f)
	sentence := sentenceOf(f)
	p := &problem{
		Type: "urn:tenantry:error:" + strings.ToLower(f.Code), Title: http.StatusText(status), Status: status,
		Detail: sentence, Code: f.Code, Sentence: sentence, RequestID: c.id, dialect: c.dialect,
	}
	if status == statusGone {
		p.Title = "Client Closed Request"
	}
	for _, refused := range f.Fields {
		p.Fields = append(p.Fields, field{refused.Name, refused.Message})
	}
	return p
}

// sentenceOf names the first refused member: many clients show one sentence and
// nothing else.
func sentenceOf(f *fault.Error) string {
	if f.Code != fault.ErrInvalid.Code || len(f.Fields) == 0 {
		return f.Public
	}
	return f.Fields[0].Name + " " + f.Fields[0].Message + "."
}

// fail answers with a problem and ends the request.
func fail(c *gin.Context, err error) { write(c, refuse(c, err)) }

func write(c *gin.Context, p *problem) {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	c.Abort()
	c.Data(p.Status, p.ContentType(""), append(body, '\n'))
}

// refuse turns an error into a problem with its headers, and logs what only we
// may know, once.
func refuse(c *gin.Context, err error) *problem {
	opened := callOf(c.Request.Context())
	f := classify(err)
	if f.Kind == fault.Unavailable && gone(c.Request.Context()) {
		f = errGone // no failure of ours, and nothing to wake anybody for
	}
	opened.code = f.Code
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable && f.Err != nil {
		opened.logger.ErrorContext(c.Request.Context(), "a request failed",
			"code", f.Code, "error", f.Error(), "request_id", opened.id, "route", c.FullPath())
	}
	switch {
	case f.Kind == fault.Unauthenticated:
		c.Header("WWW-Authenticate", challenge(opened, "invalid_token"))
	case errors.Is(f, apikey.ErrInsufficientScope):
		c.Header("WWW-Authenticate", challenge(opened, "insufficient_scope"))
	case f.Kind == fault.Throttled, errors.Is(f, idempotency.ErrInProgress), f.Kind == fault.Unavailable && f.Code != errGone.Code:
		c.Header("Retry-After", retryAfter(f.RetryAfter))
	}
	return present(opened, f)
}

// gone says that the client has left.
func gone(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled) && !errors.Is(context.Cause(ctx), ErrStopping)
}

// classify finds the fault. A context that ended first is no mistake of ours.
func classify(err error) *fault.Error {
	f := fault.Of(err)
	if f.Kind == fault.Internal && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return fault.ErrUnavailable.With(err)
	}
	return f
}

// challenge says how to authenticate, and what was wrong with the credential
// where one was presented (RFC 6750, section 3).
func challenge(c *call, problem string) string {
	challenge := c.scheme + ` realm="tenantry"`
	if c.presented {
		challenge += `, error="` + problem + `"`
	}
	return challenge
}

// retryAfter never says "at once".
func retryAfter(d time.Duration) string { return strconv.Itoa(max(1, seconds(d))) }

// seconds are whole ones, rounded up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// init replaces huma's own errors, which are package variables there: they
// would show the refused value, passwords included.
func init() {
	huma.NewError = func(status int, message string, _ ...error) huma.StatusError {
		return &problem{Status: status, Detail: message}
	}
	huma.NewErrorWithContext = func(ctx huma.Context, _ int, _ string, errs ...error) huma.StatusError {
		return refuse(humagin.Unwrap(ctx), fromHuma(errs))
	}
}

// fromHuma tells what a handler returned, which comes alone, from the schema
// violations that huma found.
func fromHuma(errs []error) error {
	var v fault.Validation
	for _, err := range errs {
		var violation *huma.ErrorDetail
		if !errors.As(err, &violation) {
			return err
		}
		v.Refuse(violated(violation))
	}
	if err := v.Err(); err != nil {
		return err
	}
	return fault.ErrInvalid.WithField("body", "is required")
}

// violated gives the member's name and a message that holds nothing of the
// value.
func violated(d *huma.ErrorDetail) (name, message string) {
	var missing string
	if n, _ := fmt.Sscanf(d.Message, validation.MsgExpectedRequiredProperty, &missing); n == 1 {
		return shortened(member(d.Location, missing)), "is required"
	}
	name = shortened(member(d.Location, ""))
	switch {
	case d.Message == validation.MsgUnexpectedProperty, d.Message == "unknown query parameter":
		return name, "is not known here"
	case name == "body":
		return name, "does not fit the documented shape"
	}
	return name, strings.TrimPrefix(d.Message, "invalid value: ")
}

// member is a location without the part of the request that it begins with.
func member(location, child string) string {
	_, name, found := strings.Cut(location, ".")
	switch {
	case !found && child != "":
		return child
	case !found:
		return location
	case child != "":
		return name + "." + child
	}
	return name
}

// maxFieldName bounds how much of a name that a client invented is repeated.
const maxFieldName = 64

func shortened(name string) string {
	if name == "" {
		return `""` // which JSON permits, and nobody would find in an answer
	}
	if runes := []rune(name); len(runes) > maxFieldName {
		return string(runes[:maxFieldName]) + "…"
	}
	return name
}
