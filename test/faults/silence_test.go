package faults

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// quick is how soon the server is to work again once the fault is over.
const quick = 10 * time.Second

// mixed has twenty clients ask for everything that needs the database, in turns,
// until stop is called: what is read and written, with a key and with a token.
func mixed(c *caller, w *crew, secret string) (stop func()) {
	const clients = 20
	var asks [clients][]func() answer
	for i := range clients {
		who := w.of(i)
		token := byToken(who.AccessToken)
		asks[i] = []func() answer{
			func() answer { return c.do(200, "GET", "/v1/projects", token, nil) },
			func() answer {
				return c.do(201, "POST", "/v1/projects", token, harness.M{"name": "Shop " + harness.Unique()})
			},
			func() answer { return c.do(204, "GET", "/v1/sdk/authorize", byKey(secret), nil) },
			func() answer {
				return c.do(202, "POST", "/v1/auth/password/forgot", nil, harness.M{"email": harness.NewEmail()})
			},
			func() answer { return w.refresh(c, i) },
			func() answer { return c.do(200, "GET", "/readyz", nil, nil) },
			func() answer {
				return c.do(200, "POST", "/v1/auth/login", nil, harness.M{"email": who.Email, "password": who.Password})
			},
			func() answer {
				return c.do(201, "POST", "/v1/projects", w.once(i), harness.M{"name": "Shop " + harness.Unique()})
			},
			func() answer { return c.do(201, "POST", "/v1/auth/register", nil, harness.NewRegistration()) },
		}
	}
	var turns [clients]int // each its own
	return repeatedly(clients, func(i int) {
		asks[i][(i+turns[i])%len(asks[i])]()
		turns[i]++
	})
}

// refresh has the first of those who share a session refresh it. Who is not told
// whether that took place does not try again: the token that it has may be the
// replaced one by then, for longer than that is borne.
func (w *crew) refresh(c *caller, i int) answer {
	if i >= len(w.people) || w.people[i].RefreshToken == "" {
		return answer{}
	}
	a := c.do(200, "POST", "/v1/auth/refresh", nil, harness.M{"refresh_token": w.people[i].RefreshToken})
	w.people[i].RefreshToken = a.text("refresh_token")
	return a
}

// once is the token of one of the crew, and a key by which a request is repeated.
func (w *crew) once(i int) header {
	h := byToken(w.of(i).AccessToken)
	h["Idempotency-Key"] = harness.Unique()
	return h
}

// faulty runs the crowd through a fault and looks at everything after it.
func faulty(t *testing.T, d *harness.Database, s *patient, what string, fault func(c *caller) (healed time.Time)) {
	t.Helper()
	people, c := muster(t, s.Server, 4), newCaller(t, s.Server)
	secret, _ := people.people[0].NewKey(t, people.people[0].Dev)
	stop := mixed(c, people, secret)
	<-time.After(time.Second)
	stop()
	c.judge(t, true)
	s.rest(t, c)
	c.begin()
	slim, beside := s.Resident(t), newCaller(t, s.Server)
	stop = mixed(c, people, secret)
	stopBeside := repeatedly(1, func(int) { // who needs no database
		beside.do(200, "GET", "/healthz", nil, nil)
		beside.do(200, "GET", "/.well-known/jwks.json", nil, nil)
		beside.do(401, "GET", "/v1/sdk/authorize", byKey("mistyped"), nil)
	})
	healed := fault(c)
	stopBeside()
	grown := s.Resident(t) - slim
	took := c.recovered(t, healed, quick)
	<-time.After(500 * time.Millisecond)
	stop()
	c.judge(t, true)
	beside.judge(t, true)
	if beside.away() > 0 || beside.p99() > time.Second {
		t.Errorf("beside it p99 is %v, and %d requests were refused", beside.p99(), beside.away())
	}
	if grown > slim/4+16<<20 {
		t.Errorf("memory grew by %d KiB, from %d", grown>>10, slim>>10)
	}
	if c.away() == 0 {
		t.Error("nobody noticed that something was broken")
	}
	after := c.away()
	for range 20 { // and nothing is left of it
		c.do(200, "GET", "/v1/projects", byToken(people.people[0].AccessToken), nil)
		c.do(201, "POST", "/v1/projects", byToken(people.people[0].AccessToken), harness.M{"name": "Shop " + harness.Unique()})
	}
	if n := c.away() - after; n > 0 {
		t.Errorf("of 40 requests after the fault %d were refused", n)
	}
	s.back(t, c)
	whole(t, s.Server)
	d.Sound(t)
	harness.Figure(t, "slowest request, "+what, "%v", c.slowest().Round(time.Millisecond))
	harness.Figure(t, "first success after the end, "+what, "%v", took.Round(time.Millisecond))
	harness.Figure(t, "what needs no database meanwhile, "+what, "p99 %v; memory grew by %d KiB", beside.p99().Round(time.Millisecond), grown>>10)
}

// shortly is how long a fault lasts: longer than any request may take.
func shortly() time.Duration {
	return time.Duration(harness.Rounds(12, 60)) * time.Second
}

func TestASilentNetworkHoldsNoRequestForLongerThanTenSeconds(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	r := build(t, d.URL)
	s := admit(t, d, r.env()...)
	faulty(t, d, s, "silent network", func(*caller) time.Time {
		r.silence(true)
		<-time.After(shortly())
		r.silence(false)
		return time.Now()
	})
}

// The lag at which a request takes longest is that which lets most of its parts
// just end in time.
func TestASlowNetworkHoldsNoRequestForLongerThanTenSeconds(t *testing.T) {
	t.Parallel()
	lags := []time.Duration{2 * time.Second, 2800 * time.Millisecond, 700 * time.Millisecond}
	for _, lag := range lags[:harness.Rounds(1, len(lags))] {
		t.Run(lag.String(), func(t *testing.T) {
			t.Parallel()
			d := harness.NewDatabase(t, harness.Postgres)
			r := build(t, d.URL)
			s := admit(t, d, r.env()...)
			faulty(t, d, s, "answers "+lag.String()+" late", func(*caller) time.Time {
				r.lag.Store(int64(lag))
				<-time.After(shortly())
				r.lag.Store(0)
				return time.Now()
			})
		})
	}
}
