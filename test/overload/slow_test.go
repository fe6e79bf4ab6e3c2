package overload

import (
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// beginnings are what connections have said when they fall silent, and how long
// the server waits for more.
type beginning struct {
	said  string
	limit time.Duration
}

// silent opens so many connections and returns when the server has closed all of
// them. How long the last one was waited for is told.
func silent(t *testing.T, s *harness.Server, n int, b beginning) (longest time.Duration, shut int) {
	t.Helper()
	var (
		mutex sync.Mutex
		tasks sync.WaitGroup
	)
	for range n {
		begun := time.Now()
		c, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(t.Context(), "tcp", s.Address())
		if err != nil {
			t.Fatal(err)
		}
		tasks.Go(func() {
			defer func() { _ = c.Close() }()
			_ = c.SetDeadline(begun.Add(b.limit + 20*time.Second))
			_, _ = c.Write([]byte(b.said))
			for buffer := make([]byte, 4096); ; {
				if _, err := c.Read(buffer); err != nil {
					if timeout, is := err.(net.Error); is && timeout.Timeout() { //nolint:errorlint // a connection returns it bare
						return
					}
					break
				}
			}
			mutex.Lock()
			defer mutex.Unlock()
			shut++
			longest = max(longest, time.Since(begun))
		})
	}
	tasks.Wait()
	return longest, shut
}

// calm asks as a product does, until told to stop, and returns how long the
// answers took.
func calm(t *testing.T, ask func() *harness.Response, stop <-chan struct{}) (took []time.Duration) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return took
		case <-ticker.C:
			begun := time.Now()
			if r := ask(); r.Status != 200 {
				t.Errorf("a calm caller is answered %d", r.Status)
			}
			took = append(took, time.Since(begun))
		}
	}
}

// p99 is the time that one answer in a hundred exceeds.
func p99(took []time.Duration) time.Duration {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return sorted[len(sorted)*99/100]
}

func TestConnectionsThatSayNothingAreClosedAndHarmNobody(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite))
	owner := s.Register(t)
	kinds := map[string]beginning{
		"nothing": {"", 10 * time.Second}, "half a header": {"GET /v1/auth/me HTTP/1.1\r\nHost: localhost\r\nX-A", 10 * time.Second},
		"half a body": {"POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", 30 * time.Second},
		"one request": {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 120 * time.Second},
	}
	if harness.Rounds(0, 1) == 0 {
		delete(kinds, "one request") // two minutes are too long for each commit
		delete(kinds, "half a body") // tested on every route elsewhere
	}
	n := harness.Rounds(250, 2_500)
	before, stop := s.Resident(t), make(chan struct{})
	var calmly sync.WaitGroup
	var took []time.Duration
	calmly.Go(func() { took = calm(t, func() *harness.Response { return owner.Get("/v1/auth/me") }, stop) })
	var tasks sync.WaitGroup
	for what, b := range kinds {
		tasks.Go(func() {
			longest, shut := silent(t, s, n, b)
			harness.Figure(t, "connections that sent "+what, "%d of %d closed, the last after %s", shut, n, longest.Round(100*time.Millisecond))
			if shut != n || longest > b.limit+10*time.Second {
				t.Errorf("of %d connections that sent %s %d were closed, the last after %s, not %s", n, what, shut, longest, b.limit)
			}
		})
	}
	tasks.Wait()
	close(stop)
	calmly.Wait()
	harness.Figure(t, "a caller beside them", "p99 %s of %d answers, memory +%d MB", p99(took).Round(time.Millisecond), len(took), (s.Resident(t)-before)>>20)
	if p := p99(took); p > 5*time.Second || len(took) < 50 {
		t.Errorf("beside silent connections %d answers took up to %s", len(took), p)
	}
}

// A busy organization beside one that is not: who keeps asking far beyond the
// limit takes nothing from the others.
func TestABusyOrganizationDelaysNobody(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.Postgres), harness.Environment{"RATE_ORGANIZATION_PER_MINUTE": "600"})
	noisy, quiet := s.Register(t), s.Register(t)
	measure := func() []time.Duration {
		stop := make(chan struct{})
		time.AfterFunc(time.Duration(harness.Rounds(3, 5))*time.Second, func() { close(stop) })
		return calm(t, func() *harness.Response { return quiet.Get("/v1/projects") }, stop)
	}
	rest := measure()
	for range 2_000 {
		if noisy.Get("/v1/projects").Status == 429 {
			break // what it may do at once is spent
		}
	}
	done := make(chan struct{})
	var flood sync.WaitGroup
	var mutex sync.Mutex
	statuses := map[int]int{}
	for range 2 {
		flood.Go(func() {
			pace := time.NewTicker(20 * time.Millisecond) // two of them: ten times the limit
			defer pace.Stop()
			for {
				select {
				case <-done:
					return
				case <-pace.C:
					r := noisy.Get("/v1/projects")
					mutex.Lock()
					statuses[r.Status]++
					mutex.Unlock()
				}
			}
		})
	}
	beside := measure()
	close(done)
	flood.Wait()
	harness.Figure(t, "a quiet organization beside a busy one", "p99 %s of %d answers, %s without; the busy one was answered %v",
		p99(beside).Round(time.Millisecond), len(beside), p99(rest).Round(time.Millisecond), statuses)
	for status := range statuses {
		if status != 200 && status != 429 {
			t.Errorf("the busy organization was answered %d", status)
		}
	}
	if statuses[429] == 0 {
		t.Error("the busy organization was never refused")
	}
	if p := p99(beside); p > 5*time.Second || len(beside) < 20 {
		t.Errorf("%d answers took up to %s", len(beside), p)
	}
}
