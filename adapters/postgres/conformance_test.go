package postgres

import (
	"testing"

	"github.com/tenantry/tenantry/ports"
	"github.com/tenantry/tenantry/ports/portstest"
	"github.com/tenantry/tenantry/test/pgtest"
)

func TestConformance(t *testing.T) {
	for name, pooler := range map[string]bool{"postgres": false, "postgres as behind a pooler": true} {
		portstest.Run(t, portstest.Engine{Name: name, Open: func(tb testing.TB, clock ports.Clock) ports.Store {
			return opened(tb, Config{DSN: pgtest.Clone(tb, "schema", migrate), Pooler: pooler}, clock)
		}})
	}
}
