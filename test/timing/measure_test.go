package timing

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/test/harness"
)

// M is a JSON object.
type M = map[string]any

// kind is one of the two kinds of requests. It makes the one with the number,
// which is made once only.
type kind func(number int) question

// question is a request, and the only status that it may be answered with.
type question struct {
	path, body, token string
	status            int
}

// watch is a server whose answers are timed.
type watch struct {
	server  *harness.Server
	workers int
}

// ask sends one request from an address of its own, and returns how long the
// answer took.
func (w watch) ask(t *testing.T, c *http.Client, q question) time.Duration {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL+q.path, strings.NewReader(q.body))
	if err != nil {
		t.Error(err)
		return 0
	}
	request.Header = w.server.Client(t).NewRequest(http.MethodPost, q.path, nil).Header
	request.Header.Set("Content-Type", "application/json")
	if q.token != "" {
		request.Header.Set("Authorization", "Bearer "+q.token)
	}
	begun := time.Now()
	answer, err := c.Do(request)
	if err != nil {
		t.Error(err)
		return 0
	}
	body, err := io.ReadAll(answer.Body)
	took := time.Since(begun)
	if closed := answer.Body.Close(); err != nil || closed != nil || answer.StatusCode != q.status {
		t.Errorf("%s: %d, %v\n%s", q.path, answer.StatusCode, err, body)
	}
	return took
}

// times are those of both kinds.
type times struct {
	mutex         sync.Mutex
	first, second []time.Duration
}

func (all *times) add(first, second time.Duration) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	all.first, all.second = append(all.first, first), append(all.second, second)
}

// collect sends both requests of each number, the one or the other first. What
// else the machine does meanwhile meets both kinds alike.
func (w watch) collect(t *testing.T, all *times, from, to int, first, second kind) {
	t.Helper()
	var tasks sync.WaitGroup
	for worker := range w.workers {
		tasks.Go(func() {
			c := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
			defer c.CloseIdleConnections()
			for n := from + worker; n < to && !t.Failed(); n += w.workers {
				one, other := first(n), second(n)
				if rand.IntN(2) == 0 {
					a := w.ask(t, c, one)
					all.add(a, w.ask(t, c, other))
				} else {
					b := w.ask(t, c, other)
					all.add(w.ask(t, c, one), b)
				}
			}
		})
	}
	tasks.Wait()
}

// alike fails the test unless the two kinds take the same time. Where nothing is
// told the interval at n = 1,000 is 0.05 wide, so that chance alone moves it out
// of the bound once in twenty times: then more is measured, up to four times as
// much, and the whole counts.
func (w watch) alike(t *testing.T, what string, n int, first, second kind) {
	t.Helper()
	var all times
	w.collect(t, &all, 0, n, first, second)
	for len(all.first) < 4*n && !t.Failed() && !compare(all.first, all.second).inside() {
		w.collect(t, &all, len(all.first), len(all.first)+n/2, first, second)
	}
	if t.Failed() {
		return
	}
	a := compare(all.first, all.second)
	harness.Figure(t, "time tells "+what+", "+string(w.server.Database.Engine), "%s, n = %d", a, len(all.first))
	if !a.inside() {
		t.Errorf("the time of an answer tells %s: %s", what, a)
	}
}

// people are accounts that are copies of one, so that none of them costs a hash:
// all have its password.
func people(t *testing.T, s *harness.Server, n int, change string) (emails []string) {
	t.Helper()
	model := s.Register(t)
	tx, err := s.DB().BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	statement := `INSERT INTO accounts (id, email, email_verified, name, password_hash, operator, disabled, version, created_at, updated_at)
		SELECT $1, $2, email_verified, name, password_hash, operator, disabled, version, created_at, updated_at FROM accounts WHERE id = $3`
	for range n {
		email := harness.NewEmail()
		id := uuid.Must(uuid.NewV7()).String()
		if _, err := tx.Exec(statement, id, email, model.ID); err != nil {
			t.Fatal(err)
		}
		if change != "" {
			if _, err := tx.Exec("UPDATE accounts SET "+change+" WHERE id = $1", id); err != nil {
				t.Fatal(err)
			}
		}
		emails = append(emails, email)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return emails
}

// strangers are addresses that nobody has.
func strangers(n int) (emails []string) {
	for range n {
		emails = append(emails, harness.NewEmail())
	}
	return emails
}
