package harness

import (
	"fmt"
	"os"
	"testing"
)

// Rounds is how often a test repeats what it looks for: so often for each
// commit, or so often for a release, which "make test-long" asks for.
func Rounds(commit, release int) int {
	if os.Getenv("TENANTRY_TEST_LONG") != "" {
		return release
	}
	return commit
}

// Figure tells what a test measured, in its log and, where TENANTRY_FIGURES
// names a file, as a row of the table there, which "make test" prints last.
func Figure(tb testing.TB, what, format string, arguments ...any) {
	tb.Helper()
	measured := fmt.Sprintf(format, arguments...)
	tb.Logf("%s: %s", what, measured)
	path := os.Getenv("TENANTRY_FIGURES")
	if path == "" {
		return
	}
	// Packages run beside each other: one short write to a file that is open
	// for appending is not torn.
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // where whoever runs the tests wants it
	if err != nil {
		tb.Error(err)
		return
	}
	_, err = fmt.Fprintf(file, "| %s | %s | %s |\n", what, measured, tb.Name())
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		tb.Error(err)
	}
}
