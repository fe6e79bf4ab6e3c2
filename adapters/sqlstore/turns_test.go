package sqlstore

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/organization"
)

func place() organization.ID { return organization.ID(uuid.Must(uuid.NewV7())) }

func TestOneOfManyHasTheTurnAndEachGetsIt(t *testing.T) {
	var (
		all     turns
		in      = place()
		group   sync.WaitGroup
		at, had atomic.Int32
	)
	for range 50 {
		group.Go(func() {
			giveBack := all.take(t.Context(), in)
			if n := at.Add(1); n != 1 {
				t.Errorf("%d have the turn", n)
			}
			had.Add(1)
			at.Add(-1)
			giveBack()
		})
	}
	group.Wait()
	if had.Load() != 50 || len(all.lines) != 0 {
		t.Errorf("%d had the turn, and %d lines are kept", had.Load(), len(all.lines))
	}
}

func TestATurnInOneOrganizationHoldsUpNoOther(t *testing.T) {
	var all turns
	first, other := all.take(t.Context(), place()), all.take(t.Context(), place())
	first()
	other()
}

func TestWhoseTimeIsOverStandsInNoLine(t *testing.T) {
	var all turns
	in := place()
	giveBack := all.take(t.Context(), in)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if late := all.take(over, in); late != nil {
		t.Error("two have the turn")
	}
	giveBack()
	if len(all.lines) != 0 {
		t.Errorf("%d lines are kept", len(all.lines))
	}
}
