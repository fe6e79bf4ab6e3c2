package sqlstore

import (
	"context"
	"sync"

	"github.com/tenantry/tenantry/domain/organization"
)

// loss is an attempt that a conflicting unit won. In which organization it wanted
// to change something is known once it got so far, and zero before.
type loss struct{ in organization.ID }

// lost is the loss of the unit, if there is to be another attempt.
func (u *unit) lost(again bool) *loss {
	if !again {
		return nil
	}
	return &loss{u.in}
}

// turns lets units of work that have lost in one organization repeat one after
// the other. They would meet again otherwise: each writes to the organization's
// audit, so that of all who try at once a single one wins. Each process has its
// own turns; between processes the pause has to do.
type turns struct {
	mu    sync.Mutex
	lines map[organization.ID]*line
}

// line is who waits for the turn in one organization, and who has it.
type line struct {
	turn chan struct{} // holds one while somebody has the turn
	in   int
}

// take waits for the turn, which the caller gives back; nil when ctx ended first.
func (t *turns) take(ctx context.Context, in organization.ID) (giveBack func()) {
	t.mu.Lock()
	if t.lines == nil {
		t.lines = map[organization.ID]*line{}
	}
	l := t.lines[in]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1)}
		t.lines[in] = l
	}
	l.in++
	t.mu.Unlock()
	select {
	case l.turn <- struct{}{}:
		return func() {
			<-l.turn
			t.leave(in, l)
		}
	case <-ctx.Done():
		t.leave(in, l)
		return nil
	}
}

// leave forgets a line in which nobody stands any more.
func (t *turns) leave(in organization.ID, l *line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l.in--; l.in == 0 {
		delete(t.lines, in)
	}
}
