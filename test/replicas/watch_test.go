package replicas

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

const (
	bound    = time.Second // the published one
	interval = 20 * time.Millisecond
	warmUp   = 5 // good answers of each replica before the credential is revoked
	// after is how long each replica goes on to be asked.
	after = bound + 500*time.Millisecond
	limit = 20 * time.Second // for whatever must happen
)

// victim is a credential that is good until it is revoked.
type victim struct {
	what   string
	path   string // that it opens
	header http.Header
	good   int // the status until then
	bad    int // the status from then on
	revoke func(*testing.T)
}

// observation is one answer.
type observation struct {
	sent   time.Time
	status int
}

// asker asks all replicas, as many SDKs do.
type asker struct {
	replicas []*harness.Server
	client   *http.Client
}

func newAsker(t *testing.T, replicas []*harness.Server) *asker {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &asker{replicas, &http.Client{Transport: transport, Timeout: limit}}
}

// ask returns status 0 where no answer came.
func (a *asker) ask(replica int, v victim) observation {
	o := observation{sent: time.Now()}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, a.replicas[replica].URL+v.path, http.NoBody)
	if err != nil {
		return o
	}
	request.Header = v.header.Clone()
	response, err := a.client.Do(request)
	if err != nil {
		return o
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	o.status = response.StatusCode
	return o
}

// findings is what came of one credential.
type findings struct {
	what      string
	lags      []time.Duration // of each replica: how long after the revocation a request was sent that was still let in
	late      int             // requests that were sent after the bound, and let in
	back      int             // requests that were let in after one that was refused
	strange   map[int]int     // other statuses
	responses int
}

// watch lets each replica know the credential, revokes it at the first, and goes
// on asking.
func (a *asker) watch(t *testing.T, v victim) findings {
	t.Helper()
	var (
		group   sync.WaitGroup
		stop    = make(chan struct{})
		seen    = make([][]observation, len(a.replicas))
		warmed  = make(chan struct{}, len(a.replicas))
		onceFor = make([]sync.Once, len(a.replicas))
	)
	for replica := range a.replicas {
		group.Go(func() {
			ticker := time.NewTicker(interval)
			defer ticker.Stop()
			for {
				seen[replica] = append(seen[replica], a.ask(replica, v))
				if known(seen[replica], v.good) >= warmUp {
					onceFor[replica].Do(func() { warmed <- struct{}{} })
				}
				select {
				case <-ticker.C:
				case <-stop:
					return
				}
			}
		})
	}
	waiting := time.After(limit)
	for range a.replicas {
		select {
		case <-warmed:
		case <-waiting:
			t.Errorf("%s is not let in before it is revoked", v.what)
		}
	}
	v.revoke(t)
	revoked := time.Now()
	<-time.After(after)
	close(stop)
	group.Wait()
	return judged(v, revoked, seen)
}

func known(seen []observation, status int) (n int) {
	for _, o := range seen {
		if o.status == status {
			n++
		}
	}
	return n
}

func judged(v victim, revoked time.Time, seen [][]observation) findings {
	f := findings{what: v.what, strange: map[int]int{}}
	for _, observations := range seen {
		f.responses += len(observations)
		var lag time.Duration
		refused := false
		for _, o := range observations {
			switch o.status {
			case v.good:
				lag = max(lag, o.sent.Sub(revoked))
				if o.sent.Sub(revoked) > bound {
					f.late++
				}
				if refused {
					f.back++
				}
			case v.bad:
				refused = true
			default:
				f.strange[o.status]++
			}
		}
		f.lags = append(f.lags, lag)
	}
	return f
}

// summary is what came of many credentials.
type summary struct {
	rounds, responses, late, back int
	p99, most                     time.Duration
	strange                       map[int]int
	took                          time.Duration
}

func (s summary) String() string {
	return fmt.Sprintf("%d revocations, %d requests in %v (%.0f/s): p99 %v, maximum %v; let in after the bound %d, after a refusal %d; other statuses %v",
		s.rounds, s.responses, s.took.Round(time.Millisecond), float64(s.responses)/s.took.Seconds(),
		s.p99.Round(time.Millisecond), s.most.Round(time.Millisecond), s.late, s.back, s.strange)
}

// watchAll watches many at once, side by side.
func (a *asker) watchAll(t *testing.T, side int, victims []func(*testing.T) victim) summary {
	t.Helper()
	var (
		mu    sync.Mutex
		group sync.WaitGroup
		lags  []time.Duration
		sum   = summary{strange: map[int]int{}}
		queue = make(chan func(*testing.T) victim)
		begin = time.Now()
	)
	for range side {
		group.Go(func() {
			for make := range queue {
				f := a.watch(t, make(t))
				mu.Lock()
				sum.rounds++
				sum.responses += f.responses
				sum.late += f.late
				sum.back += f.back
				lags = append(lags, f.lags...)
				for status, n := range f.strange {
					sum.strange[status] += n
				}
				if f.late+f.back > 0 {
					t.Logf("%s: let in %d times after the bound and %d times after a refusal", f.what, f.late, f.back)
				}
				mu.Unlock()
			}
		})
	}
	for _, make := range victims {
		queue <- make
	}
	close(queue)
	group.Wait()
	sum.took = time.Since(begin)
	slices.Sort(lags)
	sum.p99, sum.most = lags[len(lags)*99/100], lags[len(lags)-1]
	t.Log(sum)
	return sum
}
