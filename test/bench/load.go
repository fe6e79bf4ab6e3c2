// Package bench measures the real program beside the bare work that each
// request cannot do without, in one run on one machine: ratios travel, absolute
// numbers do not. It runs by "make bench" and never as a test.
package bench

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// Workers: expensive requests need few, cheap ones as many as a product's
// backends keep connections.
const (
	fewWorkers  = 8
	manyWorkers = 64
)

// span is how long each row is measured.
const span = 3 * time.Second

// rate is what a measurement came to.
type rate struct {
	perSecond float64
	p99       time.Duration
	cpu       time.Duration // of the serving process for each; zero where nobody looked
}

// measure lets workers repeat their work until the span is over. A worker that
// fails ends the benchmark: a fast error is no result.
func measure(b *testing.B, workers int, work func(worker int) error) rate {
	b.Helper()
	return measurePaced(b, workers, 0, work)
}

// measurePaced is measure with a rest before each piece of work.
func measurePaced(b *testing.B, workers int, rest time.Duration, work func(worker int) error) rate {
	b.Helper()
	var (
		group   sync.WaitGroup
		failed  atomic.Pointer[error]
		mu      sync.Mutex
		samples []time.Duration
	)
	begin := time.Now()
	end := begin.Add(span)
	for worker := range workers {
		group.Go(func() {
			var own []time.Duration
			for time.Now().Before(end) && failed.Load() == nil {
				if rest > 0 {
					<-time.After(rest)
				}
				start := time.Now()
				if err := work(worker); err != nil {
					failed.Store(&err)
					return
				}
				own = append(own, time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			samples = append(samples, own...)
		})
	}
	group.Wait()
	took := time.Since(begin)
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
	slices.Sort(samples)
	return rate{perSecond: float64(len(samples)) / took.Seconds(), p99: samples[len(samples)*99/100]}
}

// measureServer is measure, and looks how long the process that serves had a
// core for it. That hardly depends on what else the machine does.
func measureServer(b *testing.B, pid, workers int, work func(worker int) error) rate {
	b.Helper()
	before, begin := harness.Worked(b, pid), time.Now()
	r := measure(b, workers, work)
	n := r.perSecond * time.Since(begin).Seconds()
	r.cpu = time.Duration(float64(harness.Worked(b, pid)-before) / n)
	return r
}

// load is what so many workers repeat.
type load struct {
	workers int
	work    func(worker int) error
}

// measureInTurns measures the loads one after the other, several times: so all
// of them meet the same machine, whatever else it does meanwhile. It returns the
// means.
func measureInTurns(b *testing.B, turns int, loads ...load) []rate {
	b.Helper()
	means := make([]rate, len(loads))
	for range turns {
		for i, l := range loads {
			r := measure(b, l.workers, l.work)
			means[i].perSecond += r.perSecond / float64(turns)
			means[i].p99 += r.p99 / time.Duration(turns)
		}
	}
	return means
}

// client keeps as many connections open as there are workers.
func client(workers int) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers, MaxConnsPerHost: workers, DisableCompression: true}}
}

// send makes a request that must be answered with the status, and returns the
// body.
func send(c *http.Client, method, url, body string, status int, header ...string) (string, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body)) //nolint:noctx // the span bounds it
	if err != nil {
		return "", err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := c.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != status {
		err = fmt.Errorf("%s %s: %s: %s", method, url, response.Status, answer)
	}
	return string(answer), err
}
