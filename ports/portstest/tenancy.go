package portstest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

var tenancyPromises = []promise{
	{"no method reaches a row of another organization", noTrespass},
	{"nothing hangs under a parent of another organization", noForeignParent},
	{"nothing takes another organization's label", noForeignLabel},
	{"what two organizations call alike does not meet", alikeDoesNotMeet},
	{"what two organizations have under one id does not meet", sameIDsDoNotMeet},
	{"a session is not renewed where its account is no member", strayedIsNotRenewed},
}

func noTrespass(w *world) {
	for _, c := range tenantCalls {
		a, b := w.found("a-"+slugOf(c)), w.found("b-"+slugOf(c))
		if err := trespass(w.ctx, w.store, c, a, b); err != nil {
			w.Error(err)
		}
	}
}

// trespass aims a call at the plot b under the grant of a, and says what is
// wrong with what came of it.
func trespass(ctx context.Context, store ports.Store, c call, a, b plot) error {
	plots, befores := []plot{b, a}, make([]dump, 2)
	for i, p := range plots {
		var err error
		if befores[i], err = dumped(ctx, store, p); err != nil {
			return err
		}
	}
	rows, refusal := 0, error(nil)
	_ = store.Do(ctx, func(tx ports.Tx) error {
		rows, refusal = c.run(ctx, tx, a.grant(), b)
		return nil // what was done after all is to be seen
	})
	addressed := !c.writes || strings.HasSuffix(c.method, ".Remove") || strings.HasSuffix(c.method, ".Revoke")
	switch {
	case refusal == nil && rows > 0:
		return fmt.Errorf("%s reached %d rows of another organization", c.method, rows)
	case refusal != nil && addressed && !errors.Is(refusal, fault.ErrNotFound):
		return fmt.Errorf("%s answers %w for what another organization has; want not found", c.method, refusal)
	}
	if c.method == "Organization.Remove" || c.method == "Members.Lock" {
		plots = plots[:1] // it rightly changed its own
	}
	for i, p := range plots {
		after, err := dumped(ctx, store, p)
		if err != nil {
			return err
		}
		if diff := cmp.Diff(befores[i], after, exactly); diff != "" {
			return fmt.Errorf("%s, aimed at another organization, changed %s (-before +after):\n%s", c.method, p.org.Slug, diff)
		}
	}
	return nil
}

// attempts tries each change by itself and fails unless it is refused and both
// plots stay as they are.
func (w *world) attempts(a, b plot, changes map[string]func(tx ports.Tx, g access.Grant) error) {
	w.Helper()
	beforeA, beforeB := w.dump(a), w.dump(b)
	for name, change := range changes {
		var refusal error
		_ = w.store.Do(w.ctx, func(tx ports.Tx) error {
			refusal = change(tx, a.grant())
			return nil
		})
		if refusal == nil {
			w.Errorf("%s was accepted", name)
		}
		w.unchanged(name, a, beforeA)
		w.unchanged(name, b, beforeB)
	}
}

func noForeignParent(w *world) {
	a, b := w.found("a"), w.found("b")
	moved := a.environment
	moved.ProjectID = b.project.ID
	w.attempts(a, b, map[string]func(ports.Tx, access.Grant) error{
		"an environment under a foreign project": func(tx ports.Tx, g access.Grant) error {
			foreign := newEnvironment(b.project, "added")
			foreign.OrganizationID = a.org.ID
			err := tx.Environments(g).Add(w.ctx, foreign)
			w.refused("an environment under a foreign project", err, fault.ErrNotFound)
			return err
		},
		"a key under a foreign environment": func(tx ports.Tx, g access.Grant) error {
			foreign := newKey(b.environment, nil)
			foreign.OrganizationID = a.org.ID
			err := tx.APIKeys(g).Add(w.ctx, foreign)
			w.refused("a key under a foreign environment", err, fault.ErrNotFound)
			return err
		},
		"a link to a foreign invitation": func(tx ports.Tx, _ access.Grant) error {
			foreign := newInvitationLink(b.invitation)
			foreign.OrganizationID = &a.org.ID
			err := tx.Links().Add(w.ctx, foreign)
			w.refused("a link to a foreign invitation", err, fault.ErrNotFound)
			return err
		},
		"an account key for an organization that its account is no member of": func(tx ports.Tx, _ access.Grant) error {
			err := tx.AccountKeys().Add(w.ctx, newAccountKey(a.owner.ID, &b.org.ID))
			w.refused("an account key for a foreign organization", err, fault.ErrNotFound)
			return err
		},
	})
	_ = w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Environments(a.grant()).Save(w.ctx, moved) })
	kept := w.environmentByID(a, a.environment.ID)
	w.same("the project of an environment that was to move", a.project.ID, kept.ProjectID)
}

