// Package collector is an OpenTelemetry collector for tests: it takes traces by
// OTLP over HTTP and keeps them.
package collector

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Span is a span that arrived, with whose it is.
type Span struct {
	*tracepb.Span
	Resource map[string]string
}

// Attribute is one of the span's own, as text; empty where it has none.
func (s Span) Attribute(name string) string { return texts(s.Attributes)[name] }

// Collector is one that runs until the test ends.
type Collector struct {
	URL string

	tb     testing.TB
	server *httptest.Server
	mutex  sync.Mutex
	spans  []Span
	raw    string
}

// Start starts a collector on a port of its own.
func Start(tb testing.TB) *Collector {
	tb.Helper()
	c := &Collector{tb: tb}
	c.server = httptest.NewServer(http.HandlerFunc(c.take))
	c.URL = c.server.URL
	tb.Cleanup(c.server.Close)
	return c
}

// Stop closes the port before the test ends.
func (c *Collector) Stop() { c.server.Close() }

func (c *Collector) take(w http.ResponseWriter, r *http.Request) {
	body := r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			c.tb.Errorf("the collector was sent no gzip: %v", err)
			return
		}
		body = unpacked
	}
	text, err := io.ReadAll(body)
	var sent collectorpb.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(text, &sent)
	}
	if err != nil || r.URL.Path != "/v1/traces" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-protobuf" {
		c.tb.Errorf("the collector was sent %s %s (%s): %v", r.Method, r.URL.Path, r.Header.Get("Content-Type"), err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.keep(&sent)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (c *Collector) keep(sent *collectorpb.ExportTraceServiceRequest) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.raw += protojson.Format(sent)
	for _, from := range sent.GetResourceSpans() {
		whose := texts(from.GetResource().GetAttributes())
		for _, scope := range from.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans = append(c.spans, Span{span, whose})
			}
		}
	}
}

// Spans are all that have arrived.
func (c *Collector) Spans() []Span {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return append([]Span(nil), c.spans...)
}

// Text is everything that has arrived, as text to be searched.
func (c *Collector) Text() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.raw
}

func texts(attributes []*commonpb.KeyValue) map[string]string {
	all := map[string]string{}
	for _, a := range attributes {
		text := a.GetValue().GetStringValue()
		if text == "" {
			text = protojson.MarshalOptions{}.Format(a.GetValue())
		}
		all[a.GetKey()] = text
	}
	return all
}
