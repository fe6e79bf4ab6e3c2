package portstest

import (
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/ports"
)

var invitationPromises = []promise{
	{"every field comes back as it was kept", invitationRoundTrip},
	{"an address has one open invitation in an organization", invitationOnce},
	{"an invitation that has run out makes room for the next", invitationReplaced},
	{"saving writes role, expiry and who invited", invitationSave},
	{"accepting makes a membership of the same id, once", invitationAccepted},
	{"whoever is a member already cannot accept", invitationOfMember},
	{"withdrawing takes the links along", invitationRemoval},
	{"an invitation outlives the account that sent it, and not the organization", invitationOutlives},
	{"what is not there is not found", invitationAbsence},
}

func (w *world) invite(p plot, i membership.Invitation) membership.Invitation {
	w.Helper()
	w.do(func(tx ports.Tx) error { return tx.Invitations(p.grant()).Add(w.ctx, i) })
	return i
}

func (w *world) invitationByID(p plot, id membership.ID) membership.Invitation {
	w.Helper()
	return look(w, func(tx ports.Tx) (membership.Invitation, error) { return tx.Invitations(p.grant()).Get(w.ctx, id) })
}

func invitationRoundTrip(w *world) {
	p := w.found("acme")
	for _, role := range membership.Roles() {
		full := newInvitation(p.org.ID, role.String()+"@xn--bcher-kva.example", &p.owner.ID)
		full.Role, full.Version = role, 7
		full.ExpiresAt, full.CreatedAt, full.UpdatedAt = start.Add(time.Microsecond), start.Add(time.Second), start.Add(time.Hour)
		w.same("the "+role.String()+"'s invitation", w.invite(p, full), w.invitationByID(p, full.ID))
	}
	bare := w.invite(p, newInvitation(p.org.ID, "bare@example.com", nil))
	w.same("an invitation by nobody", bare, w.invitationByID(p, bare.ID))
}

func invitationOnce(w *world) {
	p, other := w.found("acme"), w.found("other")
	before, beforeOther := w.dump(p), w.dump(other)
	again := newInvitation(p.org.ID, p.invitation.Email.String(), nil)
	w.refuses("a second invitation", func(tx ports.Tx) error {
		return tx.Invitations(p.grant()).Add(w.ctx, again)
	}, membership.ErrAlreadyInvited)
	w.unchanged("what was refused", p, before)
	w.unchanged("what was refused", other, beforeOther)
	w.invite(other, newInvitation(other.org.ID, p.invitation.Email.String(), nil))
	w.do(func(tx ports.Tx) error { return tx.Invitations(p.grant()).Remove(w.ctx, p.invitation.ID) })
	w.invite(p, again)
}

func invitationReplaced(w *world) {
	p, other := w.found("acme"), w.found("other")
	elsewhere := w.invite(other, newInvitation(other.org.ID, p.invitation.Email.String(), nil))
	another := w.invite(p, newInvitation(p.org.ID, "another@example.com", nil))
	next := newInvitation(p.org.ID, p.invitation.Email.String(), nil)
	w.clock.Advance(p.invitation.ExpiresAt.Sub(w.clock.Now()) - time.Microsecond)
	next.ExpiresAt = w.clock.Now().Add(time.Hour)
	w.refuses("a second invitation, a microsecond early", func(tx ports.Tx) error {
		return tx.Invitations(p.grant()).Add(w.ctx, next)
	}, membership.ErrAlreadyInvited)
	w.clock.Advance(time.Microsecond)
	w.invite(p, next)
	w.same("the invitations", []ports.Member{shownInvited(another), shownInvited(next)}, w.membersOf(p, ports.MemberFilter{Status: membership.Invited}))
	w.same("the old invitation's link", (*link.Link)(nil), w.linkBy(p.invited.Digest))
	w.same("another organization's", elsewhere, w.invitationByID(other, elsewhere.ID))
}

func invitationSave(w *world) {
	p := w.found("acme")
	changed := p.invitation
	changed.Role, changed.InvitedBy, changed.Email = membership.Admin, &p.stranger.ID, account.StoredEmail("moved@example.com")
	changed.ExpiresAt, changed.UpdatedAt, changed.CreatedAt = start.Add(time.Hour), start.Add(time.Minute), start.Add(time.Second)
	w.do(func(tx ports.Tx) error { return tx.Invitations(p.grant()).Save(w.ctx, changed) })
	want := changed
	want.Email, want.CreatedAt, want.Version = p.invitation.Email, p.invitation.CreatedAt, p.invitation.Version+1
	w.same("the invitation", want, w.invitationByID(p, p.invitation.ID))
	for _, version := range []int64{p.invitation.Version, p.invitation.Version + 2} {
		stale := changed
		stale.Role, stale.Version = membership.Owner, version
		w.refuses("another version", func(tx ports.Tx) error { return tx.Invitations(p.grant()).Save(w.ctx, stale) }, fault.ErrStale)
	}
	w.same("the invitation after what was refused", want, w.invitationByID(p, p.invitation.ID))
	want.InvitedBy = nil
	w.do(func(tx ports.Tx) error { return tx.Invitations(p.grant()).Save(w.ctx, want) })
	want.Version++
	w.same("the invitation, by nobody now", want, w.invitationByID(p, p.invitation.ID))
}

