package isolation

import (
	"math/rand/v2"
	"slices"

	"github.com/tenantry/tenantry/test/harness"
)

// model is what is there, and who may see it, by the rules of the documentation
// and nothing else: a few lists. It knows no more of the program than its
// clients do.
type model struct {
	dice   *rand.Rand
	people []*human
	houses []*house // those that are gone, too, so that they can be aimed at
}

// human is somebody with a session.
type human struct {
	harness.Person
	active *house // of the session; nil where it is none of those here
}

// house is an organization.
type house struct {
	id, slug string
	gone     bool
	members  map[*human]*seat
	works    []*work
}

// seat is a membership.
type seat struct{ id, role string }

// work is a project.
type work struct {
	id, slug string
	of       *house
	gone     bool
	stages   []*stage
}

// stage is an environment.
type stage struct {
	id        string
	of        *work
	gone      bool
	protected bool
	doors     []*door
}

// door is an environment key.
type door struct {
	id, secret    string
	of            *stage
	revoked, used bool
}

func (h *house) seatOf(who *human) *seat {
	if h == nil || h.gone {
		return nil
	}
	return h.members[who]
}

func (w *work) there() bool  { return w != nil && !w.gone && !w.of.gone }
func (s *stage) there() bool { return s != nil && !s.gone && s.of.there() }
func (d *door) there() bool  { return d != nil && d.of.there() }

// atRest says whether no key of the project was used.
func (w *work) atRest() bool {
	return !slices.ContainsFunc(w.stages, func(s *stage) bool {
		return !s.gone && slices.ContainsFunc(s.doors, func(d *door) bool { return d.used })
	})
}

func rank(role string) int { return slices.Index(ranks, role) }

// owners counts those of a house.
func (h *house) owners() (n int) {
	for _, s := range h.members {
		if s.role == "owner" {
			n++
		}
	}
	return n
}

// judged is what a member is answered who wants to do something to a thing, and
// may as least; done where nothing speaks against it.
func judged(s *seat, there bool, least string, done int) int {
	switch {
	case s == nil || !there:
		return 404
	case rank(s.role) < rank(least):
		return 403
	}
	return done
}

func pick[T any](m *model, from []T) (one T) {
	if len(from) > 0 {
		one = from[m.dice.IntN(len(from))]
	}
	return one
}

// living are the houses that are there.
func (m *model) living() []*house {
	return slices.DeleteFunc(slices.Clone(m.houses), func(h *house) bool { return h.gone })
}

// somewhere is mostly the house itself, and often another one.
func (m *model) somewhere(h *house) *house {
	if m.dice.IntN(4) > 0 {
		return h
	}
	return pick(m, m.houses)
}

func (m *model) aWork(h *house) *work { return pick(m, m.somewhere(h).works) }

func (m *model) aStage(h *house) *stage {
	if w := m.aWork(h); w != nil {
		return pick(m, w.stages)
	}
	return nil
}

func (m *model) aDoor(h *house) *door {
	if s := m.aStage(h); s != nil {
		return pick(m, s.doors)
	}
	return nil
}
