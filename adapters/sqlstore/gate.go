package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"
)

// While connections are held for a short time, however many wait move on quickly,
// or their own time is over. Where the database is slow they would only wait to fail.
const (
	slowHold = 500 * time.Millisecond // the mean of how long connections are held at a slow database
	patience = time.Second            // how long anybody waits there
)

// Weights of the newest hold in the mean of the recent ones. One that is long among
// short ones is no sign of a slow database; a few short ones say that it is over.
const rise, fall = 16, 4

var errCrowded = errors.New("the database is slow, and too many wait for a connection to it")

// gate is where units of work wait for one of a pool's connections. Whoever would
// wait too long is refused at once; who finds a connection free never is, so that
// there is always somebody who notices that the database is fast again. Nil has
// room for all.
type gate struct {
	free chan int // the numbers of connections that nobody holds

	mu      sync.Mutex
	since   []time.Time // when each connection was taken; zero for a free one
	mean    time.Duration
	waiting int
	waits   int64
	waited  time.Duration
	refused uint64
}

func newGate(pool *sql.DB) *gate {
	connections := pool.Stats().MaxOpenConnections
	if connections == 0 {
		return nil
	}
	g := &gate{since: make([]time.Time, connections), free: make(chan int, connections)}
	for i := range connections {
		g.free <- i
	}
	return g
}

// enter waits for a connection until ctx ends. Who has begun already is not
// refused: what was done would be lost.
func (g *gate) enter(ctx context.Context, begun bool) (leave func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	select {
	case i := <-g.free:
		return g.hold(i), nil
	default:
	}
	start := time.Now()
	if !g.queue(begun) {
		return nil, errCrowded
	}
	defer g.unqueue(start)
	again := time.NewTicker(patience)
	defer again.Stop()
	for {
		select {
		case i := <-g.free:
			return g.hold(i), nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-again.C:
			if !begun && g.lost() {
				return nil, errCrowded
			}
		}
	}
}

// hold notes who has a connection. When they leave, it is known for how long.
func (g *gate) hold(i int) (leave func()) {
	g.mu.Lock()
	g.since[i] = time.Now()
	g.mu.Unlock()
	return func() {
		g.mu.Lock()
		difference := time.Since(g.since[i]) - g.mean
		if difference > 0 {
			g.mean += difference / rise
		} else {
			g.mean += difference / fall
		}
		g.since[i] = time.Time{}
		g.mu.Unlock()
		g.free <- i
	}
}

// recently is for how long connections are held: on the mean of those that were
// given back, or already of those that were not, whichever is longer. The first
// says nothing yet when a database falls silent, the second when all begin anew.
func (g *gate) recently() time.Duration {
	var held, sum time.Duration
	for _, since := range g.since {
		if !since.IsZero() {
			held++
			sum += time.Since(since)
		}
	}
	return max(g.mean, sum/max(held, 1))
}

// queue takes a place in the queue. At a slow database that is refused to whom as
// many as there are connections stand before, if these take too long.
func (g *gate) queue(begun bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	hold, connections := g.recently(), len(g.since)
	if !begun && hold >= slowHold && g.waiting >= connections && time.Duration(g.waiting)*hold/time.Duration(connections) > patience {
		g.refused++
		return false
	}
	g.waiting++
	return true
}

// lost says to whom has waited long that it was for a slow database.
func (g *gate) lost() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.recently() < slowHold {
		return false
	}
	g.refused++
	return true
}

func (g *gate) unqueue(start time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting--
	g.waits++
	g.waited += time.Since(start)
}

// stats are the pool's, with the waits before the gate: there are none behind it.
func (g *gate) stats(pool *sql.DB) sql.DBStats {
	all := pool.Stats()
	if g != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		all.WaitCount += g.waits
		all.WaitDuration += g.waited
	}
	return all
}

// turnedAway counts those who were refused.
func (g *gate) turnedAway() uint64 {
	if g == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused
}
