package portstest

import (
	"crypto/sha256"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

var accountKeyPromises = []promise{
	{"every field comes back as it was kept", accountKeyRoundTrip},
	{"an account's keys come in pages, the oldest first", accountKeyPages},
	{"what is presented finds the account, with the membership that is meant", accountKeyFound},
	{"a bound key reaches nothing but its organization", boundKeyFound},
	{"one key is ended by its own account only", accountKeyRemoval},
	{"keys go with their account, and bound ones with the membership", accountKeysGo},
	{"a digest belongs to one key, and a key to an account that is there", accountKeyOnce},
	{"a use moves forward only and passes over keys that are gone", accountKeyTouched},
}

func (w *world) addAccountKey(k accountkey.Key) accountkey.Key {
	w.Helper()
	w.do(func(tx ports.Tx) error { return tx.AccountKeys().Add(w.ctx, k) })
	return k
}

func (w *world) accountKeysOf(who account.ID) []accountkey.Key {
	w.Helper()
	return look(w, func(tx ports.Tx) ([]accountkey.Key, error) {
		return tx.AccountKeys().List(w.ctx, who, ports.Page[accountkey.ID]{Limit: whole})
	})
}

func (w *world) keyActor(digest apikey.Digest, org *organization.ID) *access.Actor {
	w.Helper()
	return look(w, func(tx ports.Tx) (*access.Actor, error) { return tx.AccountKeys().Find(w.ctx, digest, org) })
}

func fullAccountKey(who account.ID, bound organization.ID) accountkey.Key {
	k := newAccountKey(who, &bound)
	k.Name, k.Scopes = naming.StoredName(odd[0]), accountkey.Scopes{accountkey.Read, accountkey.Write, accountkey.Keys}
	k.ExpiresAt, k.LastUsedAt = pointer(start.Add(time.Hour)), pointer(start.Add(time.Microsecond))
	k.CreatedAt = start.Add(-time.Hour)
	k.Digest = apikey.Digest{0, 255, '\'', '\\', 0, 10} // bytes of every kind
	return k
}

func accountKeyRoundTrip(w *world) {
	p := w.found("acme")
	full := w.addAccountKey(fullAccountKey(p.owner.ID, p.org.ID))
	w.same("the keys", []accountkey.Key{p.accountKey, full}, w.accountKeysOf(p.owner.ID))
	w.same("who holds the full one", &access.Actor{Account: p.owner, Key: &full, Membership: &p.member}, w.keyActor(full.Digest, nil))
	w.same("who holds the bare one", &access.Actor{Account: p.owner, Key: &p.accountKey, Membership: &p.member}, w.keyActor(p.accountKey.Digest, nil))
	w.same("who holds an unknown one", (*access.Actor)(nil), w.keyActor(sha256.Sum256([]byte("unknown")), nil))
	w.same("who holds none", (*access.Actor)(nil), w.keyActor(apikey.Digest{}, &p.org.ID))
}

func accountKeyPages(w *world) {
	p := w.found("acme")
	made := []accountkey.Key{newAccountKey(p.owner.ID, nil), newAccountKey(p.owner.ID, &p.org.ID), newAccountKey(p.owner.ID, nil)}
	want := []accountkey.ID{p.accountKey.ID}
	for i := len(made) - 1; i >= 0; i-- { // not in the order of their ids
		want = append(want, w.addAccountKey(made[i]).ID)
		w.addAccountKey(newAccountKey(p.stranger.ID, nil))
	}
	paged(w, want, func(k accountkey.Key) accountkey.ID { return k.ID },
		func(tx ports.Tx, page ports.Page[accountkey.ID]) ([]accountkey.Key, error) {
			return tx.AccountKeys().List(w.ctx, p.owner.ID, page)
		})
	empty(w, "the keys of who has none", func(tx ports.Tx) ([]accountkey.Key, error) {
		return tx.AccountKeys().List(w.ctx, p.newcomer.ID, ports.Page[accountkey.ID]{Limit: whole})
	})
}

func accountKeyFound(w *world) {
	a, b := w.found("a"), w.found("b")
	second := w.join(b, a.owner.ID, membership.Viewer)
	lone := w.addAccountKey(newAccountKey(a.stranger.ID, nil))
	w.invite(a, newInvitation(a.org.ID, a.stranger.Email.String(), nil))
	tests := []struct {
		name string
		key  accountkey.Key
		org  *organization.ID
		want *membership.Membership
	}{
		{"none given", a.accountKey, nil, &a.member},
		{"the oldest given", a.accountKey, &a.org.ID, &a.member},
		{"another given", a.accountKey, &b.org.ID, &second},
		{"one given that there is not", a.accountKey, &a.next.ID, nil},
		{"one given that it is no member of", b.accountKey, &a.org.ID, nil},
		{"none given, and only invited", lone, nil, nil},
		{"one given, and only invited", lone, &a.org.ID, nil},
	}
	for _, test := range tests {
		actor := w.keyActor(test.key.Digest, test.org)
		if actor == nil {
			w.Errorf("%s: nobody holds the key", test.name)
			continue
		}
		w.same(test.name+": the membership", test.want, actor.Membership)
		w.same(test.name+": the key", &test.key, actor.Key)
	}
}

func boundKeyFound(w *world) {
	a, b := w.found("a"), w.found("b")
	second := w.join(b, a.owner.ID, membership.Viewer)
	older, newer := w.addAccountKey(newAccountKey(a.owner.ID, &a.org.ID)), w.addAccountKey(newAccountKey(a.owner.ID, &b.org.ID))
	for name, test := range map[string]struct {
		key  accountkey.Key
		org  *organization.ID
		want *membership.Membership
	}{
		"none given to one bound to the oldest":         {older, nil, &a.member},
		"none given to one bound to another":            {newer, nil, &second},
		"its own given to one bound to the oldest":      {older, &a.org.ID, &a.member},
		"its own given to one bound to another":         {newer, &b.org.ID, &second},
		"another given to one bound to the oldest":      {older, &b.org.ID, nil},
		"the oldest given to one bound to another":      {newer, &a.org.ID, nil},
		"given that there is not, to one that is bound": {older, &a.next.ID, nil},
	} {
		w.same(name, test.want, w.keyActor(test.key.Digest, test.org).Membership)
	}
}

func accountKeyRemoval(w *world) {
	p, other := w.found("acme"), w.found("other")
	before, beforeOther := w.dump(p), w.dump(other)
	remove := func(who account.ID, id accountkey.ID) func(ports.Tx) error {
		return func(tx ports.Tx) error { return tx.AccountKeys().Remove(w.ctx, who, id) }
	}
	w.refuses("another's key", remove(other.owner.ID, p.accountKey.ID), fault.ErrNotFound)
	w.refuses("a key that is not there", remove(p.owner.ID, newAccountKey(p.owner.ID, nil).ID), fault.ErrNotFound)
	w.unchanged("what was refused", p, before)
	stays := w.addAccountKey(newAccountKey(p.owner.ID, nil))
	w.do(remove(p.owner.ID, p.accountKey.ID))
	w.same("what stays", []accountkey.Key{stays}, w.accountKeysOf(p.owner.ID))
	w.same("who holds the key", (*access.Actor)(nil), w.keyActor(p.accountKey.Digest, nil))
	w.refuses("again", remove(p.owner.ID, p.accountKey.ID), fault.ErrNotFound)
	w.unchanged("ending a key", other, beforeOther)
}

func accountKeysGo(w *world) {
	a, b := w.found("a"), w.found("b")
	w.join(b, a.owner.ID, membership.Viewer)
	inA, inB := w.addAccountKey(newAccountKey(a.owner.ID, &a.org.ID)), w.addAccountKey(newAccountKey(a.owner.ID, &b.org.ID))
	w.do(func(tx ports.Tx) error { return tx.Organization(b.grant()).Remove(w.ctx) })
	w.same("after an organization", []accountkey.Key{a.accountKey, inA}, w.accountKeysOf(a.owner.ID))
	w.do(func(tx ports.Tx) error { return tx.Members(a.grant()).Remove(w.ctx, a.member) })
	w.same("after a membership", []accountkey.Key{a.accountKey}, w.accountKeysOf(a.owner.ID))
	w.same("what is left", &access.Actor{Account: a.owner, Key: &a.accountKey}, w.keyActor(a.accountKey.Digest, nil))
	w.do(func(tx ports.Tx) error { return tx.Accounts().Remove(w.ctx, a.owner.ID) })
	for _, k := range []accountkey.Key{a.accountKey, inA, inB} {
		w.same("who holds a key after the account", (*access.Actor)(nil), w.keyActor(k.Digest, nil))
	}
	w.same("another's keys", []accountkey.Key{b.accountKey}, w.accountKeysOf(b.owner.ID))
}

func accountKeyOnce(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	again := newAccountKey(p.stranger.ID, nil)
	again.Digest = p.accountKey.Digest
	for what, k := range map[string]accountkey.Key{
		"of a digest that is there": again, "of an id that is there": p.accountKey, "of no account": newAccountKey(p.newcomer.ID, nil),
		"for no organization": newAccountKey(p.owner.ID, &p.next.ID),
	} {
		if err := w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.AccountKeys().Add(w.ctx, k) }); err == nil {
			w.Errorf("a key %s was added", what)
		}
	}
	w.unchanged("what was refused", p, before)
}

