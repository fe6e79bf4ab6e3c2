package portstest

import (
	"crypto/sha256"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/ports"
)

var linkPromises = []promise{
	{"every field comes back as it was kept", linkRoundTrip},
	{"a link belongs to an account or to an invitation, never to both or none", linkBelongs},
	{"a link is spent once", linkSpent},
	{"an account's links are void by purpose and by age", linksVoided},
	{"an invitation's links are void, and no others", invitationLinksVoided},
	{"links go with their account", linksGoWithAccount},
	{"what has run out is swept", linkSweep},
	{"a sweep deletes a batch, the oldest first", linkSweepBatch},
}

func (w *world) addLink(l link.Link) link.Link {
	w.Helper()
	w.do(func(tx ports.Tx) error { return tx.Links().Add(w.ctx, l) })
	return l
}

func (w *world) linkBy(digest link.Digest) *link.Link {
	w.Helper()
	return look(w, func(tx ports.Tx) (*link.Link, error) { return tx.Links().Find(w.ctx, digest) })
}

// linksKept fails unless exactly these of the links are there.
func (w *world) linksKept(what string, all []link.Link, kept ...link.Link) {
	w.Helper()
	for i, l := range all {
		want := false
		for _, k := range kept {
			want = want || k.Digest == l.Digest
		}
		if got := w.linkBy(l.Digest) != nil; got != want {
			w.Errorf("%s: link %d, to %s, is kept: %v, want %v", what, i, l.Purpose, got, want)
		}
	}
}

func linkRoundTrip(w *world) {
	p := w.found("acme")
	for _, purpose := range link.Purposes() {
		l := newLink(purpose, p.owner)
		if purpose == link.Invitation {
			l = newInvitationLink(p.invitation)
		}
		l.Email = account.StoredEmail("another@xn--bcher-kva.example")
		l.ExpiresAt, l.CreatedAt = start.Add(time.Microsecond), start.Add(-time.Hour)
		w.addLink(l)
		w.same("the link to "+string(purpose), &l, w.linkBy(l.Digest))
	}
	odd := newLink(link.VerifyEmail, p.owner)
	odd.Digest = link.Digest{0, 255, '\'', '\\', 0, 10} // bytes of every kind
	w.addLink(odd)
	w.same("a link with an odd digest", &odd, w.linkBy(odd.Digest))
	w.same("a link that has run out", &p.expired, w.linkBy(p.expired.Digest))
	w.same("no link", (*link.Link)(nil), w.linkBy(sha256.Sum256([]byte("unknown"))))
	w.same("the zero link", (*link.Link)(nil), w.linkBy(link.Digest{}))
}

func linkBelongs(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	both, none, nowhere, orphan := newInvitationLink(p.invitation), newLink(link.VerifyEmail, p.owner), newInvitationLink(p.invitation), newLink(link.VerifyEmail, p.newcomer)
	both.AccountID, none.AccountID, nowhere.OrganizationID = &p.owner.ID, nil, nil
	for what, l := range map[string]link.Link{
		"of an account and an invitation": both, "of neither": none, "to an invitation of no organization": nowhere,
		"of no account": orphan, "of a digest that is there": p.link,
	} {
		if err := w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Links().Add(w.ctx, l) }); err == nil {
			w.Errorf("a link %s was added", what)
		}
	}
	w.unchanged("what was refused", p, before)
}

func linkSpent(w *world) {
	p := w.found("acme")
	spend := func(tx ports.Tx) error { return tx.Links().Spend(w.ctx, p.link.Digest) }
	w.do(spend)
	w.same("the link", (*link.Link)(nil), w.linkBy(p.link.Digest))
	w.same("another link", &p.invited, w.linkBy(p.invited.Digest))
	w.refuses("again", spend, fault.ErrStale)
}

