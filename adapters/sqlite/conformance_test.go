package sqlite

import (
	"testing"

	"github.com/tenantry/tenantry/ports"
	"github.com/tenantry/tenantry/ports/portstest"
)

func TestConformance(t *testing.T) {
	portstest.Run(t, portstest.Engine{Name: "sqlite", Open: func(tb testing.TB, clock ports.Clock) ports.Store {
		return opened(tb, migrated(tb), clock)
	}})
}
