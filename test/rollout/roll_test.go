package rollout

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// The addresses in the published file.
var shownReplicas = []string{"127.0.0.1:8081", "127.0.0.1:8082", "127.0.0.1:8083"}

// Checks are five times as quick as in the published file, and the drain is
// shorter than its default by as much.
const (
	drain     = "1"
	exitLimit = 25 * time.Second
)

// balancer starts HAProxy before replicas at the addresses.
func balancer(t *testing.T, replicas []string) (url string) {
	t.Helper()
	directory, address := harness.OpenDirectory(t), harness.FreeAddress(t)
	replaced := []string{"127.0.0.1:8000", address, "inter 1s", "inter 200ms"}
	for i, shown := range shownReplicas {
		replaced = append(replaced, shown, replicas[i])
	}
	config := published(t, directory, "haproxy.cfg", replaced...)
	harness.StartNeighbor(t, address, directory, nil, harness.Find(t, "haproxy"), "-db", "-f", config)
	return "http://" + address
}

func TestARollingRestartLosesNoRequest(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	var fleet []*harness.Server
	var addresses []string
	start := func(address string) *harness.Server {
		_, port, _ := strings.Cut(address, ":")
		return harness.Start(t, d, harness.Environment{"PORT": port, "DRAIN_SECONDS": drain})
	}
	for range shownReplicas {
		addresses = append(addresses, harness.FreeAddress(t))
		fleet = append(fleet, start(addresses[len(addresses)-1]))
	}
	url := balancer(t, addresses)
	// A replica serves again once the balancer has sent it something.
	serves := func(s *harness.Server) func() bool {
		return func() bool { return strings.Contains(s.Logs(), `"route":"/v1/projects"`) }
	}
	load := drive(t, fleet[0].Register(t), func() []string { return []string{url} })
	for _, s := range fleet {
		eventually(t, "every replica is asked", serves(s))
	}
	var slowest time.Duration
	rolls := harness.Rounds(5, 50)
	for range rolls {
		for i, s := range fleet {
			begun := time.Now()
			s.Signal(syscall.SIGTERM)
			code, ended := s.Ended(exitLimit)
			if slowest = max(slowest, time.Since(begun)); !ended || code != 0 {
				t.Fatalf("a replica ended %t, with code %d, after %s:\n%s", ended, code, time.Since(begun), s.Logs())
			}
			fleet[i] = start(addresses[i])
			eventually(t, "the new replica is asked", serves(fleet[i]))
		}
	}
	took := load.end(t)
	// The first project came with the registration.
	if n := count(t, d, "SELECT count(*) FROM projects"); n != load.created+1 {
		t.Errorf("%d projects were acknowledged, there are %d", load.created, n-1)
	}
	d.Sound(t)
	harness.Figure(t, "rolling restarts of 3 replicas behind HAProxy", "%d rolls, %d requests, %d failed; p99 %s; slowest exit %s",
		rolls, len(took), len(load.failed), p99(took).Round(time.Millisecond), slowest.Round(100*time.Millisecond))
}

// Where a replica is gone at once, the same measurement sees requests fail: so it
// would be seen if one let go too early.
func TestReplicasThatAreKilledLoseRequests(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	s := harness.Start(t, d)
	load := drive(t, s.Register(t), func() []string { return []string{s.URL} })
	eventually(t, "it is asked", func() bool { return load.answered() > 50 })
	s.Kill()
	eventually(t, "requests fail", func() bool {
		load.mutex.Lock()
		defer load.mutex.Unlock()
		return len(load.failed) > 0
	})
	close(load.stop)
	load.group.Wait()
}