func invitationAccepted(w *world) {
	p := w.found("acme")
	accept := func(who account.Account, i membership.Invitation) func(ports.Tx) error {
		return func(tx ports.Tx) error { return tx.Invitations(p.grant()).Accept(w.ctx, i, who.ID) }
	}
	early := p.invitation
	early.Version++
	w.refuses("another version", accept(p.stranger, early), fault.ErrStale)
	w.do(accept(p.stranger, p.invitation))
	want := p.invitation.Accept(p.stranger.ID, w.clock.Now())
	want.Version++
	got := look(w, func(tx ports.Tx) (*membership.Membership, error) {
		return tx.Memberships().Find(w.ctx, p.org.ID, p.stranger.ID)
	})
	w.same("the membership", &want, got)
	w.same("the member", shown(want, p.stranger, &p.owner.ID), *w.memberByEmail(p, p.stranger.Email))
	w.same("the invited address", (*ports.Member)(nil), w.memberByEmail(p, p.invitation.Email))
	w.movedOn("an acceptance", p)
	late := w.newcomer("late@example.com")
	for _, version := range []int64{p.invitation.Version, want.Version} {
		again := p.invitation
		again.Version = version
		w.refuses("accepting again", accept(late, again), fault.ErrStale)
	}
	w.invite(p, newInvitation(p.org.ID, p.invitation.Email.String(), nil)) // its address is free again
}

func invitationOfMember(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	w.refuses("a member", func(tx ports.Tx) error {
		return tx.Invitations(p.grant()).Accept(w.ctx, p.invitation, p.owner.ID)
	}, membership.ErrAlreadyMember)
	if err := w.store.Do(w.ctx, func(tx ports.Tx) error {
		return tx.Invitations(p.grant()).Accept(w.ctx, p.invitation, p.newcomer.ID)
	}); err == nil {
		w.Error("an account that there is not has accepted")
	}
	w.unchanged("what was refused", p, before)
}

func invitationRemoval(w *world) {
	p := w.found("acme")
	another := w.invite(p, newInvitation(p.org.ID, "another@example.com", nil))
	stays := w.addLink(newInvitationLink(another))
	w.do(func(tx ports.Tx) error { return tx.Invitations(p.grant()).Remove(w.ctx, p.invitation.ID) })
	w.same("the invitations", []ports.Member{shownInvited(another)}, w.membersOf(p, ports.MemberFilter{Status: membership.Invited}))
	w.same("its link", (*link.Link)(nil), w.linkBy(p.invited.Digest))
	w.same("the other's link", &stays, w.linkBy(stays.Digest))
}

func invitationOutlives(w *world) {
	p := w.found("acme")
	w.do(func(tx ports.Tx) error { return tx.Accounts().Remove(w.ctx, p.owner.ID) })
	want := p.invitation
	want.InvitedBy = nil
	w.same("the invitation of an account that is gone", want, w.invitationByID(p, p.invitation.ID))
	w.same("its link", &p.invited, w.linkBy(p.invited.Digest))
	w.do(func(tx ports.Tx) error { return tx.Organization(p.grant()).Remove(w.ctx) })
	w.same("the link into an organization that is gone", (*link.Link)(nil), w.linkBy(p.invited.Digest))
}

func invitationAbsence(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	gone := newInvitation(p.org.ID, "gone@example.com", nil)
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.Invitations(p.grant()).Get(w.ctx, gone.ID)
		w.refused("Get", err, fault.ErrNotFound)
		return nil, nil
	})
	w.refuses("Save", func(tx ports.Tx) error { return tx.Invitations(p.grant()).Save(w.ctx, gone) }, fault.ErrStale)
	w.refuses("Accept", func(tx ports.Tx) error { return tx.Invitations(p.grant()).Accept(w.ctx, gone, p.stranger.ID) }, fault.ErrStale)
	w.refuses("Remove", func(tx ports.Tx) error { return tx.Invitations(p.grant()).Remove(w.ctx, gone.ID) }, fault.ErrNotFound)
	w.unchanged("an invitation that is not there", p, before)
}
