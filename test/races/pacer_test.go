package races

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// patience is how long contenders wait for each other. An engine that lets one
// write at a time never brings them together.
const patience = 25 * time.Millisecond

// meeting brings a number of contenders to one point, each on its first attempt
// only.
type meeting struct {
	wanted  int32
	arrived atomic.Int32
	all     chan struct{}
}

func newMeeting(n int) *meeting { return &meeting{wanted: int32(n), all: make(chan struct{})} }

func (m *meeting) wait() {
	if m == nil {
		return
	}
	n := m.arrived.Add(1)
	if n == m.wanted {
		close(m.all)
	}
	if n > m.wanted {
		return
	}
	select {
	case <-m.all:
	case <-time.After(patience):
	}
}

// pacer is the store that the use cases use. Between rounds it is the one that
// serves; in a round it lets units of work meet where it hurts most.
type pacer struct {
	strong, weak ports.Store
	round        atomic.Pointer[round]
}

// round is what one round does to the store.
type round struct {
	before *meeting // in front of the organization's lock, where there is one
	behind *meeting // behind the counting of owners
	// unlocked makes the lock do nothing and works on the weaker store. On SQLite,
	// which is never weaker, the owners of org are counted before the unit of work.
	unlocked bool
	early    bool
	org      organization.ID
}

// Do implements ports.Store.
func (p *pacer) Do(ctx context.Context, fn func(tx ports.Tx) error) error {
	r := p.round.Load()
	if r == nil {
		return p.strong.Do(ctx, fn)
	}
	store, owners := p.strong, (*int)(nil)
	if r.unlocked {
		store = p.weak
	}
	if r.early {
		n, err := ports.Look(ctx, store, func(tx ports.Tx) (int, error) {
			return tx.Members(access.OperateByToken("", "", "").Over(r.org)).Owners(ctx)
		})
		if err != nil {
			return err
		}
		owners = &n
		r.behind.wait()
	}
	return store.Do(ctx, func(tx ports.Tx) error { return fn(pacedTx{tx, r, owners}) })
}

// Alone implements ports.Store.
func (p *pacer) Alone(ctx context.Context, fn func(tx ports.Tx) error) error {
	return p.strong.Alone(ctx, fn)
}

// View implements ports.Store.
func (p *pacer) View(ctx context.Context, fn func(tx ports.Tx) error) error {
	return p.strong.View(ctx, fn)
}

// Ping implements ports.Store.
func (p *pacer) Ping(ctx context.Context) error { return p.strong.Ping(ctx) }

func (p *pacer) Tend(ctx context.Context) error { return p.strong.Tend(ctx) }

type pacedTx struct {
	ports.Tx
	round  *round
	owners *int
}

// Members implements ports.Tx.
func (t pacedTx) Members(g access.Grant) ports.Members {
	return pacedMembers{t.Tx.Members(g), t.round, t.owners}
}

// Links implements ports.Tx.
func (t pacedTx) Links() ports.Links { return pacedLinks{t.Tx.Links(), t.round} }

type pacedMembers struct {
	ports.Members
	round  *round
	owners *int
}

// Lock implements ports.Members.
func (m pacedMembers) Lock(ctx context.Context) error {
	m.round.before.wait()
	if m.round.unlocked {
		return nil
	}
	return m.Members.Lock(ctx)
}

// Owners implements ports.Members.
func (m pacedMembers) Owners(ctx context.Context) (int, error) {
	if m.owners != nil {
		return *m.owners, nil
	}
	n, err := m.Members.Owners(ctx)
	m.round.behind.wait()
	return n, err
}
