package httpapi

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/domain/fault"
)

// handlerBudget is how long a use case may take. With authenticationBudget, with
// what letting go of a silent database takes, and with the settling of a request
// that may be repeated, it stays below the ten seconds in which every request
// ends.
const handlerBudget = 5 * time.Second

// endpoint puts a handler behind an operation.
type endpoint func(api huma.API, group *gin.RouterGroup, op huma.Operation)

// handler serves one operation: by is who is calling, in is the request.
type handler[I, O any] func(ctx context.Context, by *call, in *I) (*O, error)

// answers serves by a typed handler: huma checks the request against I, writes
// O and documents both.
func answers[I, O any](status int, serve handler[I, O]) endpoint {
	return func(api huma.API, _ *gin.RouterGroup, op huma.Operation) {
		op.DefaultStatus = status
		op.MaxBodyBytes, op.BodyReadTimeout = -1, -1 // strict and the server have seen to both
		documentShape(&op, reflect.TypeFor[I]())
		huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
			by := callOf(ctx)
			if by.named && by.actor.Membership == nil {
				return nil, fault.ErrNotFound // X-Organization-ID names none of the caller's
			}
			ctx, cancel := context.WithTimeout(ctx, handlerBudget)
			defer cancel()
			return serve(ctx, by, in)
		})
	}
}

// nothing is an answer without a body.
type nothing struct{}

// documentShape says which refusals the form of a request can meet.
func documentShape(op *huma.Operation, input reflect.Type) {
	if input.NumField() > 0 {
		refusals(op, http.StatusBadRequest)
	}
	if _, hasBody := input.FieldByName("Body"); hasBody {
		refusals(op, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
}

// refusals documents statuses that are answered with a problem.
func refusals(op *huma.Operation, statuses ...int) {
	responses := maps.Clone(op.Responses)
	if responses == nil {
		responses = map[string]*huma.Response{}
	}
	for _, status := range statuses {
		code := strconv.Itoa(status)
		responses[code] = &huma.Response{Ref: "#/components/responses/" + code}
	}
	op.Responses = responses
}

// also documents a second answer that a handler may give.
func also[B any](status int, description string, e endpoint) endpoint {
	return func(api huma.API, group *gin.RouterGroup, op huma.Operation) {
		op.Responses = maps.Clone(op.Responses)
		op.Responses[strconv.Itoa(status)] = jsonResponse(description, schemaOf[B](api.OpenAPI().Components.Schemas))
		e(api, group, op)
	}
}

// eitherOf is the body of an answer that has two forms. It is documented as A;
// the endpoint documents B with also.
type eitherOf[A, B any] struct {
	a *A
	b *B
}

// MarshalJSON writes the one that is there.
func (e eitherOf[A, B]) MarshalJSON() ([]byte, error) {
	if e.a != nil {
		return json.Marshal(e.a)
	}
	return json.Marshal(e.b)
}

// Schema is that of A.
func (eitherOf[A, B]) Schema(r huma.Registry) *huma.Schema { return schemaOf[A](r) }

// acceptedBody answers what is done later, or not at all, by a mail.
type acceptedBody struct {
	Message string `json:"message" example:"If this address can be written to, a mail is on its way." doc:"For people; the same for every address"`
}

type acceptedOutput struct{ Body acceptedBody }

// onItsWay says nothing about the address.
var onItsWay = acceptedBody{"If this address can be written to, a mail is on its way."}

// serves is for handlers that huma would only slow down or hinder; their answers
// are documented by hand.
func serves(serve gin.HandlerFunc, document func(huma.Registry, *huma.Operation)) endpoint {
	return func(api huma.API, group *gin.RouterGroup, op huma.Operation) {
		document(api.OpenAPI().Components.Schemas, &op)
		api.OpenAPI().AddOperation(&op)
		group.Handle(op.Method, ginPath(op.Path), serve)
	}
}
