package faults

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// tallied are answers by who asked and what became of it, and how long each took.
type tallied struct {
	mutex sync.Mutex
	took  map[string][]time.Duration
}

func (y *tallied) count(who string, a answer) {
	became := fmt.Sprint(a.status)
	if a.status == 503 {
		became = a.text("code")
	}
	y.mutex.Lock()
	defer y.mutex.Unlock()
	y.took[who+" "+became] = append(y.took[who+" "+became], a.took)
}

// share is how long so many percent of the answers of these kinds took at most.
func (y *tallied) share(percent int, kinds ...string) time.Duration {
	y.mutex.Lock()
	defer y.mutex.Unlock()
	var all []time.Duration
	for _, kind := range kinds {
		all = append(all, y.took[kind]...)
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)*percent/100].Round(time.Millisecond)
}

func (y *tallied) String() string {
	var lines []string
	for kind, took := range y.took {
		lines = append(lines, fmt.Sprintf("%s: %d, p50 %s, p99 %s", kind, len(took), y.share(50, kind), y.share(99, kind)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

// flock are as many clients as there are keys, and as many who have forgotten a
// password: they need what reads and what writes. They come again a second after
// they were answered, until stop is called.
func flock(c *caller, keys []string) (all *tallied, stop func()) {
	all = &tallied{took: map[string][]time.Duration{}}
	over := make(chan struct{})
	var crowd sync.WaitGroup
	comes := func(who string, want int, method, path string, h header, body func() any) {
		crowd.Go(func() {
			for {
				a, retry, err := c.send(method, path, h, body())
				c.note(want, a, retry, method+" "+path, err)
				all.count(who, a)
				select {
				case <-over:
					return
				case <-time.After(time.Second):
				}
			}
		})
	}
	for _, key := range keys {
		comes("readers", 200, "GET", "/v1/sdk/environment", byKey(key), func() any { return nil })
		comes("writers", 202, "POST", "/v1/auth/password/forgot", nil, func() any { return harness.M{"email": harness.NewEmail()} })
	}
	return all, func() {
		close(over)
		crowd.Wait()
	}
}

// crowded has 300 clients at a database that answers two seconds late, and says
// what they were answered.
func crowded(t *testing.T, program string) *tallied {
	t.Helper()
	d := harness.NewDatabase(t, harness.Postgres)
	r := build(t, d.URL)
	address := harness.FreeAddress(t)
	s := &patient{Server: harness.StartProgram(t, program, d, append(r.env(), harness.Environment{"METRICS_ADDR": address})...), metrics: address}
	owner, c, beside := s.Register(t), newCaller(t, s.Server), newCaller(t, s.Server)
	var keys []string
	for range 150 {
		key, _ := owner.NewKey(t, owner.Dev)
		keys = append(keys, key)
	}
	before, stop := flock(c, keys)
	<-time.After(3 * time.Second)
	stop()
	if n := c.away(); n > 0 {
		t.Errorf("of 300 clients of a healthy database %d were refused: %v", n, before)
	}
	s.rest(t, c)
	c.begin()
	slim := s.Resident(t)
	r.lag.Store(int64(2 * time.Second))
	all, stop := flock(c, keys)
	stopBeside := repeatedly(1, func(int) {
		beside.do(200, "GET", "/healthz", nil, nil)
		beside.do(200, "GET", "/.well-known/jwks.json", nil, nil)
	})
	<-time.After(shortly())
	stopBeside()
	grown := s.Resident(t) - slim
	r.lag.Store(0)
	healed := time.Now()
	took := c.recovered(t, healed, quick)
	<-time.After(2 * time.Second)
	stop()
	c.judge(t, true)
	beside.judge(t, true)
	if beside.p99() > time.Second || grown > slim/4+16<<20 {
		t.Errorf("beside them p99 was %v, and memory grew by %d KiB, from %d", beside.p99(), grown>>10, slim>>10)
	}
	after := c.away()
	for range 40 {
		c.do(200, "GET", "/v1/projects", byToken(owner.AccessToken), nil)
	}
	if n := c.away() - after; n > 0 {
		t.Errorf("of 40 requests after it %d were refused", n)
	}
	s.back(t, c)
	d.Sound(t)
	t.Logf("answers %v; slowest %v; beside them p99 %v; memory grew by %d KiB, from %d; first success after %v",
		all, c.slowest().Round(time.Millisecond), beside.p99().Round(time.Millisecond), grown>>10, slim>>10, took.Round(time.Millisecond))
	return all
}

// A writer asks for several units of work, and may be refused at a later one.
func TestWhoFindsTooManyBeforeASlowDatabaseIsToldAtOnce(t *testing.T) {
	t.Parallel()
	all := crowded(t, harness.Binary(t))
	harness.Figure(t, "300 clients at a database that is 2 s late", "%v", all)
	if p := all.share(99, "readers BUSY"); len(all.took["readers BUSY"]) < 150 || p > 2*time.Second {
		t.Errorf("%d were refused, p99 %v", len(all.took["readers BUSY"]), p)
	}
	if p := all.share(50, "writers BUSY"); len(all.took["writers BUSY"]) < 150 || p > 2*time.Second {
		t.Errorf("of those who write %d were refused, p50 %v", len(all.took["writers BUSY"]), p)
	}
}

// A build in which everybody waits tells most of them after seconds.
func TestWithoutTheGateTheyWaitInVain(t *testing.T) {
	t.Parallel()
	open := harness.Broken(t, "adapters/sqlstore/gate.go", "slowHold = 500 * time.Millisecond", "slowHold = time.Hour")
	all := crowded(t, open)
	harness.Figure(t, "the same without the gate", "%v", all)
	readers, writers := all.share(50, "readers BUSY", "readers UNAVAILABLE"), all.share(50, "writers BUSY", "writers UNAVAILABLE")
	if readers < 2500*time.Millisecond || writers < 4*time.Second {
		t.Errorf("the test has no power: half of those who were refused had waited for less than %v and %v", readers, writers)
	}
}
