package isolation

import ()

// acts are what people do; what is read and used stands there more than once.
var acts = []func(act){
	act.listProjects, act.listProjects, act.readProject, act.createProject, act.renameProject, act.deleteProject,
	act.listEnvironments, act.readEnvironment, act.createEnvironment, act.deleteEnvironment, act.deleteEnvironmentOf,
	act.listKeys, act.readKey, act.createKey, act.createKey, act.revokeKey, act.useKey, act.useKey, act.verifyKey,
	act.listMembers, act.listMembers, act.changeRole, act.changeRole, act.remove, act.leave,
	act.invite, act.invite, act.invite, act.invite, act.invite, act.invite,
	act.readOrganization, act.switchTo, act.deleteOrganization, act.listOrganizations,
}

// on is a thing that may not be there at all.
func nameOf(there bool, id func() string) string {
	if there {
		return id()
	}
	return newID()
}

func (a act) work() (*work, string, bool) {
	w := a.aWork(a.in)
	return w, nameOf(w != nil, func() string { return w.id }), w.there() && w.of == a.in
}

func (a act) stage() (*stage, string, bool) {
	s := a.aStage(a.in)
	return s, nameOf(s != nil, func() string { return s.id }), s.there() && s.of.of == a.in
}

func (a act) door() (*door, string, bool) {
	d := a.aDoor(a.in)
	return d, nameOf(d != nil, func() string { return d.id }), d.there() && d.of.of.of == a.in
}

func (a act) listProjects() {
	if r := a.client.Get("/v1/projects?limit=100"); a.says(r, judged(a.seat, true, "viewer", 200)) {
		a.lists(r, ids(a.in.works, (*work).there, func(w *work) string { return w.id }))
	}
}

func (a act) readProject() {
	_, id, there := a.work()
	a.says(a.client.Get("/v1/projects/"+id), judged(a.seat, there, "viewer", 200))
}

func (a act) createProject() {
	if len(ids(a.in.works, (*work).there, func(w *work) string { return w.id })) > 5 {
		return
	}
	if r := a.client.Post("/v1/projects", M{"name": "Work"}); a.says(r, judged(a.seat, true, "developer", 201)) {
		a.in.works = append(a.in.works, a.seen(a.client, a.in, r.Text("id"), r.Text("slug")))
	}
}

func (a act) renameProject() {
	_, id, there := a.work()
	a.says(a.client.Patch("/v1/projects/"+id, M{"name": "Renamed"}), judged(a.seat, there, "developer", 200))
}

func (a act) deleteProject() {
	if a.dice.IntN(3) > 0 {
		return
	}
	w, id, there := a.work()
	done, slug := 204, "none"
	if w != nil {
		slug = w.slug
		if !w.atRest() {
			done = 409
		}
	}
	if a.says(a.client.Delete("/v1/projects/"+id, M{"confirm": slug}), judged(a.seat, there, "admin", done)) {
		w.gone = true
	}
}

func (a act) listEnvironments() {
	w, id, there := a.work()
	if r := a.client.Get("/v1/projects/" + id + "/environments?limit=100"); a.says(r, judged(a.seat, there, "viewer", 200)) {
		a.lists(r, ids(w.stages, (*stage).there, func(s *stage) string { return s.id }))
	}
}

func (a act) readEnvironment() {
	_, id, there := a.stage()
	a.says(a.client.Get("/v1/environments/"+id), judged(a.seat, there, "viewer", 200))
}

func (a act) createEnvironment() {
	w, id, there := a.work()
	if w != nil && len(w.stages) > 8 {
		return
	}
	if r := a.client.Post("/v1/projects/"+id+"/environments", M{"name": "Stage"}); a.says(r, judged(a.seat, there, "developer", 201)) {
		w.stages = append(w.stages, &stage{id: r.Text("id"), of: w})
	}
}

