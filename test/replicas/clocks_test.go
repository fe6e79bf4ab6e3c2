package replicas

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// wrong is the program on a machine whose clock is an hour behind.
func wrong(t *testing.T) string {
	t.Helper()
	return harness.Broken(t, "adapters/system/system.go", "return time.Now().UTC()", "return time.Now().Add(-time.Hour).UTC()")
}

// offBy is how far a server's sense of time is from the tests', as a refresh tells.
func offBy(t *testing.T, s *harness.Server, token string) (next string, off time.Duration) {
	t.Helper()
	r := s.Client(t).Post("/v1/auth/refresh", harness.M{"refresh_token": token}).Want(200)
	ends, _ := r.Value("expires_at").(float64)
	lives, _ := r.Value("expires_in").(float64)
	return r.Text("refresh_token"), time.Until(time.Unix(int64(ends-lives), 0)).Abs()
}

// Replicas go by the database's clock, so that one whose machine's is wrong takes
// others' tokens, gives out good ones, and lets nothing live longer.
func TestAReplicaWhoseClockIsWrongGoesByTheDatabases(t *testing.T) {
	program, d := wrong(t), harness.NewDatabase(t, harness.Postgres)
	right := harness.Start(t, d)
	late := harness.StartProgram(t, program, d)
	right.Register(t) // the operator
	ada := right.Register(t)
	grace := late.Register(t)
	late.Client(t).Bearer(ada.AccessToken).Get("/v1/projects").Want(200)
	right.Client(t).Bearer(grace.AccessToken).Get("/v1/projects").Want(200)
	_, off := offBy(t, late, grace.RefreshToken)
	if off > time.Minute {
		t.Errorf("it is off by %v", off)
	}
	secret, _ := ada.NewKey(t, ada.Dev, harness.M{"expires_at": time.Now().Add(2 * time.Second).UTC().Format(time.RFC3339Nano)})
	right.Exec(t, "UPDATE sessions SET expires_at = $1 WHERE id = $2", time.Now().UTC().Add(-time.Second).Truncate(time.Microsecond), ada.Session())
	for _, s := range []*harness.Server{right, late} {
		s.Client(t).Bearer(ada.AccessToken).Get("/v1/projects").Refused(401, "INVALID_TOKEN")
		s.Client(t).Post("/v1/auth/refresh", harness.M{"refresh_token": ada.RefreshToken}).Refused(401, "INVALID_REFRESH_TOKEN")
		for begin := time.Now(); s.Client(t).Key(secret).Get("/v1/sdk/authorize").Status != 401; <-time.After(interval) {
			if time.Since(begin) > limit {
				t.Fatal("a key lives on after its end")
			}
		}
	}
}

// Without a server to ask, the machine's clock counts: so the program above does
// have a wrong one.
func TestOnSQLiteAWrongClockCounts(t *testing.T) {
	s := harness.StartProgram(t, wrong(t), harness.NewDatabase(t, harness.SQLite))
	if _, off := offBy(t, s, s.Register(t).RefreshToken); (off - time.Hour).Abs() > time.Minute {
		t.Errorf("it is off by %v", off)
	}
}
