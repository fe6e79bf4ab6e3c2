package monitoring

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/tenantry/tenantry/test/collector"
	"github.com/tenantry/tenantry/test/harness"
)

// traced are the settings of a server that tells the collector soon.
func traced(url string) harness.Environment {
	return harness.Environment{"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
}

const caller, callersSpan = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

// spansOf waits for the root span of a trace, which comes last, and returns it
// with the spans within.
func spansOf(t *testing.T, c *collector.Collector, trace string) (root collector.Span, within []collector.Span) {
	t.Helper()
	eventually(t, "the trace "+trace, func() bool {
		within = nil
		for _, s := range c.Spans() {
			switch {
			case hex.EncodeToString(s.TraceId) != trace:
			case s.Kind == tracepb.Span_SPAN_KIND_SERVER:
				root = s
			default:
				within = append(within, s)
			}
		}
		return root.Span != nil
	})
	return root, within
}

func TestARequestIsASpanOfItsCallersTraceWithItsStatementsWithin(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		c := collector.Start(t)
		s := harness.Start(t, d, traced(c.URL))
		ada := s.Register(t)
		ada.With("Traceparent", "00-"+caller+"-"+callersSpan+"-01").Post("/v1/projects", M{"name": "Traced"}).Want(201)
		root, within := spansOf(t, c, caller)
		if root.Name != "POST /v1/projects" || hex.EncodeToString(root.ParentSpanId) != callersSpan {
			t.Errorf("the span is %s within %x", root.Name, root.ParentSpanId)
		}
		for name, want := range map[string]string{"http.request.method": "POST", "http.route": "/v1/projects", "http.response.status_code": `{"intValue":"201"}`} {
			if got := strings.ReplaceAll(root.Attribute(name), " ", ""); got != want {
				t.Errorf("%s is %s", name, got)
			}
		}
		if root.Resource["service.name"] != "tenantry" || root.Resource["service.version"] != harness.Version {
			t.Errorf("the span is of %v", root.Resource)
		}
		seen := map[string]bool{}
		for _, span := range within {
			seen[span.Name] = true
			if system := span.Attribute("db.system.name"); system != map[harness.Engine]string{harness.SQLite: "sqlite", harness.Postgres: "postgresql"}[d.Engine] {
				t.Errorf("%s runs on %q", span.Name, system)
			}
			if span.StartTimeUnixNano < root.StartTimeUnixNano || span.EndTimeUnixNano > root.EndTimeUnixNano {
				t.Errorf("%s lasts from %d to %d, and its request from %d to %d", span.Name, span.StartTimeUnixNano, span.EndTimeUnixNano, root.StartTimeUnixNano, root.EndTimeUnixNano)
			}
		}
		for _, name := range []string{"BEGIN", "INSERT projects", "INSERT audit_entries", "COMMIT"} {
			if !seen[name] {
				t.Errorf("there is no span %s among %v", name, seen)
			}
		}
	})
}

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-`)

func TestASpanHasTheRouteAndNoID(t *testing.T) {
	t.Parallel()
	c := collector.Start(t)
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), traced(c.URL))
	ada := s.Register(t)
	secret, id := ada.NewKey(t, ada.Dev)
	s.Client(t).Key(secret).Get("/v1/sdk/authorize?environment=" + ada.Dev).Want(204)
	ada.Get("/v1/projects/" + ada.Project).Want(200)
	ada.Get("/v1/api-keys/" + id).Want(200)
	s.Client(t).Do("BREW", "/"+harness.Marker+"/"+ada.ID, nil)
	s.Client(t).With("Baggage", "secret="+harness.Marker).With("Tracestate", "secret="+harness.Marker).
		With("Traceparent", "00-"+caller+"-"+callersSpan+"-01").Get("/healthz").Want(200)
	root, _ := spansOf(t, c, caller)
	if root.Name != "GET /healthz" || root.TraceState != "" {
		t.Errorf("the span is %s with the state %q", root.Name, root.TraceState)
	}
	s.Stop() // which sends the rest
	names := map[string]bool{}
	for _, span := range c.Spans() {
		names[span.Name] = true
	}
	for _, name := range []string{"GET /v1/projects/:id", "GET /v1/api-keys/:id", "GET /v1/sdk/authorize", "_OTHER unknown", "POST /v1/auth/register"} {
		if !names[name] {
			t.Errorf("there is no span %s among %v", name, names)
		}
	}
	text := c.Text()
	for _, personal := range []string{harness.Marker, secret, ada.Email, "BREW"} {
		if strings.Contains(text, personal) {
			t.Errorf("the traces hold %s", personal)
		}
	}
	if found := anyID.FindString(text); found != "" {
		t.Errorf("the traces hold the id %s…", found)
	}
}

func TestALineOfTheLogLeadsToTheTrace(t *testing.T) {
	t.Parallel()
	c := collector.Start(t)
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), traced(c.URL))
	id := s.Client(t).With("Traceparent", "00-"+caller+"-"+callersSpan+"-01").Get("/v1/projects").Header.Get("X-Request-ID")
	root, _ := spansOf(t, c, caller)
	if root.Attribute("tenantry.code") != "CREDENTIALS_REQUIRED" {
		t.Errorf("the refusal is %q", root.Attribute("tenantry.code"))
	}
	for line := range strings.Lines(s.Logs()) {
		var entry M
		if json.Unmarshal([]byte(line), &entry) == nil && entry["request_id"] == id {
			if entry["trace_id"] != caller {
				t.Errorf("the line has the trace %v", entry["trace_id"])
			}
			return
		}
	}
	t.Errorf("request %s is not in the log", id)
}

func TestACallerWhoIsNotSampledIsNotCollected(t *testing.T) {
	t.Parallel()
	c := collector.Start(t)
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), traced(c.URL))
	s.Client(t).With("Traceparent", "00-"+caller+"-"+callersSpan+"-00").Get("/readyz").Want(200)
	s.Client(t).With("Traceparent", "no such thing").Get("/healthz").Want(200)
	s.Stop()
	spans := c.Spans()
	if len(spans) != 1 || spans[0].Name != "GET /healthz" || len(spans[0].ParentSpanId) != 0 {
		t.Errorf("%d spans: %v", len(spans), spans)
	}
}

// A collector that takes connections and never answers is worse than none.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return "http://" + listener.Addr().String()
}

func TestWithoutACollectorRequestsGoOnAndTheLogSaysSoOnce(t *testing.T) {
	t.Parallel()
	c := collector.Start(t)
	gone := c.URL
	c.Stop()
	s, address := measured(t, harness.NewDatabase(t, harness.SQLite), traced(gone))
	refused := "traces cannot be sent"
	eventually(t, "a line about the traces", func() bool {
		s.Client(t).Get("/healthz").Want(200)
		return strings.Contains(s.Logs(), refused)
	})
	ask := func(n int) {
		for range n {
			s.Client(t).Get("/v1/projects").Want(401)
		}
	}
	ask(3000) // more than wait
	before := value(t, page(t, address), "process_resident_memory_bytes")
	ask(harness.Rounds(3000, 100_000))
	after := value(t, page(t, address), "process_resident_memory_bytes")
	harness.Figure(t, "memory that traces without a collector take", "%.0f MB, then %.0f MB", before/1e6, after/1e6)
	if after > before+50e6 {
		t.Errorf("memory grew from %.0f to %.0f bytes", before, after)
	}
	begun := time.Now()
	s.Stop()
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("the server took %s to stop", took)
	}
	if n := strings.Count(s.Logs(), refused); n != 1 || strings.Contains(s.Logs(), "in trouble") {
		t.Errorf("the log says it %d times", n)
	}
}

func TestACollectorThatNeverAnswersHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), traced(silent(t)))
	ada := s.Register(t)
	for i := range 50 {
		ada.Post("/v1/projects", M{"name": fmt.Sprint("Project ", i)}).Want(http.StatusCreated)
	}
	begun := time.Now()
	s.Stop()
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("the server took %s to stop", took)
	}
}

func TestTheCollectorsAddressIsChecked(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"collector:4318", "ftp://collector", "http://user:" + harness.Marker + "@collector:4318", "http://collector?x=" + harness.Marker} {
		o := harness.Run(t, harness.Environment{"OTEL_EXPORTER_OTLP_ENDPOINT": wrong}, "config")
		if o.Code != 2 || !strings.Contains(o.Stderr, "OTEL_EXPORTER_OTLP_ENDPOINT") || strings.Contains(o.Stderr, harness.Marker) {
			t.Errorf("%s: code %d, %s", wrong, o.Code, o.Stderr)
		}
	}
}
