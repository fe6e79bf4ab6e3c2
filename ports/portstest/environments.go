package portstest

import (
	"time"

	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

var environmentPromises = []promise{
	{"every field comes back as it was kept", environmentRoundTrip},
	{"several are kept together or not at all", environmentsTogether},
	{"a slug belongs to one environment of the project", environmentSlugTaken},
	{"saving writes all that can change", environmentSave},
	{"saving a version that has moved on is stale", environmentStale},
	{"environments come in pages, in the order of their ids", environmentPages},
	{"a project knows whether it has a protected one", environmentProtected},
	{"removing takes its keys", environmentRemoval},
	{"what is not there is not found", environmentAbsence},
}

func (w *world) environmentByID(p plot, id environment.ID) environment.Environment {
	w.Helper()
	return look(w, func(tx ports.Tx) (environment.Environment, error) { return tx.Environments(p.grant()).Get(w.ctx, id) })
}

func (w *world) addEnvironment(p plot, e environment.Environment) environment.Environment {
	w.Helper()
	w.do(func(tx ports.Tx) error { return tx.Environments(p.grant()).Add(w.ctx, e) })
	return e
}

func environmentRoundTrip(w *world) {
	p := w.found("acme")
	for i, kind := range environment.Kinds() {
		e := newEnvironment(p.project, "environment-"+string(rune('a'+i)))
		e.Name, e.Kind, e.Protected = naming.StoredName(odd[i]), kind, i%2 == 0
		e.Color, e.UpdatedAt = environment.StoredColor("#aBcDe"+string(rune('0'+i))), start.Add(time.Microsecond)
		w.addEnvironment(p, e)
		w.same("the environment", e, w.environmentByID(p, e.ID))
	}
}

func environmentsTogether(w *world) {
	p, other := w.found("acme"), w.found("other")
	several := []environment.Environment{newEnvironment(p.project, "a"), newEnvironment(p.project, "b"), newEnvironment(p.project, "c")}
	several[1].Kind, several[2].Protected = environment.Production, true
	add := func(made ...environment.Environment) func(tx ports.Tx) error {
		return func(tx ports.Tx) error { return tx.Environments(p.grant()).Add(w.ctx, made...) }
	}
	w.do(add(several...))
	for _, e := range several {
		w.same("one of several", e, w.environmentByID(p, e.ID))
	}
	before, others := w.dump(p), w.dump(other)
	next := newEnvironment(p.project, "next")
	w.refuses("beside a taken slug", add(next, newEnvironment(p.project, "b")), environment.ErrSlugTaken)
	w.refuses("beside another organization's", add(next, newEnvironment(other.project, "next")), fault.ErrInternal)
	w.unchanged("what was refused", p, before)
	w.unchanged("what was refused", other, others)
}

func environmentSlugTaken(w *world) {
	p := w.found("acme")
	second := w.addEnvironment(p, newEnvironment(p.project, "second"))
	before := w.dump(p)
	renamed := second
	renamed.Slug = p.environment.Slug
	w.refuses("adding a taken slug", func(tx ports.Tx) error {
		return tx.Environments(p.grant()).Add(w.ctx, newEnvironment(p.project, "second"))
	}, environment.ErrSlugTaken)
	w.refuses("saving a taken slug", func(tx ports.Tx) error {
		return tx.Environments(p.grant()).Save(w.ctx, renamed)
	}, environment.ErrSlugTaken)
	w.unchanged("what was refused", p, before)
	another := w.addProject(p, newProject(p.org.ID, "another"))
	taken := func(in ports.Tx, slug string) (bool, error) {
		return in.Environments(p.grant()).SlugTaken(w.ctx, another.ID, naming.StoredSlug(slug))
	}
	if look(w, func(tx ports.Tx) (bool, error) { return taken(tx, "second") }) {
		w.Error("a slug counts as taken because another project has it")
	}
	w.addEnvironment(p, newEnvironment(another, "second"))
	if !look(w, func(tx ports.Tx) (bool, error) { return taken(tx, "second") }) {
		w.Error("a taken slug counts as free")
	}
	if look(w, func(tx ports.Tx) (bool, error) { return taken(tx, "third") }) {
		w.Error("a free slug counts as taken")
	}
}

func environmentSave(w *world) {
	p, other := w.found("acme"), w.found("other")
	bystander := w.addEnvironment(p, newEnvironment(p.project, "bystander"))
	before := w.dump(other)
	changed := p.environment
	changed.Name, changed.Slug = naming.StoredName(odd[1]), naming.StoredSlug("renamed")
	changed.Kind, changed.Color, changed.Protected = environment.Production, environment.StoredColor("#ABCDEF"), true
	changed.CreatedAt, changed.UpdatedAt = start.Add(time.Hour), start.Add(2*time.Hour)
	w.do(func(tx ports.Tx) error { return tx.Environments(p.grant()).Save(w.ctx, changed) })
	changed.CreatedAt = p.environment.CreatedAt
	changed.Version++
	w.same("the environment", changed, w.environmentByID(p, changed.ID))
	w.same("the other environment", bystander, w.environmentByID(p, bystander.ID))
	w.unchanged("saving an environment", other, before)
}

func environmentStale(w *world) {
	p := w.found("acme")
	edits(w, func(name string, later int64) environment.Environment {
		edited := p.environment
		edited.Name, edited.Version = naming.StoredName(name), edited.Version+later
		return edited
	}, func(tx ports.Tx, edited environment.Environment) error {
		return tx.Environments(p.grant()).Save(w.ctx, edited)
	},
		func() environment.Environment { return w.environmentByID(p, p.environment.ID) })
}

func environmentPages(w *world) {
	p := w.found("acme")
	another := w.addProject(p, newProject(p.org.ID, "another"))
	list := func(tx ports.Tx, page ports.Page[environment.ID]) ([]environment.Environment, error) {
		return tx.Environments(p.grant()).List(w.ctx, p.project.ID, page)
	}
	made := []environment.Environment{p.environment, p.guarded}
	for _, slug := range []string{"z", "y", "x", "w", "v", "u"} {
		made = append(made, newEnvironment(p.project, slug))
	}
	elsewhere := newEnvironment(another, "elsewhere")
	empty(w, "the environments of a project that has none", func(tx ports.Tx) ([]environment.Environment, error) {
		return tx.Environments(p.grant()).List(w.ctx, another.ID, ports.Page[environment.ID]{Limit: whole})
	})
	w.addEnvironment(p, elsewhere)
	for i := len(made) - 1; i > 1; i-- { // not in the order of their ids
		w.addEnvironment(p, made[i])
	}
	ids := make([]environment.ID, len(made))
	for i, m := range made {
		ids[i] = m.ID
	}
	w.same("the environments", made, look(w, func(tx ports.Tx) ([]environment.Environment, error) {
		return list(tx, ports.Page[environment.ID]{Limit: whole})
	}))
	paged(w, ids, func(row environment.Environment) environment.ID { return row.ID }, list)
}

func environmentProtected(w *world) {
	p, other := w.found("acme"), w.found("other")
	protected := func(in plot, of project.ID) bool {
		w.Helper()
		return look(w, func(tx ports.Tx) (bool, error) { return tx.Environments(in.grant()).Protected(w.ctx, of) })
	}
	another := w.addProject(p, newProject(p.org.ID, "another"))
	w.addEnvironment(p, newEnvironment(another, "open"))
	if !protected(p, p.project.ID) || protected(p, another.ID) || protected(p, newProject(p.org.ID, "none").ID) {
		w.Error("it is not the project with the protected environment")
	}
	if protected(p, other.project.ID) {
		w.Error("a project of another organization is protected")
	}
	lifted := p.guarded
	lifted.Protected = false
	w.do(func(tx ports.Tx) error { return tx.Environments(p.grant()).Save(w.ctx, lifted) })
	if protected(p, p.project.ID) || !protected(other, other.project.ID) {
		w.Error("lifting the protection does not show where it was lifted, or shows elsewhere")
	}
}

func environmentRemoval(w *world) {
	p, other := w.found("acme"), w.found("other")
	stays := w.addEnvironment(p, newEnvironment(p.project, "stays"))
	key := w.addKey(p, newKey(stays, &p.owner.ID))
	before := w.dump(other)
	w.do(func(tx ports.Tx) error { return tx.Environments(p.grant()).Remove(w.ctx, p.environment.ID) })
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.Environments(p.grant()).Get(w.ctx, p.environment.ID)
		w.refused("the environment", err, fault.ErrNotFound)
		_, err = tx.APIKeys(p.grant()).Get(w.ctx, p.key.ID)
		w.refused("its key", err, fault.ErrNotFound)
		opened, err := tx.KeyIndex().Find(w.ctx, p.key.Digest)
		if opened != nil || err != nil {
			w.Errorf("its key opens %v, %v", opened, err)
		}
		return nil, nil
	})
	w.same("the project", p.project, w.projectByID(p, p.project.ID))
	w.same("the other environment", stays, w.environmentByID(p, stays.ID))
	w.same("the other environment's key", key, w.keyByID(p, key.ID))
	w.unchanged("removing an environment", other, before)
	w.addEnvironment(p, newEnvironment(p.project, p.environment.Slug.String())) // the slug is free
}

func environmentAbsence(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	gone := newEnvironment(p.project, "gone")
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.Environments(p.grant()).Get(w.ctx, gone.ID)
		w.refused("Get", err, fault.ErrNotFound)
		return nil, nil
	})
	w.refuses("Save", func(tx ports.Tx) error { return tx.Environments(p.grant()).Save(w.ctx, gone) }, fault.ErrStale, fault.ErrNotFound)
	w.refuses("Remove", func(tx ports.Tx) error { return tx.Environments(p.grant()).Remove(w.ctx, gone.ID) }, fault.ErrNotFound)
	lost := newEnvironment(newProject(p.org.ID, "lost"), "lost")
	w.refuses("adding to no project", func(tx ports.Tx) error { return tx.Environments(p.grant()).Add(w.ctx, lost) }, fault.ErrNotFound)
	w.unchanged("an environment that is not there", p, before)
}
