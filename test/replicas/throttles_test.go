package replicas

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

// counting is a fleet whose mail goes to a sink.
func counting(t *testing.T, env harness.Environment) ([]*harness.Server, *mailsink.Sink) {
	t.Helper()
	sink := mailsink.Start(t, mailsink.Options{})
	mail := harness.Environment{"SMTP_URL": sink.URL(), "MAIL_FROM": "Tenantry <accounts@example.com>"}
	return fleet(t, harness.NewDatabase(t, harness.Postgres), mail, env), sink
}

func guess(t *testing.T, s *harness.Server, address, email, password string) *harness.Response {
	t.Helper()
	return s.Client(t).At(address).Post("/v1/auth/login", harness.M{"email": email, "password": password})
}

// A hundred guesses from a hundred addresses, at three replicas of which one is
// new, are counted together. Who owns the account stays in, and gets in by a new
// password.
func TestGuessesAreCountedTogetherByAllReplicasAndLockNobodyOut(t *testing.T) {
	const limit = 6
	all, sink := counting(t, harness.Environment{"LOGIN_FAILURES": strconv.Itoa(limit)})
	ada := all[0].Register(t)
	for i := range 100 {
		if i == 50 {
			all[1] = all[1].Restart(t)
		}
		r := guess(t, all[i%replicas], fmt.Sprintf("10.9.%d.1", i), ada.Email, "not the password")
		if want := map[bool]int{true: 401, false: 429}[i < limit]; r.Status != want {
			t.Fatalf("guess %d is answered %d, want %d", i+1, r.Status, want)
		}
	}
	for _, s := range all {
		guess(t, s, "10.8.1.1", ada.Email, ada.Password).Refused(429, "TOO_MANY_ATTEMPTS")
		s.Client(t).Bearer(ada.AccessToken).Get("/v1/auth/me").Want(200)
	}
	all[2].Client(t).Post("/v1/auth/refresh", harness.M{"refresh_token": ada.RefreshToken}).Want(200)
	all[1].Client(t).Post("/v1/auth/password/forgot", harness.M{"email": ada.Email}).Want(202)
	chosen := harness.NewPassword()
	token := sink.Wait(t, ada.Email, "Choose a new password").Token()
	all[2].Client(t).Post("/v1/auth/password/reset", harness.M{"token": token, "new_password": chosen}).Want(204)
	guess(t, all[0], "10.8.1.2", ada.Email, chosen).Want(200)
}

// Guesses that come at once get no more judged than those that come in a row.
func TestABurstAtAllReplicasGetsNoMoreGuesses(t *testing.T) {
	const limit, burst = 5, 60
	all, _ := counting(t, harness.Environment{"LOGIN_FAILURES": strconv.Itoa(limit)})
	ada := all[0].Register(t)
	var group sync.WaitGroup
	var mutex sync.Mutex
	got := map[int]int{}
	for i := range burst {
		group.Go(func() {
			r := guess(t, all[i%replicas], fmt.Sprintf("10.7.%d.1", i), ada.Email, "not the password")
			mutex.Lock()
			defer mutex.Unlock()
			got[r.Status]++
		})
	}
	group.Wait()
	if got[401] == 0 || got[401] > limit || got[401]+got[429]+got[503] != burst {
		t.Errorf("the answers are %v, with a limit of %d", got, limit)
	}
}

func TestOneNetworkIsOneCounterAtAllReplicas(t *testing.T) {
	all, _ := counting(t, harness.Environment{"LOGIN_FAILURES": "1", "LOGIN_WINDOW_MINUTES": "1440"}) // ten for an address
	for i := range 15 {
		r := guess(t, all[i%replicas], fmt.Sprintf("2001:db8:5:5:%x::%d", i, i+1), harness.NewEmail(), "not the password")
		if want := map[bool]int{true: 401, false: 429}[i < 10]; r.Status != want {
			t.Errorf("guess %d is answered %d, want %d", i+1, r.Status, want)
		}
	}
	guess(t, all[0], "2001:db8:5:6::1", harness.NewEmail(), "not the password").Refused(401, "INVALID_CREDENTIALS")
}

