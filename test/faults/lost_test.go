package faults

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// order is a request that makes a project of its own name, under a key of its
// own.
type order struct{ name, key, token string }

func newOrder(token string) order {
	return order{"Shop " + harness.Unique(), harness.Marker + "-" + harness.Unique(), token}
}

// send sends it once, by a connection of its own. The status is 0 where no whole
// answer came.
func (o order) send(t *testing.T, address string) (status int, replayed bool, retryAfter time.Duration) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"name": o.name})
	if err != nil {
		t.Error(err)
		return 0, false, 0
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/v1/projects", bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, false, 0
	}
	for name, value := range map[string]string{"Authorization": "Bearer " + o.token, "Content-Type": "application/json", "Idempotency-Key": o.key} {
		request.Header.Set(name, value)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	answer, err := client.Do(request)
	if err != nil {
		return 0, false, 0
	}
	defer func() { _ = answer.Body.Close() }()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return 0, false, 0
	}
	seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
	return answer.StatusCode, answer.Header.Get("Idempotent-Replayed") == "true", time.Duration(seconds) * time.Second
}

// insist repeats the order, as often as it is told that it may, until it is
// answered.
func (o order) insist(t *testing.T, address string) (replayed bool) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		status, replayed, wait := o.send(t, address)
		if status == http.StatusCreated {
			return replayed
		}
		if wait == 0 {
			t.Errorf("the repetition of %q is answered %d", o.name, status)
			return false
		}
		select {
		case <-time.After(wait):
		case <-limit:
			t.Errorf("%q is answered %d for a minute", o.name, status)
			return false
		}
	}
}

func (o order) madeOnce(t *testing.T, s *harness.Server) {
	t.Helper()
	if n := s.Count(t, "SELECT count(*) FROM projects WHERE name = $1", o.name); n != 1 {
		t.Errorf("there are %d projects %q", n, o.name)
	}
}

// A client whose answer was lost on its way repeats the request and gets that
// answer: there is one project of each of fifty.
func TestARequestIsRepeatedAfterALostAnswerAndCreatesOnce(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		token := s.Register(t).AccessToken
		cut := cutting(t, s.Address())
		const rounds = 50
		replayed := 0
		for range rounds {
			o := newOrder(token)
			if status, _, _ := o.send(t, cut); status != 0 {
				t.Fatalf("an answer came through: %d", status)
			}
			if o.insist(t, s.Address()) {
				replayed++
			}
			o.madeOnce(t, s)
		}
		if replayed != rounds {
			t.Errorf("only %d of %d repetitions were answered by the answer that was lost", replayed, rounds)
		}
	})
}

// cutting is a proxy's address. It hands requests on, and drops each connection
// when the answer begins to come.
func cutting(t *testing.T, server string) (address string) {
	t.Helper()
	var work sync.WaitGroup
	through := harness.Between(t, "tcp://"+server, &work, func(client net.Conn, upstream string) { cutShort(t, client, upstream) }, func() {})
	return strings.TrimPrefix(through, "tcp://")
}

func cutShort(t *testing.T, client net.Conn, server string) {
	defer func() { _ = client.Close() }()
	upstream, err := new(net.Dialer).DialContext(t.Context(), "tcp", server)
	if err != nil {
		t.Error(err)
		return
	}
	handed := make(chan struct{})
	go func() {
		defer close(handed)
		_, _ = io.Copy(upstream, client)
	}()
	if _, err := upstream.Read(make([]byte, 1)); err != nil {
		t.Errorf("the server gave no answer: %v", err)
	}
	_ = upstream.Close()
	_ = client.Close()
	<-handed
}

// Wherever the server dies, before the commit, between it and the answer or
// after that, a repetition at the next one finds out, and there is one project of
// each order.
func TestARequestIsRepeatedAfterTheServerWasKilledAndCreatesOnce(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		token := s.Register(t).AccessToken
		const rounds, crowd = 2, 25
		lost, replayed := 0, 0
		for round := range rounds {
			orders := make([]order, crowd)
			for i := range orders {
				orders[i] = newOrder(token)
			}
			lost += killed(t, s, orders, int64(1+round*crowd/2))
			s = s.Restart(t)
			var again atomic.Int64
			var clients sync.WaitGroup
			for _, o := range orders {
				clients.Go(func() {
					if o.insist(t, s.Address()) {
						again.Add(1)
					}
				})
			}
			clients.Wait()
			for _, o := range orders {
				o.madeOnce(t, s)
			}
			replayed += int(again.Load())
		}
		t.Logf("of %d requests %d had no answer; %d were answered when they were repeated, the others made their project then", rounds*crowd, lost, replayed)
		if lost == 0 || replayed == 0 {
			t.Error("the kill hit nothing")
		}
	})
}

// killed sends the orders side by side, kills the server once so many are
// answered, and says how many were not.
func killed(t *testing.T, s *harness.Server, orders []order, after int64) (lost int) {
	t.Helper()
	var clients sync.WaitGroup
	var answered atomic.Int64
	enough := make(chan struct{})
	for _, o := range orders {
		clients.Go(func() {
			if status, _, _ := o.send(t, s.Address()); status == http.StatusCreated && answered.Add(1) == after {
				close(enough)
			}
		})
	}
	<-enough
	s.Kill()
	clients.Wait()
	return len(orders) - int(answered.Load())
}