func accountKeyTouched(w *world) {
	p, other := w.found("acme"), w.found("other")
	noon := start.Add(time.Hour)
	touch := func(what string, want *time.Time, uses ...ports.AccountKeyUse) {
		w.Helper()
		w.do(func(tx ports.Tx) error { return tx.AccountKeys().Touch(w.ctx, uses) })
		k := p.accountKey
		k.LastUsedAt = want
		w.same(what, []accountkey.Key{k}, w.accountKeysOf(p.owner.ID))
	}
	use := func(at time.Time) ports.AccountKeyUse { return ports.AccountKeyUse{Key: p.accountKey.ID, At: at} }
	gone := ports.AccountKeyUse{Key: newAccountKey(p.owner.ID, nil).ID, At: noon}
	touch("no use", nil)
	touch("a use of what is gone", nil, gone)
	touch("the first use", &noon, gone, use(noon))
	touch("an earlier use", &noon, use(noon.Add(-time.Microsecond)))
	late := noon.Add(time.Microsecond)
	touch("the latest of a batch, first", &late, use(late), use(noon))
	later := late.Add(time.Microsecond)
	touch("the latest of a batch, last", &later, use(noon), use(later))
	w.same("another's key", []accountkey.Key{other.accountKey}, w.accountKeysOf(other.owner.ID))
}