// Whoever asks for mail to an address, wherever and by whatever spelling, gets
// three of a kind sent in an hour, and one answer always.
func TestMailToOneAddressIsCountedTogetherByAllReplicas(t *testing.T) {
	all, sink := counting(t, nil)
	ada := all[0].Register(t)
	sink.Wait(t, ada.Email, "Confirm your email address")
	kinds := map[string]string{"/v1/auth/password/forgot": "Choose a new password", "/v1/auth/send-verification-email": "Confirm your email address"}
	for path := range kinds {
		for i := range 12 {
			email := []string{ada.Email, " " + ada.Email, strings.ToUpper(ada.Email)}[i%3]
			all[i%replicas].Client(t).Post(path, harness.M{"email": email}).Want(202)
		}
	}
	// The mail that is asked for last comes last: what was asked for before it is
	// sent or refused by then.
	last := all[1].Register(t)
	sink.Wait(t, last.Email, "Confirm your email address")
	for begin := time.Now(); all[0].Count(t, "SELECT count(*) FROM outbox") > 0; <-time.After(interval) {
		if time.Since(begin) > limit {
			t.Fatal("the outbox is not emptied")
		}
	}
	for path, about := range kinds {
		n := 0
		for _, m := range sink.To(ada.Email) {
			if strings.Contains(m.Subject, about) {
				n++
			}
		}
		if n != 3 { // with that of the registration
			t.Errorf("%s brought %d mails, want 3", path, n)
		}
	}
}

func TestInvitationsOfOneAddressAreCountedTogetherByAllReplicas(t *testing.T) {
	all, _ := counting(t, nil)
	ada := all[0].Register(t)
	id := ada.Post("/v1/members/invite", harness.M{"email": "guest@example.com"}).Want(201).Text("id")
	for i := range 8 {
		r := all[i%replicas].Client(t).Bearer(ada.AccessToken).Post("/v1/members/"+id+"/resend", nil)
		if want := map[bool]int{true: 204, false: 429}[i < 2]; r.Status != want {
			t.Errorf("resending for the %d. time is answered %d, want %d", i+1, r.Status, want)
		}
	}
	ada.Delete("/v1/members/" + id).Want(204)
	all[2].Client(t).Bearer(ada.AccessToken).Post("/v1/members/invite", harness.M{"email": " Guest@EXAMPLE.com"}).Refused(429, "TOO_MANY_INVITATIONS")
}

// Counts are not pushed out by others: they stay until their window is over,
// however many there are.
func TestTwentyThousandOtherCountsPushNobodysOut(t *testing.T) {
	t.Parallel()
	for _, engine := range harness.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			s := harness.Start(t, harness.NewDatabase(t, engine), harness.Environment{"LOGIN_FAILURES": "2"})
			ada := s.Register(t)
			for range 2 {
				guess(t, s, "10.6.1.1", ada.Email, "not the password").Refused(401, "INVALID_CREDENTIALS")
			}
			for _, till := range []time.Duration{-time.Hour, time.Hour} {
				s.Exec(t, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
					INSERT INTO throttles (key, count, resets_at) SELECT CAST($1 AS text) || i, 1, $2 FROM n`,
					"password/name/"+till.String(), time.Now().UTC().Add(till).Truncate(time.Microsecond))
			}
			guess(t, s, "10.6.1.2", ada.Email, ada.Password).Refused(429, "TOO_MANY_ATTEMPTS")
			again := s.Restart(t) // which sweeps what is over
			guess(t, again, "10.6.1.3", ada.Email, ada.Password).Refused(429, "TOO_MANY_ATTEMPTS")
		})
	}
}
