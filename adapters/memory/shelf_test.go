package memory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tenantry/tenantry/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	subject = ports.Subject{1}
	other   = ports.Subject{2}
	errDown = errors.New("the database is away")
)

// truth is a store of one value, which counts how often it is asked.
type truth struct {
	mu    sync.Mutex
	value *string
	err   error
	keep  bool
	asked atomic.Int64
	begun chan struct{} // where set, told of each question
	going chan struct{} // where set, each answer waits for it after it was read
}

func (t *truth) set(value string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value, t.err = &value, err
}

func (t *truth) unset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value = nil
}

func (t *truth) ask(context.Context, string) (answer[string], error) {
	t.asked.Add(1)
	t.mu.Lock()
	a, err := answer[string]{t.value, []ports.Subject{subject}, t.keep}, t.err
	t.mu.Unlock()
	if t.begun != nil {
		t.begun <- struct{}{}
		<-t.going
	}
	return a, err
}

// in runs a test where time passes when everybody waits, with a shelf before a
// truth that says "old".
func in(t *testing.T, test func(t *testing.T, f *freshness, s *shelf[string, string], says *truth)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		says := &truth{keep: true}
		says.set("old", nil)
		f := &freshness{}
		f.ForgetAll()
		s, err := newShelf(f, 100, says.ask)
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		test(t, f, s, says)
	})
}

func expect(t *testing.T, s *shelf[string, string], want string) {
	t.Helper()
	value, _, err := s.get(t.Context(), "key")
	if err != nil || value == nil || *value != want {
		t.Fatalf("the answer is %v, %v, want %s", value, err, want)
	}
}

func asked(t *testing.T, says *truth, want int64) {
	t.Helper()
	if n := says.asked.Load(); n != want {
		t.Fatalf("the store was asked %d times, want %d", n, want)
	}
}

func TestWithoutAFeedAnAnswerCountsForLessThanTheBound(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, _ *freshness, s *shelf[string, string], says *truth) {
		expect(t, s, "old")
		says.set("new", nil)
		time.Sleep(alone - time.Millisecond)
		expect(t, s, "old")
		asked(t, says, 1)
		time.Sleep(time.Millisecond)
		expect(t, s, "new")
		asked(t, says, 2)
	})
}

func TestWhileTheFeedIsHeardAnAnswerCountsForLong(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, f *freshness, s *shelf[string, string], says *truth) {
		expect(t, s, "old")
		for range 100 {
			time.Sleep(lease / 2)
			f.Confirm(time.Now())
			expect(t, s, "old")
		}
		asked(t, says, 1)
		if behind := f.behind(time.Now()); behind != 0 {
			t.Errorf("it lags %v behind", behind)
		}
		time.Sleep(longest)
		f.Confirm(time.Now())
		expect(t, s, "old")
		asked(t, says, 2)
	})
}

func TestAFeedThatFallsSilentIsTrustedForLessThanTheBound(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, f *freshness, s *shelf[string, string], says *truth) {
		f.Confirm(time.Now())
		expect(t, s, "old")
		time.Sleep(10 * time.Second) // more than an answer counts alone
		f.Confirm(time.Now())
		says.set("new", nil)
		time.Sleep(lease - time.Millisecond)
		expect(t, s, "old")
		time.Sleep(time.Millisecond)
		expect(t, s, "new")
		if behind := f.behind(time.Now()); behind >= ports.Staleness {
			t.Errorf("it lags %v behind", behind)
		}
	})
}

func TestAChangeThatIsHeardCountsAtOnce(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, f *freshness, s *shelf[string, string], says *truth) {
		for i, forget := range []func(){
			func() { f.Forget(subject) },
			func() { f.Forget(other, subject) },
			f.ForgetAll,
			func() { // more than are remembered one by one
				for n := range maxStamps + 1 {
					f.Forget(ports.Subject{9, byte(n), byte(n >> 8), byte(n >> 16)})
				}
			},
		} {
			f.Confirm(time.Now())
			expect(t, s, *says.value)
			says.set(fmt.Sprint("new ", i), nil)
			forget()
			expect(t, s, fmt.Sprint("new ", i))
		}
	})
}

func TestAChangeOfSomethingElseForgetsNothing(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, f *freshness, s *shelf[string, string], says *truth) {
		expect(t, s, "old")
		f.Forget(other)
		f.Forget()
		expect(t, s, "old")
		asked(t, says, 1)
	})
}

