package system

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// longestQuestion is how long asking for the time may take to be a measure of it.
const longestQuestion = 5 * time.Second

var errLate = errors.New("asking the server for the time took too long")

// Shared is a clock that all who ask one server have in common. It goes on by this
// machine's monotonic clock: neither a machine whose clock is wrong nor one whose
// clock is set makes it differ. Before it was told the time, and where there is no
// server, it is Clock.
type Shared struct{ told atomic.Pointer[told] }

// told is what the server's clock showed when this machine's showed here.
type told struct{ here, there time.Time }

// Now returns the time in UTC, cut to microseconds, as Clock does.
func (s *Shared) Now() time.Time {
	t := s.told.Load()
	if t == nil {
		return Clock{}.Now()
	}
	return t.there.Add(time.Since(t.here)).UTC().Truncate(time.Microsecond)
}

// Follow asks the server for its time, and goes by it from now on. It returns by
// how much this machine's clock is ahead. A zero time is for no server. What the
// way of question and answer can explain changes nothing.
func (s *Shared) Follow(ctx context.Context, ask func(context.Context) (time.Time, error)) (ahead time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, longestQuestion)
	defer cancel()
	begun := time.Now()
	there, err := ask(ctx)
	took := time.Since(begun)
	switch {
	case err != nil || there.IsZero():
		return 0, err
	case took > longestQuestion:
		return 0, errLate
	}
	here := begun.Add(took / 2)
	if t := s.told.Load(); t == nil || there.Sub(t.there.Add(here.Sub(t.here))).Abs() > took/2 {
		s.told.Store(&told{here, there})
	}
	return Clock{}.Now().Sub(s.Now()), nil
}
