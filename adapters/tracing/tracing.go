// Package tracing tells an OpenTelemetry collector what became of requests, and
// of the statements that they ran, over OTLP/HTTP.
//
//	t, err := tracing.Open(ctx, tracing.Settings{Endpoint: "http://collector:4318", …})
//	…
//	err = t.Close(ctx)
//
// Spans hold the route, the status and the text of statements, which is the same
// for all requests: no id, no address, no value that anybody sent. Where nobody
// collects, spans are dropped and requests go on.
package tracing

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Settings say where spans go and whose they are. What else there is to choose
// has the names that OpenTelemetry gave it: OTEL_SERVICE_NAME,
// OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS and so on.
type Settings struct {
	Endpoint string // the collector's base address: /v1/traces is appended
	Version  string
	Engine   string // of the database, as statements' spans name it
	Logger   *slog.Logger
}

// Tracing makes spans.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	engine   string
	known    sync.Map // what a statement does, by its text
}

// Open begins to collect. It does not wait for the collector, which may come
// later.
func Open(ctx context.Context, s Settings) (*Tracing, error) {
	// The library would write what it has to say as plain text, and header values
	// that it cannot parse with it.
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		s.Logger.Warn("tracing is in trouble", "error", shortened(err.Error()))
	}))
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimRight(s.Endpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, err
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName("tenantry"), semconv.ServiceVersion(s.Version)),
		resource.WithHost(), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, err
	}
	// The batches are bounded: 2,048 spans wait at most, and more are dropped.
	provider := sdk.NewTracerProvider(sdk.WithResource(about), sdk.WithBatcher(&patient{SpanExporter: exporter, logger: s.Logger}))
	return &Tracing{provider: provider, tracer: provider.Tracer("tenantry"), engine: s.Engine}, nil
}

// Close sends what waits, until ctx ends.
func (t *Tracing) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// patient is an exporter that tells once that it cannot, and once that it can
// again, however often it tries.
type patient struct {
	sdk.SpanExporter
	logger  *slog.Logger
	failing bool // batches come one after the other
}

// ExportSpans implements the interface of the SDK. What cannot be sent is
// dropped.
func (p *patient) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := p.SpanExporter.ExportSpans(ctx, spans)
	switch {
	case err != nil && !p.failing:
		p.logger.WarnContext(ctx, "traces cannot be sent and are dropped until they can", "error", shortened(err.Error()))
	case err == nil && p.failing:
		p.logger.InfoContext(ctx, "traces are sent again")
	}
	p.failing = err != nil
	return nil
}

// mostOfError is as much of an error as the log gets: it may quote what the
// collector answered, a whole page of it.
const mostOfError = 300

func shortened(text string) string {
	if len(text) > mostOfError {
		return strings.ToValidUTF8(text[:mostOfError], "") + "…"
	}
	return text
}
