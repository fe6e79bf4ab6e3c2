package portstest

import (
	"crypto/sha256"
	"time"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

var keyPromises = []promise{
	{"every field comes back as it was kept", keyRoundTrip},
	{"a digest belongs to one key", keyDigestOnce},
	{"what is presented finds the key with all that it opens", keyFound},
	{"keys come in pages, in the order of their ids", keyPages},
	{"a revoked key stays revoked from the first time on", keyRevoked},
	{"what is not there is not found", keyAbsence},
	{"a use moves forward only and passes over keys that are gone", keyTouched},
	{"many uses together each move their own key", keysTouchedTogether},
}

func (w *world) addKey(p plot, k apikey.Key) apikey.Key {
	w.Helper()
	w.do(func(tx ports.Tx) error { return tx.APIKeys(p.grant()).Add(w.ctx, k) })
	return k
}

func fullKey(p plot) apikey.Key {
	k := newKey(p.environment, &p.owner.ID)
	k.Name, k.Type, k.Prefix = naming.StoredName(odd[0]), apikey.Client, "sdk-staging-pub-Zz09aA"
	k.Scopes = apikey.Scopes{"-", "a.b_c:d-e", "flags:read"}
	k.ExpiresAt = pointer(time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC))
	k.LastUsedAt, k.RevokedAt = pointer(start.Add(time.Microsecond)), pointer(start.Add(time.Hour))
	k.EndsAt = pointer(start.Add(2 * time.Hour))
	k.Digest = apikey.Digest{0, 255, '\'', '\\', 0, 10} // bytes of every kind
	return k
}

func keyRoundTrip(w *world) {
	p := w.found("acme")
	full, bare := w.addKey(p, fullKey(p)), w.addKey(p, newKey(p.environment, nil))
	w.same("the key with all fields", full, w.keyByID(p, full.ID))
	w.same("the key with no optional field", bare, w.keyByID(p, bare.ID))
}

func keyDigestOnce(w *world) {
	p, other := w.found("acme"), w.found("other")
	before, beforeOther := w.dump(p), w.dump(other)
	again, elsewhere := newKey(p.environment, nil), newKey(other.environment, nil)
	again.Digest, elsewhere.Digest = p.key.Digest, p.key.Digest
	for what, add := range map[string]func(tx ports.Tx) error{
		"in one organization": func(tx ports.Tx) error { return tx.APIKeys(p.grant()).Add(w.ctx, again) },
		"in another":          func(tx ports.Tx) error { return tx.APIKeys(other.grant()).Add(w.ctx, elsewhere) },
		"with one id":         func(tx ports.Tx) error { return tx.APIKeys(p.grant()).Add(w.ctx, p.key) },
	} {
		if err := w.store.Do(w.ctx, add); err == nil {
			w.Errorf("a key was added twice, %s", what)
		}
	}
	w.unchanged("what was refused", p, before)
	w.unchanged("what was refused", other, beforeOther)
}

func (w *world) opened(digest apikey.Digest) *ports.Opened {
	w.Helper()
	return look(w, func(tx ports.Tx) (*ports.Opened, error) { return tx.KeyIndex().Find(w.ctx, digest) })
}

func keyFound(w *world) {
	p, other := w.found("acme"), w.found("other")
	want := ports.Opened{Key: p.key, Place: &ports.Place{Environment: p.environment, Project: p.project, Organization: p.org}}
	w.same("what a key opens", &want, w.opened(p.key.Digest))
	ended := fullKey(p)
	ended.ExpiresAt, ended.RevokedAt = pointer(start.Add(-time.Hour)), pointer(start.Add(-2*time.Hour))
	want.Key = w.addKey(p, ended)
	w.same("what a revoked key that has expired would open", &want, w.opened(ended.Digest))
	w.same("what another organization's key opens",
		&ports.Opened{Key: other.key, Place: &ports.Place{Environment: other.environment, Project: other.project, Organization: other.org}},
		w.opened(other.key.Digest))
	w.same("what an unknown key opens", (*ports.Opened)(nil), w.opened(sha256.Sum256([]byte("unknown"))))
	w.same("what no key opens", (*ports.Opened)(nil), w.opened(apikey.Digest{}))
}

func keyPages(w *world) {
	p := w.found("acme")
	another := w.addEnvironment(p, newEnvironment(p.project, "another"))
	list := func(tx ports.Tx, page ports.Page[apikey.ID]) ([]apikey.Key, error) {
		return tx.APIKeys(p.grant()).List(w.ctx, p.environment.ID, page)
	}
	empty(w, "the keys of an environment that has none", func(tx ports.Tx) ([]apikey.Key, error) {
		return tx.APIKeys(p.grant()).List(w.ctx, another.ID, ports.Page[apikey.ID]{Limit: whole})
	})
	made := []apikey.Key{p.key, fullKey(p)}
	for range 4 {
		made = append(made, newKey(p.environment, nil))
	}
	for i := len(made) - 1; i > 0; i-- { // not in the order of their ids
		w.addKey(p, made[i])
		w.addKey(p, newKey(another, nil))
	}
	ids := make([]apikey.ID, len(made))
	for i, m := range made {
		ids[i] = m.ID
	}
	w.same("the keys", made, look(w, func(tx ports.Tx) ([]apikey.Key, error) {
		return list(tx, ports.Page[apikey.ID]{Limit: whole})
	}))
	paged(w, ids, func(row apikey.Key) apikey.ID { return row.ID }, list)
}