func TestALoadThatBeganBeforeARevocationBringsNothingBack(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, f *freshness, s *shelf[string, string], says *truth) {
		says.begun, says.going = make(chan struct{}), make(chan struct{})
		f.Confirm(time.Now())
		early := make(chan string)
		go func() {
			value, _, _ := s.get(t.Context(), "key")
			early <- *value
		}()
		<-says.begun // it has read "old"
		says.set("revoked", nil)
		f.Forget(subject)
		time.Sleep(time.Millisecond)
		late := make(chan string)
		go func() {
			value, _, _ := s.get(t.Context(), "key")
			late <- *value
		}()
		synctest.Wait()
		says.going <- struct{}{} // the load ends after the revocation
		// Whoever began after the revocation asks again; whoever began before may
		// have either.
		<-says.begun
		says.going <- struct{}{}
		if got := <-early; got != "old" && got != "revoked" {
			t.Errorf("who asked before got %q", got)
		}
		if got := <-late; got != "revoked" {
			t.Errorf("who asked after the revocation got %q", got)
		}
		says.begun = nil
		expect(t, s, "revoked")
	})
}

func TestManyWhoWaitForOneAnswerAskOnce(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, _ *freshness, s *shelf[string, string], says *truth) {
		says.begun, says.going = make(chan struct{}), make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		answers := make(chan string, 5000)
		go func() { // one that gives up fails nobody
			value, _, _ := s.get(ctx, "key")
			answers <- *value
		}()
		<-says.begun
		cancel()
		for range 4999 {
			go func() {
				value, _, _ := s.get(t.Context(), "key")
				answers <- *value
			}()
		}
		synctest.Wait()
		says.going <- struct{}{}
		for range 5000 {
			if got := <-answers; got != "old" {
				t.Fatalf("the answer is %q", got)
			}
		}
		asked(t, says, 1)
	})
}

func TestWhatNobodyKnowsIsRememberedForAMoment(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, _ *freshness, s *shelf[string, string], says *truth) {
		says.unset()
		for range 3 {
			if value, _, err := s.get(t.Context(), "key"); value != nil || err != nil {
				t.Fatalf("the answer is %v, %v", value, err)
			}
		}
		asked(t, says, 1)
		time.Sleep(unknownLife)
		says.set("new", nil)
		expect(t, s, "new")
	})
}

func TestMillionsOfInventedCredentialsTakeBoundedMemory(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, _ *freshness, s *shelf[string, string], says *truth) {
		expect(t, s, "old")
		says.unset()
		for n := range 10 * maxUnknown {
			if _, _, err := s.get(t.Context(), fmt.Sprint(n)); err != nil {
				t.Fatal(err)
			}
		}
		s.unknown.CleanUp()
		if n := s.unknown.EstimatedSize(); n > maxUnknown {
			t.Errorf("%d are remembered", n)
		}
		if n := s.found.EstimatedSize(); n != 1 {
			t.Errorf("%d good ones are left of 1", n)
		}
	})
}

func TestWhatIsNotToBeKeptIsAskedEachTime(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, _ *freshness, s *shelf[string, string], says *truth) {
		says.keep = false
		for n := range int64(3) {
			expect(t, s, "old")
			asked(t, says, n+1)
		}
	})
}

func TestWhenTheStoreIsAwayNothingCountsBeyondTheBound(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, f *freshness, s *shelf[string, string], says *truth) {
		f.Confirm(time.Now())
		expect(t, s, "old")
		says.set("old", errDown)
		time.Sleep(alone)
		for range 2 {
			if _, _, err := s.get(t.Context(), "key"); !errors.Is(err, errDown) {
				t.Fatalf("the answer is %v", err)
			}
		}
		says.set("new", nil)
		expect(t, s, "new")
	})
}

func TestTheClockThatSaysMoreCounts(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, c := range []struct {
		name string
		then time.Time
		want time.Duration
	}{
		{"both clocks agree", now.Add(-time.Minute), time.Minute},
		{"the wall clock was set back", now.Add(-time.Second), time.Second},
		{"a suspended machine knows by the wall clock alone", now.Round(0).Add(-time.Hour), time.Hour},
	} {
		if got := elapsed(c.then, now); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
