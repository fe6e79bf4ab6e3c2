package overload

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// principal is somebody who asks, with what only their own answers hold.
type principal struct {
	header, credential string
	path               string
	marker             string
}

// principals are so many people, each of whom asks as a person, as a backend
// and as an SDK.
func principals(t *testing.T, s *harness.Server, people int) []principal {
	t.Helper()
	var all []principal
	for range people {
		p := s.Register(t)
		secret, key := p.NewKey(t, p.Dev)
		account := "Bearer " + p.Post("/v1/auth/keys", M{"name": "Crowd"}).Want(201).Text("key")
		session := "Bearer " + p.AccessToken
		all = append(all,
			principal{"Authorization", session, "/v1/auth/me", p.ID}, principal{"Authorization", session, "/v1/projects", p.Organization},
			principal{"Authorization", account, "/v1/auth/me", p.ID}, principal{"Authorization", account, "/v1/projects/" + p.Project + "/environments", p.Dev},
			principal{"X-API-Key", secret, "/v1/sdk/environment", key}, principal{"X-API-Key", secret, "/v1/sdk/authorize", key},
		)
	}
	return all
}

// crowd is what so many requests came to.
type crowd struct {
	answers, left, wrong atomic.Int64
	strange              sync.Map // what else came
}

// ask sends one request of the principal's, and looks whose answer comes. Once
// in twenty times the caller hangs up.
func (c *crowd) ask(t *testing.T, client *http.Client, url string, p principal, all []principal) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if rand.IntN(20) == 0 {
		timer := time.AfterFunc(rand.N(3*time.Millisecond), cancel)
		defer timer.Stop()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+p.path, http.NoBody)
	if err != nil {
		t.Error(err)
		return
	}
	id := harness.Unique()
	request.Header.Set(p.header, p.credential)
	request.Header.Set("X-Request-ID", id)
	answer, err := client.Do(request)
	if err != nil {
		c.hungUp(ctx, err)
		return
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil {
		c.hungUp(ctx, err)
		return
	}
	c.answers.Add(1)
	if answer.StatusCode/100 != 2 {
		c.strange.Store(fmt.Sprintf("%s: %d", p.path, answer.StatusCode), true)
		return
	}
	if said := string(body) + answer.Header.Get("X-Tenantry-Key"); answer.Header.Get("X-Request-ID") != id || !strings.Contains(said, p.marker) || foreign(said, p, all) {
		c.wrong.Add(1)
	}
}

func (c *crowd) hungUp(ctx context.Context, err error) {
	if ctx.Err() == nil {
		c.strange.Store(err.Error(), true)
		return
	}
	c.left.Add(1)
}

// foreign says whether an answer holds what is somebody else's.
func foreign(said string, p principal, all []principal) bool {
	for _, other := range all {
		if other.credential != p.credential && other.marker != p.marker && strings.Contains(said, other.marker) && !kin(p, other, all) {
			return true
		}
	}
	return false
}

// kin says whether two principals are one person's: they stand together.
func kin(a, b principal, all []principal) bool {
	const each = 6
	at := map[principal]int{}
	for i, p := range all {
		at[p] = i / each
	}
	return at[a] == at[b]
}

// gather sends requests of all principals, mixed, until so many were answered.
func (c *crowd) gather(t *testing.T, s *harness.Server, all []principal, answers int) {
	t.Helper()
	const workers = 16
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: workers}}
	defer client.CloseIdleConnections()
	var tasks sync.WaitGroup
	for range workers {
		tasks.Go(func() {
			for c.answers.Load() < int64(answers) && !t.Failed() {
				c.ask(t, client, s.URL, all[rand.IntN(len(all))], all)
			}
		})
	}
	tasks.Wait()
}

func TestNobodyGetsTheAnswerOfSomebodyElse(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		all := principals(t, s, 8)
		var c crowd
		begun := time.Now()
		c.gather(t, s, all, harness.Rounds(25_000, 500_000))
		c.strange.Range(func(what, _ any) bool {
			t.Errorf("an answer was %v", what)
			return true
		})
		if n := c.wrong.Load(); n > 0 {
			t.Errorf("%d answers went to somebody else", n)
		}
		if share := float64(c.left.Load()) / float64(c.answers.Load()); share < 0.01 {
			t.Errorf("only %.1f %% of the callers hung up", 100*share)
		}
		harness.Figure(t, "answers to the wrong principal, "+string(d.Engine), "%d in %d, with %d hung up, in %s",
			c.wrong.Load(), c.answers.Load(), c.left.Load(), time.Since(begun).Round(time.Second))
		s.Stop()
		d.Sound(t)
	})
}

// Two principals who hold each other's credentials get each other's answers, and
// each of those is seen.
func TestTheCrowdSeesAForeignAnswer(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite))
	all := principals(t, s, 2)
	for i, p := range all[:6] {
		swapped := p
		swapped.credential = all[i+6].credential
		swapped.path = all[i+6].path
		var c crowd
		for range 40 {
			c.ask(t, http.DefaultClient, s.URL, swapped, all)
		}
		if c.wrong.Load() != c.answers.Load() || c.answers.Load() < 20 {
			t.Errorf("%s: %d of %d foreign answers were seen", p.path, c.wrong.Load(), c.answers.Load())
		}
	}
}
