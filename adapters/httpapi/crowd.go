package httpapi

import (
	"net"
	"sync"
	"sync/atomic"
)

// Crowd counts the connections of a listener, and holds them to a number. Each
// takes a file of the process, and one that has none left can neither open its
// database nor send mail.
type Crowd struct {
	most    int64
	full    func()
	open    atomic.Int64
	refused atomic.Uint64
}

// NewCrowd returns one of at most so many. full is called for each connection
// beyond it.
func NewCrowd(most int, full func()) *Crowd { return &Crowd{most: int64(most), full: full} }

// Open is how many there are.
func (c *Crowd) Open() int { return int(c.open.Load()) }

// Refused is how many were closed since the start, because there were too many.
func (c *Crowd) Refused() uint64 { return c.refused.Load() }

// Bound returns the listener with what is one too many closed at once: whoever
// waited in line for a place would rather ask another replica.
func (c *Crowd) Bound(l net.Listener) net.Listener { return boundListener{l, c} }

type boundListener struct {
	net.Listener
	crowd *Crowd
}

func (l boundListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.crowd.open.Add(1) <= l.crowd.most {
			return &countedConn{Conn: conn, left: sync.OnceFunc(func() { l.crowd.open.Add(-1) })}, nil
		}
		l.crowd.open.Add(-1)
		l.crowd.refused.Add(1)
		_ = conn.Close()
		l.crowd.full()
	}
}

type countedConn struct {
	net.Conn
	left func()
}

func (c *countedConn) Close() error {
	defer c.left()
	return c.Conn.Close()
}
