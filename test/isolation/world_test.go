package isolation

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

// jwtSecret signs the program's access tokens here, so that a test can sign one
// that has run out.
const jwtSecret = "isolation-isolation-isolation-32"

// world is two tenants without a common member, but for one person; and what is
// left of a third.
type world struct {
	*harness.Server
	sink    *mailsink.Sink
	metrics string // the address

	a, b, gone   tenant
	twinOf       []string // words of a tenant whose ids are those of a
	outer, inner []string // what may be told of b to its members alone, and to nobody who acts in a
	beings       harness.Cast
	both         harness.Person
	colleagues   string         // an account key of a developer's in a
	owner        harness.Person // of b
	callers      []caller
	logged       int // how long the log was when everything was set up
	mailed       int // and how many mails had come
}

// newWorld sets everything up.
func newWorld(t *testing.T, d *harness.Database) *world {
	t.Helper()
	w := &world{sink: mailsink.Start(t, mailsink.Options{}), metrics: harness.FreeAddress(t), twinOf: []string{newID(), canary()}}
	w.Server = harness.Start(t, d, harness.Environment{
		"SMTP_URL": w.sink.URL(), "MAIL_FROM": "Tenantry <accounts@example.com>",
		"METRICS_ADDR": w.metrics, "JWT_SECRET": jwtSecret, "REAUTH_MINUTES": "1000", "LOGIN_FAILURES": "100",
	})
	w.beings = w.Cast(t)
	w.found(t)
	w.foundForeign(t)
	w.bury(t)
	w.gather(t)
	w.mirror(t)
	w.settle(t)
	return w
}

// found is the tenant whose people try.
func (w *world) found(t *testing.T) {
	t.Helper()
	owner := w.beings.Owner
	founded := owner.Post("/v1/organizations", M{"name": "Alpha " + harness.Unique()}).Want(201)
	w.a = furnish(t, owner, founded.Text("id"), founded.Text("project.id"), "Alpha "+harness.Unique(), harness.NewEmail())
	for role, who := range map[string]harness.Person{"admin": w.beings.Admin, "developer": w.beings.Developer, "viewer": w.beings.Viewer} {
		w.Join(t, w.a.things[organization], who.ID, role)
	}
	w.colleagues = w.beings.Developer.Post("/v1/auth/keys", M{"name": "Colleague"}).Want(201).Text("id")
}

// foundForeign is the tenant whom they try to reach. All that it says of itself
// are canaries.
func (w *world) foundForeign(t *testing.T) {
	t.Helper()
	outside, inside := canary(), canary()
	address := canary() + "@example.com"
	w.owner = w.Register(t, M{"name": inside, "email": canary() + "@example.com", "org_name": outside, "username": canary()[:32]})
	w.b = furnish(t, w.owner, w.owner.Organization, w.owner.Project, inside, address)
	for _, e := range []string{w.owner.Dev, w.owner.Staging, w.owner.Production} {
		w.owner.Patch("/v1/environments/"+e, M{"name": inside, "color": "#abcdef"}).Want(200)
	}
	w.owner.Login(t).With("User-Agent", inside).Get("/v1/auth/me").Want(200)
	w.owner.Post("/v1/organizations", M{"name": inside}).Want(201) // so that each list of the owner's has two pages
	w.owner.Post("/v1/auth/keys", M{"name": inside}).Want(201)
	w.outer = []string{outside, w.b.things[organization], w.b.slug}
	w.inner = []string{inside, w.owner.ID, w.owner.Email, address, w.owner.Dev, w.owner.Staging, w.owner.Production}
	for _, part := range []things{w.b.things, w.b.sibling} {
		for k, id := range part {
			if k != organization {
				w.inner = append(w.inner, id)
			}
		}
	}
	w.both = w.Register(t)
	w.Join(t, w.a.things[organization], w.both.ID, "owner")
	w.Join(t, w.b.things[organization], w.both.ID, "owner")
}

// bury makes a third tenant and deletes it: its ids were good once.
func (w *world) bury(t *testing.T) {
	t.Helper()
	by := w.beings.Outsider
	founded := by.Post("/v1/organizations", M{"name": "Gone " + harness.Unique()}).Want(201)
	w.gone = furnish(t, by, founded.Text("id"), founded.Text("project.id"), "Gone", harness.NewEmail())
	by.Delete("/v1/auth/keys/" + w.gone.things[accountKey]).Want(204)
	last := by.Login(t)
	last.Delete("/v1/auth/sessions/" + w.gone.things[session]).Want(204)
	w.beings.Outsider = last
	last.Delete("/v1/organizations/"+founded.Text("id"), M{"confirm": w.gone.slug}).Want(204)
	w.gone.things[account] = newID() // the account lives on
}

// settle waits until all mail has come and the second has passed for which
// changes behind the program's back may go unseen.
func (w *world) settle(t *testing.T) {
	t.Helper()
	w.Exec(t, "UPDATE accounts SET version = version WHERE id = $1", newID())
	for _, to := range w.inner {
		if strings.Contains(to, "@") {
			w.sink.Wait(t, to, "")
		}
	}
	w.logged, w.mailed = len(w.Logs()), len(w.sink.Messages())
	slices.Sort(w.inner)
	w.inner = slices.Compact(w.inner)
}

// aim is the ids of several kinds, some of them from elsewhere.
func aim(own things, changes ...things) things {
	aimed := maps.Clone(own)
	for _, c := range changes {
		maps.Copy(aimed, c)
	}
	return aimed
}
