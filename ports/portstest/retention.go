package portstest

import (
	"time"

	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

var retentionPromises = []promise{
	{"environment keys that ended before a time are found page by page and swept, with their rotations", endedKeysSwept},
	{"account keys that ran out before a time are swept, and nothing else", accountKeysSwept},
	{"invitations that ran out before a time are swept, and no member", invitationsSwept},
	{"a database may be tended at any time", databaseTended},
}

func (p plot) addressOf(k apikey.Key) ports.KeyAddress {
	return ports.KeyAddress{Organization: p.org.ID, Key: k.ID}
}

func endedKeysSwept(w *world) {
	p := w.found("acme")
	end := start.Add(time.Hour)
	lapsing := newKey(p.environment, nil)
	lapsing.ExpiresAt = &end
	lapsed := w.addKey(p, lapsing)
	revoked := w.addKey(p, newKey(p.environment, nil))
	w.do(func(tx ports.Tx) error { return tx.APIKeys(p.grant()).Revoke(w.ctx, revoked.ID) }) // a minute after the start
	inspect := func(before time.Time, after ports.KeyAddress, limit int) ports.InspectedKeys {
		return look(w, func(tx ports.Tx) (ports.InspectedKeys, error) {
			return tx.KeyIndex().Inspect(w.ctx, before, after, limit)
		})
	}
	sweep := func(before time.Time, ended ...apikey.Key) func(tx ports.Tx) (int, error) {
		var addresses []ports.KeyAddress
		for _, k := range ended {
			addresses = append(addresses, p.addressOf(k))
		}
		return func(tx ports.Tx) (int, error) { return tx.KeyIndex().Sweep(w.ctx, before, addresses) }
	}
	last := p.addressOf(revoked)
	w.same("at the very end", ports.InspectedKeys{Ended: []ports.KeyAddress{p.addressOf(revoked)}, Last: last}, inspect(end, ports.KeyAddress{}, whole))
	w.same("later", ports.InspectedKeys{Ended: []ports.KeyAddress{p.addressOf(lapsed), p.addressOf(revoked)}, Last: last},
		inspect(end.Add(time.Microsecond), ports.KeyAddress{}, whole))
	w.same("long after", ports.InspectedKeys{
		Ended: []ports.KeyAddress{p.addressOf(p.rotated), p.addressOf(lapsed), p.addressOf(revoked)}, Last: last,
	}, inspect(long, ports.KeyAddress{}, whole))
	w.same("a page", ports.InspectedKeys{Ended: []ports.KeyAddress{p.addressOf(lapsed)}, Last: p.addressOf(lapsed)}, inspect(long, p.addressOf(p.successor), 1))
	w.same("what comes after the last", ports.InspectedKeys{}, inspect(long, last, 1))

	elsewhere := ports.KeyAddress{Organization: w.found("other").org.ID, Key: lapsed.ID}
	w.counted("what has ended, under another organization", 0, func(tx ports.Tx) (int, error) {
		return tx.KeyIndex().Sweep(w.ctx, long, []ports.KeyAddress{elsewhere})
	})
	w.counted("what lives, and what had not ended yet", 0, sweep(end, p.key, p.successor, lapsed, p.rotated))
	w.counted("what has ended", 3, sweep(long, p.key, p.successor, lapsed, revoked, p.rotated))
	for _, gone := range []apikey.Key{lapsed, revoked, p.rotated} {
		w.same("a key that was swept", (*ports.Opened)(nil), w.opened(gone.Digest))
	}
	for _, lives := range []apikey.Key{p.key, p.successor} {
		if w.opened(lives.Digest) == nil {
			w.Error("a key that lives was swept")
		}
	}
}

func accountKeysSwept(w *world) {
	p := w.found("acme")
	endless := w.addAccountKey(newAccountKey(p.owner.ID, nil))
	sweep := func(before time.Time) func(tx ports.Tx) (int, error) {
		return func(tx ports.Tx) (int, error) { return tx.AccountKeys().Sweep(w.ctx, before) }
	}
	w.counted("nothing at the very end", 0, sweep(*p.accountKey.ExpiresAt))
	w.counted("what ran out", 1, sweep(long))
	w.same("what stays", []accountkey.Key{endless}, w.accountKeysOf(p.owner.ID))
}

func invitationsSwept(w *world) {
	p := w.found("acme")
	later := newInvitation(p.org.ID, "later@example.com", nil)
	later.ExpiresAt = long
	w.invite(p, later)
	sweep := func(before time.Time) func(tx ports.Tx) (int, error) {
		return func(tx ports.Tx) (int, error) { return tx.Memberships().Sweep(w.ctx, before) }
	}
	w.counted("nothing at the very end", 0, sweep(p.invitation.ExpiresAt))
	w.counted("what ran out", 1, sweep(long))
	w.refuses("what was swept", func(tx ports.Tx) error {
		_, err := tx.Invitations(p.grant()).Get(w.ctx, p.invitation.ID)
		return err
	}, fault.ErrNotFound)
	w.same("what stays", later, w.invitationByID(p, later.ID))
	found := look(w, func(tx ports.Tx) (ports.Member, error) { return tx.Members(p.grant()).Show(w.ctx, p.member.ID) })
	w.same("the member", p.member.ID, found.ID)
}

func databaseTended(w *world) {
	w.found("acme")
	if err := w.store.Tend(w.ctx); err != nil {
		w.Error(err)
	}
}
