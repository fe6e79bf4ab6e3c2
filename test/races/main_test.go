package races

import (
	"os"
	"testing"

	"github.com/tenantry/tenantry/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
