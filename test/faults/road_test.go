package faults

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// road is the network between the server and PostgreSQL. What is on it while it
// is silent arrives, if anybody still waits, once it is not: so TCP does it.
type road struct {
	address string                 // as a DATABASE_URL
	target  atomic.Pointer[string] // nil is the database itself
	lag     atomic.Int64           // nanoseconds, for whatever the database says
	cutting atomic.Bool            // commits take place, and nobody is told
	cuts    atomic.Int64

	mutex  sync.Mutex
	silent bool
	change chan struct{} // closed and replaced with each change of silent
	conns  map[net.Conn]bool
	work   sync.WaitGroup
	ended  chan struct{}
}

func build(t *testing.T, dsn string) *road {
	t.Helper()
	r := &road{change: make(chan struct{}), conns: map[net.Conn]bool{}, ended: make(chan struct{})}
	r.address = harness.Between(t, dsn, &r.work, r.relay, func() {
		close(r.ended)
		r.cutAll()
	})
	return r
}

// over is a database that is reached by this road alone, but for the feed if it
// is to hear by another.
func (r *road) env(extra ...harness.Environment) []harness.Environment {
	return append([]harness.Environment{{"DATABASE_URL": r.address}}, extra...)
}

// lead makes connections to come end there.
func (r *road) lead(host string) { r.target.Store(&host) }

// silence stops everything that is on its way, or lets it go on.
func (r *road) silence(on bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.silent = on
	close(r.change)
	r.change = make(chan struct{})
}

// cutAll breaks every connection that there is.
func (r *road) cutAll() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for conn := range r.conns {
		_ = conn.Close()
	}
}

// pass waits while the road is silent.
func (r *road) pass() {
	for {
		r.mutex.Lock()
		silent, change := r.silent, r.change
		r.mutex.Unlock()
		if !silent {
			return
		}
		select {
		case <-change:
		case <-r.ended:
			return
		}
	}
}

func (r *road) keep(conn net.Conn, open bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if open {
		r.conns[conn] = true
		return
	}
	delete(r.conns, conn)
	_ = conn.Close()
}

func (r *road) relay(client net.Conn, upstream string) {
	r.keep(client, true)
	defer r.keep(client, false)
	r.pass() // nobody hears that somebody comes
	if led := r.target.Load(); led != nil {
		upstream = *led
	}
	server, err := net.Dial("tcp", upstream) //nolint:noctx // on this machine
	if err != nil {
		return
	}
	r.keep(server, true)
	defer r.keep(server, false)
	var founds atomic.Bool // this unit of work makes a project
	var both sync.WaitGroup
	both.Go(func() {
		copied(server, client, func(said []byte) bool {
			if bytes.Contains(said, []byte("INSERT INTO projects")) {
				founds.Store(true)
			}
			r.pass()
			return true
		})
		r.pass()
		_ = server.Close()
	})
	both.Go(func() {
		copied(client, server, func(said []byte) bool {
			if bytes.Contains(said, []byte("COMMIT\x00")) && founds.Swap(false) && r.cutting.Load() {
				r.cuts.Add(1)
				return false
			}
			r.wait()
			r.pass()
			return true
		})
		r.pass()
		_ = client.Close()
	})
	both.Wait()
}

// wait is how long what the database says takes.
func (r *road) wait() {
	if lag := time.Duration(r.lag.Load()); lag > 0 {
		select {
		case <-time.After(lag):
		case <-r.ended:
		}
	}
}
