package portstest

import (
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

var membershipPromises = []promise{
	{"every role comes back as it was kept", membershipRoundTrip},
	{"an account is a member of an organization once", membershipOnce},
	{"an account's organizations come in pages, the oldest membership first", membershipPages},
	{"others see only organizations in which they are owner or admin", membershipSeenBy},
	{"only organizations without another owner are solely owned", membershipSoleOwned},
	{"a new member moves the organization's version", membershipMovesVersion},
}

func (w *world) join(p plot, who account.ID, role membership.Role) membership.Membership {
	w.Helper()
	m := newMembership(p.org.ID, who, role)
	w.do(func(tx ports.Tx) error { return tx.Members(p.grant()).Add(w.ctx, m) })
	return m
}

func (w *world) newcomer(email string) account.Account {
	w.Helper()
	a := newAccount(email)
	w.addAccount(a)
	return a
}

func membershipRoundTrip(w *world) {
	p := w.found("acme")
	for _, role := range membership.Roles() {
		who := w.newcomer(role.String() + "@example.com")
		want := w.join(p, who.ID, role)
		got := look(w, func(tx ports.Tx) (*membership.Membership, error) {
			return tx.Memberships().Find(w.ctx, p.org.ID, who.ID)
		})
		w.same("the "+role.String(), &want, got)
	}
	for what, of := range map[string]struct {
		org organization.ID
		who account.ID
	}{
		"a stranger":      {p.org.ID, p.stranger.ID},
		"nobody":          {p.org.ID, p.newcomer.ID},
		"no organization": {p.next.ID, p.owner.ID},
	} {
		got := look(w, func(tx ports.Tx) (*membership.Membership, error) { return tx.Memberships().Find(w.ctx, of.org, of.who) })
		w.same(what, (*membership.Membership)(nil), got)
	}
}

func membershipOnce(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	for what, m := range map[string]membership.Membership{
		"a second membership of one account": newMembership(p.org.ID, p.owner.ID, membership.Viewer),
		"a membership of nobody":             newMembership(p.org.ID, p.newcomer.ID, membership.Viewer),
	} {
		if err := w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Members(p.grant()).Add(w.ctx, m) }); err == nil {
			w.Errorf("%s was added", what)
		}
	}
	w.unchanged("what was refused", p, before)
}

func affiliated(a ports.Affiliation) id.Of[membership.Membership] { return a.Membership.ID }

func membershipPages(w *world) {
	who := w.newcomer("ada@example.com")
	var want []membership.ID
	var all []ports.Affiliation
	for _, slug := range []string{"e", "d", "c", "b", "a"} {
		p := w.found(slug)
		m := w.join(p, who.ID, membership.Developer)
		o := look(w, func(tx ports.Tx) (organization.Organization, error) { return tx.Organization(p.grant()).Get(w.ctx) })
		want, all = append(want, m.ID), append(all, ports.Affiliation{Organization: o, Membership: m})
	}
	got := look(w, func(tx ports.Tx) ([]ports.Affiliation, error) {
		return tx.Memberships().List(w.ctx, who.ID, ports.Page[membership.ID]{Limit: whole})
	})
	w.same("the organizations", all, got)
	paged(w, want, affiliated, func(tx ports.Tx, page ports.Page[membership.ID]) ([]ports.Affiliation, error) {
		return tx.Memberships().List(w.ctx, who.ID, page)
	})
	paged(w, want, affiliated, func(tx ports.Tx, page ports.Page[membership.ID]) ([]ports.Affiliation, error) {
		return tx.Memberships().ListSeenBy(w.ctx, who.ID, w.ownerOfAll(who.ID), page)
	})
	empty(w, "a stranger's organizations", func(tx ports.Tx) ([]ports.Affiliation, error) {
		return tx.Memberships().List(w.ctx, newAccount("nobody@example.com").ID, ports.Page[membership.ID]{Limit: whole})
	})
}

