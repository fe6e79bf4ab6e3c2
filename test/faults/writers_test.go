package faults

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// crew are people with organizations of their own; each is a member of the next
// one's, too.
type crew struct {
	people  []harness.Person
	members []string // what each one is called in the next one's organization
}

func muster(t *testing.T, s *harness.Server, n int) *crew {
	t.Helper()
	w := &crew{}
	for range n {
		w.people = append(w.people, s.Register(t))
	}
	for i, who := range w.people {
		host := w.people[(i+1)%n]
		s.Join(t, host.Organization, who.ID, "viewer")
		w.members = append(w.members, host.Get("/v1/members?q="+who.Email).Want(200).Text("0.id"))
	}
	return w
}

// writer writes one thing, and enters it into the ledger.
type writer func(c *caller, l *ledger, i int)

// shifts are who writes what, in a crowd of so many.
func (w *crew) shifts() []writer {
	all := []writer{w.registers, w.registers}
	for len(all) < 50 {
		all = append(all, w.founds, w.issues, w.revokes, w.appoints)
	}
	return all
}

// work has the whole crowd write until stop is called, which waits for all of
// them.
func (w *crew) work(c *caller, l *ledger) (stop func()) {
	var crowd sync.WaitGroup
	over := make(chan struct{})
	for i, write := range w.shifts() {
		crowd.Go(func() {
			for {
				write(c, l, i)
				select {
				case <-over:
					return
				case <-time.After(rand.N(20 * time.Millisecond)): //nolint:gosec // spreads load
				}
			}
		})
	}
	var once sync.Once
	return func() {
		once.Do(func() { close(over) })
		crowd.Wait()
	}
}

func (w *crew) of(i int) harness.Person { return w.people[i%len(w.people)] }

// registers makes an account, and ends the session that it began.
func (w *crew) registers(c *caller, l *ledger, _ int) {
	a := c.do(201, "POST", "/v1/auth/register", nil, harness.NewRegistration())
	if a.status != 201 {
		return
	}
	l.acknowledged(func() { l.accounts[a.text("user.id")] = a.text("organization.id") })
	token := a.text("tokens.access_token")
	if c.do(204, "POST", "/v1/auth/logout", byToken(token), nil).status == 204 {
		l.acknowledged(func() { l.ended = append(l.ended, token) })
	}
}

func (w *crew) founds(c *caller, l *ledger, i int) {
	a := c.do(201, "POST", "/v1/projects", byToken(w.of(i).AccessToken), harness.M{"name": "Shop " + harness.Unique()})
	if a.status == 201 {
		l.acknowledged(func() { l.projects = append(l.projects, a.text("id")) })
	}
}

func (w *crew) issues(c *caller, l *ledger, i int) {
	if a := w.issue(c, i); a.status == 201 {
		l.acknowledged(func() { l.keys = append(l.keys, a.text("id")) })
	}
}

func (w *crew) issue(c *caller, i int) answer {
	who := w.of(i)
	return c.do(201, "POST", "/v1/environments/"+who.Dev+"/api-keys", byToken(who.AccessToken), harness.M{"name": "Backend"})
}

// revokes makes a key and takes it back.
func (w *crew) revokes(c *caller, l *ledger, i int) {
	a := w.issue(c, i)
	if a.status != 201 {
		return
	}
	id, secret := a.text("id"), a.text("key")
	if c.do(204, "DELETE", "/v1/api-keys/"+id, byToken(w.of(i).AccessToken), nil).status == 204 {
		l.acknowledged(func() { l.revoked[id] = secret })
	}
}

// appoints gives a member another role. Two of the crowd never have the same
// member.
func (w *crew) appoints(c *caller, l *ledger, i int) {
	if i >= 4*len(w.members) {
		w.founds(c, l, i)
		return
	}
	n := i / 4
	host, member := w.people[(n+1)%len(w.people)], w.members[n]
	role := []string{"viewer", "developer", "admin"}[rand.N(3)] //nolint:gosec // any will do
	l.tried(func() { l.roles[member] = append(l.possible(member), role) })
	if c.do(204, "PUT", "/v1/members/"+member, byToken(host.AccessToken), harness.M{"role": role}).status == 204 {
		l.acknowledged(func() { l.roles[member] = []string{role} })
	}
}

// possible are the roles that the member may have. Everybody began as a viewer.
func (l *ledger) possible(member string) []string {
	if known := l.roles[member]; known != nil {
		return known
	}
	return []string{"viewer"}
}
