package replicas

import (
	"bufio"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// freeAddress is one that nobody listened on a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// measurement reads one number without labels.
func measurement(t *testing.T, address, name string) float64 {
	t.Helper()
	response, err := http.Get("http://" + address + "/metrics") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), name+" "); found {
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}

func TestOperatorsSeeHowFarAnswersMayLag(t *testing.T) {
	t.Parallel()
	for engine, heard := range map[harness.Engine]float64{harness.SQLite: 0, harness.Postgres: 1} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			address := freeAddress(t)
			harness.Start(t, harness.NewDatabase(t, engine), harness.Environment{"METRICS_ADDR": address})
			for begin := time.Now(); measurement(t, address, "tenantry_change_feed_up") != heard; <-time.After(interval) {
				if time.Since(begin) > limit {
					t.Fatal("the feed is not heard")
				}
			}
			if lag := measurement(t, address, "tenantry_cache_staleness_seconds"); lag < 0 || lag >= bound.Seconds() {
				t.Errorf("answers may lag %v s", lag)
			}
		})
	}
}

func TestABackendLearnsHowOldTheKnowledgeIs(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.Postgres))
	owner := s.Register(t)
	secret, _ := owner.NewKey(t, owner.Dev)
	verify := func() float64 {
		age, _ := s.Client(t).Bearer(harness.AdminToken).Post("/v1/keys/verify", harness.M{"key": secret}).Want(200).Value("cache_age_ms").(float64)
		return age
	}
	if age := verify(); age != 0 {
		t.Errorf("what was just asked is %v ms old", age)
	}
	for begin := time.Now(); verify() == 0; <-time.After(interval) {
		if time.Since(begin) > limit {
			t.Fatal("it never grows older")
		}
	}
}