// ownerOfAll makes an account that is owner wherever who is a member.
func (w *world) ownerOfAll(who account.ID) account.ID {
	w.Helper()
	email := "owner-of-all@example.com"
	if known := look(w, func(tx ports.Tx) (*account.Account, error) {
		return tx.Accounts().FindByEmail(w.ctx, account.StoredEmail(email))
	}); known != nil {
		return known.ID
	}
	owner := w.newcomer(email)
	for _, a := range look(w, func(tx ports.Tx) ([]ports.Affiliation, error) {
		return tx.Memberships().List(w.ctx, who, ports.Page[membership.ID]{Limit: whole})
	}) {
		w.join(plot{org: a.Organization, owner: owner}, owner.ID, membership.Owner)
	}
	return owner.ID
}

func membershipSeenBy(w *world) {
	who, seer := w.newcomer("ada@example.com"), w.newcomer("seer@example.com")
	var want []membership.ID
	for _, role := range membership.Roles() {
		p := w.found("seer-is-" + role.String())
		m := w.join(p, who.ID, membership.Viewer)
		w.join(p, seer.ID, role)
		if role >= membership.Admin {
			want = append(want, m.ID)
		}
	}
	w.join(w.found("seer-is-nobody"), who.ID, membership.Viewer)
	w.join(w.found("seer-is-alone"), seer.ID, membership.Owner)
	paged(w, want, affiliated, func(tx ports.Tx, page ports.Page[membership.ID]) ([]ports.Affiliation, error) {
		return tx.Memberships().ListSeenBy(w.ctx, who.ID, seer.ID, page)
	})
	empty(w, "what a viewer sees of the seer", func(tx ports.Tx) ([]ports.Affiliation, error) {
		return tx.Memberships().ListSeenBy(w.ctx, seer.ID, who.ID, ports.Page[membership.ID]{Limit: whole})
	})
	empty(w, "what nobody sees", func(tx ports.Tx) ([]ports.Affiliation, error) {
		return tx.Memberships().ListSeenBy(w.ctx, who.ID, newAccount("nobody@example.com").ID, ports.Page[membership.ID]{Limit: whole})
	})
}

func membershipSoleOwned(w *world) {
	who, other, third := w.newcomer("ada@example.com"), w.newcomer("other@example.com"), w.newcomer("third@example.com")
	want := map[string]int{}
	for _, test := range []struct {
		slug          string
		role, another membership.Role
		others        int // -1: not solely owned
	}{
		{"alone", membership.Owner, membership.None, 0},
		{"with-admin", membership.Owner, membership.Admin, 2},
		{"with-viewer", membership.Owner, membership.Viewer, 2},
		{"with-owner", membership.Owner, membership.Owner, -1},
		{"as-admin", membership.Admin, membership.Viewer, -1},
	} {
		o := newOrganization(test.slug)
		p := plot{org: o, owner: who}
		w.do(func(tx ports.Tx) error { _, err := tx.Organizations().Add(w.ctx, o); return err })
		w.join(p, who.ID, test.role)
		if test.another != membership.None {
			w.join(p, other.ID, test.another)
			w.join(p, third.ID, membership.Viewer)
		}
		if test.others >= 0 {
			want[test.slug] = test.others
		}
	}
	got := map[string]int{}
	for _, sole := range look(w, func(tx ports.Tx) ([]ports.SoleOwned, error) { return tx.Memberships().SoleOwned(w.ctx, who.ID) }) {
		got[sole.Organization.Slug.String()] = sole.Others
		kept := look(w, func(tx ports.Tx) (organization.Organization, error) {
			return tx.Organization(plot{org: sole.Organization, owner: who}.grant()).Get(w.ctx)
		})
		w.same("the organization", kept, sole.Organization)
	}
	w.same("others in what is solely owned", want, got)
	empty(w, "what a viewer solely owns", func(tx ports.Tx) ([]ports.SoleOwned, error) { return tx.Memberships().SoleOwned(w.ctx, third.ID) })
}

func membershipMovesVersion(w *world) {
	p := w.found("acme")
	w.join(p, p.stranger.ID, membership.Owner)
	w.movedOn("a new member", p)
}
