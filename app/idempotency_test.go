package app_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/idempotency"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

// named is a request to make a project.
func (w *world) named(by access.Actor, body string) app.Repeatable {
	w.t.Helper()
	key, err := idempotency.ParseKey("hidden-in-plain-sight")
	must(w.t, err)
	return app.Repeatable{Key: key, Caller: &by, Route: "POST /v1/projects", Body: []byte(body)}
}

func (w *world) begin(r app.Repeatable) *app.Attempt {
	w.t.Helper()
	a, err := w.Idempotency.Begin(w.t.Context(), r)
	must(w.t, err)
	return a
}

// create makes a project and keeps its slug as the answer.
func (w *world) create(by access.Actor, a *app.Attempt, name string) error {
	w.t.Helper()
	_, err := w.Projects.Create(w.t.Context(), by, app.CreateProject{Name: name, Keep: func(ctx context.Context, tx ports.Tx, made app.CreatedProject) error {
		return a.Keep(ctx, tx, []byte("made "+made.Project.Slug.String()))
	}})
	return err
}

// projects counts those of somebody's organization that are not the default one.
func (w *world) projects(by access.Actor) int {
	w.t.Helper()
	all, err := w.Projects.List(w.t.Context(), by, ports.Page[project.ID]{Limit: 100})
	must(w.t, err)
	return len(all.Items) - 1
}

func TestARepetitionIsAnsweredForADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.register("ada").Actor
	first := w.begin(w.named(ada, "{}"))
	if first.Answer != nil {
		t.Fatalf("the first attempt is answered %s", first.Answer)
	}
	must(t, w.create(ada, first, "shop"))
	w.clock.Advance(idempotency.Retention - time.Microsecond)
	if again := w.begin(w.named(ada, "{}")); string(again.Answer) != "made shop" {
		t.Errorf("the repetition is answered %q", again.Answer)
	}
	_, err := w.Idempotency.Begin(t.Context(), w.named(ada, "{ }"))
	refused(t, err, idempotency.ErrReused)
	w.clock.Advance(time.Microsecond)
	if late := w.begin(w.named(ada, "{ }")); late.Answer != nil {
		t.Errorf("after a day it is answered %q", late.Answer)
	}
}

func TestOneAttemptIsAtWorkUntilItIsSettledOrItsLeaseEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.register("ada").Actor
	request := w.named(ada, "{}")
	first := w.begin(request)
	_, err := w.Idempotency.Begin(t.Context(), request)
	refused(t, err, idempotency.ErrInProgress)
	if f := fault.Of(err); f.RetryAfter != time.Second {
		t.Errorf("it may be tried again after %s", f.RetryAfter)
	}
	must(t, first.Settle(t.Context()))
	w.begin(request)
	w.clock.Advance(idempotency.Lease - time.Microsecond)
	_, err = w.Idempotency.Begin(t.Context(), request)
	refused(t, err, idempotency.ErrInProgress)
	w.clock.Advance(time.Microsecond)
	w.begin(request) // whoever died held nobody up for longer
}

func TestOfAttemptsThatWorkAtOnceOneCommits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.register("ada").Actor
	slow := w.begin(w.named(ada, "{}"))
	w.clock.Advance(idempotency.Lease)
	next := w.begin(w.named(ada, "{}"))
	must(t, w.create(ada, next, "shop"))
	refused(t, w.create(ada, slow, "shop"), idempotency.ErrInProgress)
	must(t, slow.Settle(t.Context()))
	if string(slow.Answer) != "made shop" || w.projects(ada) != 1 {
		t.Errorf("the slow one is answered %q; there are %d projects", slow.Answer, w.projects(ada))
	}
}

// unsure is a store that commits, and says that it does not know.
type unsure struct{ ports.Store }

func (s unsure) Do(ctx context.Context, fn func(ports.Tx) error) error {
	return errors.Join(s.Store.Do(ctx, fn), fault.ErrUnavailable)
}

func TestACommitThatNobodyWasToldOfIsFoundOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.register("ada").Actor
	attempt := w.begin(w.named(ada, "{}"))
	projects := *w.Projects
	projects.Store = unsure{w.store}
	w.Projects = &projects
	refused(t, w.create(ada, attempt, "shop"), fault.ErrUnavailable)
	gone, cancel := context.WithCancel(t.Context())
	cancel() // the client has gone away
	must(t, attempt.Settle(gone))
	if string(attempt.Answer) != "made shop" {
		t.Errorf("it is answered %q", attempt.Answer)
	}
}

func TestWhatIsRefusedIsNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.register("ada").Actor
	attempt := w.begin(w.named(ada, "{}"))
	if err := w.create(ada, attempt, ""); fault.KindOf(err) != fault.Invalid {
		t.Fatal(err)
	}
	must(t, attempt.Settle(t.Context()))
	must(t, w.create(ada, w.begin(w.named(ada, `{"name":"shop"}`)), "shop"))
}

func TestAKeyIsItsCallersAlone(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	must(t, c.create(c.owner.Actor, c.begin(c.named(c.owner.Actor, "{}")), "shop"))
	elsewhere := c.named(c.owner.Actor, "{}")
	elsewhere.Route = "POST /v1/organizations"
	nobody := c.named(c.owner.Actor, "{}")
	nobody.Caller = nil
	other, err := c.Organizations.Create(t.Context(), c.owner.Actor, app.CreateOrganization{Name: "Other"})
	must(t, err)
	for what, request := range map[string]app.Repeatable{
		"another account": c.named(c.admin.Actor, "{}"), "another organization": c.named(c.in(c.owner, other.Organization.ID).Actor, "{}"),
		"an account key": c.named(c.key(c.owner, "write"), "{}"), "another route": elsewhere, "nobody who is known": nobody,
	} {
		if a := c.begin(request); a.Answer != nil {
			t.Errorf("%s is answered %q", what, a.Answer)
		}
	}
}

func TestWhatIsStoredTellsNeitherKeyNorBodyNorAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.register("ada").Actor
	must(t, w.create(ada, w.begin(w.named(ada, "a body of the client's")), "shop"))
	stored, err := os.ReadFile(w.path)
	must(t, err)
	log, err := os.ReadFile(w.path + "-wal")
	must(t, err)
	for _, secret := range []string{"hidden-in-plain-sight", "a body of the client's", "made shop"} {
		if strings.Contains(string(stored)+string(log)+w.log.String(), secret) {
			t.Errorf("%q is stored", secret)
		}
	}
	if !strings.Contains(string(stored)+string(log), "shop") {
		t.Error("the search finds nothing")
	}
}
