package isolation

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// relation is how what an attempt is aimed at stands to the organization a.
type relation int

const (
	own       relation = iota
	foreign            // or nothing at all: there is no telling
	malformed          // no id
	visible            // another account of the same organization
)

// attempt is one way of filling a route's places with ids.
type attempt struct {
	what     string
	relation relation
	place    *place // nil: all that there are, or none
	ids      things
}

// colleagues is aimed at what is a developer's.
const colleagues = "a colleague's"

// anothers is aimed at a thing of another kind than the place is for.
const anothers = "another kind's"

// forAll says whether those whom nobody knows try it for each commit, too: what
// they are refused, they are refused before anything is looked for.
func (a attempt) forAll() bool {
	return a.relation == own || a.what == "nothing" || a.what == "b's" || harness.Rounds(0, 1) == 1
}

// attempts are all ways to fill a route's places.
func (w *world) attempts(r route) []attempt {
	all := []attempt{{"its own", own, nil, w.a.things}}
	nothing := random()
	for i := range r.places {
		p := &r.places[i]
		if i > 0 && p.in != "path" {
			all = append(all, attempt{"its own", own, p, w.a.things})
		}
		strange := another(p.of)
		for _, a := range []attempt{
			{"nothing", foreign, p, nothing}, // first: the others are compared with it
			{"b's", foreign, p, w.b.things},
			{"a deleted organization's", foreign, p, w.gone.things},
			{anothers, foreign, p, things{p.of: w.a.things[strange]}},
			{"another kind's of b", foreign, p, things{p.of: w.b.things[strange]}},
			{"no id", malformed, p, things{p.of: "x"}},
			{"its own in capitals", malformed, p, things{p.of: strings.ToUpper(w.a.things[p.of])}},
		} {
			a.ids = aim(w.a.things, things{p.of: a.ids[p.of]})
			all = append(all, a)
		}
		if p.of == account {
			all = append(all, attempt{"another member's", visible, p, aim(w.a.things, things{account: w.beings.Viewer.ID})})
		}
		if p.of == session || p.of == accountKey {
			all = append(all, attempt{colleagues, foreign, p, aim(w.a.things, things{session: w.beings.Developer.Session(), accountKey: w.colleagues})})
		}
	}
	if len(r.places) == 2 && r.places[1].of == environment {
		all = append(all,
			attempt{"all of b's", foreign, nil, w.b.things},
			attempt{"its own project's, but the other's environment", foreign, nil, aim(w.a.things, things{environment: w.a.sibling[environment]})},
			attempt{"its own environment, under the other project", foreign, nil, aim(w.a.things, things{project: w.a.sibling[project]})},
		)
	}
	return all
}

// another is a kind that an id is not of.
func another(k kind) kind {
	if k == project {
		return environment
	}
	return project
}

// request is what an attempt sends to a route.
func (r route) request(o harness.Operation, a attempt) (path string, body any) {
	path = o.Path
	query, members := url.Values{}, M{}
	for name, value := range r.body {
		members[name] = value
	}
	inPath := false
	for i := range r.places {
		p := &r.places[i]
		id := a.ids[p.of]
		switch {
		case p.in == "path":
			inPath = true
			path = strings.Replace(path, "{"+p.name+"}", url.PathEscape(id), 1)
		case p.in == "query" && a.place == p:
			query.Set(p.name, id)
		case p.in == "body" && (a.place == p || a.place == nil && i == 0 || inPath):
			fill(members, *p, id)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if !o.TakesBody() {
		return path, nil
	}
	return path, members
}

// fill puts an id into a body.
func fill(members M, p place, id string) {
	parent, child, nested := strings.Cut(p.name, ".")
	if !nested {
		members[p.name] = id
		return
	}
	inner := M{child: id}
	for name, value := range p.with {
		inner[name] = value
	}
	members[parent] = inner
}

// fresh makes what a call is about to use up, behind the program's back.
func (w *world) fresh(t *testing.T, c caller, k kind) string {
	t.Helper()
	id, now := newID(), time.Now().UTC().Truncate(time.Microsecond)
	switch k {
	case session:
		w.Exec(t, `INSERT INTO sessions (id, account_id, organization_id, counter, rotated_at, authenticated_at, address, user_agent, created_at, last_used_at, expires_at)
			VALUES ($1, $2, NULL, 1, $3, $4, '', '', $5, $6, $7)`, id, c.account, now, now, now, now, now.Add(time.Hour))
	case accountKey:
		w.Exec(t, `INSERT INTO account_keys (id, account_id, name, prefix, digest, scopes, created_at)
			VALUES ($1, $2, 'Fresh', 'sk_live_', $3, 'read', $4)`, id, c.account, digest(id), now)
	case invitation:
		w.Exec(t, `INSERT INTO memberships (organization_id, id, email, role, status, version, expires_at, created_at, updated_at)
			VALUES ($1, $2, $3, 'viewer', 'invited', 1, $4, $5, $6)`, w.a.things[organization], id, harness.NewEmail(), now.Add(time.Hour), now, now)
	}
	return id
}
