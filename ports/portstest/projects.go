package portstest

import (
	"time"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

var projectPromises = []promise{
	{"every field comes back as it was kept", projectRoundTrip},
	{"a slug belongs to one project of the organization", projectSlugTaken},
	{"saving writes name and slug", projectSave},
	{"saving a version that has moved on is stale", projectStale},
	{"projects come in pages, in the order of their ids", projectPages},
	{"removing takes its environments and their keys", projectRemoval},
	{"what is not there is not found", projectAbsence},
}

func (w *world) projectByID(p plot, id project.ID) project.Project {
	w.Helper()
	return look(w, func(tx ports.Tx) (project.Project, error) { return tx.Projects(p.grant()).Get(w.ctx, id) })
}

func (w *world) addProject(p plot, added project.Project) project.Project {
	w.Helper()
	w.do(func(tx ports.Tx) error { return tx.Projects(p.grant()).Add(w.ctx, added) })
	return added
}

func projectRoundTrip(w *world) {
	p := w.found("acme")
	for i, name := range odd {
		added := newProject(p.org.ID, "project-"+string(rune('a'+i)))
		added.Name, added.UpdatedAt = naming.StoredName(name), start.Add(time.Duration(i)*time.Microsecond)
		w.addProject(p, added)
		w.same("the project", added, w.projectByID(p, added.ID))
	}
}

func projectSlugTaken(w *world) {
	p := w.found("acme")
	second := w.addProject(p, newProject(p.org.ID, "second"))
	before := w.dump(p)
	renamed := second
	renamed.Slug = p.project.Slug
	w.refuses("adding a taken slug", func(tx ports.Tx) error {
		return tx.Projects(p.grant()).Add(w.ctx, newProject(p.org.ID, "second"))
	}, project.ErrSlugTaken)
	w.refuses("saving a taken slug", func(tx ports.Tx) error {
		return tx.Projects(p.grant()).Save(w.ctx, renamed)
	}, project.ErrSlugTaken)
	w.unchanged("what was refused", p, before)
	for slug, want := range map[string]bool{"second": true, p.project.Slug.String(): true, "third": false, "secon": false} {
		if got := look(w, func(tx ports.Tx) (bool, error) {
			return tx.Projects(p.grant()).SlugTaken(w.ctx, naming.StoredSlug(slug))
		}); got != want {
			w.Errorf("SlugTaken(%s) = %v", slug, got)
		}
	}
}

func projectSave(w *world) {
	p, other := w.found("acme"), w.found("other")
	bystander := w.addProject(p, newProject(p.org.ID, "bystander"))
	before := w.dump(other)
	changed := p.project
	changed.Name, changed.Slug = naming.StoredName(odd[1]), naming.StoredSlug("renamed")
	changed.CreatedAt, changed.UpdatedAt = start.Add(time.Hour), start.Add(2*time.Hour)
	w.do(func(tx ports.Tx) error { return tx.Projects(p.grant()).Save(w.ctx, changed) })
	changed.CreatedAt = p.project.CreatedAt
	changed.Version++
	w.same("the project", changed, w.projectByID(p, changed.ID))
	w.same("the other project", bystander, w.projectByID(p, bystander.ID))
	w.unchanged("saving a project", other, before)
}

func projectStale(w *world) {
	p := w.found("acme")
	edits(w, func(name string, later int64) project.Project {
		edited := p.project
		edited.Name, edited.Version = naming.StoredName(name), edited.Version+later
		return edited
	}, func(tx ports.Tx, edited project.Project) error { return tx.Projects(p.grant()).Save(w.ctx, edited) },
		func() project.Project { return w.projectByID(p, p.project.ID) })
}

func projectPages(w *world) {
	p, other := w.found("acme"), w.found("other")
	made := []project.Project{p.project}
	for _, slug := range []string{"z", "y", "x", "w", "v", "u"} {
		made = append(made, newProject(p.org.ID, slug))
	}
	for i := len(made) - 1; i > 0; i-- { // not in the order of their ids
		w.addProject(p, made[i])
	}
	ids := make([]project.ID, len(made))
	for i, m := range made {
		ids[i] = m.ID
	}
	all := look(w, func(tx ports.Tx) ([]project.Project, error) {
		return tx.Projects(p.grant()).List(w.ctx, ports.Page[project.ID]{Limit: whole})
	})
	w.same("the projects", made, all)
	paged(w, ids, func(row project.Project) project.ID { return row.ID }, func(tx ports.Tx, page ports.Page[project.ID]) ([]project.Project, error) {
		return tx.Projects(p.grant()).List(w.ctx, page)
	})
	w.do(func(tx ports.Tx) error { return tx.Projects(other.grant()).Remove(w.ctx, other.project.ID) })
	empty(w, "the projects of an organization that has none", func(tx ports.Tx) ([]project.Project, error) {
		return tx.Projects(other.grant()).List(w.ctx, ports.Page[project.ID]{Limit: whole})
	})
}

func projectRemoval(w *world) {
	p, other := w.found("acme"), w.found("other")
	stays := w.addProject(p, newProject(p.org.ID, "stays"))
	before := w.dump(other)
	w.do(func(tx ports.Tx) error { return tx.Projects(p.grant()).Remove(w.ctx, p.project.ID) })
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.Projects(p.grant()).Get(w.ctx, p.project.ID)
		w.refused("the project", err, fault.ErrNotFound)
		_, err = tx.Environments(p.grant()).Get(w.ctx, p.environment.ID)
		w.refused("its environment", err, fault.ErrNotFound)
		_, err = tx.APIKeys(p.grant()).Get(w.ctx, p.key.ID)
		w.refused("its key", err, fault.ErrNotFound)
		opened, err := tx.KeyIndex().Find(w.ctx, p.key.Digest)
		if opened != nil || err != nil {
			w.Errorf("its key opens %v, %v", opened, err)
		}
		return nil, nil
	})
	empty(w, "its environments", func(tx ports.Tx) ([]environment.Environment, error) {
		return tx.Environments(p.grant()).List(w.ctx, p.project.ID, ports.Page[environment.ID]{Limit: whole})
	})
	empty(w, "its keys", func(tx ports.Tx) ([]apikey.Key, error) {
		return tx.APIKeys(p.grant()).List(w.ctx, p.environment.ID, ports.Page[apikey.ID]{Limit: whole})
	})
	w.same("the other project", stays, w.projectByID(p, stays.ID))
	w.unchanged("removing a project", other, before)
	w.addProject(p, newProject(p.org.ID, p.project.Slug.String())) // the slug is free
}

func projectAbsence(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	gone := newProject(p.org.ID, "gone")
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.Projects(p.grant()).Get(w.ctx, gone.ID)
		w.refused("Get", err, fault.ErrNotFound)
		return nil, nil
	})
	w.refuses("Save", func(tx ports.Tx) error { return tx.Projects(p.grant()).Save(w.ctx, gone) }, fault.ErrStale, fault.ErrNotFound)
	w.refuses("Remove", func(tx ports.Tx) error { return tx.Projects(p.grant()).Remove(w.ctx, gone.ID) }, fault.ErrNotFound)
	w.unchanged("a project that is not there", p, before)
}
