package isolation

import "net/http"

// skipped is the expectation of an attempt that is not made.
const skipped = 0

// expected is what an attempt has to be answered.
func (w *world) expected(c caller, r route, a attempt) int {
	switch {
	case c.bad:
		return http.StatusUnauthorized
	case r.manner == operating:
		return operated(c, r, a)
	case a.relation == malformed:
		return http.StatusBadRequest
	case r.manner == personal:
		return own404(c, r, a)
	case r.manner == knowing:
		return known(c, a)
	case a.what == "b's" && a.place.of == organization && r.manner == naming && c.also && !c.bound:
		return skipped // is its own
	case c.role == "" || r.manner == naming && !c.within:
		return http.StatusNotFound
	}
	hidden := a.relation == foreign || len(r.places) > 0 && !c.within
	if r.manner == reading || r.manner == filtering {
		return looked(c, r, hidden)
	}
	switch {
	case hidden:
		return http.StatusNotFound
	case !c.within:
		return skipped // founds something in an organization of its own
	case !permitted(c, r) || r.person && c.key:
		return http.StatusForbidden
	case r.unharmed != "":
		return skipped
	}
	return done(r)
}

func done(r route) int {
	if r.done == 0 {
		return http.StatusOK
	}
	return r.done
}

func permitted(c caller, r route) bool {
	scope := r.scope
	if scope == "" {
		scope = "read"
	}
	return c.holds(r.least) && c.reaches(scope)
}

func looked(c caller, r route, hidden bool) int {
	switch {
	case !permitted(c, r):
		return http.StatusForbidden
	case r.manner == filtering:
		return http.StatusOK // an empty list
	case hidden:
		return http.StatusNotFound
	}
	return done(r)
}

// own404 is for what belongs to the caller's account.
func own404(c caller, r route, a attempt) int {
	switch {
	case r.person && c.key || !c.reaches("read"):
		return http.StatusForbidden
	case a.what == "b's" && a.place.of == organization && c.also:
		return skipped // is its own
	case a.relation == foreign || len(r.places) > 0 && r.places[0].of == organization && !c.within:
		return http.StatusNotFound
	case r.unharmed != "":
		return skipped
	}
	return done(r)
}

// known is for what one may know of an account.
func known(c caller, a attempt) int {
	if c.key && (a.ids[account] != c.account || !c.reaches("read")) {
		return http.StatusForbidden
	}
	return http.StatusOK
}

func operated(c caller, r route, a attempt) int {
	switch {
	case !c.operates:
		return http.StatusForbidden
	case a.relation == malformed:
		return http.StatusBadRequest
	case a.what == "nothing":
		return http.StatusNotFound
	case a.relation != own || r.unharmed != "" || r.least != "":
		return skipped
	}
	return done(r)
}

// misnamed is what a request is answered that names, in X-Organization-ID, an
// organization that the caller is not in.
func (w *world) misnamed(c caller, r route, header string) int {
	switch {
	case c.bad:
		return http.StatusUnauthorized
	case header == "x" || r.manner == naming && header != w.a.things[organization]:
		return http.StatusBadRequest
	case header == w.a.things[organization] && c.within, header == w.b.things[organization] && c.also && !c.bound:
		return skipped // its own
	}
	return http.StatusNotFound
}
