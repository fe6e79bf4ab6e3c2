package portstest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// dump is all that a store shows of a plot, by name.
type dump map[string]any

// whole is a page that holds everything that these tests make.
const whole = 1000

func (w *world) dump(p plot) dump {
	w.Helper()
	d, err := dumped(w.ctx, w.store, p)
	if err != nil {
		w.Fatalf("what is stored of %s cannot be read: %v", p.org.Slug, err)
	}
	return d
}

// unchanged fails unless the store shows what it showed before.
func (w *world) unchanged(what string, p plot, before dump) {
	w.Helper()
	if diff := cmp.Diff(before, w.dump(p), exactly); diff != "" {
		w.Errorf("%s changed what is stored of %s (-before +after):\n%s", what, p.org.Slug, diff)
	}
}

func dumped(ctx context.Context, store ports.Store, p plot) (dump, error) {
	d := dump{}
	err := store.View(ctx, func(tx ports.Tx) error {
		return errors.Join(d.people(ctx, tx, p), d.proofs(ctx, tx, p), d.tenant(ctx, tx, p), d.machinery(ctx, tx, p))
	})
	if err != nil {
		return nil, err
	}
	// The outbox shows what is due only to who claims it.
	err = store.Do(ctx, func(tx ports.Tx) error {
		if err := d.mail(ctx, tx, p); err != nil {
			return err
		}
		return errAbandoned
	})
	if !errors.Is(err, errAbandoned) {
		return nil, err
	}
	return d, nil
}

// note keeps a value under its name, and nil where there is none of it.
func note[T any](d dump, name string, value T, err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		d[name] = nil
		return nil
	}
	d[name] = value
	return err
}

func (d dump) people(ctx context.Context, tx ports.Tx, p plot) error {
	var errs []error
	for name, who := range map[string]account.Account{"owner": p.owner, "stranger": p.stranger, "newcomer": p.newcomer} {
		kept, err := tx.Accounts().Get(ctx, who.ID)
		errs = append(errs, note(d, name, kept, err))
		sessions, err := tx.Sessions().List(ctx, who.ID, ports.Page[session.ID]{Limit: whole})
		errs = append(errs, note(d, name+"'s sessions", sessions, err))
		memberships, err := tx.Memberships().List(ctx, who.ID, ports.Page[membership.ID]{Limit: whole})
		errs = append(errs, note(d, name+"'s memberships", memberships, err))
	}
	for name, which := range map[string]session.ID{"session": p.session.ID, "ended session": p.ended.ID} {
		actor, err := tx.Sessions().Find(ctx, which, nil)
		errs = append(errs, note(d, name, actor, err))
	}
	return errors.Join(errs...)
}

// proofs are what stands for an account without its password.
func (d dump) proofs(ctx context.Context, tx ports.Tx, p plot) error {
	var errs []error
	for name, l := range map[string]link.Link{
		"the owner's link": p.link, "the owner's expired link": p.expired, "the next link": p.nextLink, "the link to the invitation": p.invited,
	} {
		kept, err := tx.Links().Find(ctx, l.Digest)
		errs = append(errs, note(d, name, kept, err))
	}
	keys, err := tx.AccountKeys().List(ctx, p.owner.ID, ports.Page[accountkey.ID]{Limit: whole})
	errs = append(errs, note(d, "account keys", keys, err))
	actor, err := tx.AccountKeys().Find(ctx, p.accountKey.Digest, nil)
	return errors.Join(append(errs, note(d, "who holds the account key", actor, err))...)
}

func (d dump) tenant(ctx context.Context, tx ports.Tx, p plot) error {
	g := p.grant()
	var errs []error
	for name, grant := range map[string]access.Grant{"organization": g, "next organization": access.Found(p.next.ID, p.owner.ID)} {
		kept, err := tx.Organization(grant).Get(ctx)
		errs = append(errs, note[organization.Organization](d, name, kept, err))
	}
	members, err := tx.Members(g).List(ctx, ports.MemberFilter{}, ports.Page[membership.ID]{Limit: whole})
	errs = append(errs, note(d, "members", members, err))
	invitation, err := tx.Invitations(g).Get(ctx, p.invitation.ID)
	errs = append(errs, note(d, "invitation", invitation, err))
	entries, err := tx.AuditLog(g).List(ctx, ports.AuditFilter{}, ports.AuditPage{Limit: whole})
	errs = append(errs, note(d, "audit", entries, err))
	for name, org := range map[string]organization.ID{"the audit's head": p.org.ID, "the next audit's head": p.next.ID} {
		head, err := tx.Audit().Head(ctx, audit.OfOrganization(org))
		errs = append(errs, note(d, name, head, err))
	}
	projects, err := tx.Projects(g).List(ctx, ports.Page[project.ID]{Limit: whole})
	errs = append(errs, note(d, "projects", projects, err))
	lineage, err := tx.APIKeys(g).Lineage(ctx, p.rotated.ID)
	errs = append(errs, note(d, "lineage of the rotated key", lineage, err))
	callers, err := tx.APIKeys(g).Callers(ctx, p.rotated.ID)
	errs = append(errs, note(d, "callers of the rotated key", callers, err))
	for _, in := range projects {
		environments, err := tx.Environments(g).List(ctx, in.ID, ports.Page[environment.ID]{Limit: whole})
		errs = append(errs, note(d, "environments of "+in.ID.String(), environments, err))
		for _, of := range environments {
			keys, err := tx.APIKeys(g).List(ctx, of.ID, ports.Page[apikey.ID]{Limit: whole})
			errs = append(errs, note(d, "keys of "+of.ID.String(), keys, err))
		}
	}
	return errors.Join(errs...)
}

func (d dump) machinery(ctx context.Context, tx ports.Tx, p plot) error {
	var errs []error
	opened, err := tx.KeyIndex().Find(ctx, p.key.Digest)
	errs = append(errs, note(d, "what the key opens", opened, err))
	home, err := tx.Directory().Home(ctx)
	errs = append(errs, note(d, "home", home, err))
	secrets, err := tx.Keyring().List(ctx, ports.Purpose(p.org.Slug.String()))
	errs = append(errs, note(d, "secrets", secrets, err))
	for name, a := range map[string]ports.Answer{"answer": p.answer, "next answer": p.nextAnswer} {
		kept, err := tx.Answers().Find(ctx, a.Digest)
		errs = append(errs, note(d, name, kept, err))
	}
	for _, key := range []string{p.counted(), p.forgotten(), p.uncounted()} {
		wait, err := tx.Throttles().Wait(ctx, key, 1)
		errs = append(errs, note(d, "wait for "+key, wait, err))
	}
	return errors.Join(errs...)
}

func (d dump) mail(ctx context.Context, tx ports.Tx, p plot) error {
	due, err := tx.Outbox().Claim(ctx, whole, time.Hour)
	due = slices.DeleteFunc(due, func(e ports.Envelope) bool { return e.ID != p.envelope.ID && e.ID != p.nextEnvelope.ID })
	return note(d, "mail that is due", due, err)
}
