package isolation

import (
	"os"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// M is a JSON object.
type M = harness.M

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
