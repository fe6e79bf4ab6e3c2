package system

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// longestQuestion is how long asking for the time may take to be a measure of it.
// The first time it is asked so often, and the quickest answer counts.
const (
	longestQuestion = 5 * time.Second
	firstQuestions  = 3
)

var errLate = errors.New("asking the server for the time took too long")

// Shared is a clock that all who ask one server have in common. It goes on by this
// machine's monotonic clock: neither a machine whose clock is wrong nor one whose
// clock is set makes it differ. Before it was told the time, and where there is no
// server, it is Clock.
type Shared struct{ told atomic.Pointer[told] }

// told is what the server's clock showed when this machine's showed here, half of
// what the question took before or after it.
type told struct {
	here, there time.Time
	took        time.Duration
}

// replaces says whether t is the better measure by far, or the server's clock was
// set: what both ways of question and answer can explain changes nothing, so that
// time does not tremble.
func (t *told) replaces(old *told) bool {
	apart := t.there.Sub(old.there.Add(t.here.Sub(old.here)))
	return t.took < old.took/2 || apart.Abs() > (t.took+old.took)/2
}

// Now returns the time in UTC, cut to microseconds, as Clock does.
func (s *Shared) Now() time.Time {
	t := s.told.Load()
	if t == nil {
		return Clock{}.Now()
	}
	return t.there.Add(time.Since(t.here)).UTC().Truncate(time.Microsecond)
}

// Follow asks the server for its time, and goes by it from now on. It returns by
// how much this machine's clock is ahead. A zero time is for no server.
func (s *Shared) Follow(ctx context.Context, ask func(context.Context) (time.Time, error)) (ahead time.Duration, err error) {
	times := 1
	if s.told.Load() == nil {
		times = firstQuestions
	}
	for range times {
		next, err := measure(ctx, ask)
		if err != nil || next == nil {
			return 0, err
		}
		if t := s.told.Load(); t == nil || next.replaces(t) {
			s.told.Store(next)
		}
	}
	return Clock{}.Now().Sub(s.Now()), nil
}

// measure asks once. It returns nil where there is no server.
func measure(ctx context.Context, ask func(context.Context) (time.Time, error)) (*told, error) {
	ctx, cancel := context.WithTimeout(ctx, longestQuestion)
	defer cancel()
	begun := time.Now()
	there, err := ask(ctx)
	took := time.Since(begun)
	switch {
	case err != nil || there.IsZero():
		return nil, err
	case took > longestQuestion:
		return nil, errLate
	}
	return &told{begun.Add(took / 2), there, took}, nil
}
