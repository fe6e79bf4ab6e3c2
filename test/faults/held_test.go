package faults

import (
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// held is a proxy before PostgreSQL that stands between a commit and whoever
// waits for it: of a unit of work that has kept an answer, it holds back that the
// commit took place, for ever.
type held struct {
	armed  atomic.Bool
	caught chan struct{} // one for each commit that is held
	work   sync.WaitGroup
	ended  chan struct{}
}

// hold returns the proxy with the address of the database behind it.
func hold(t *testing.T, dsn string) (h *held, through string) {
	t.Helper()
	h = &held{caught: make(chan struct{}, 100), ended: make(chan struct{})}
	relay := func(client net.Conn, upstream string) { h.relay(t, client, upstream) }
	return h, harness.Between(t, dsn, &h.work, relay, func() { close(h.ended) })
}

func (h *held) relay(t *testing.T, client net.Conn, upstream string) {
	server, err := new(net.Dialer).DialContext(t.Context(), "tcp", upstream)
	if err != nil {
		t.Error(err)
		_ = client.Close()
		return
	}
	var keeps atomic.Bool // this unit of work keeps an answer
	over := make(chan struct{}, 2)
	h.work.Go(func() {
		copied(server, client, func(said []byte) bool {
			if h.armed.Load() && bytes.Contains(said, []byte("INSERT INTO idempotent_answers")) {
				keeps.Store(true)
			}
			return true
		})
		over <- struct{}{}
	})
	h.work.Go(func() {
		copied(client, server, func(said []byte) bool {
			if !keeps.Load() || !bytes.Contains(said, []byte("COMMIT\x00")) {
				return true
			}
			h.caught <- struct{}{}
			<-h.ended // nobody is told
			return false
		})
		over <- struct{}{}
	})
	select {
	case <-over:
	case <-h.ended:
	}
	_ = client.Close()
	_ = server.Close()
}

// copied hands on what comes, as long as pass says so.
func copied(to io.Writer, from io.Reader, pass func([]byte) bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !pass(buffer[:n]) {
			return
		}
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

// The server dies after the commits and before it hears of them. Every one of
// fifty repetitions is answered as the first request would have been.
func TestAServerKilledBetweenCommitAndAnswerHasCreatedOnce(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	h, through := hold(t, d.URL)
	// Behind a pooler statements are sent whole, so that the proxy can read them.
	s := harness.Start(t, d, harness.Environment{"DATABASE_URL": through, "DATABASE_POOLER": "true", "DATABASE_LISTEN_URL": d.URL})
	const rounds, crowd = 10, 5
	var people []string
	for range crowd { // of organizations of their own, which do not wait for each other
		people = append(people, s.Register(t).AccessToken)
	}
	for range rounds {
		h.armed.Store(true)
		var orders []order
		var clients sync.WaitGroup
		for _, token := range people {
			o := newOrder(token)
			orders = append(orders, o)
			clients.Go(func() {
				if status, _, _ := o.send(t, s.Address()); status != 0 {
					t.Errorf("an answer came: %d", status)
				}
			})
		}
		limit := time.After(time.Minute)
		for range crowd {
			select {
			case <-h.caught:
			case <-limit:
				t.Fatal("no commit was held")
			}
		}
		s.Kill()
		clients.Wait()
		h.armed.Store(false)
		s = s.Restart(t)
		for _, o := range orders {
			o.madeOnce(t, s)
			if !o.insist(t, s.Address()) {
				t.Errorf("%q was made, and its repetition was not answered so", o.name)
			}
			o.madeOnce(t, s)
		}
	}
}
