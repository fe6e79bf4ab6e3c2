package portstest

import (
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

var sessionPromises = []promise{
	{"every field comes back as it was kept, with its account", sessionRoundTrip},
	{"the membership is the one of the organization that is meant", sessionMembership},
	{"saving writes the active organization, the counter and the times, and leaves the terms", sessionSave},
	{"saving with a counter that has moved on is stale", sessionStale},
	{"a plain refresh is made by one statement as the session's own rule makes it", sessionRotate},
	{"a refresh that is not plain changes nothing", sessionRotateNothing},
	{"an account's list has what has not run out, oldest first", sessionList},
	{"one session is ended by its own account only", sessionRemoval},
	{"all sessions but one are ended", sessionRemoveAll},
	{"what has run out is swept", sessionSweep},
}

func (w *world) actor(id session.ID, org *organization.ID) *access.Actor {
	w.Helper()
	return look(w, func(tx ports.Tx) (*access.Actor, error) { return tx.Sessions().Find(w.ctx, id, org) })
}

func (w *world) addSession(s session.Session) session.Session {
	w.Helper()
	w.do(func(tx ports.Tx) error { return tx.Sessions().Add(w.ctx, s) })
	return s
}

// fullSession has times that are all different.
func fullSession(who account.ID, active *organization.ID) session.Session {
	s := newSession(who, active)
	s.Counter = 1<<53 + 1 // more than a float can hold
	s.RotatedAt, s.AuthenticatedAt = start.Add(1*time.Microsecond), start.Add(2*time.Second)
	s.CreatedAt, s.LastUsedAt = start.Add(3*time.Minute), start.Add(4*time.Hour)
	s.ExpiresAt = start.Add(5 * 24 * time.Hour)
	s.Address, s.UserAgent = "2001:db8::1", odd[1]+odd[2]+odd[0]
	s.Terms = session.Terms{KeepsRefresh: true, AccessTTL: 24 * time.Hour}
	return s
}

func sessionRoundTrip(w *world) {
	p := w.found("acme")
	full, bare := w.addSession(fullSession(p.owner.ID, &p.org.ID)), w.addSession(newSession(p.stranger.ID, nil))
	w.same("the session with all fields", &access.Actor{Account: p.owner, Session: full, Membership: &p.member}, w.actor(full.ID, nil))
	w.same("the session with no optional field", &access.Actor{Account: p.stranger, Session: bare}, w.actor(bare.ID, nil))
	w.same("a session that has run out", &access.Actor{Account: p.owner, Session: p.ended}, w.actor(p.ended.ID, nil))
	if got := w.actor(newSession(p.owner.ID, nil).ID, &p.org.ID); got != nil {
		w.Errorf("a session that is not there: %v", got)
	}
	orphan := newSession(p.newcomer.ID, nil)
	if err := w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Sessions().Add(w.ctx, orphan) }); err == nil {
		w.Error("a session of no account was added")
	}
	if err := w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Sessions().Add(w.ctx, full) }); err == nil {
		w.Error("a second session with one id was added")
	}
}

func sessionMembership(w *world) {
	a, b := w.found("a"), w.found("b")
	second := newMembership(b.org.ID, a.owner.ID, membership.Viewer)
	w.do(func(tx ports.Tx) error { return tx.Members(b.grant()).Add(w.ctx, second) })
	inA, nowhere := a.session, w.addSession(newSession(a.owner.ID, nil))
	outside := w.addSession(newSession(a.stranger.ID, &a.org.ID)) // active where it is no member
	unknown := newOrganization("unknown").ID
	tests := []struct {
		name    string
		session session.ID
		org     *organization.ID
		want    *membership.Membership
	}{
		{"its own active organization", inA.ID, nil, &a.member},
		{"the active organization, given", inA.ID, &a.org.ID, &a.member},
		{"another organization, given", inA.ID, &b.org.ID, &second},
		{"an organization that there is not", inA.ID, &unknown, nil},
		{"none active", nowhere.ID, nil, nil},
		{"none active, one given", nowhere.ID, &b.org.ID, &second},
		{"active where it is no member", outside.ID, nil, nil},
		{"given where it is no member", outside.ID, &b.org.ID, nil},
		{"another's organization", b.session.ID, &a.org.ID, nil},
	}
	for _, test := range tests {
		actor := w.actor(test.session, test.org)
		if actor == nil {
			w.Errorf("%s: no session", test.name)
			continue
		}
		w.same(test.name, test.want, actor.Membership)
	}
}

