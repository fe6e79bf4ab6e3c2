package portstest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

var memberPromises = []promise{
	{"members and invitations are shown with what is known of them", membersShown},
	{"members and invitations come in pages, in the order of their ids", memberPages},
	{"a list is narrowed by status, role and text, in which nothing is a wildcard", memberFilters},
	{"an address finds its member, or else its open invitation", memberByEmail},
	{"an invitation is nowhere taken for a membership", invitationIsNoMembership},
	{"owners are counted", ownersCounted},
	{"saving writes the role", memberSave},
	{"locking moves the organization's version", lockMovesVersion},
	{"removing ends all that hung on the membership, and nothing else", memberRemoval},
	{"what is not there is not found", memberAbsence},
}

// shown is a member as its organization sees it.
func shown(m membership.Membership, a account.Account, inviter *account.ID) ports.Member {
	return ports.Member{
		ID: m.ID, OrganizationID: m.OrganizationID, AccountID: &m.AccountID, Email: a.Email, Name: a.Name,
		Role: m.Role, Status: membership.Active, InvitedBy: inviter, CreatedAt: m.CreatedAt,
	}
}

// shownInvited is an invitation as its organization sees it.
func shownInvited(i membership.Invitation) ports.Member {
	return ports.Member{
		ID: i.ID, OrganizationID: i.OrganizationID, Email: i.Email, Role: i.Role,
		Status: membership.Invited, InvitedBy: i.InvitedBy, ExpiresAt: &i.ExpiresAt, CreatedAt: i.CreatedAt,
	}
}

func (w *world) membersOf(p plot, filter ports.MemberFilter) []ports.Member {
	w.Helper()
	return look(w, func(tx ports.Tx) ([]ports.Member, error) {
		return tx.Members(p.grant()).List(w.ctx, filter, ports.Page[membership.ID]{Limit: whole})
	})
}

func (w *world) memberByEmail(p plot, email account.Email) *ports.Member {
	w.Helper()
	return look(w, func(tx ports.Tx) (*ports.Member, error) { return tx.Members(p.grant()).FindByEmail(w.ctx, email) })
}

func membersShown(w *world) {
	p := w.found("acme")
	full := fullAccount()
	w.addAccount(full)
	joined := w.join(p, full.ID, membership.Viewer)
	unsent := w.invite(p, newInvitation(p.org.ID, "by-nobody@example.com", nil))
	want := []ports.Member{
		shown(p.member, p.owner, nil), shownInvited(p.invitation), shown(joined, full, nil), shownInvited(unsent),
	}
	w.same("the list", want, w.membersOf(p, ports.MemberFilter{}))
	for _, m := range want {
		w.same("one of them", m, look(w, func(tx ports.Tx) (ports.Member, error) { return tx.Members(p.grant()).Show(w.ctx, m.ID) }))
	}
	w.same("the membership", joined, look(w, func(tx ports.Tx) (membership.Membership, error) {
		return tx.Members(p.grant()).Get(w.ctx, joined.ID)
	}))
}

func memberPages(w *world) {
	p := w.found("acme")
	w.join(w.found("other"), p.owner.ID, membership.Viewer)
	want := []membership.ID{p.member.ID, p.invitation.ID}
	for _, name := range []string{"e", "d", "c", "b", "a"} {
		want = append(want, w.join(p, w.newcomer(name+"@example.com").ID, membership.Viewer).ID)
		want = append(want, w.invite(p, newInvitation(p.org.ID, name+"-invited@example.com", nil)).ID)
	}
	paged(w, want, func(m ports.Member) membership.ID { return m.ID },
		func(tx ports.Tx, page ports.Page[membership.ID]) ([]ports.Member, error) {
			return tx.Members(p.grant()).List(w.ctx, ports.MemberFilter{}, page)
		})
}

