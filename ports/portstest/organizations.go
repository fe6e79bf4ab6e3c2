package portstest

import (
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

var organizationPromises = []promise{
	{"every field comes back as it was kept", organizationRoundTrip},
	{"a slug that is taken is told, and the unit of work goes on", organizationSlugTaken},
	{"saving writes name, slug and kind", organizationSave},
	{"saving a version that has moved on is stale", organizationStale},
	{"removing takes all that is in it and leaves its sessions without it", organizationRemoval},
	{"an organization that is not there is not found", organizationAbsence},
}

func (w *world) organizationByID(o organization.Organization) organization.Organization {
	w.Helper()
	return look(w, func(tx ports.Tx) (organization.Organization, error) {
		return tx.Organization(access.Found(o.ID, newAccount("").ID)).Get(w.ctx)
	})
}

func (w *world) addOrganization(o organization.Organization) bool {
	w.Helper()
	added := false
	w.do(func(tx ports.Tx) (err error) {
		added, err = tx.Organizations().Add(w.ctx, o)
		return err
	})
	return added
}

func organizationRoundTrip(w *world) {
	for i, name := range odd {
		o := newOrganization("acme-" + string(rune('a'+i)))
		o.Name, o.Personal = naming.StoredName(name), i%2 == 0
		o.UpdatedAt = start.Add(time.Duration(i) * time.Microsecond)
		if !w.addOrganization(o) {
			w.Errorf("%s was not added", o.Slug)
		}
		w.same("the organization", o, w.organizationByID(o))
	}
}

func organizationSlugTaken(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	second, third := newOrganization("acme"), newOrganization("acme-2")
	w.do(func(tx ports.Tx) error {
		added, err := tx.Organizations().Add(w.ctx, second)
		if added || err != nil {
			w.Errorf("a taken slug: %v, %v", added, err)
		}
		added, err = tx.Organizations().Add(w.ctx, third)
		if !added || err != nil {
			w.Errorf("the next slug: %v, %v", added, err)
		}
		return err
	})
	w.same("the organization with the next slug", third, w.organizationByID(third))
	w.unchanged("what was not added", p, before)
	sameID := newOrganization("another")
	sameID.ID = third.ID
	if err := w.store.Do(w.ctx, func(tx ports.Tx) error {
		added, err := tx.Organizations().Add(w.ctx, sameID)
		return lostUnless(added, err)
	}); err == nil {
		w.Error("a second organization with one id was added")
	}
}

func organizationSave(w *world) {
	p, other := w.found("acme"), w.found("other")
	before := w.dump(other)
	changed := p.org
	changed.Name, changed.Slug, changed.Personal = naming.StoredName(odd[0]), naming.StoredSlug("renamed"), true
	changed.CreatedAt, changed.UpdatedAt = start.Add(time.Hour), start.Add(2*time.Hour)
	w.do(func(tx ports.Tx) error { return tx.Organization(p.grant()).Save(w.ctx, changed) })
	changed.CreatedAt = p.org.CreatedAt
	changed.Version++
	w.same("the organization", changed, w.organizationByID(p.org))
	taken := changed
	taken.Slug = other.org.Slug
	w.refuses("a taken slug", func(tx ports.Tx) error {
		return tx.Organization(p.grant()).Save(w.ctx, taken)
	}, organization.ErrSlugTaken)
	w.same("the organization after what was refused", changed, w.organizationByID(p.org))
	w.unchanged("saving an organization", other, before)
	if !w.addOrganization(newOrganization("acme")) {
		w.Error("the old slug is not free")
	}
}

func organizationStale(w *world) {
	p := w.found("acme")
	edits(w, func(name string, later int64) organization.Organization {
		edited := p.org
		edited.Name, edited.Version = naming.StoredName(name), edited.Version+later
		return edited
	}, func(tx ports.Tx, edited organization.Organization) error {
		return tx.Organization(p.grant()).Save(w.ctx, edited)
	},
		func() organization.Organization { return w.organizationByID(p.org) })
}

func organizationRemoval(w *world) {
	p, other := w.found("acme"), w.found("other")
	before := w.dump(other)
	w.do(func(tx ports.Tx) error { return tx.Organization(p.grant()).Remove(w.ctx) })
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.Organization(p.grant()).Get(w.ctx)
		w.refused("the organization", err, fault.ErrNotFound)
		_, err = tx.Projects(p.grant()).Get(w.ctx, p.project.ID)
		w.refused("its project", err, fault.ErrNotFound)
		_, err = tx.Environments(p.grant()).Get(w.ctx, p.environment.ID)
		w.refused("its environment", err, fault.ErrNotFound)
		_, err = tx.APIKeys(p.grant()).Get(w.ctx, p.key.ID)
		w.refused("its key", err, fault.ErrNotFound)
		opened, err := tx.KeyIndex().Find(w.ctx, p.key.Digest)
		if opened != nil || err != nil {
			w.Errorf("its key opens %v, %v", opened, err)
		}
		m, err := tx.Memberships().Find(w.ctx, p.org.ID, p.owner.ID)
		if m != nil || err != nil {
			w.Errorf("its membership: %v, %v", m, err)
		}
		return nil, nil
	})
	w.same("its owner", &p.owner, w.accountByID(p.owner.ID))
	goesOn := p.session
	goesOn.OrganizationID = nil
	w.same("its session", &access.Actor{Account: p.owner, Session: goesOn}, w.actor(p.session.ID, nil))
	w.unchanged("removing an organization", other, before)
	if !w.addOrganization(newOrganization("acme")) {
		w.Error("the slug is not free")
	}
}

func organizationAbsence(w *world) {
	p := w.found("acme")
	nowhere := access.Found(p.next.ID, p.owner.ID)
	before := w.dump(p)
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.Organization(nowhere).Get(w.ctx)
		w.refused("Get", err, fault.ErrNotFound)
		return nil, nil
	})
	w.refuses("Save", func(tx ports.Tx) error { return tx.Organization(nowhere).Save(w.ctx, p.next) }, fault.ErrStale, fault.ErrNotFound)
	w.refuses("Remove", func(tx ports.Tx) error { return tx.Organization(nowhere).Remove(w.ctx) }, fault.ErrNotFound)
	m, pr := newMembership(p.next.ID, p.owner.ID, membership.Owner), newProject(p.next.ID, "added")
	for what, add := range map[string]func(tx ports.Tx) error{
		"a member":  func(tx ports.Tx) error { return tx.Members(nowhere).Add(w.ctx, m) },
		"a project": func(tx ports.Tx) error { return tx.Projects(nowhere).Add(w.ctx, pr) },
	} {
		if err := w.store.Do(w.ctx, add); err == nil {
			w.Errorf("%s of no organization was added", what)
		}
	}
	empty(w, "the projects of no organization", func(tx ports.Tx) ([]project.Project, error) {
		return tx.Projects(nowhere).List(w.ctx, ports.Page[project.ID]{Limit: whole})
	})
	empty(w, "the environments of no project", func(tx ports.Tx) ([]environment.Environment, error) {
		return tx.Environments(p.grant()).List(w.ctx, pr.ID, ports.Page[environment.ID]{Limit: whole})
	})
	w.unchanged("an organization that is not there", p, before)
}
