package api

import (
	"fmt"
	"os"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

func TestMain(m *testing.M) {
	os.Exit(withPost(func() int { return harness.Main(m, everythingAnswered) }))
}

// excused are documented answers that these tests do not bring about, each with
// the reason. A status alone means that of every operation.
var excused = map[string]string{
	"500": "a server that fails is a failed test",
	"503": "faults of the database are tested in test/faults",
}

// everythingAnswered fails when the specification documents an answer that was
// never really given.
func everythingAnswered() int {
	spec := harness.Covered()
	if spec == nil {
		return 0
	}
	missing := spec.Unanswered(excused)
	for _, answer := range missing {
		_, _ = fmt.Fprintln(os.Stderr, "documented, but never answered while the tests ran:", answer)
	}
	return min(len(missing), 1)
}