func memberFilters(w *world) {
	p := w.found("acme") // ada acme@example.com is its owner
	for email, name := range map[string]string{
		"zoe@example.com": "\u00c9LODIE 100% _sure_", "grace@xn--bcher-kva.example": "Grace *HOPPER* \\", "sigma@example.com": "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3",
	} {
		a := named(newAccount(email), name)
		w.addAccount(a)
		w.join(p, a.ID, membership.Viewer)
	}
	for _, test := range []struct {
		filter ports.MemberFilter
		want   string // the local parts, in the order of the alphabet
	}{
		{ports.MemberFilter{}, "acme grace invited-acme sigma zoe"},
		{ports.MemberFilter{Status: membership.Invited}, "invited-acme"},
		{ports.MemberFilter{Status: membership.Active}, "acme grace sigma zoe"},
		{ports.MemberFilter{Role: membership.Viewer}, "grace sigma zoe"},
		{ports.MemberFilter{Role: membership.Admin}, ""},
		{ports.MemberFilter{Text: "EXAMPLE.com"}, "acme invited-acme sigma zoe"},
		{ports.MemberFilter{Text: "Hopper"}, "grace"},
		{ports.MemberFilter{Text: "\u00e9lodie"}, "zoe"},
		{ports.MemberFilter{Text: "\u00c9lodie"}, "zoe"},
		{ports.MemberFilter{Text: "\u03bf\u03b4\u03c5\u03c3\u03c3\u03b5\u03c5\u03c2"}, "sigma"},
		{ports.MemberFilter{Text: "%"}, "zoe"},
		{ports.MemberFilter{Text: "_sure"}, "zoe"},
		{ports.MemberFilter{Text: "*"}, "grace"},
		{ports.MemberFilter{Text: `\`}, "grace"},
		{ports.MemberFilter{Text: "z%e"}, ""},
		{ports.MemberFilter{Text: "' OR ''='"}, ""},
		{ports.MemberFilter{Text: "comada"}, ""}, // an address and a name are not one text
		{ports.MemberFilter{Text: "owner.acme"}, ""},
		{ports.MemberFilter{Status: membership.Invited, Role: membership.Developer, Text: "INVITED"}, "invited-acme"},
		{ports.MemberFilter{Status: membership.Active, Role: membership.Developer, Text: "INVITED"}, ""},
	} {
		w.same("the members by "+string(test.filter.Status)+" "+test.filter.Role.String()+" "+test.filter.Text,
			test.want, localParts(w.membersOf(p, test.filter)))
	}
}

// localParts lists what stands before the @, in the order of the alphabet.
func localParts(members []ports.Member) string {
	var parts []string
	for _, m := range members {
		parts = append(parts, m.Email.LocalPart())
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

func memberByEmail(w *world) {
	p, other := w.found("acme"), w.found("other")
	want := shown(p.member, p.owner, nil)
	w.same("a member's address", &want, w.memberByEmail(p, p.owner.Email))
	want = shownInvited(p.invitation)
	w.same("an invited address", &want, w.memberByEmail(p, p.invitation.Email))
	both := w.invite(p, newInvitation(p.org.ID, p.stranger.Email.String(), nil))
	want = shownInvited(both)
	w.same("an account's address that is invited", &want, w.memberByEmail(p, p.stranger.Email))
	want = shown(w.join(p, p.stranger.ID, membership.Viewer), p.stranger, nil)
	w.same("a member's address that is invited, too", &want, w.memberByEmail(p, p.stranger.Email))
	for what, email := range map[string]account.Email{
		"another organization's member": other.owner.Email, "another organization's invitation": other.invitation.Email,
		"nobody's address": p.newcomer.Email,
	} {
		w.same(what, (*ports.Member)(nil), w.memberByEmail(p, email))
	}
	w.clock.Advance(p.invitation.ExpiresAt.Sub(w.clock.Now()) - time.Microsecond)
	if w.memberByEmail(p, p.invitation.Email) == nil {
		w.Error("an invitation ended a microsecond early")
	}
	w.clock.Advance(time.Microsecond)
	w.same("an invitation that has run out", (*ports.Member)(nil), w.memberByEmail(p, p.invitation.Email))
}

func invitationIsNoMembership(w *world) {
	p := w.found("acme")
	owner := newInvitation(p.org.ID, p.stranger.Email.String(), &p.owner.ID)
	owner.Role = membership.Owner
	w.invite(p, owner)
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.Members(p.grant()).Get(w.ctx, owner.ID)
		w.refused("Members.Get", err, fault.ErrNotFound)
		m, err := tx.Memberships().Find(w.ctx, p.org.ID, p.stranger.ID)
		w.same("the membership", (*membership.Membership)(nil), m)
		return nil, err
	})
	w.same("the owners", 1, w.owners(p))
	sole := look(w, func(tx ports.Tx) ([]ports.SoleOwned, error) { return tx.Memberships().SoleOwned(w.ctx, p.owner.ID) })
	if len(sole) != 1 || sole[0].Others != 0 {
		w.Errorf("beside an invited owner the only owner solely owns %+v", sole)
	}
	asMember := owner.Accept(p.stranger.ID, start)
	w.refuses("saving it as a membership", func(tx ports.Tx) error { return tx.Members(p.grant()).Save(w.ctx, asMember) }, fault.ErrStale)
	w.refuses("removing it as a membership", func(tx ports.Tx) error { return tx.Members(p.grant()).Remove(w.ctx, asMember) }, fault.ErrNotFound)
	member := membership.Invitation{ID: p.member.ID, OrganizationID: p.org.ID, Role: membership.Viewer, Version: 1, ExpiresAt: start}
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.Invitations(p.grant()).Get(w.ctx, p.member.ID)
		w.refused("a membership as an invitation", err, fault.ErrNotFound)
		return nil, nil
	})
	w.refuses("saving a membership as an invitation", func(tx ports.Tx) error { return tx.Invitations(p.grant()).Save(w.ctx, member) }, fault.ErrStale)
	w.refuses("accepting a membership", func(tx ports.Tx) error { return tx.Invitations(p.grant()).Accept(w.ctx, member, p.stranger.ID) }, fault.ErrStale)
	w.refuses("withdrawing a membership", func(tx ports.Tx) error { return tx.Invitations(p.grant()).Remove(w.ctx, p.member.ID) }, fault.ErrNotFound)
}

func (w *world) owners(p plot) int {
	w.Helper()
	return look(w, func(tx ports.Tx) (int, error) { return tx.Members(p.grant()).Owners(w.ctx) })
}

func ownersCounted(w *world) {
	p := w.found("acme")
	for _, role := range membership.Roles() {
		w.join(p, w.newcomer(role.String()+"@example.com").ID, role)
	}
	w.same("the owners", 2, w.owners(p))
	w.same("the owners of another organization", 1, w.owners(w.found("other")))
	w.do(func(tx ports.Tx) error { return tx.Members(p.grant()).Remove(w.ctx, p.member) })
	w.same("the owners after one left", 1, w.owners(p))
}

func memberSave(w *world) {
	p := w.found("acme")
	m, bystander := w.join(p, p.stranger.ID, membership.Viewer), p.member
	changed := m
	changed.Role, changed.UpdatedAt, changed.CreatedAt = membership.Admin, start.Add(time.Hour), start.Add(time.Hour)
	changed.AccountID = p.owner.ID
	w.do(func(tx ports.Tx) error { return tx.Members(p.grant()).Save(w.ctx, changed) })
	get := func(id membership.ID) membership.Membership {
		return look(w, func(tx ports.Tx) (membership.Membership, error) { return tx.Members(p.grant()).Get(w.ctx, id) })
	}
	want := m
	want.Role, want.UpdatedAt, want.Version = membership.Admin, changed.UpdatedAt, m.Version+1
	w.same("the member", want, get(m.ID))
	w.same("the other member", bystander, get(bystander.ID))
	for _, version := range []int64{m.Version, m.Version + 2} {
		stale := changed
		stale.Role, stale.Version = membership.Owner, version
		w.refuses("another version", func(tx ports.Tx) error { return tx.Members(p.grant()).Save(w.ctx, stale) }, fault.ErrStale)
	}
	w.same("the member after what was refused", want, get(m.ID))
}

func lockMovesVersion(w *world) {
	p, other := w.found("acme"), w.found("other")
	before := w.dump(other)
	w.do(func(tx ports.Tx) error { return tx.Members(p.grant()).Lock(w.ctx) })
	want := p.org
	want.Version++
	w.same("the organization", want, w.organizationByID(p.org))
	w.unchanged("locking", other, before)
	w.refuses("no organization", func(tx ports.Tx) error {
		return tx.Members(access.Found(p.next.ID, p.owner.ID)).Lock(w.ctx)
	}, fault.ErrNotFound)
}

func memberRemoval(w *world) {
	p, other := w.found("acme"), w.found("other")
	leaver := w.newcomer("leaver@example.com")
	m, elsewhere := w.join(p, leaver.ID, membership.Admin), w.join(other, leaver.ID, membership.Admin)
	in, out := w.addSession(newSession(leaver.ID, &p.org.ID)), w.addSession(newSession(leaver.ID, &other.org.ID))
	bound, boundElsewhere, free := newAccountKey(leaver.ID, &p.org.ID), newAccountKey(leaver.ID, &other.org.ID), newAccountKey(leaver.ID, nil)
	w.do(func(tx ports.Tx) error {
		keys := tx.AccountKeys()
		return errors.Join(keys.Add(w.ctx, bound), keys.Add(w.ctx, boundElsewhere), keys.Add(w.ctx, free))
	})
	sent := w.invite(p, newInvitation(p.org.ID, "sent@example.com", &leaver.ID))
	sentLink := w.addLink(newInvitationLink(sent))
	sentElsewhere := w.invite(other, newInvitation(other.org.ID, "sent@example.com", &leaver.ID))
	taken := w.invite(p, newInvitation(p.org.ID, p.stranger.Email.String(), &leaver.ID))
	w.do(func(tx ports.Tx) error { return tx.Invitations(p.grant()).Accept(w.ctx, taken, p.stranger.ID) })
	remaining := slices.DeleteFunc(w.membersOf(p, ports.MemberFilter{}), func(row ports.Member) bool { return row.ID == m.ID || row.ID == sent.ID })
	before := w.dump(other)

	w.do(func(tx ports.Tx) error { return tx.Members(p.grant()).Remove(w.ctx, m) })

	w.same("who is left, the one whom the leaver invited among them", remaining, w.membersOf(p, ports.MemberFilter{}))
	w.same("the link to what the leaver sent", (*link.Link)(nil), w.linkBy(sentLink.Digest))
	w.same("the link to what another sent", &p.invited, w.linkBy(p.invited.Digest))
	in.OrganizationID = nil
	w.same("the leaver's sessions", []session.Session{in, out}, w.sessionsOf(leaver.ID))
	w.same("another's session", p.session, w.actor(p.session.ID, nil).Session)
	w.same("the leaver's keys", []accountkey.Key{boundElsewhere, free}, w.accountKeysOf(leaver.ID))
	w.same("another's keys", []accountkey.Key{p.accountKey}, w.accountKeysOf(p.owner.ID))
	w.unchanged("removing a member", other, before)
	w.same("the membership elsewhere", shown(elsewhere, leaver, nil), *w.memberByEmail(other, leaver.Email))
	w.same("the invitation elsewhere", shownInvited(sentElsewhere), *w.memberByEmail(other, sentElsewhere.Email))
	w.join(p, leaver.ID, membership.Viewer) // may come back
}

func memberAbsence(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	gone := newMembership(p.org.ID, p.stranger.ID, membership.Viewer)
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.Members(p.grant()).Get(w.ctx, gone.ID)
		w.refused("Get", err, fault.ErrNotFound)
		_, err = tx.Members(p.grant()).Show(w.ctx, gone.ID)
		w.refused("Show", err, fault.ErrNotFound)
		return nil, nil
	})
	w.refuses("Save", func(tx ports.Tx) error { return tx.Members(p.grant()).Save(w.ctx, gone) }, fault.ErrStale)
	w.refuses("Remove", func(tx ports.Tx) error { return tx.Members(p.grant()).Remove(w.ctx, gone) }, fault.ErrNotFound)
	another := p.member
	another.AccountID = p.stranger.ID
	w.refuses("removing another's membership", func(tx ports.Tx) error { return tx.Members(p.grant()).Remove(w.ctx, another) }, fault.ErrNotFound)
	w.refuses("a second membership", func(tx ports.Tx) error {
		return tx.Members(p.grant()).Add(w.ctx, newMembership(p.org.ID, p.owner.ID, membership.Viewer))
	}, membership.ErrAlreadyMember)
	w.unchanged("a member that is not there", p, before)
}
