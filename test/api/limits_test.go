package api

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// limited is a server on the same database, with rate limits. Each replica
// would count for itself.
func limited(t *testing.T, s *harness.Server, limits harness.Environment) *harness.Server {
	t.Helper()
	return harness.Start(t, s.Database, limits, harness.Alone)
}

// on is the person at another server of the same installation.
func on(t *testing.T, s *harness.Server, p harness.Person) harness.Person {
	t.Helper()
	p.Client = s.Client(t).Bearer(p.AccessToken)
	return p
}

// wait is how long a refused caller is told to wait.
func wait(t *testing.T, r *harness.Response) <-chan time.Time {
	t.Helper()
	r.Refused(429, "RATE_LIMITED")
	return time.After(time.Duration(r.Number("Retry-After")) * time.Second)
}

func TestEveryLimitedRouteRefusesWhatIsTooMuch(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		free := harness.Start(t, d)
		ada := free.Register(t)
		key, _ := ada.NewKey(t, ada.Dev)
		accountKey := ada.Post("/v1/auth/keys", M{"name": "Backend"}).Want(201).Text("key")
		s := limited(t, free, harness.Environment{
			"RATE_AUTH_PER_MINUTE": "1", "RATE_ORGANIZATION_PER_MINUTE": "1", "RATE_ENVIRONMENT_PER_MINUTE": "1", "RATE_KEY_READS_PER_MINUTE": "1",
		})
		// Each with a request that spends what there is, and changes nothing.
		person, sdk, stranger := on(t, s, ada).Client, s.Client(t).Key(key), s.Client(t)
		manage := func() { person.Get("/v1/projects"); person.In(randomID()).Get("/v1/projects") }
		read := func() { sdk.Get("/v1/sdk/authorize"); sdk.Get("/v1/sdk/environment") }
		try := func() {
			stranger.Post("/v1/auth/login", M{"email": harness.NewEmail(), "password": "not the password"})
		}
		for _, o := range harness.Spec(t).Operations {
			_, open := public[o.Name()]
			if o.Path == "/v1/auth/refresh" || strings.HasPrefix(o.Path, "/v1/admin/") || open && o.Method == "GET" {
				continue // for whoever holds a refresh token or operates, and pages
			}
			caller, spend := person, manage
			switch {
			case open:
				caller, spend = stranger, try
			case strings.HasPrefix(o.Path, "/v1/sdk/"):
				caller, spend = sdk, read
			case o.Path == "/v1/keys/verify":
				caller = s.Client(t).Bearer(accountKey)
			}
			spend()
			for _, body := range []any{bodyOf(t, o), nil} {
				r := caller.Do(o.Method, o.Fill(randomID()), body).Refused(429, "RATE_LIMITED")
				if r.Number("X-RateLimit-Limit") != 1 {
					t.Errorf("%s does not show its limit", o.Name())
				}
			}
		}
	})
}

func TestWithoutLimitsNothingIsShown(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		for _, r := range []*harness.Response{
			s.Client(t).Post("/v1/auth/login", M{"email": harness.NewEmail(), "password": "not the password"}),
			s.Stage(t).Owner.Get("/v1/projects"), s.Client(t).Get("/v1/sdk/environment"),
		} {
			for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
				if r.Header.Get(name) != "" {
					t.Errorf("%s %s has %s", r.Method, r.Path, name)
				}
			}
		}
	})
}

func TestWhoWaitsAsLongAsToldIsServed(t *testing.T) {
	t.Parallel()
	free := harness.Start(t, harness.NewDatabase(t, harness.SQLite))
	ada := free.Register(t)
	key, _ := ada.NewKey(t, ada.Dev)
	s := limited(t, free, harness.Environment{"RATE_ORGANIZATION_PER_MINUTE": "40", "RATE_ENVIRONMENT_PER_MINUTE": "40", "RATE_KEY_READS_PER_MINUTE": "0"})
	for _, ask := range []func() *harness.Response{
		func() *harness.Response { return on(t, s, ada).Get("/v1/projects") },
		func() *harness.Response { return s.Client(t).Key(key).Get("/v1/sdk/environment") },
	} {
		var r *harness.Response
		for range 1000 {
			if r = ask(); r.Status != 200 {
				break
			}
		}
		<-wait(t, r)
		ask().Want(200)
	}
}

// burst sends n requests at once and fails unless about limit of them pass: no
// more than that and what came back meanwhile.
func burst(t *testing.T, n, limit int, ask func(i int) *harness.Response) {
	t.Helper()
	start := time.Now()
	got := tally(simultaneously(n, ask))
	most := limit + 1 + int(time.Since(start)*time.Duration(limit)/time.Minute)
	if passed := n - got[429]; passed < limit || passed > most {
		t.Errorf("%d of %d passed, with a limit of %d: %v", passed, n, limit, got)
	}
}

func TestABurstPassesNoMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	free := harness.Start(t, harness.NewDatabase(t, harness.SQLite))
	ada, bob := free.Register(t), free.Register(t)
	key, _ := ada.NewKey(t, ada.Dev)
	second, _ := ada.NewKey(t, ada.Dev)
	staging, _ := ada.NewKey(t, ada.Staging)
	s := limited(t, free, harness.Environment{
		"RATE_AUTH_PER_MINUTE": "20", "RATE_ORGANIZATION_PER_MINUTE": "20", "RATE_ENVIRONMENT_PER_MINUTE": "20", "RATE_KEY_READS_PER_MINUTE": "0",
	})
	burst(t, 60, 20, func(int) *harness.Response { return on(t, s, ada).Get("/v1/projects") })
	burst(t, 60, 20, func(i int) *harness.Response { // both keys together
		return s.Client(t).Key([]string{key, second}[i%2]).Get("/v1/sdk/authorize")
	})
	stranger := s.Client(t)
	burst(t, 60, 20, func(int) *harness.Response {
		return stranger.Post("/v1/auth/password/forgot", M{"email": harness.NewEmail()})
	})
	on(t, s, bob).Get("/v1/projects").Want(200)
	s.Client(t).Key(staging).Get("/v1/sdk/authorize").Want(204)
	s.Client(t).Post("/v1/auth/password/forgot", M{"email": harness.NewEmail()}).Want(202)
}

func TestABusyNeighborTakesNothingFromOthers(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		free := harness.Start(t, d)
		ada, bob := free.Register(t), free.Register(t)
		s := limited(t, free, harness.Environment{"RATE_ORGANIZATION_PER_MINUTE": "50"})
		ada, bob = on(t, s, ada), on(t, s, bob)
		var flood sync.WaitGroup
		for range 4 {
			flood.Go(func() {
				for range 125 {
					ada.Get("/v1/projects")
					ada.In(bob.Organization).Get("/v1/projects")
				}
			})
		}
		for i := range 25 {
			if r := bob.Get("/v1/projects").Want(200); r.Number("X-RateLimit-Remaining") < 49-i {
				t.Errorf("request %d leaves %d of 50", i+1, r.Number("X-RateLimit-Remaining"))
			}
		}
		flood.Wait()
		runsOut(t, ada.Client)
		runsOut(t, ada.In(bob.Organization))
		bob.Get("/v1/projects").Want(200)
		bob.In(ada.Organization).Get("/v1/projects").Refused(404, "NOT_FOUND")
	})
}

// runsOut asks until it is refused: on a slow machine a bucket of fifty fills up
// in between.
func runsOut(t *testing.T, c *harness.Client) {
	t.Helper()
	for range 100 {
		if r := c.Get("/v1/projects"); r.Status == 429 {
			r.Refused(429, "RATE_LIMITED")
			return
		}
	}
	t.Error("a hundred requests were not refused")
}

func TestABackendLearnsThatAnEnvironmentIsOverItsLimit(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		free := harness.Start(t, d)
		ada := free.Register(t)
		key, id := ada.NewKey(t, ada.Dev)
		s := limited(t, free, harness.Environment{"RATE_ENVIRONMENT_PER_MINUTE": "2"})
		backend := s.Client(t).Bearer(harness.AdminToken)
		backend.Post("/v1/keys/verify", M{"key": key}).Want(200)
		s.Client(t).Key(key).Get("/v1/sdk/authorize").Want(204)
		verdict := backend.Post("/v1/keys/verify", M{"key": key}).Want(200)
		if verdict.Value("valid") != false || verdict.Text("code") != "RATE_LIMITED" || verdict.Text("key.id") != id {
			t.Errorf("the verdict is %s", verdict.Body)
		}
		s.Client(t).Key(key).Get("/v1/sdk/authorize").Refused(429, "RATE_LIMITED")
	})
}

func TestTheLimitOfAddressesTellsNothingAboutAccounts(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		free := harness.Start(t, d)
		ada := free.Register(t)
		s := limited(t, free, harness.Environment{"RATE_AUTH_PER_MINUTE": "3"})
		known, unknown := s.Client(t), s.Client(t)
		for i := range 6 {
			one := known.Post("/v1/auth/login", M{"email": ada.Email, "password": "not the password"})
			other := unknown.Post("/v1/auth/login", M{"email": harness.NewEmail(), "password": "not the password"})
			if one.Status != map[bool]int{true: 401, false: 429}[i < 3] || one.Number("X-RateLimit-Remaining") != other.Number("X-RateLimit-Remaining") {
				t.Errorf("login %d is answered %d with %d left, and %d with %d", i+1, one.Status, one.Number("X-RateLimit-Remaining"), other.Status, other.Number("X-RateLimit-Remaining"))
			}
			one.Header.Del("Retry-After") // seconds of two buckets, taken from at two moments
			other.Header.Del("Retry-After")
			if one.Masked() != other.Masked() {
				t.Errorf("login %d:\n%s\n%s", i+1, one.Masked(), other.Masked())
			}
		}
		right := known.Post("/v1/auth/login", M{"email": ada.Email, "password": ada.Password})
		right.Refused(429, "RATE_LIMITED")
		s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": ada.Password}).Want(200)
	})
}
