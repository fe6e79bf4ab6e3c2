package races

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// crowd is how many requests meet in a round.
const crowd = 20

// ask is one request of a round.
type ask struct {
	method, path string
	header       http.Header
	body         any // nil: none
}

// gate is where requests meet. Those that have a body are let in as far as the
// handlers that ask for it: who is calling is known by then, and the last that is
// missing comes to all of them at once. Of one without a body the last byte is
// held back.
type gate struct{ addresses []string }

const answerLimit = 60 * time.Second

// waiting is a request in front of the gate.
type waiting struct {
	*harness.Conn
	ask
	rest string
}

// open sends the requests, each to the next server, and lets them in together.
func (g gate) open(t *testing.T, asks []ask) []waiting {
	t.Helper()
	all := make([]waiting, len(asks))
	for i, a := range asks {
		all[i] = hold(t, g.addresses[i%len(g.addresses)], a)
	}
	for _, w := range all {
		w.ready(t)
	}
	for _, w := range all {
		w.Say(w.rest)
	}
	return all
}

// meet is open with the answers, in the same order.
func (g gate) meet(t *testing.T, asks []ask) []*harness.Response {
	t.Helper()
	all := g.open(t, asks)
	answers := make([]*harness.Response, len(all))
	for i, w := range all {
		if answers[i] = w.Judged(w.method, w.path); answers[i] == nil {
			t.Fatalf("%s %s has no answer", w.method, w.path)
		}
		_ = w.Close()
	}
	return answers
}

func hold(t *testing.T, address string, a ask) waiting {
	t.Helper()
	var head strings.Builder
	_, _ = fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\n", a.method, a.path, address)
	_ = a.header.Write(&head) // a builder takes everything
	w := waiting{Conn: harness.Dial(t, address, answerLimit), ask: a}
	if a.body == nil {
		head.WriteString("\r")
		w.rest = "\n"
	} else {
		body, err := json.Marshal(a.body)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(&head, "Content-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body))
		w.rest = string(body)
	}
	w.Say(head.String())
	return w
}

// ready waits until a handler asks for the body.
func (w waiting) ready(t *testing.T) {
	t.Helper()
	if w.body == nil {
		return
	}
	answer := w.Answer()
	if answer == nil {
		t.Fatalf("%s %s is not let in", w.method, w.path)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusContinue {
		said, _ := io.ReadAll(answer.Body)
		t.Fatalf("%s %s is not let in: %d %s", w.method, w.path, answer.StatusCode, said)
	}
}

// by is the request of a person, in an organization unless that is empty.
func by(p harness.Person, organization, method, path string, body any) ask {
	header := http.Header{"Authorization": {"Bearer " + p.AccessToken}}
	if organization != "" {
		header.Set("X-Organization-ID", organization)
	}
	return ask{method, path, header, body}
}

// public is a request of nobody in particular.
func public(path string, body any) ask { return ask{http.MethodPost, path, http.Header{}, body} }

// times is so many of the same.
func times(n int, a ask) []ask { return slices.Repeat([]ask{a}, n) }

// each is a request for each number.
func each(n int, of func(i int) ask) []ask {
	all := make([]ask, n)
	for i := range all {
		all[i] = of(i)
	}
	return all
}

// outcomes counts answers by status and code.
func outcomes(answers []*harness.Response) map[string]int {
	n := map[string]int{}
	for _, a := range answers {
		n[strings.TrimSpace(fmt.Sprint(a.Status, " ", a.Code()))]++
	}
	return n
}

// only fails the test where an answer is none of these.
func only(t *testing.T, answers []*harness.Response, fair ...string) {
	t.Helper()
	for got, n := range outcomes(answers) {
		if !slices.Contains(fair, got) {
			t.Errorf("%d of %d answers are %s; fair are %v", n, len(answers), got, fair)
		}
	}
}

// winners are the places of the answers that have the status.
func winners(answers []*harness.Response, status int) []int {
	var places []int
	for i, a := range answers {
		if a.Status == status {
			places = append(places, i)
		}
	}
	return places
}

// one fails the test unless exactly one answer has the status and the others are
// fair, and returns that one.
func one(t *testing.T, answers []*harness.Response, status int, fair ...string) *harness.Response {
	t.Helper()
	only(t, answers, append(fair, fmt.Sprint(status))...)
	won := winners(answers, status)
	if len(won) != 1 {
		t.Fatalf("%d of %d were answered %d: %v", len(won), len(answers), status, outcomes(answers))
	}
	return answers[won[0]]
}