func sessionSave(w *world) {
	p, other := w.found("acme"), w.found("other")
	before := w.dump(other)
	changed := fullSession(p.stranger.ID, nil)
	changed.ID = p.session.ID
	w.do(func(tx ports.Tx) error { return tx.Sessions().Save(w.ctx, changed, p.session.Counter) })
	want := changed
	want.AccountID, want.CreatedAt, want.Terms = p.session.AccountID, p.session.CreatedAt, p.session.Terms
	w.same("all that can change", want, w.actor(p.session.ID, nil).Session)
	want.OrganizationID, want.Counter = &p.org.ID, want.Counter+1
	w.do(func(tx ports.Tx) error { return tx.Sessions().Save(w.ctx, want, changed.Counter) })
	w.same("an organization where there was none", want, w.actor(p.session.ID, nil).Session)
	w.unchanged("saving a session", other, before)
}

func sessionStale(w *world) {
	p := w.found("acme")
	next := p.session
	next.Counter++
	w.do(func(tx ports.Tx) error { return tx.Sessions().Save(w.ctx, next, p.session.Counter) })
	late := p.session
	late.Counter, late.OrganizationID = 99, nil
	for name, counter := range map[string]int64{"the counter read before": p.session.Counter, "a counter to come": 99, "none": 0} {
		w.refuses(name, func(tx ports.Tx) error { return tx.Sessions().Save(w.ctx, late, counter) }, fault.ErrStale)
	}
	w.same("the session", next, w.actor(p.session.ID, nil).Session)
	gone := newSession(p.owner.ID, nil)
	w.refuses("a session that is not there", func(tx ports.Tx) error {
		return tx.Sessions().Save(w.ctx, gone, gone.Counter)
	}, fault.ErrStale)
}

// lives is how long sessions live in these tests.
var lives = session.Policy{RefreshTTL: 24 * time.Hour, MaxAge: 30 * 24 * time.Hour, Grace: 10 * time.Second}

func (w *world) rotate(id session.ID, r session.Rotation) *session.Session {
	w.Helper()
	var rotated *session.Session
	w.do(func(tx ports.Tx) (err error) {
		rotated, err = tx.Sessions().Rotate(w.ctx, id, r)
		return err
	})
	return rotated
}

func sessionRotate(w *world) {
	p, other := w.found("acme"), w.found("other")
	for _, s := range []session.Session{p.session, w.addSession(newSession(p.stranger.ID, nil))} {
		for range 2 {
			now := w.clock.Now()
			want, _ := s.Refresh(s.Counter, now, lives)
			want.Address, want.UserAgent = "2001:db8::2", odd[0]
			r := lives.Rotation(s.Counter, now)
			r.Address, r.UserAgent = want.Address, want.UserAgent
			w.same("what is returned", &want, w.rotate(s.ID, r))
			s = w.actor(s.ID, nil).Session
			w.same("what is kept", want, s)
			w.clock.Advance(time.Hour)
		}
	}
	w.same("another session", other.session, w.actor(other.session.ID, nil).Session)
}

