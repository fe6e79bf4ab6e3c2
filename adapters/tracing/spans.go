package tracing

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// parent is the one header that is read of a caller's trace (W3C Trace Context).
// Its tracestate and baggage are for others, and may hold anything.
type parent struct{ propagation.HeaderCarrier }

// Get implements propagation.TextMapCarrier.
func (p parent) Get(name string) string {
	if name != "traceparent" {
		return ""
	}
	return p.HeaderCarrier.Get(name)
}

// Request opens the span of a request, as part of its caller's trace if it has
// one. end tells how it was answered: by which route, empty for none, and with
// which code of a refusal, empty for none.
func (t *Tracing) Request(r *http.Request) (_ context.Context, end func(method, route string, status int, code string)) {
	ctx := propagation.TraceContext{}.Extract(r.Context(), parent{propagation.HeaderCarrier(r.Header)})
	ctx, span := t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
	return ctx, func(method, route string, status int, code string) {
		defer span.End()
		if route == "" {
			route, method = "unknown", "_OTHER" // strangers invent both
		}
		span.SetName(method + " " + route)
		span.SetAttributes(semconv.HTTPRequestMethodKey.String(method), semconv.HTTPRoute(route), semconv.HTTPResponseStatusCode(status))
		if code != "" {
			span.SetAttributes(attribute.String("tenantry.code", code))
		}
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, code)
		}
	}
}

// Statement opens the span of a statement within a request's, and none where
// nobody traces the request or no request asks. end tells whether it failed.
func (t *Tracing) Statement(ctx context.Context, statement string) (end func(failed bool)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return func(bool) {}
	}
	d := t.describe(statement)
	_, span := t.tracer.Start(ctx, d.name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(d.attributes...))
	return func(failed bool) {
		if failed {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

type description struct {
	name       string
	attributes []attribute.KeyValue
}

// describe looks a statement up, of which there are few.
func (t *Tracing) describe(statement string) description {
	if known, ok := t.known.Load(statement); ok {
		return known.(description) //nolint:forcetypeassert // nothing else is stored
	}
	operation, table := parse(statement)
	d := description{strings.TrimSpace(operation + " " + table), []attribute.KeyValue{
		semconv.DBSystemNameKey.String(t.engine), semconv.DBOperationName(operation), semconv.DBQueryText(statement),
	}}
	if table != "" {
		d.attributes = append(d.attributes, semconv.DBCollectionName(table))
	}
	t.known.Store(statement, d)
	return d
}

// parse finds what a statement does, and to which table first.
func parse(statement string) (operation, table string) {
	words := strings.Fields(statement)
	if len(words) == 0 {
		return "", ""
	}
	operation = strings.ToUpper(words[0])
	before := "FROM"
	switch operation {
	case "INSERT":
		before = "INTO"
	case "UPDATE":
		before = "UPDATE"
	}
	for i, word := range words[:len(words)-1] {
		if strings.EqualFold(strings.TrimLeft(word, "("), before) {
			return operation, strings.Trim(words[i+1], "(),;")
		}
	}
	return operation, ""
}
