package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/idempotency"
	"github.com/tenantry/tenantry/ports"
)

// idempotencyHeader is what a client names a creating request by
// (draft-ietf-httpapi-idempotency-key-header).
const idempotencyHeader = "Idempotency-Key"

// maker serves an operation that creates. It hands keep on to the use case, and
// leaves to the endpoint how the outcome is shown.
type maker[I, T any] func(ctx context.Context, by *call, in *I, keep app.Keep[T]) (T, error)

// creates serves by a maker. A client may repeat the request under its
// Idempotency-Key: show turns the outcome into status and body, inside the unit
// of work that creates, so that the very answer can be given again.
func creates[I, T, B any](serve maker[I, T], show func(T) (int, B)) endpoint {
	return createsWith(http.StatusCreated, serve, show)
}

// createsWith is creates under another documented status.
func createsWith[I, T, B any](status int, serve maker[I, T], show func(T) (int, B)) endpoint {
	serving := answers(status, func(ctx context.Context, by *call, in *I) (*reply[B], error) {
		return once(ctx, by, show, func(keep app.Keep[T]) (T, error) { return serve(ctx, by, in, keep) })
	})
	return func(api huma.API, group *gin.RouterGroup, op huma.Operation) {
		documentRepetition(&op)
		serving(api, group, op)
	}
}

// created shows what has one form.
func created[T, B any](show func(T) B) func(T) (int, B) {
	return func(made T) (int, B) { return http.StatusCreated, show(made) }
}

// reply is the answer to a request that creates, the first one or again.
type reply[B any] struct {
	Status   int
	Replayed string `header:"Idempotent-Replayed" doc:"true, where this is what an earlier request with this Idempotency-Key was answered"`
	Body     written[B]
}

// replayed is what the header of a reply says, in the words of its tag.
const replayed = "true, where this is what an earlier request with this Idempotency-Key was answered"

// written is a body that is JSON already.
type written[B any] struct{ text json.RawMessage }

// MarshalJSON writes it as it is.
func (w written[B]) MarshalJSON() ([]byte, error) { return w.text, nil }

// Schema is the body's.
func (written[B]) Schema(r huma.Registry) *huma.Schema { return schemaOf[B](r) }

// storedReply is a reply as it is sealed. What an answer to a creating request
// is to have beyond these belongs here, too.
type storedReply struct {
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
}

var errNotKept = errors.New("a use case created, and did not say what")

// once answers a request that creates: by what was answered before, or by making
// it, in which case the answer is kept with what was made.
func once[T, B any](ctx context.Context, by *call, show func(T) (int, B), serve func(app.Keep[T]) (T, error)) (*reply[B], error) {
	attempt, err := by.attempt(ctx)
	if err != nil {
		return nil, err
	}
	if attempt != nil && attempt.Answer != nil {
		if err := stillMay(by, serve); err != nil {
			return nil, err
		}
		return again[B](attempt.Answer)
	}
	var first *storedReply
	_, err = serve(func(ctx context.Context, tx ports.Tx, made T) error {
		status, body := show(made)
		text, err := encode(body)
		if err != nil {
			return err
		}
		first = &storedReply{status, text}
		if attempt == nil {
			return nil
		}
		stored, err := encode(first)
		if err != nil {
			return err
		}
		return attempt.Keep(ctx, tx, stored)
	})
	switch {
	case err != nil && attempt != nil:
		return settled[B](ctx, by, attempt, err)
	case err != nil:
		return nil, err
	case first == nil:
		return nil, fault.ErrInternal.With(errNotKept)
	}
	return &reply[B]{Status: first.Status, Body: written[B]{first.Body}}, nil
}

// stillMay refuses a repetition by who may not make any more what was made: the
// answer may show a secret, and roles and scopes fall. The use case is asked, and
// taken back before it commits; that a thing cannot be made twice is no refusal.
// On open routes nobody has a role that could fall.
func stillMay[T any](by *call, serve func(app.Keep[T]) (T, error)) error {
	if by.caller() == nil {
		return nil
	}
	_, err := serve(func(context.Context, ports.Tx, T) error { return idempotency.ErrInProgress })
	switch fault.KindOf(err) {
	case fault.Forbidden, fault.Unavailable, fault.Internal:
		return err
	}
	return nil
}

// attempt begins one, where the client named its request.
func (c *call) attempt(ctx context.Context) (*app.Attempt, error) {
	if len(c.idempotency) == 0 {
		return nil, nil
	}
	name := ""
	if len(c.idempotency) == 1 { // two would name two requests
		name = c.idempotency[0]
	}
	key, err := idempotency.ParseKey(name)
	if err != nil {
		return nil, malformed(idempotencyHeader, err.Error())
	}
	return c.app.Idempotency.Begin(ctx, app.Repeatable{Key: key, Caller: c.caller(), Route: c.route, Body: c.body})
}

// settled answers an attempt that failed: by its failure, unless an answer is
// kept after all.
func settled[B any](ctx context.Context, by *call, attempt *app.Attempt, failure error) (*reply[B], error) {
	if err := attempt.Settle(ctx); err != nil {
		// The repetition waits for the lease to end, and nothing else comes of it.
		by.logger.WarnContext(ctx, "an attempt could not be settled", "error", err.Error(), "request_id", by.id)
	}
	if attempt.Answer != nil {
		return again[B](attempt.Answer)
	}
	return nil, failure
}

// again is the answer that was given before.
func again[B any](answer []byte) (*reply[B], error) {
	var stored storedReply
	if err := json.Unmarshal(answer, &stored); err != nil {
		return nil, err
	}
	return &reply[B]{Status: stored.Status, Replayed: "true", Body: written[B]{stored.Body}}, nil
}

// encode writes JSON as every answer is written.
func encode(value any) (json.RawMessage, error) {
	var text bytes.Buffer
	err := huma.DefaultJSONFormat.Marshal(&text, value)
	return bytes.TrimRight(text.Bytes(), "\n"), err
}

// documentRepetition says what a creating operation takes and answers because it
// may be repeated.
func documentRepetition(op *huma.Operation) {
	shortest, longest := 1, 255
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: idempotencyHeader, In: "header",
		Schema: &huma.Schema{Type: huma.TypeString, MinLength: &shortest, MaxLength: &longest, Examples: []any{exampleID}},
		Description: "Names this request, so that it can be repeated: for 24 hours the same key with the same body " +
			"is answered as it was the first time, and creates nothing.",
	})
	for _, other := range op.Responses { // huma documents the one with the default status
		if other.Ref == "" {
			other.Headers = map[string]*huma.Header{"Idempotent-Replayed": textHeader(replayed)}
		}
	}
	refusals(op, http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity)
}