func noForeignLabel(w *world) {
	a, b := w.found("a"), w.found("b")
	w.attempts(a, b, map[string]func(ports.Tx, access.Grant) error{
		"a member of another organization": func(tx ports.Tx, g access.Grant) error {
			return tx.Members(g).Add(w.ctx, newMembership(b.org.ID, a.stranger.ID, membership.Owner))
		},
		"an invitation into another organization": func(tx ports.Tx, g access.Grant) error {
			return tx.Invitations(g).Add(w.ctx, newInvitation(b.org.ID, "added@example.com", &a.owner.ID))
		},
		"a project of another organization": func(tx ports.Tx, g access.Grant) error {
			return tx.Projects(g).Add(w.ctx, newProject(b.org.ID, "added"))
		},
		"an environment of another organization under one's own project": func(tx ports.Tx, g access.Grant) error {
			foreign := newEnvironment(a.project, "added")
			foreign.OrganizationID = b.org.ID
			return tx.Environments(g).Add(w.ctx, foreign)
		},
		"a key of another organization under one's own environment": func(tx ports.Tx, g access.Grant) error {
			foreign := newKey(a.environment, nil)
			foreign.OrganizationID = b.org.ID
			return tx.APIKeys(g).Add(w.ctx, foreign)
		},
		"another organization's id": func(tx ports.Tx, g access.Grant) error {
			foreign := a.org
			foreign.ID = b.org.ID
			return tx.Organization(g).Save(w.ctx, foreign)
		},
	})
	w.do(func(tx ports.Tx) error {
		return tx.KeyIndex().Touch(w.ctx, []ports.Use{{Organization: a.org.ID, Key: b.key.ID, At: tx.Now()}})
	})
	if used := w.keyByID(b, b.key.ID).LastUsedAt; used != nil {
		w.Errorf("a use of another organization's key was noted: %v", used)
	}
}

func alikeDoesNotMeet(w *world) {
	a, b := w.found("a"), w.found("b")
	shared := newProject(a.org.ID, "shared")
	w.do(func(tx ports.Tx) error { return tx.Projects(a.grant()).Add(w.ctx, shared) })
	if look(w, func(tx ports.Tx) (bool, error) {
		return tx.Projects(b.grant()).SlugTaken(w.ctx, naming.StoredSlug("shared"))
	}) {
		w.Error("a slug counts as taken because another organization has it")
	}
	w.do(func(tx ports.Tx) error { return tx.Projects(b.grant()).Add(w.ctx, newProject(b.org.ID, "shared")) })
	both := []account.Account{a.owner, b.owner}
	for _, who := range both {
		for _, in := range []plot{a, b} {
			m := look(w, func(tx ports.Tx) (*membership.Membership, error) {
				return tx.Memberships().Find(w.ctx, in.org.ID, who.ID)
			})
			if (m != nil) != (in.owner.ID == who.ID) {
				w.Errorf("the membership of %s in %s is %v", who.Email, in.org.Slug, m)
			}
		}
	}
}