func sessionRotateNothing(w *world) {
	p := w.found("acme")
	disabled := p.newcomer
	disabled.Disabled = true
	w.do(func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, disabled) })
	now := w.clock.Now()
	plain := lives.Rotation(p.session.Counter, now)
	soon := lives
	soon.MaxAge = now.Sub(p.session.CreatedAt) + lives.RefreshTTL - time.Microsecond
	left := w.addSession(newSession(p.stranger.ID, &p.org.ID))
	locked := w.addSession(newSession(disabled.ID, nil))
	keeping := newSession(p.owner.ID, nil)
	keeping.Terms.KeepsRefresh = true
	w.addSession(keeping)
	for name, test := range map[string]struct {
		id       session.ID
		rotation session.Rotation
	}{
		"the token before":                {p.session.ID, lives.Rotation(p.session.Counter-1, now)},
		"a token to come":                 {p.session.ID, lives.Rotation(p.session.Counter+1, now)},
		"a session that ends now":         {p.session.ID, lives.Rotation(p.session.Counter, p.session.ExpiresAt)},
		"a session near its greatest age": {p.session.ID, soon.Rotation(p.session.Counter, now)},
		"a session that has run out":      {p.ended.ID, plain},
		"a session that is not there":     {newSession(p.owner.ID, nil).ID, plain},
		"active where it is no member":    {left.ID, plain},
		"a session whose token stays":     {keeping.ID, plain},
		"an account that may not log in":  {locked.ID, plain},
	} {
		before := w.actor(test.id, nil)
		if got := w.rotate(test.id, test.rotation); got != nil {
			w.Errorf("%s: rotated to %+v", name, got)
		}
		w.same(name, before, w.actor(test.id, nil))
	}
	soon.MaxAge += time.Microsecond
	if got := w.rotate(p.session.ID, soon.Rotation(p.session.Counter, now)); got == nil || !got.ExpiresAt.Equal(now.Add(lives.RefreshTTL)) {
		w.Errorf("a session that just does not come near its greatest age: %+v", got)
	}
}

func (w *world) sessionsOf(id account.ID) []session.Session {
	w.Helper()
	return look(w, func(tx ports.Tx) ([]session.Session, error) {
		return tx.Sessions().List(w.ctx, id, ports.Page[session.ID]{Limit: whole})
	})
}

func sessionList(w *world) {
	p := w.found("acme")
	first, second := newSession(p.owner.ID, nil), newSession(p.owner.ID, &p.org.ID)
	now := w.clock.Now()
	ending := newSession(p.owner.ID, nil)
	first.ExpiresAt, ending.ExpiresAt = now.Add(time.Microsecond), now
	w.addSession(second) // not in the order of their ids
	w.addSession(ending)
	w.addSession(first)
	w.same("the sessions", []session.Session{p.session, first, second}, w.sessionsOf(p.owner.ID))
	for after, want := range map[session.ID][]session.Session{
		{}: {p.session, first}, p.session.ID: {first, second}, first.ID: {second}, second.ID: {},
	} {
		w.same("a page", want, look(w, func(tx ports.Tx) ([]session.Session, error) {
			return tx.Sessions().List(w.ctx, p.owner.ID, ports.Page[session.ID]{After: after, Limit: 2})
		}))
	}
	empty(w, "the sessions of who has none", func(tx ports.Tx) ([]session.Session, error) {
		return tx.Sessions().List(w.ctx, p.stranger.ID, ports.Page[session.ID]{Limit: whole})
	})
}

func sessionRemoval(w *world) {
	p, other := w.found("acme"), w.found("other")
	before, beforeOther := w.dump(p), w.dump(other)
	w.refuses("another's session", func(tx ports.Tx) error {
		return tx.Sessions().Remove(w.ctx, other.owner.ID, p.session.ID)
	}, fault.ErrNotFound)
	w.refuses("a session that is not there", func(tx ports.Tx) error {
		return tx.Sessions().Remove(w.ctx, p.owner.ID, newSession(p.owner.ID, nil).ID)
	}, fault.ErrNotFound)
	w.unchanged("what was refused", p, before)
	stays := w.addSession(newSession(p.owner.ID, nil))
	w.do(func(tx ports.Tx) error { return tx.Sessions().Remove(w.ctx, p.owner.ID, p.session.ID) })
	w.same("the session", (*access.Actor)(nil), w.actor(p.session.ID, nil))
	w.same("what stays", []session.Session{stays}, w.sessionsOf(p.owner.ID))
	w.unchanged("ending a session", other, beforeOther)
	w.refuses("a session that was ended", func(tx ports.Tx) error {
		return tx.Sessions().Remove(w.ctx, p.owner.ID, p.session.ID)
	}, fault.ErrNotFound)
}

