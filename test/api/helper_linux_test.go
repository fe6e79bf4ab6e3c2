package api

import (
	"errors"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// helped has passwords hashed by a helper, which needs none where it yields to
// nothing.
var helped = harness.Environment{"PASSWORD_HASH_NICE": "1"}

func TestTheHelperForPasswordsEndsHoweverItsServerEnds(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), helped)
	ada := s.Register(t)
	killed := helperOf(t, s, ada, 0)
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	helperOf(t, s, ada, killed)
}

func TestWhereHashesYieldToNothingThereIsNoHelper(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"PASSWORD_HASH_NICE": "0"})
	s.Register(t)
	if started := s.Helpers(t); len(started) != 0 {
		t.Errorf("helpers: %v", started)
	}
}

// helperOf logs in until a helper runs that is not the one before: a machine
// with nothing to spare may not let it answer in time, and then the server
// computes the hash and gives the helper up.
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