// sameIDsDoNotMeet gives b what a has, under the very ids of a. Chance does not do
// that, but then a statement cannot do without the organization anywhere, as it
// could where the ids beside it are enough.
func sameIDsDoNotMeet(w *world) {
	b, a := w.found("b"), w.found("a") // what is older is found first
	double := newProject(b.org.ID, "double")
	double.ID = a.project.ID
	guarded, renamed := newEnvironment(b.project, "guarded-too"), newEnvironment(double, "renamed")
	guarded.ID = a.guarded.ID
	invitation := newInvitation(b.org.ID, "double@example.com", &b.owner.ID)
	invitation.ID = a.invitation.ID
	w.do(func(tx ports.Tx) error {
		return errors.Join(tx.Projects(b.grant()).Add(w.ctx, double), tx.Environments(b.grant()).Add(w.ctx, guarded, renamed),
			tx.Invitations(b.grant()).Add(w.ctx, invitation))
	})
	used := look(w, func(tx ports.Tx) ([]apikey.Key, error) {
		return tx.APIKeys(a.grant()).ListUsed(w.ctx, b.project.ID, nil, start.Add(-time.Hour), 10)
	})
	if len(used) > 0 {
		w.Errorf("%d keys count for a project that another organization has their environment in", len(used))
	}
	w.doubleKeys(a, b, guarded)
	before := w.dump(b)
	changed := a.environment
	changed.Slug = renamed.Slug
	w.do(func(tx ports.Tx) error {
		return errors.Join(tx.Environments(a.grant()).Save(w.ctx, changed), tx.Invitations(a.grant()).Accept(w.ctx, a.invitation, a.stranger.ID),
			tx.APIKeys(a.grant()).Rotate(w.ctx, a.key, newKey(a.environment, nil)))
	})
	w.unchanged("a change under an id that both have", b, before)
}

// doubleKeys gives b a key with the id of a's, which came of a rotation and was
// rotated itself; a's was not.
func (w *world) doubleKeys(a, b plot, in environment.Environment) {
	w.Helper()
	prior, double := newKey(in, nil), newKey(in, nil)
	double.ID, double.Digest = a.key.ID, apikey.Digest{} // which is found first
	w.do(func(tx ports.Tx) error {
		keys := tx.APIKeys(b.grant())
		return errors.Join(keys.Add(w.ctx, prior), keys.Rotate(w.ctx, prior, double), keys.Rotate(w.ctx, double, newKey(in, nil)))
	})
	found := look(w, func(tx ports.Tx) (apikey.Lineage, error) { return tx.APIKeys(a.grant()).Lineage(w.ctx, a.key.ID) })
	w.same("the lineage of a key whose id another organization's has", apikey.Lineage{Key: a.key}, found)
	for _, p := range []plot{a, b} { // one caller of both
		w.count(ports.CallerUse{Organization: p.org.ID, Key: double.ID, Callers: calledFrom("192.0.2.1", 1)})
		w.same("the callers of a key whose id another organization's has", calledFrom("192.0.2.1", 1), w.callers(p, double.ID))
	}
}

// strayedIsNotRenewed has a session point to where its account is not, though it
// is somewhere.
func strayedIsNotRenewed(w *world) {
	a, b := w.found("a"), w.found("b")
	strayed := newSession(a.owner.ID, &b.org.ID)
	w.do(func(tx ports.Tx) error { return tx.Sessions().Add(w.ctx, strayed) })
	var renewed *session.Session
	w.do(func(tx ports.Tx) (err error) {
		renewed, err = tx.Sessions().Rotate(w.ctx, strayed.ID, session.Rotation{
			Counter: strayed.Counter, At: tx.Now(), ExpiresAt: tx.Now().Add(time.Hour), CreatedFrom: start.Add(-time.Hour),
		})
		return err
	})
	if renewed != nil {
		w.Errorf("a session was renewed in an organization that its account is not in: %v", renewed.OrganizationID)
	}
}
