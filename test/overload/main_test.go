package overload

import (
	"os"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// M is a JSON object.
type M = map[string]any
