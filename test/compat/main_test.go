package compat

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

// M is a JSON object.
type M = harness.M

func TestMain(m *testing.M) { os.Exit(harness.Main(m, everythingAnswered)) }

// dialects are the names of all there are: each has a folder.
func dialects(t *testing.T) []string {
	t.Helper()
	specifications, err := filepath.Glob(filepath.Join(harness.Root(t), "adapters/httpapi/compat/*/openapi.json"))
	if err != nil || len(specifications) == 0 {
		t.Fatalf("there are no dialects: %v", err)
	}
	var names []string
	for _, path := range specifications {
		names = append(names, filepath.Base(filepath.Dir(path)))
	}
	return names
}

// excused are documented answers that these tests do not bring about, each with
// the reason. A status alone means that of every operation.
var excused = map[string]string{
	"408": "the machinery's, as on /v1: test/api",
	"500": "a server that fails is a failed test",
	"503": "faults of the database are tested in test/faults",
}

// everythingAnswered fails when a dialect documents an answer that was never
// really given.
func everythingAnswered() int {
	code := 0
	for _, spec := range harness.CoveredDialects() {
		for _, answer := range spec.Unanswered(excused) {
			code = 1
			_, _ = fmt.Fprintln(os.Stderr, "documented, but never answered while the tests ran:", answer)
		}
	}
	return code
}

// mailing are the settings of a server that sends its mail to the sink.
func mailing(sink *mailsink.Sink) harness.Environment {
	return harness.Environment{"SMTP_URL": sink.URL(), "MAIL_FROM": "Tenantry <accounts@example.com>"}
}
