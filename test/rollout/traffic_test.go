package rollout

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// traffic is people and programs who use the service without a pause.
type traffic struct {
	person  harness.Person
	key     string
	targets func() []string // where they go, in turn

	group   sync.WaitGroup
	stop    chan struct{}
	mutex   sync.Mutex
	took    []time.Duration
	created int
	failed  []string
}

// users is how many ask at once, and pause what each does between requests:
// enough for hundreds of requests a second where the machine has room.
const (
	users = 6
	pause = 8 * time.Millisecond
)

// drive begins to use the service. Every fourth request writes, every tenth
// comes by a connection of its own.
func drive(t *testing.T, p harness.Person, targets func() []string) *traffic {
	t.Helper()
	key, _ := p.NewKey(t, p.Dev)
	d := &traffic{person: p, key: key, targets: targets, stop: make(chan struct{})}
	for user := range users {
		d.group.Go(func() { d.use(user) })
	}
	return d
}

func (d *traffic) use(user int) {
	kept := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
	fresh := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	defer kept.CloseIdleConnections()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for n := user; ; n++ {
		select {
		case <-d.stop:
			return
		case <-ticker.C:
		}
		client := kept
		if n%10 == 0 {
			client = fresh
		}
		targets := d.targets()
		d.ask(client, targets[n%len(targets)], n)
	}
}

func (d *traffic) ask(client *http.Client, target string, n int) {
	method, path, body, want := "GET", "/v1/projects", "", 200
	switch n % 4 {
	case 0:
		method, body, want = "POST", fmt.Sprintf(`{"name": "Project %s"}`, harness.Unique()), 201
	case 1:
		path = "/v1/sdk/environment"
	}
	request, err := http.NewRequest(method, target+path, strings.NewReader(body)) //nolint:noctx // the client has a timeout
	if err != nil {
		d.note(0, false, err.Error())
		return
	}
	if request.Header.Set("Authorization", "Bearer "+d.person.AccessToken); n%4 == 1 {
		request.Header = http.Header{"X-Api-Key": {d.key}}
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	begun := time.Now()
	answer, err := client.Do(request)
	took := time.Since(begun)
	if err != nil {
		d.note(took, false, fmt.Sprintf("%s %s after %s: %v", method, path, took, err))
		return
	}
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if answer.StatusCode != want || err != nil {
		d.note(took, false, fmt.Sprintf("%s %s after %s: %d %.200s %v", method, path, took, answer.StatusCode, text, err))
		return
	}
	d.note(took, want == 201, "")
}

func (d *traffic) note(took time.Duration, created bool, failure string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.took = append(d.took, took)
	if created {
		d.created++
	}
	if failure != "" {
		d.failed = append(d.failed, failure)
	}
}

// answered is how many requests were.
func (d *traffic) answered() int {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return len(d.took)
}

// end stops the use and returns how long requests took, in order. It fails the
// test where one was not answered as it should be.
func (d *traffic) end(t *testing.T) []time.Duration {
	t.Helper()
	close(d.stop)
	d.group.Wait()
	for _, failure := range d.failed[:min(len(d.failed), 10)] {
		t.Error(failure)
	}
	if len(d.failed) > 0 {
		t.Errorf("%d of %d requests failed", len(d.failed), len(d.took))
	}
	slices.Sort(d.took)
	return d.took
}

// p99 of times in order.
func p99(took []time.Duration) time.Duration { return took[len(took)*99/100] }
