package memory

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/tenantry/tenantry/ports"
)

// loadLimit is how long a question to the store may take. It is nobody's
// request in particular: many may wait for it.
const loadLimit = 3 * time.Second

// unknownLife is how long it is remembered that nobody knows a credential. It
// cannot become known later: secrets and ids are made at random.
const unknownLife = ports.Staleness

// maxUnknown bounds how many such are remembered, however many are invented.
const maxUnknown = 16_384

// answer is what the store said, and what that depends on. Keep is false for
// what may become more at any time without a change that is announced.
type answer[V any] struct {
	value     *V
	dependsOn []ports.Subject
	keep      bool
}

// known is an answer with its origin.
type known[V any] struct {
	origin
	load  uint64 // its number
	value *V
}

// shelf keeps the answers to one kind of question.
type shelf[K comparable, V any] struct {
	fresh   *freshness
	ask     func(ctx context.Context, key K) (answer[V], error)
	found   *otter.Cache[K, *known[V]]
	unknown *otter.Cache[K, time.Time]
	loader  otter.Loader[K, *known[V]]
	loads   atomic.Uint64 // begun so far
	hits    atomic.Uint64
}

func newShelf[K comparable, V any](f *freshness, size int, ask func(context.Context, K) (answer[V], error)) (*shelf[K, V], error) {
	found, err := otter.New(&otter.Options[K, *known[V]]{
		MaximumSize: size, ExpiryCalculator: otter.ExpiryWriting[K, *known[V]](longest),
	})
	if err != nil {
		return nil, err
	}
	unknown, err := otter.New(&otter.Options[K, time.Time]{
		MaximumSize: maxUnknown, ExpiryCalculator: otter.ExpiryWriting[K, time.Time](unknownLife),
	})
	if err != nil {
		return nil, err
	}
	s := &shelf[K, V]{fresh: f, ask: ask, found: found, unknown: unknown}
	s.loader = otter.LoaderFunc[K, *known[V]](s.load)
	return s, nil
}

// unkept carries an answer past the cache, which keeps no errors.
type unkept[V any] struct{ known *known[V] }

func (unkept[V]) Error() string { return "not to be kept" }

// get answers from memory, or asks. Nil is for what nobody knows.
func (s *shelf[K, V]) get(ctx context.Context, key K) (value *V, age time.Duration, err error) {
	now, begun := time.Now(), s.loads.Load()
	for {
		k, present := s.found.GetIfPresent(key)
		if !present {
			if at, remembered := s.unknown.GetIfPresent(key); remembered && elapsed(at, now) < unknownLife {
				s.hits.Add(1)
				return nil, elapsed(at, now), nil
			}
			if k, err = s.fetch(ctx, key); err != nil {
				return nil, 0, err
			}
			if k == nil {
				s.unknown.Set(key, now)
				return nil, 0, nil
			}
		}
		if k.load > begun {
			return k.value, 0, nil // was asked since this call began
		}
		if s.fresh.counts(&k.origin, now) {
			s.hits.Add(1)
			return k.value, elapsed(k.at, now), nil
		}
		s.drop(key, k)
	}
}

// fetch asks, or waits for who is asking already. Nil is for what nobody knows.
func (s *shelf[K, V]) fetch(ctx context.Context, key K) (*known[V], error) {
	k, err := s.found.Get(context.WithoutCancel(ctx), key, s.loader)
	passing := unkept[V]{}
	switch {
	case errors.As(err, &passing):
		return passing.known, nil
	case errors.Is(err, otter.ErrNotFound):
		return nil, nil
	}
	return k, err
}

// drop removes an answer that does not count any more, unless a newer one has
// come in its place.
func (s *shelf[K, V]) drop(key K, stale *known[V]) {
	s.found.ComputeIfPresent(key, func(kept *known[V]) (*known[V], otter.ComputeOp) {
		if kept == stale {
			return nil, otter.InvalidateOp
		}
		return kept, otter.CancelOp
	})
}

func (s *shelf[K, V]) load(ctx context.Context, key K) (*known[V], error) {
	ctx, cancel := context.WithTimeout(ctx, loadLimit)
	defer cancel()
	k := &known[V]{load: s.loads.Add(1)}
	k.at, k.sequence = s.fresh.now()
	said, err := s.ask(ctx, key)
	switch {
	case err != nil:
		return nil, err
	case said.value == nil:
		return nil, otter.ErrNotFound
	}
	k.value, k.dependsOn = said.value, said.dependsOn
	k.checked.Store(k.sequence)
	if !said.keep {
		return nil, unkept[V]{k}
	}
	return k, nil
}

func (s *shelf[K, V]) usage() Usage {
	return Usage{Entries: s.found.EstimatedSize() + s.unknown.EstimatedSize(), Hits: s.hits.Load(), Misses: s.loads.Load()}
}

func (s *shelf[K, V]) close() {
	s.found.StopAllGoroutines()
	s.unknown.StopAllGoroutines()
}
