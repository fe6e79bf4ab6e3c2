package fuzz

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// recorder is a test that keeps what it is told, so that a complaint can be told
// together with the request that it is about.
type recorder struct {
	testing.TB
	mutex sync.Mutex
	said  []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, arguments ...any) {
	r.Error(fmt.Sprintf(format, arguments...))
}

func (r *recorder) Error(arguments ...any) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.said = append(r.said, fmt.Sprint(arguments...))
}

// findings are what the answers of a campaign came to.
type findings struct {
	mutex    sync.Mutex
	statuses map[int]int
	passed   map[string]int // by operation: answers that only who is let in gets
	done     map[string]int // by operation: requests that succeeded
	bad      []string
	busy     atomic.Int64
}

// add keeps an answer, and what there is to complain about.
func (f *findings) add(q *request, answer *harness.Response, number int, complaints []string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.statuses == nil {
		f.statuses, f.passed, f.done = map[int]int{}, map[string]int{}, map[string]int{}
	}
	f.statuses[answer.Status]++
	if answer.Status != 0 && answer.Status != 401 {
		f.passed[q.operation.Name()]++
	}
	if answer.Status/100 == 2 && q.method == q.operation.Method {
		f.done[q.operation.Name()]++
	}
	if answer.Code() == "BUSY" {
		complaints = append(complaints, "was told again and again to come later")
	}
	if len(complaints) > 0 {
		f.bad = append(f.bad, fmt.Sprintf("number %d: %s\n  %s", number, q, excerpt(strings.Join(complaints, "\n  "))))
	}
}

// excerpt is the end of a complaint, where what matters stands.
func excerpt(text string) string { return text[max(0, len(text)-1200):] }

// shown is how many findings are told.
const shown = 12

func (f *findings) report(t *testing.T, seed uint64) {
	t.Helper()
	for i, finding := range f.bad {
		if i == shown {
			t.Errorf("and %d more", len(f.bad)-shown)
			break
		}
		t.Error(finding)
	}
	if len(f.bad) > 0 {
		t.Errorf("repeat it with TENANTRY_FUZZ_SEED=%d", seed)
	}
}

// unsuccessful is in how many operations no request need succeed: six need a
// token that was mailed, and a few ask for what is seldom guessed.
const unsuccessful = 12

// reached fails the test where the campaign says little: there is an operation
// that nobody got into, or there are many in which nothing ever succeeded.
func (f *findings) reached(t *testing.T, g grammar) {
	t.Helper()
	var never []string
	for _, o := range g {
		if f.passed[o.Name()] < 5 {
			t.Errorf("%s was reached %d times", o.Name(), f.passed[o.Name()])
		}
		if f.done[o.Name()] == 0 {
			never = append(never, o.Name())
		}
	}
	if len(never) > unsuccessful {
		t.Errorf("nothing ever succeeded in %d operations: %v", len(never), never)
	}
}

// shares tells how the answers are spread.
func (f *findings) shares() string {
	all, by := 0, map[int]int{}
	for status, n := range f.statuses {
		all += n
		by[status/100] += n
	}
	var told []string
	for class, n := range by {
		told = append(told, fmt.Sprintf("%d %% %dxx", (n*100+all/2)/all, class))
	}
	slices.Sort(told)
	return strings.Join(told, ", ") + fmt.Sprintf(", of them %d %% 401", f.statuses[401]*100/all)
}
