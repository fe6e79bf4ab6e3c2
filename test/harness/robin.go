package harness

import (
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// together is the environment variable that says how many replicas Start starts
// on PostgreSQL in place of one server. Each request of a Client then goes to the
// next of them, and tests run on PostgreSQL alone, since SQLite has one process.
// They have to come out as with one server.
const together = "TENANTRY_TEST_REPLICAS"

// Alone has Start start one server, however many replicas it otherwise would: for
// a test of what one process counts or collects in its own memory.
var Alone = Environment{together: "1"}

// Together has Start start as many as a fleet has, whatever it otherwise would.
var Together = Environment{together: strconv.Itoa(Replicas)}

// side is how many servers a database of the engine gets.
func side(engine Engine, env Environment) int {
	text := env[together]
	if text == "" {
		text = os.Getenv(together)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || engine != Postgres {
		return 1
	}
	return n
}

// sided says that the tests run by round robin.
func sided() bool { return side(Postgres, nil) > 1 }

// robin sends each request for the first of the hosts to the next.
type robin struct {
	hosts []string
	turn  atomic.Uint64
	base  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (r *robin) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Host == r.hosts[0] {
		request = request.Clone(request.Context())
		request.URL.Host = r.hosts[r.turn.Add(1)%uint64(len(r.hosts))]
	}
	return r.base.RoundTrip(request)
}

// promised is within what every replica has heard of what another one did to
// accounts, sessions, keys and members. The one that did it knows at once.
const promised = time.Second

// remembered are the statuses that replicas may tell apart by what they remember:
// let in or not, changed or not.
func remembered(status int) bool {
	switch status {
	case http.StatusNotModified, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return true
	}
	return status/100 == 2
}

// turns and late count the clients' requests by round robin, and those of them
// that came to a replica which had not heard yet.
var turns, late atomic.Int64

// heard repeats the request once, after a second, where a replica may have
// answered with another status than the wanted one because it had not heard yet
// what the others did. With one server nothing is repeated: there everything
// holds at once.
func (r *Response) heard(status int) {
	r.tb.Helper()
	if r.again == nil || !remembered(r.Status) || !remembered(status) {
		return
	}
	late.Add(1)
	r.tb.Logf("%s %s: %d, want %d: asked once more after %s", r.Method, r.Path, r.Status, status, promised)
	<-time.After(promised)
	*r = *r.again()
}

// sayTurns tells how often a replica had not heard.
func sayTurns() {
	if sided() {
		Figure(whole, "answers by round robin over "+os.Getenv(together)+" replicas", "%d, of which %d came right a second later", turns.Load(), late.Load())
	}
}
