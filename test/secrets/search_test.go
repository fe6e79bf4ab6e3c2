package secrets

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/test/collector"
	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

// M is a JSON object.
type M = harness.M

// house is a server with everything on that writes, and the secrets that were
// sent to it or given out by it, by what they are.
type house struct {
	*harness.Server
	traces  *collector.Collector
	post    *mailsink.Sink
	metrics string

	mutex   sync.Mutex
	secrets map[string]string
}

func open(t *testing.T, d *harness.Database) *house {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{traces: collector.Start(t), post: mailsink.Start(t, mailsink.Options{}), metrics: listener.Addr().String(), secrets: map[string]string{}}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	collectors := "Zq7-collector-" + harness.Unique()
	h.Server = harness.Start(t, d, harness.Environment{
		"LOG_LEVEL": "DEBUG", "OTEL_EXPORTER_OTLP_ENDPOINT": h.traces.URL, "OTEL_BSP_SCHEDULE_DELAY": "200",
		"OTEL_EXPORTER_OTLP_HEADERS": "authorization=" + collectors, "METRICS_ADDR": h.metrics,
		"SMTP_URL": h.post.URL(), "MAIL_FROM": "Tenantry <accounts@example.com>",
	})
	h.secret("the collector's credential", collectors)
	h.secret("ADMIN_API_TOKEN", harness.AdminToken)
	if d.MasterKey != "" {
		h.secret("MASTER_KEY", d.MasterKey)
	}
	return h
}

// secret notes what may be written nowhere.
func (h *house) secret(what, text string) string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.secrets[text] = what
	return text
}

func (h *house) forget(text string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	delete(h.secrets, text)
}

// marker is a secret that nobody has and everybody sends.
func (h *house) marker(what string) string {
	return h.secret(what, "Zq7-"+harness.Unique()+harness.Unique())
}

// spellings are the forms in which a secret is as good as itself.
func spellings(secret string) []string {
	return []string{
		secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.RawURLEncoding.EncodeToString([]byte(secret)), url.QueryEscape(secret),
	}
}

// marked begins every secret that this package makes up, as every password of the
// harness, so that however many there are, a text is read once.
const marked = "Zq7-"

var forms = []struct {
	form   *regexp.Regexp
	decode func(string) []byte
}{
	{regexp.MustCompile(marked + `[0-9A-Za-z-]+`), func(s string) []byte { return []byte(s) }},
	{regexp.MustCompile(hex.EncodeToString([]byte(marked)) + `(?:[0-9a-f]{2})+`), func(s string) []byte {
		text, _ := hex.DecodeString(s)
		return text
	}},
	{regexp.MustCompile(`WnE3L[0-9A-Za-z+/_-]+`), func(s string) []byte {
		if len(s)%4 == 1 {
			s = s[:len(s)-1] // no encoding is that long
		}
		text, _ := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(s))
		return text
	}},
}

// hits are the secrets that stand in a text, by what they are.
func (h *house) hits(text string) []string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	var found []string
	for secret, what := range h.secrets {
		if strings.HasPrefix(secret, marked) {
			continue
		}
		for _, form := range spellings(secret) {
			if strings.Contains(text, form) {
				found = append(found, what)
				break
			}
		}
	}
	for _, f := range forms {
		for _, written := range f.form.FindAllString(text, -1) {
			decoded := string(f.decode(written))
			for end := len(marked); end <= len(decoded); end++ {
				if what, known := h.secrets[decoded[:end]]; known {
					found = append(found, what)
				}
			}
		}
	}
	return found
}

// places are all that the program has written, by where.
func (h *house) places(t *testing.T) map[string]string {
	t.Helper()
	answer, err := http.Get("http://" + h.metrics + "/metrics") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	metrics, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"the log": h.Logs(), "the greeting": h.Greeting(), "the traces": h.traces.Text(), "the metrics": string(metrics),
		"the database": strings.Join(h.Dump(), "\n"),
	}
}

// member is one that a body may have, and the text of the specification that
// describes it.
func members(t *testing.T, o harness.Operation) map[string]M {
	t.Helper()
	document := harness.Spec(t).Document
	at := func(value any, path ...string) any {
		for _, name := range path {
			object, _ := value.(M)
			value = object[name]
			if inner, _ := value.(M); inner != nil {
				if ref, _ := inner["$ref"].(string); ref != "" {
					value = document["components"].(M)["schemas"].(M)[strings.TrimPrefix(ref, "#/components/schemas/")]
				}
			}
		}
		return value
	}
	described, _ := at(document, "paths", o.Path, strings.ToLower(o.Method), "requestBody", "content", "application/json", "schema", "properties").(M)
	all := map[string]M{}
	for name := range described {
		all[name], _ = at(described, name).(M)
	}
	return all
}

// filled is a body in which each member holds the text, whatever it should.
func filled(t *testing.T, o harness.Operation, text string) string {
	t.Helper()
	body := M{}
	for name, schema := range members(t, o) {
		if kind := fmt.Sprint(schema["type"]); strings.Contains(kind, "array") {
			body[name] = []string{text}
		} else {
			body[name] = text
		}
	}
	written, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}
