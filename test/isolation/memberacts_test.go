package isolation

import (
	"slices"
)

func (a act) listMembers() {
	r := a.client.Get("/v1/members?status=active&limit=100")
	if !a.says(r, judged(a.seat, true, "viewer", 200)) {
		return
	}
	var want []string
	for _, s := range a.in.members {
		want = append(want, s.id)
	}
	a.lists(r, want)
	for _, m := range r.List() {
		for _, s := range a.in.members {
			if s.id == m["id"] && s.role != m["role"] {
				a.Fatalf("the model has %s as %s, the program as %v", s.id, s.role, m["role"])
			}
		}
	}
}

// another is somebody's seat, here or elsewhere.
func (a act) another() (*human, *seat, *house) {
	h := a.somewhere(a.in)
	people := slices.DeleteFunc(slices.Clone(a.people), func(p *human) bool { return h.seatOf(p) == nil })
	p := pick(a.model, people)
	if p == nil {
		return nil, &seat{id: newID()}, h
	}
	return p, h.members[p], h
}

func (a act) changeRole() {
	_, s, h := a.another()
	to := pick(a.model, ranks)
	want := judged(a.seat, h == a.in && s.role != "", "admin", 204)
	switch {
	case want != 204:
	case rank(s.role) > rank(a.seat.role) || rank(to) > rank(a.seat.role):
		want = 403
	case s.role == "owner" && to != "owner" && h.owners() == 1:
		want = 409
	}
	if a.says(a.client.Put("/v1/members/"+s.id, M{"role": to}), want) {
		s.role = to
	}
}

func (a act) remove() {
	p, s, h := a.another()
	want := judged(a.seat, h == a.in && s.role != "", "admin", 204)
	switch {
	case want != 204:
	case rank(s.role) > rank(a.seat.role):
		want = 403
	case s == a.seat:
		want = 409
	}
	if a.says(a.client.Delete("/v1/members/"+s.id), want) {
		a.left(p, h)
	}
}

// left ends what a membership gave.
func (a act) left(p *human, h *house) {
	delete(h.members, p)
	if p.active == h {
		p.active = nil
	}
}

func (a act) leave() {
	if a.dice.IntN(3) > 0 {
		return
	}
	h := a.somewhere(a.in)
	s := h.seatOf(a.who)
	want := judged(s, true, "viewer", 204)
	if s != nil && s.role == "owner" && h.owners() == 1 {
		want = 409
	}
	if a.says(a.who.Post("/v1/organizations/"+h.id+"/leave", nil), want) {
		a.left(a.who, h)
	}
}

// invite asks somebody in, who accepts, so that houses do not run empty. The
// program counts invitations, which is tried elsewhere.
func (a act) invite() {
	guest, role := pick(a.model, a.people), pick(a.model, ranks)
	a.server.Exec(a.T, "DELETE FROM throttles")
	want := judged(a.seat, true, "admin", 201)
	switch {
	case want != 201:
	case rank(role) > rank(a.seat.role):
		want = 403
	case a.in.seatOf(guest) != nil:
		want = 409
	}
	r := a.client.Post("/v1/members/invite", M{"email": guest.Email, "role": role})
	if !a.says(r, want) {
		return
	}
	token := a.sink.Wait(a.T, guest.Email, "invited you to").Token()
	accepted := guest.Without("X-Organization-ID").Post("/v1/invitations/accept", M{"token": token})
	a.says(accepted, 200)
	a.in.members[guest] = &seat{r.Text("id"), role}
}
