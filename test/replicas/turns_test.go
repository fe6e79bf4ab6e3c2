package replicas

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// Whoever proves the password at one replica is fresh at every other in the next
// request, whatever those remember of the session: without a feed nobody tells
// them.
func TestAProofOfThePasswordCountsAtTheOthersAtOnce(t *testing.T) {
	t.Parallel()
	all := fleet(t, harness.NewDatabase(t, harness.Postgres), harness.Environment{"DATABASE_POOLER": "true"})
	all[0].Register(t) // the operator
	owner := all[0].Register(t)
	acts := map[string]func(c *harness.Client, organization string) *harness.Response{
		"an organization is deleted": func(c *harness.Client, organization string) *harness.Response {
			slug := c.Get("/v1/organizations/" + organization).Want(200).Text("slug")
			return c.Delete("/v1/organizations/"+organization, harness.M{"confirm": slug}).Want(204)
		},
		"an address is changed": func(c *harness.Client, _ string) *harness.Response {
			return c.Post("/v1/auth/email", harness.M{"email": harness.NewEmail()}).Want(202)
		},
	}
	for name, act := range acts {
		organization := owner.Post("/v1/organizations", harness.M{"name": "Fresh " + harness.Unique()}).Want(201).Text("id")
		owner.Age(t, time.Hour)
		other := all[1].Client(t).Bearer(owner.AccessToken)
		proven := make(chan struct{})
		go func() {
			defer close(proven)
			// Refused ends no test: that is for the test's own goroutine.
			owner.Post("/v1/auth/reauthenticate", harness.M{"password": owner.Password}).Refused(204, "")
		}()
		remember(other, proven)
		t.Log(name)
		act(other, organization)
	}
}

// remember has a replica remember the session as it is until then.
func remember(c *harness.Client, until <-chan struct{}) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.Get("/v1/auth/me").Want(200)
		case <-until:
			return
		}
	}
}

// A limit is what each replica lets pass by itself. It also shows that requests
// by round robin go to each replica in its turn.
func TestEachReplicaCountsForItselfWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.Postgres), harness.Together, harness.Environment{"RATE_AUTH_PER_MINUTE": "1"})
	stranger := s.Client(t)
	for i := range 2 * replicas {
		r := stranger.Post("/v1/invitations/preview", harness.M{"token": "x"})
		if refused := r.Status == 429; refused != (i >= replicas) {
			t.Errorf("request %d is answered %d", i+1, r.Status)
		}
	}
}
