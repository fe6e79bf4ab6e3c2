package api

import (
	"errors"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

func TestTheHelperForPasswordsEndsHoweverItsServerEnds(t *testing.T) {
	t.Parallel()
	for _, end := range []func(*harness.Server){(*harness.Server).Stop, (*harness.Server).Kill} {
		s := harness.Start(t, harness.NewDatabase(t, harness.SQLite))
		if started := s.Helpers(t); len(started) != 0 {
			t.Errorf("helpers before there is a password: %v", started)
		}
		s.Register(t)
		helpers := s.Helpers(t)
		if len(helpers) != 1 {
			t.Fatalf("helpers: %v", helpers)
		}
		end(s)
		gone := func() bool { return errors.Is(syscall.Kill(helpers[0], 0), syscall.ESRCH) }
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
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite))
	ada := s.Register(t)
	killed := s.Helpers(t)[0]
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.Client(t).Post("/v1/auth/login", harness.M{"email": ada.Email, "password": ada.Password}).Want(http.StatusOK)
	}
	if helpers := s.Helpers(t); len(helpers) != 1 || helpers[0] == killed {
		t.Errorf("helpers: %v, of which %d was killed", helpers, killed)
	}
}
