package fuzz

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// patience is how long an answer may take.
const patience = 10 * time.Second

// clients send at the same time.
const clients = 4

// seed is what the requests of a run come from.
func seed(t *testing.T) uint64 {
	t.Helper()
	if given := os.Getenv("TENANTRY_FUZZ_SEED"); given != "" {
		n, err := strconv.ParseUint(given, 10, 64)
		if err != nil {
			t.Fatalf("TENANTRY_FUZZ_SEED: %v", err)
		}
		return n
	}
	return rand.Uint64()
}

// spoiling are the operations after which something that the world is made of
// may be gone, beside those that delete.
var spoiling = map[string]bool{
	"POST /v1/auth/logout": true, "POST /v1/auth/refresh": true, "POST /v1/auth/switch-organization": true, "POST /v1/organizations/{id}/transfer": true,
	"POST /v1/organizations/{id}/leave": true, "PATCH /v1/admin/accounts/{id}": true, "PUT /v1/members/{id}": true, "PATCH /v1/members/{id}": true,
	"POST /compat/phaseflag/api/v1/auth/logout": true, "POST /compat/username-keys/api/v1/auth/logout": true, "PATCH /v1/organizations/{id}": true,
}

// campaign is so many requests to one server.
type campaign struct {
	t        *testing.T
	grammar  grammar
	server   *harness.Server
	base     string // where they go: to the server, or to what stands before it
	seed     uint64
	findings findings
}

// tries is how often a request is repeated that lost against others, as the
// answer asks for: a whole account goes in one unit of work, which on PostgreSQL
// loses against each smaller one beside it that meets it.
const tries = 3

// shoot sends one request, and renews the world where it may have broken it.
func (c *campaign) shoot(w *world, number int) {
	r := rand.New(rand.NewPCG(c.seed, uint64(number))) //nolint:gosec // repeatable on purpose, and never negative
	q := c.grammar.derive(r, w)
	recorder := &recorder{TB: c.t}
	answer := c.send(w, q, recorder, number)
	for range tries {
		if answer.Code() != "BUSY" {
			break
		}
		c.findings.busy.Add(1)
		<-time.After(time.Duration(max(answer.Number("Retry-After"), 1)) * time.Second)
		answer = c.send(w, q, recorder, number)
	}
	c.findings.add(q, answer, number, recorder.said)
	if answer.Status/100 != 2 || q.method == http.MethodGet || q.method == http.MethodHead || q.method == http.MethodOptions {
		return
	}
	switch {
	case q.operation.Path == "/v1/auth/password/change":
		w.begin(c.t)
	case q.method == http.MethodDelete || spoiling[q.operation.Name()]:
		w.renew(c.t)
	}
}

// send sends the request, or where net/http would not, another one.
func (c *campaign) send(w *world, q *request, recorder *recorder, number int) *harness.Response {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	sent := q.http(ctx, c.base)
	if sent == nil {
		q.path, q.query, q.method = "/v1/"+strconv.Itoa(number), "", http.MethodGet
		sent = q.http(ctx, c.base)
	}
	begun := time.Now()
	answer := w.s.Client(recorder).Send(sent)
	if answer.Status >= 500 && answer.Code() != "BUSY" {
		recorder.Errorf("%d is a failure, after %s: %s\n%s", answer.Status, time.Since(begun), answer.Body, c.logged(answer))
	}
	return answer
}

// logged is what the server wrote of a request.
func (c *campaign) logged(answer *harness.Response) string {
	var said strings.Builder
	for line := range strings.Lines(c.server.Logs()) {
		if id := answer.Header.Get("X-Request-Id"); id != "" && strings.Contains(line, id) {
			said.WriteString(line)
		}
	}
	return said.String()
}

// run sends the requests from the number on, by several clients.
func (c *campaign) run(worlds []*world, from, to int) {
	var tasks sync.WaitGroup
	for i, w := range worlds {
		tasks.Go(func() {
			for number := from + i; number < to; number += len(worlds) {
				c.shoot(w, number)
			}
		})
	}
	tasks.Wait()
}

func newCampaign(t *testing.T, s *harness.Server) (*campaign, []*world) {
	t.Helper()
	c := &campaign{t: t, grammar: newGrammar(t), server: s, base: s.URL, seed: seed(t)}
	var worlds []*world
	for range clients {
		worlds = append(worlds, newWorld(t, s))
	}
	return c, worlds
}

// settings let a campaign try many passwords.
var settings = harness.Environment{"LOGIN_FAILURES": "100"}

// grows is by how much the program may grow while it is asked nonsense, beyond
// what it held after a tenth of it: it remembers sessions and keys, and Go keeps
// what it has had for a while.
const grows = 48 << 20

// helps is what the helper may hold, which hashes as many passwords at once as
// there are cores and remembers nothing: 98 to 138 MB with two.
const helps = 192 << 20

func TestNoRequestMakesTheServerFailHangOrGrow(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d, settings)
		c, worlds := newCampaign(t, s)
		n := harness.Rounds(5_000, 50_000)
		begun := time.Now()
		c.run(worlds, 0, n/10)
		before := s.OwnResident(t)
		c.run(worlds, n/10, n)
		after := s.OwnResident(t)
		if grown := after - before; grown > grows {
			t.Errorf("the server grew by %d MB, from %d", grown>>20, before>>20)
		}
		if helpers := s.Resident(t) - after; helpers > helps {
			t.Errorf("the helper holds %d MB", helpers>>20)
		}
		c.findings.report(t, c.seed)
		c.findings.reached(t, c.grammar)
		s.Register(t).Get("/v1/auth/me").Want(200)
		harness.Figure(t, "fuzzed requests, "+string(d.Engine), "%d in %s: %d failed, %d were told to come again; %s; memory %d → %d MB",
			n, time.Since(begun).Round(time.Second), len(c.findings.bad), c.findings.busy.Load(), c.findings.shares(), before>>20, after>>20)
		s.Stop()
		d.Sound(t)
	})
}
