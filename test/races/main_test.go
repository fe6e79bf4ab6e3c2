package races

import (
	"os"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

func TestMain(m *testing.M) {
	// The people are registered once, and act to the end.
	harness.Shared = harness.Environment{"REAUTH_MINUTES": "1440", "TOKEN_TTL_MINUTES": "1440", "LOGIN_FAILURES": "100"}
	os.Exit(harness.Main(m))
}