func keyRevoked(w *world) {
	p := w.found("acme")
	revoke := func(k apikey.Key) {
		w.Helper()
		w.do(func(tx ports.Tx) error { return tx.APIKeys(p.grant()).Revoke(w.ctx, k.ID) })
	}
	bystander := w.addKey(p, newKey(p.environment, nil))
	later := newKey(p.environment, nil)
	later.RevokedAt = pointer(w.clock.Now().Add(time.Hour))
	w.addKey(p, later)
	first, revoked := w.clock.Now(), p.key
	revoke(p.key)
	revoked.RevokedAt = &first
	w.same("the revoked key", revoked, w.keyByID(p, p.key.ID))
	w.clock.Advance(time.Minute)
	revoke(p.key)
	w.same("the key revoked again", revoked, w.keyByID(p, p.key.ID))
	w.same("the revoked key, by what is presented", revoked, w.opened(p.key.Digest).Key)
	revoke(later)
	later.RevokedAt = pointer(first.Add(time.Minute))
	w.same("a key that was to end later", later, w.keyByID(p, later.ID))
	w.same("the other key", bystander, w.keyByID(p, bystander.ID))
}

func keyAbsence(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	gone, lost := newKey(p.environment, nil), newKey(newEnvironment(p.project, "lost"), nil)
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.APIKeys(p.grant()).Get(w.ctx, gone.ID)
		w.refused("Get", err, fault.ErrNotFound)
		return nil, nil
	})
	w.refuses("Revoke", func(tx ports.Tx) error { return tx.APIKeys(p.grant()).Revoke(w.ctx, gone.ID) }, fault.ErrNotFound)
	w.refuses("adding to no environment", func(tx ports.Tx) error { return tx.APIKeys(p.grant()).Add(w.ctx, lost) }, fault.ErrNotFound)
	w.unchanged("a key that is not there", p, before)
}

func keyTouched(w *world) {
	p, other := w.found("acme"), w.found("other")
	unused := w.addKey(p, newKey(p.environment, nil))
	gone := newKey(p.environment, nil)
	noon := start.Add(time.Hour)
	touch := func(uses ...ports.Use) {
		w.Helper()
		w.do(func(tx ports.Tx) error { return tx.KeyIndex().Touch(w.ctx, uses) })
	}
	use := func(in plot, k apikey.Key, at time.Time) ports.Use {
		return ports.Use{Organization: in.org.ID, Key: k.ID, At: at}
	}
	lastUse := func(what string, in plot, k apikey.Key, at time.Time) {
		w.Helper()
		k.LastUsedAt = &at
		w.same(what, k, w.keyByID(in, k.ID))
	}
	touch()
	touch(use(p, gone, noon))
	touch(use(other, other.key, noon), use(p, gone, noon), use(p, p.key, noon))
	lastUse("the first use", p, p.key, noon)
	lastUse("the first use in another organization", other, other.key, noon)
	w.same("a key that was not used", unused, w.keyByID(p, unused.ID))
	touch(use(p, p.key, noon.Add(-time.Microsecond)))
	lastUse("an earlier use", p, p.key, noon)
	touch(use(p, p.key, noon))
	lastUse("the same use", p, p.key, noon)
	late := noon.Add(time.Microsecond)
	touch(use(p, p.key, late), use(p, p.key, noon), use(p, unused, noon), use(p, unused, late))
	lastUse("the latest of a batch, first", p, p.key, late)
	lastUse("the latest of a batch, last", p, unused, late)
}

// keysTouchedTogether touches more than an engine may at once, in two organizations and
// with keys between them that are gone, foreign or were used later.
func keysTouchedTogether(w *world) {
	const manyTouched = 120
	p, other := w.found("acme"), w.found("other")
	early, late := start.Add(time.Hour), start.Add(2*time.Hour)
	var uses []ports.Use
	want := map[apikey.ID]*time.Time{}
	for i := range manyTouched {
		in := p
		if i%4 == 0 {
			in = other
		}
		k := newKey(in.environment, nil)
		use := ports.Use{Organization: in.org.ID, Key: k.ID, At: early.Add(time.Duration(i) * time.Second)}
		switch i % 10 {
		case 1:
			uses = append(uses, use) // gone: it was never there
			continue
		case 2:
			k.LastUsedAt = &late
			want[k.ID] = &late
		case 3:
			use.Organization = newID[organization.Organization]() // not this one's
		default:
			want[k.ID] = &use.At
		}
		w.addKey(in, k)
		uses = append(uses, use)
	}
	w.do(func(tx ports.Tx) error { return tx.KeyIndex().Touch(w.ctx, uses) })
	for _, in := range []plot{p, other} {
		kept := look(w, func(tx ports.Tx) ([]apikey.Key, error) {
			return tx.APIKeys(in.grant()).List(w.ctx, in.environment.ID, ports.Page[apikey.ID]{Limit: manyTouched})
		})
		for _, k := range kept {
			w.same("the last use of "+k.ID.String(), want[k.ID], k.LastUsedAt)
		}
	}
}
