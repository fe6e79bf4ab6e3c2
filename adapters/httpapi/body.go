package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/tenantry/tenantry/domain/fault"
)

// maxBody is the largest body of a request, in bytes.
const maxBody = 1 << 20

// lastRead is for how long net/http may still read a body that was refused: a
// client that is closed to while it writes may not get to read why.
const lastRead = 500 * time.Millisecond

// strict checks what huma is lenient about, before it. A body on a route that
// takes none is not read.
func strict(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	c.Request.Header.Del("Accept") // there is one representation, whatever is asked for
	if err := checkQuery(c.Request.URL); err != nil {
		fail(c, err)
		return
	}
	opened := callOf(c.Request.Context())
	opened.route = c.Request.Method + " " + c.Request.URL.Path
	opened.idempotency = c.Request.Header.Values(idempotencyHeader)
	if expected := ctx.Operation().RequestBody; expected != nil && (expected.Required || c.Request.ContentLength != 0) {
		body, err := readBody(c.Request, c.Writer)
		if err == nil {
			err = checkJSON(body)
		}
		if err != nil {
			if errors.Is(err, errTooLarge) || errors.Is(err, errSlowBody) || errors.Is(err, ErrStopping) {
				c.Header("Connection", "close") // the rest of the body is not worth reading
				_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(lastRead))
			}
			fail(c, err)
			return
		}
		opened.body = body
		c.Request.Body = io.NopCloser(bytes.NewReader(body))
		c.Request.Header.Set("Content-Type", jsonType) // huma knows this spelling alone
	}
	next(ctx)
}

// checkQuery refuses a query of which net/url would silently drop a part, and
// parameters that say two things.
func checkQuery(u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return malformed("query", "is not well formed")
	}
	for name, values := range query {
		if len(values) > 1 {
			return malformed(name, "appears more than once")
		}
	}
	return nil
}

// readBody reads a JSON body, or says why it cannot be one. A body that still
// comes when the program has waited long enough for it is waited for no more.
func readBody(r *http.Request, w http.ResponseWriter) ([]byte, error) {
	if !isJSON(r.Header) {
		return nil, errMediaType
	}
	if r.ContentLength > maxBody {
		return nil, errTooLarge
	}
	defer readUntilDone(r.Context(), w)()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil && errors.Is(context.Cause(r.Context()), ErrStopping):
		return nil, fault.ErrUnavailable.With(ErrStopping)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errSlowBody
	case err != nil:
		return nil, malformed("body", "did not arrive whole")
	case len(body) > maxBody:
		return nil, errTooLarge
	case len(body) == 0:
		return nil, malformed("body", "is required")
	}
	return body, nil
}

// readUntilDone breaks off reads once ctx is done, until the returned function has
// ended: gin gives w to another request after this one.
func readUntilDone(ctx context.Context, w http.ResponseWriter) (end func()) {
	brokenOff := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(brokenOff)
		_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // fails where nothing can be read any more
	})
	return func() {
		if !stop() {
			<-brokenOff
		}
	}
}

func isJSON(h http.Header) bool {
	types, encodings := h.Values("Content-Type"), h.Values("Content-Encoding")
	if len(types) != 1 || len(encodings) > 1 || len(encodings) == 1 && !strings.EqualFold(encodings[0], "identity") {
		return false
	}
	media, parameters, err := mime.ParseMediaType(types[0])
	if err != nil || media != jsonType {
		return false
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}
