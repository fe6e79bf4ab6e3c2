package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// longest is how long any request may take, whatever is broken.
const longest = 10 * time.Second

// allowed is how long a request may take in this run. Under the race detector a
// hash alone takes as long as ten elsewhere, and nothing interrupts it.
func allowed(what string) time.Duration {
	if harness.Racing && (what == "POST /v1/auth/register" || what == "POST /v1/auth/login") {
		return 2 * longest
	}
	return longest
}

// answer is what came of one request; the status is 0 where no whole answer came.
type answer struct {
	status int
	body   []byte
	took   time.Duration
}

// text reads a member at a path such as "tokens.access_token".
func (a answer) text(path string) string {
	var value any
	if json.Unmarshal(a.body, &value) != nil {
		return ""
	}
	for name := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	text, _ := value.(string)
	return text
}

// caller calls a server, one after the other that takes its place, as a client
// that knows that servers fail. It keeps account of what it is answered.
type caller struct {
	url  atomic.Pointer[string]
	http *http.Client

	mutex    sync.Mutex
	statuses map[int]int
	worst    time.Duration
	worstOf  string
	wrong    []string // what nobody should have been answered
	wrongs   int
	good     []time.Time     // when requests that did what they should were answered
	times    []time.Duration // that all of them took
}

func newCaller(t *testing.T, s *harness.Server) *caller {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	c := &caller{http: &http.Client{Transport: transport, Timeout: 2 * longest}, statuses: map[int]int{}}
	c.at(s)
	return c
}

// at turns to another server.
func (c *caller) at(s *harness.Server) { c.url.Store(&s.URL) }

// header is what a request presents.
type header map[string]string

func byToken(token string) header { return header{"Authorization": "Bearer " + token} }
func byKey(secret string) header  { return header{"X-API-Key": secret} }

// do sends a request that is answered by the wanted status or, while something is
// broken, by 503 with Retry-After. Anything else is wrong.
func (c *caller) do(want int, method, path string, h header, body any) answer {
	a, retry, err := c.send(method, path, h, body)
	c.note(want, a, retry, fmt.Sprintf("%s %s", method, path), err)
	if a.status == mayBeCut || a.status == http.StatusServiceUnavailable {
		<-time.After(50 * time.Millisecond) // sooner than it is told, but not at once
	}
	return a
}

func (c *caller) send(method, path string, h header, body any) (a answer, retry bool, err error) {
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return a, false, err
		}
		content = bytes.NewReader(text)
	}
	begun := time.Now()
	defer func() { a.took = time.Since(begun) }()
	request, err := http.NewRequestWithContext(context.Background(), method, *c.url.Load()+path, content)
	if err != nil {
		return a, false, err
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range h {
		request.Header.Set(name, value)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return a, false, err
	}
	defer func() { _ = response.Body.Close() }()
	if a.body, err = io.ReadAll(response.Body); err != nil {
		return a, false, err
	}
	a.status = response.StatusCode
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	return a, seconds > 0 && response.Header.Get("Content-Type") == "application/problem+json", nil
}

// mayBeCut says that servers die under this caller: no answer is no wrong one.
const mayBeCut = 0

func (c *caller) note(want int, a answer, retry bool, what string, err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.statuses[a.status]++
	c.times = append(c.times, a.took)
	if a.took > c.worst {
		c.worst, c.worstOf = a.took, what
	}
	switch {
	case a.status == want:
		c.good = append(c.good, time.Now())
	case a.status == http.StatusServiceUnavailable && retry, a.status == mayBeCut:
	default:
		c.wrongs++
		if len(c.wrong) < 10 {
			c.wrong = append(c.wrong, fmt.Sprintf("%s: %d after %v: %v %.300s", what, a.status, a.took, err, a.body))
		}
	}
}

// begin forgets what was answered so far.
func (c *caller) begin() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.statuses, c.worst, c.wrong, c.wrongs, c.good, c.times = map[int]int{}, 0, nil, 0, nil, nil
}

// firstGood is when the first request after that time was answered well; the
// zero time is never.
func (c *caller) firstGood(after time.Time) time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if i := slices.IndexFunc(c.good, after.Before); i >= 0 {
		return c.good[i]
	}
	return time.Time{}
}

// recovered waits for the first good answer after that time and says how long it
// took.
func (c *caller) recovered(t *testing.T, after time.Time, limit time.Duration) time.Duration {
	t.Helper()
	for time.Since(after) < limit+longest {
		if first := c.firstGood(after); !first.IsZero() {
			took := first.Sub(after)
			if took > limit {
				t.Errorf("the first good answer came after %v", took)
			}
			return took
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Errorf("no good answer came within %v", limit+longest)
	return limit + longest
}

// judge fails the test where a request was answered as none should be, or took
// too long; where the server lives all the while, each request has its answer.
func (c *caller) judge(t *testing.T, lives bool) {
	t.Helper()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.wrongs > 0 {
		t.Errorf("%d wrong answers, such as\n%s", c.wrongs, strings.Join(c.wrong, "\n"))
	}
	if n := c.statuses[mayBeCut]; lives && n > 0 {
		t.Errorf("%d requests had no answer", n)
	}
	if lives && c.worst > allowed(c.worstOf) {
		t.Errorf("%s took %v", c.worstOf, c.worst)
	}
	t.Logf("answers by status: %v; the longest took %v: %s", c.statuses, c.worst.Round(time.Millisecond), c.worstOf)
}

// away counts the answers that said that something was broken.
func (c *caller) away() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.statuses[http.StatusServiceUnavailable]
}

// slowest is how long the slowest request took.
func (c *caller) slowest() time.Duration {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.worst
}

// p99 is what 99 of 100 requests took at most.
func (c *caller) p99() time.Duration {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.times) == 0 {
		return 0
	}
	slices.Sort(c.times)
	return c.times[len(c.times)*99/100]
}

// total counts all answers, and served those that did what they should.
func (c *caller) total() (all, served int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, n := range c.statuses {
		all += n
	}
	return all, len(c.good)
}

var errNoMeasurement = errors.New("the server serves no such measurement")

// measure reads one number without labels from the server's metrics.
func measure(t *testing.T, address, name string) (float64, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: longest}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if number, found := strings.CutPrefix(line, name+" "); found {
			return strconv.ParseFloat(strings.TrimSpace(number), 64)
		}
	}
	return 0, errNoMeasurement
}