func linksVoided(w *world) {
	p, other := w.found("acme"), w.found("other")
	w.do(func(tx ports.Tx) error {
		return tx.Links().Void(w.ctx, p.owner.ID, link.ResetPassword, link.VerifyEmail)
	})
	before := w.dump(other)
	var all []link.Link
	for _, purpose := range []link.Purpose{link.VerifyEmail, link.ResetPassword, link.ChangeEmail} {
		for age := range 3 {
			l := newLink(purpose, p.owner)
			l.CreatedAt = start.Add(-time.Duration(age) * time.Hour)
			all = append(all, w.addLink(l))
		}
	}
	w.linksKept("at first", all, all...)
	void := func(what string, change func(ports.Links) error, kept ...link.Link) {
		w.Helper()
		w.do(func(tx ports.Tx) error { return change(tx.Links()) })
		w.linksKept(what, all, kept...)
	}
	void("no purpose", func(r ports.Links) error { return r.Void(w.ctx, p.owner.ID) }, all...)
	void("a purpose that it has none of", func(r ports.Links) error { return r.Void(w.ctx, p.owner.ID, link.UndoEmail) }, all...)
	void("another's", func(r ports.Links) error { return r.Void(w.ctx, p.stranger.ID, link.Purposes()...) }, all...)
	void("since an hour ago", func(r ports.Links) error {
		return r.VoidSince(w.ctx, p.owner.ID, link.ResetPassword, start.Add(-time.Hour))
	}, all[0], all[1], all[2], all[5], all[6], all[7], all[8])
	void("two purposes", func(r ports.Links) error {
		return r.Void(w.ctx, p.owner.ID, link.ChangeEmail, link.ResetPassword)
	}, all[0], all[1], all[2])
	w.unchanged("voiding links", other, before)
	w.same("the link to an invitation", &p.invited, w.linkBy(p.invited.Digest))
}

func invitationLinksVoided(w *world) {
	p := w.found("acme")
	second := w.addLink(newInvitationLink(p.invitation))
	another := w.addLink(newInvitationLink(w.invite(p, newInvitation(p.org.ID, "another@example.com", nil))))
	w.do(func(tx ports.Tx) error { return tx.Links().VoidInvitation(w.ctx, p.invitation.ID) })
	w.linksKept("an invitation's", []link.Link{p.invited, second, another, p.link, p.expired}, another, p.link, p.expired)
	w.same("the invitation", p.invitation, w.invitationByID(p, p.invitation.ID))
}

func linksGoWithAccount(w *world) {
	p, other := w.found("acme"), w.found("other")
	before := w.dump(other)
	w.do(func(tx ports.Tx) error { return tx.Accounts().Remove(w.ctx, p.owner.ID) })
	w.linksKept("an account's", []link.Link{p.invited, p.link, p.expired}, p.invited)
	w.unchanged("removing an account", other, before)
}

func linkSweep(w *world) {
	p := w.found("acme")
	now := w.clock.Now()
	ending, ends := newLink(link.VerifyEmail, p.owner), newLink(link.VerifyEmail, p.owner)
	ending.ExpiresAt, ends.ExpiresAt = now, now.Add(time.Microsecond)
	all := []link.Link{p.invited, p.link, p.expired, w.addLink(ending), w.addLink(ends)}
	sweep := func(tx ports.Tx) (int, error) { return tx.Links().Sweep(w.ctx) }
	w.counted("what has run out", 2, sweep)
	w.linksKept("after the sweep", all, p.invited, p.link, ends)
	w.counted("again", 0, sweep)
	w.clock.Advance(time.Microsecond)
	w.counted("a microsecond later", 1, sweep)
}

func linkSweepBatch(w *world) {
	p := w.found("acme")
	now := w.clock.Now()
	var all []link.Link
	for i := range ports.SweepBatch + 1 { // p.expired makes one more
		l := newLink(link.VerifyEmail, p.owner)
		l.ExpiresAt = now.Add(-time.Duration(i) * time.Microsecond)
		all = append(all, l)
	}
	w.do(func(tx ports.Tx) error {
		for _, l := range all {
			if err := tx.Links().Add(w.ctx, l); err != nil {
				return err
			}
		}
		return nil
	})
	sweep := func(tx ports.Tx) (int, error) { return tx.Links().Sweep(w.ctx) }
	w.counted("a batch", ports.SweepBatch, sweep)
	w.linksKept("the latest", []link.Link{p.link, p.invited, all[0], all[len(all)-1]}, p.link, p.invited, all[0])
	w.counted("what is left", 2, sweep)
	w.counted("nothing", 0, sweep)
}
