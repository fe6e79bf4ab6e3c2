package portstest

import (
	"sync"
	"time"
)

// start is half an hour past the change to summer time in central Europe, with
// all the microseconds that a store keeps.
var start = time.Date(2026, 3, 29, 1, 30, 0, 123_456_000, time.UTC)

// Clock is a ports.Clock that stands still until it is told to move. It is safe
// for concurrent use.
type Clock struct {
	mutex sync.Mutex
	now   time.Time
}

// NewClock returns a clock that shows the time, in UTC and cut to microseconds.
func NewClock(now time.Time) *Clock {
	return &Clock{now: now.UTC().Truncate(time.Microsecond)}
}

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(d).Truncate(time.Microsecond)
}