// counted is a unit of work that says how many rows it touched.
func (w *world) counted(what string, want int, fn func(tx ports.Tx) (int, error)) {
	w.Helper()
	got, err := ports.Run(w.ctx, w.store, fn)
	if got != want || err != nil {
		w.Errorf("%s: %d, %v; want %d", what, got, err, want)
	}
}

func sessionRemoveAll(w *world) {
	p, other := w.found("acme"), w.found("other")
	before := w.dump(other)
	keep := w.addSession(newSession(p.owner.ID, nil))
	w.counted("all but one, the one that has run out among them", 2, func(tx ports.Tx) (int, error) {
		return tx.Sessions().RemoveAll(w.ctx, p.owner.ID, keep.ID)
	})
	w.same("what stays", []session.Session{keep}, w.sessionsOf(p.owner.ID))
	w.counted("all but another's", 1, func(tx ports.Tx) (int, error) {
		return tx.Sessions().RemoveAll(w.ctx, p.owner.ID, other.session.ID)
	})
	w.addSession(newSession(p.owner.ID, nil))
	w.counted("all", 1, func(tx ports.Tx) (int, error) {
		return tx.Sessions().RemoveAll(w.ctx, p.owner.ID, session.ID{})
	})
	w.counted("none", 0, func(tx ports.Tx) (int, error) {
		return tx.Sessions().RemoveAll(w.ctx, p.owner.ID, session.ID{})
	})
	w.unchanged("ending all sessions", other, before)
}

func sessionSweep(w *world) {
	p := w.found("acme")
	now := w.clock.Now()
	ending, ends := newSession(p.owner.ID, nil), newSession(p.owner.ID, nil)
	ending.ExpiresAt, ends.ExpiresAt = now, now.Add(time.Microsecond)
	w.addSession(ending)
	w.addSession(ends)
	all := []session.ID{p.session.ID, p.ended.ID, ending.ID, ends.ID, newSession(p.owner.ID, nil).ID}
	sweep := func(tx ports.Tx) (int, error) { return tx.Sessions().Sweep(w.ctx, all) }
	w.inspects("all", ports.Page[session.ID]{Limit: whole}, ports.Inspected{RunOut: []session.ID{p.ended.ID, ending.ID}, Last: ends.ID})
	w.inspects("the first", ports.Page[session.ID]{Limit: 1}, ports.Inspected{Last: p.session.ID})
	w.inspects("the next", ports.Page[session.ID]{After: p.session.ID, Limit: 1}, ports.Inspected{RunOut: []session.ID{p.ended.ID}, Last: p.ended.ID})
	w.inspects("two later", ports.Page[session.ID]{After: p.ended.ID, Limit: 2}, ports.Inspected{RunOut: []session.ID{ending.ID}, Last: ends.ID})
	w.inspects("what comes after the last", ports.Page[session.ID]{After: ends.ID, Limit: 1}, ports.Inspected{})
	w.counted("none of them", 0, func(tx ports.Tx) (int, error) { return tx.Sessions().Sweep(w.ctx, nil) })
	w.counted("one", 1, func(tx ports.Tx) (int, error) { return tx.Sessions().Sweep(w.ctx, []session.ID{ending.ID}) })
	w.counted("what has run out", 1, sweep)
	w.same("what stays", []session.Session{p.session, ends}, w.sessionsOf(p.owner.ID))
	w.same("what was swept", (*access.Actor)(nil), w.actor(p.ended.ID, nil))
	w.counted("again", 0, sweep)
	w.clock.Advance(time.Microsecond)
	w.counted("a microsecond later", 1, sweep)
}

func (w *world) inspects(what string, page ports.Page[session.ID], want ports.Inspected) {
	w.Helper()
	w.same(what, want, look(w, func(tx ports.Tx) (ports.Inspected, error) { return tx.Sessions().Inspect(w.ctx, page) }))
}