func (a act) deleteEnvironment() {
	s, id, there := a.stage()
	done := 204
	if s != nil && s.protected {
		done = 409
	}
	if a.says(a.client.Delete("/v1/environments/"+id), judged(a.seat, there, "admin", done)) {
		s.gone = true
	}
}

func (a act) deleteEnvironmentOf() {
	s, id, there := a.stage()
	w, parent, _ := a.work()
	done := 204
	if s != nil && s.protected {
		done = 409
	}
	there = there && s.of == w
	if a.says(a.client.Delete("/v1/projects/"+parent+"/environments/"+id), judged(a.seat, there, "admin", done)) {
		s.gone = true
	}
}

func (a act) listKeys() {
	s, id, there := a.stage()
	if r := a.client.Get("/v1/environments/" + id + "/api-keys?limit=100"); a.says(r, judged(a.seat, there, "viewer", 200)) {
		a.lists(r, ids(s.doors, (*door).there, func(d *door) string { return d.id }))
	}
}

func (a act) readKey() {
	_, id, there := a.door()
	a.says(a.client.Get("/v1/api-keys/"+id), judged(a.seat, there, "viewer", 200))
}

func (a act) createKey() {
	s, id, there := a.stage()
	if s != nil && len(s.doors) > 6 {
		return
	}
	if r := a.client.Post("/v1/environments/"+id+"/api-keys", M{"name": "Door"}); a.says(r, judged(a.seat, there, "admin", 201)) {
		s.doors = append(s.doors, &door{id: r.Text("id"), secret: r.Text("key"), of: s})
	}
}

func (a act) revokeKey() {
	d, id, there := a.door()
	if a.says(a.client.Delete("/v1/api-keys/"+id), judged(a.seat, there, "admin", 204)) {
		d.revoked = true
	}
}

// useKey opens with a key what it opens, which is nothing of who holds it.
func (a act) useKey() {
	d := a.aDoor(a.in)
	if d == nil {
		return
	}
	want := 401
	if d.there() && !d.revoked {
		want = 200
	}
	r := a.server.Client(a.T).Key(d.secret).Get("/v1/sdk/environment")
	if !a.says(r, want) {
		return
	}
	d.used = true
	if r.Text("environment.id") != d.of.id || r.Text("project.id") != d.of.of.id || r.Text("organization.id") != d.of.of.of.id {
		a.Fatalf("key %s opens %s", d.id, r.Body)
	}
}

// verifyKey asks as a person, who has no use for it.
func (a act) verifyKey() {
	if d := a.aDoor(a.in); d != nil {
		a.says(a.client.Post("/v1/keys/verify", M{"key": d.secret}), 401)
	}
}

func (a act) readOrganization() {
	h := a.somewhere(a.in)
	a.says(a.who.Get("/v1/organizations/"+h.id), judged(h.seatOf(a.who), true, "viewer", 200))
}

// listOrganizations has the one that each person began with, besides.
func (a act) listOrganizations() {
	want := []string{a.who.Organization}
	for _, h := range a.houses {
		if h.seatOf(a.who) != nil {
			want = append(want, h.id)
		}
	}
	r := a.who.Get("/v1/organizations?limit=100")
	a.says(r, 200)
	a.lists(r, want)
}

func (a act) switchTo() {
	h := a.somewhere(a.in)
	r := a.who.Post("/v1/auth/switch-organization", M{"organization_id": h.id})
	if a.says(r, judged(h.seatOf(a.who), true, "viewer", 200)) {
		a.who.Person, a.who.active = a.who.Holding(r), h
	}
}

func (a act) deleteOrganization() {
	if a.dice.IntN(8) > 0 {
		return
	}
	h := a.somewhere(a.in)
	if a.says(a.who.Delete("/v1/organizations/"+h.id, M{"confirm": h.slug}), judged(h.seatOf(a.who), true, "owner", 204)) {
		h.gone = true
		a.founds(pick(a.model, a.people))
	}
}
