package faults

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// hangUp sends a request and goes away after a while, whether it is answered or
// not.
func hangUp(s *harness.Server, after time.Duration, method, path, token, body string) {
	ctx, cancel := context.WithTimeout(context.Background(), after)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, s.URL+path, strings.NewReader(body))
	if err != nil {
		return
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: abruptly}}
	if answer, err := client.Do(request); err == nil {
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
}

// abruptly connects so that the end of the connection is a reset: thousands that
// ended in good order would use up this machine's ports for a minute.
func abruptly(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if tcp, is := conn.(*net.TCPConn); is {
		err = tcp.SetLinger(0)
	}
	return conn, err
}

// Clients that go away in the middle of a request leave nothing behind: no
// connection, no transaction, and no answer that another client gets.
func TestClientsThatGoAwayLeaveNothingBehind(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := admit(t, d)
		people, c := muster(t, s.Server, 4), newCaller(t, s.Server)
		known := func(i int) {
			who := people.of(i)
			if a := c.do(200, "GET", "/v1/auth/me", byToken(who.AccessToken), nil); a.status == 200 && a.text("id") != who.ID {
				t.Errorf("somebody was answered for somebody else: %s", a.body)
			}
			found(c, who)
		}
		stop := repeatedly(8, known)
		<-time.After(time.Second)
		stop()
		s.rest(t, c)
		stop = repeatedly(8, known)
		var crowd sync.WaitGroup
		gone := harness.Rounds(500, 10_000)
		for i := range 20 {
			crowd.Go(func() {
				who := people.of(i)
				for range gone / 20 {
					after := rand.N(15 * time.Millisecond) //nolint:gosec // any moment will do
					hangUp(s.Server, after, "GET", "/v1/auth/me", who.AccessToken, "")
					hangUp(s.Server, after, "POST", "/v1/projects", who.AccessToken, `{"name":"Shop `+harness.Unique()+`"}`)
				}
			})
		}
		crowd.Wait()
		stop()
		c.judge(t, true)
		if all, served := c.total(); served < all*9/10 {
			t.Errorf("of %d requests of others only %d were served", all, served)
		}
		s.back(t, c)
		whole(t, s.Server)
		d.Sound(t)
		all, _ := c.total()
		harness.Figure(t, "answers to the wrong client, beside clients that go away ("+string(d.Engine)+")", "0 of %d, beside %d", all, 2*gone)
	})
}

// What nobody waits for any more, PostgreSQL is told to give up.
func TestAQueryEndsWithTheClientWhoAsked(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	s := admit(t, d)
	owner, c := s.Register(t), newCaller(t, s.Server)
	found(c, owner)
	s.rest(t, c)
	const waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tenantry' AND wait_event_type = 'Lock'"
	var worst time.Duration
	for range harness.Rounds(3, 30) {
		letGo := holding(t, s.Server, "LOCK TABLE projects IN ACCESS EXCLUSIVE MODE")
		var crowd sync.WaitGroup
		for i := range 8 {
			crowd.Go(func() {
				method, body := "GET", ""
				if i%2 == 0 {
					method, body = "POST", fmt.Sprintf(`{"name":"Shop %s"}`, harness.Unique())
				}
				hangUp(s.Server, 500*time.Millisecond, method, "/v1/projects", owner.AccessToken, body)
			})
		}
		for begin := time.Now(); s.Count(t, waiting) == 0; <-time.After(5 * time.Millisecond) {
			if time.Since(begin) > longest {
				t.Fatal("nobody waits for the lock")
			}
		}
		crowd.Wait()
		left := time.Now()
		for s.Count(t, waiting) > 0 && time.Since(left) < longest {
			<-time.After(5 * time.Millisecond)
		}
		worst = max(worst, time.Since(left))
		letGo()
	}
	if worst > time.Second {
		t.Errorf("a query went on for %v after its client had left", worst)
	}
	found(c, owner)
	c.judge(t, true)
	s.back(t, c)
	harness.Figure(t, "a query goes on after its client has left", "for %v at most", worst.Round(time.Millisecond))
}
