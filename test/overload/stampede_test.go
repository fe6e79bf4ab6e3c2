package overload

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// gate is a proxy before PostgreSQL that counts the questions for a key, and
// holds the first one back until it is opened.
type gate struct {
	asked atomic.Int64
	first chan struct{} // closed when the first question has come
	open  chan struct{}
	once  sync.Once
	work  sync.WaitGroup
}

// question is how a statement that looks for a key is known on the wire.
var question = []byte("JOIN environment_keys k ON")

func newGate(t *testing.T, dsn string) (g *gate, through string) {
	t.Helper()
	g = &gate{first: make(chan struct{}), open: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	relay := func(client net.Conn, upstream string) { g.relay(ctx, client, upstream) }
	return g, harness.Between(t, dsn, &g.work, relay, cancel)
}

func (g *gate) relay(ctx context.Context, client net.Conn, upstream string) {
	defer func() { _ = client.Close() }()
	server, err := new(net.Dialer).DialContext(ctx, "tcp", upstream)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	ended := context.AfterFunc(ctx, func() { _ = client.Close(); _ = server.Close() })
	defer ended()
	g.work.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	for buffer := make([]byte, 64<<10); ; {
		n, err := client.Read(buffer)
		if asked := bytes.Count(buffer[:n], question); asked > 0 {
			g.asked.Add(int64(asked))
			g.once.Do(func() { close(g.first) })
			select {
			case <-g.open:
			case <-ctx.Done():
			}
		}
		if _, failed := server.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

// waiters are connections that all ask the same.
type waiters []net.Conn

func wait(t *testing.T, s *harness.Server, n int) waiters {
	t.Helper()
	var all waiters
	for range n {
		c, err := (&net.Dialer{Timeout: 30 * time.Second}).DialContext(t.Context(), "tcp", s.Address())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// ask sends the request on every connection.
func (all waiters) ask(t *testing.T, key string) {
	t.Helper()
	request := "GET /v1/sdk/authorize HTTP/1.1\r\nHost: localhost\r\nX-API-Key: " + key + "\r\n\r\n"
	for _, c := range all {
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
	}
}

// statuses counts the answers.
func (all waiters) statuses(t *testing.T) map[string]int {
	t.Helper()
	got := map[string]int{}
	for _, c := range all {
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			got[err.Error()]++
			continue
		}
		_ = answer.Body.Close()
		got[fmt.Sprint(answer.StatusCode)]++
	}
	return got
}

// stampede lets so many ask a replica for a key that it does not know yet. The
// first of them hangs up while all wait. It returns how often the replica asked
// the database, and what the others were answered.
func stampede(t *testing.T, program string, n int) (asked int64, got map[string]int) {
	t.Helper()
	d := harness.NewDatabase(t, harness.Postgres)
	owner := harness.Start(t, d).Register(t)
	key, _ := owner.NewKey(t, owner.Dev)
	g, through := newGate(t, d.URL)
	// As behind a pooler statements are sent whole, so that the proxy can read them.
	s := harness.StartProgram(t, program, d, harness.Environment{"DATABASE_URL": through, "DATABASE_POOLER": "true", "DATABASE_LISTEN_URL": d.URL})
	all := wait(t, s, n)
	all[:1].ask(t, key)
	select {
	case <-g.first:
	case <-time.After(30 * time.Second):
		t.Fatal("nobody asked the database for the key")
	}
	all[1:].ask(t, key)
	_ = all[0].Close()
	<-time.After(200 * time.Millisecond) // the last ones are read
	close(g.open)
	return g.asked.Load(), all[1:].statuses(t)
}

func TestManyWhoAskForAColdKeyAskTheDatabaseOnce(t *testing.T) {
	const replicas, most = 3, 3
	n := harness.Rounds(5_000, 9_000) / replicas
	for replica := range replicas { // one after the other: each has its own memory
		asked, got := stampede(t, harness.Binary(t), n)
		harness.Figure(t, fmt.Sprintf("cold key, replica %d", replica+1), "%d waiters, %d reads, the first caller hung up; answers %v", n, asked, got)
		if asked > most {
			t.Errorf("the database was asked %d times", asked)
		}
		if got["204"] != n-1 {
			t.Errorf("the waiters were answered %v", got)
		}
	}
}

// A build in which each asks for itself asks as often as it is asked.
func TestTheCountSeesWhoDoesNotWait(t *testing.T) {
	each := harness.Broken(t, "adapters/memory/shelf.go", "s.found.Get(context.WithoutCancel(ctx), key, s.loader)", "s.load(context.WithoutCancel(ctx), key)")
	const n = 200
	asked, got := stampede(t, each, n)
	if asked < 10 {
		t.Errorf("the count has no power: %d reads for %d waiters, answered %v", asked, n, got)
	}
}
