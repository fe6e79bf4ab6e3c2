package overload

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// helped has passwords hashed by a helper, also where the program is searched for
// data races and has none. It yields so little that it is hardly ever late.
var helped = harness.Environment{"PASSWORD_HASH_NICE": "1"}

func TestTheHelperForPasswordsEndsHoweverItsServerEnds(t *testing.T) {
	for _, end := range []func(*harness.Server){(*harness.Server).Stop, (*harness.Server).Kill} {
		s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), helped)
		if started := s.Helpers(t); len(started) != 0 {
			t.Errorf("helpers before there is a password: %v", started)
		}
		helper := helperOf(t, s, s.Register(t), 0)
		end(s)
		gone := func() bool { return errors.Is(syscall.Kill(helper, 0), syscall.ESRCH) }
		for limit := time.Now().Add(10 * time.Second); !gone(); {
			if time.Now().After(limit) {
				t.Fatal("the helper is still there")
			}
			<-time.After(time.Millisecond)
		}
	}
}

func TestALoginOutlivesTheHelperForPasswords(t *testing.T) {
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), helped)
	ada := s.Register(t)
	killed := helperOf(t, s, ada, 0)
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	helperOf(t, s, ada, killed)
}

func TestWhereHashesYieldToNothingThereIsNoHelper(t *testing.T) {
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"PASSWORD_HASH_NICE": "0"})
	s.Register(t)
	if started := s.Helpers(t); len(started) != 0 {
		t.Errorf("helpers: %v", started)
	}
}

// Whatever helper is started gets nothing of the cores, as one that yields where
// others want all of them all the time.
func TestPeopleLogInWhereTheHelperForPasswordsComesToNothing(t *testing.T) {
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), helped)
	people := make([]harness.Person, 12)
	for i := range people {
		people[i] = s.Register(t)
	}
	helperOf(t, s, people[0], 0)
	defer standStill(t, s)()
	for range 2 {
		var all sync.WaitGroup
		for _, p := range people {
			all.Go(func() {
				c := s.Client(t)
				asked := c.NewRequest(http.MethodPost, "/v1/auth/login", strings.NewReader(`{"email":"`+p.Email+`","password":"`+p.Password+`"}`))
				asked.Header.Set("Content-Type", "application/json")
				if r := c.Send(asked); r.Status != http.StatusOK { // once, where Post asks again after a 503
					t.Errorf("a login gets %d: %s", r.Status, r.Body)
				}
			})
		}
		all.Wait()
	}
	if !strings.Contains(s.Logs(), "gets too little of the cores") {
		t.Error("no helper was late: the test shows nothing")
	}
}

// standStill stops every helper of the server, and every one that follows, until
// the end.
func standStill(t *testing.T, s *harness.Server) (end func()) {
	t.Helper()
	stopped, first, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for once := sync.OnceFunc(func() { close(first) }); ; once() {
			for _, helper := range s.Helpers(t) {
				_ = syscall.Kill(helper, syscall.SIGSTOP) // unless it has ended
			}
			select {
			case <-stopped:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	<-first
	return func() { close(stopped); <-ended }
}

// helperOf logs in until a helper runs that is not the one before.
func helperOf(t *testing.T, s *harness.Server, p harness.Person, before int) int {
	t.Helper()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); {
		s.Client(t).Post("/v1/auth/login", harness.M{"email": p.Email, "password": p.Password}).Want(http.StatusOK)
		if helpers := s.Helpers(t); len(helpers) == 1 && helpers[0] != before {
			return helpers[0]
		}
	}
	t.Fatal("no helper stays")
	return 0
}
