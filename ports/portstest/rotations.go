package portstest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

var rotationPromises = []promise{
	{"a rotation keeps the successor, the end and the lineage", rotationKept},
	{"a key is rotated once", rotationOnce},
	{"of rotations at once one wins", rotationRace},
	{"a rotation of what is not there keeps nothing", rotationAbsence},
	{"uses of a caller add up, and the time of the last moves forward only", callersAddUp},
	{"callers beyond the bound are counted together", callersBounded},
	{"counts at once are all kept", callersAtOnce},
	{"callers and lineage go with the environment", rotationRemoval},
	{"keys that were used lately are found in their place", keysUsedLately},
}

func (w *world) succeed(p plot, ending, successor apikey.Key) {
	w.Helper()
	w.do(func(tx ports.Tx) error { return tx.APIKeys(p.grant()).Rotate(w.ctx, ending, successor) })
}

func (w *world) lineage(p plot, id apikey.ID) apikey.Lineage {
	w.Helper()
	return look(w, func(tx ports.Tx) (apikey.Lineage, error) { return tx.APIKeys(p.grant()).Lineage(w.ctx, id) })
}

func (w *world) callers(p plot, id apikey.ID) apikey.Callers {
	w.Helper()
	return look(w, func(tx ports.Tx) (apikey.Callers, error) { return tx.APIKeys(p.grant()).Callers(w.ctx, id) })
}

func (w *world) count(uses ...ports.CallerUse) {
	w.Helper()
	w.do(func(tx ports.Tx) error { return tx.KeyIndex().Count(w.ctx, uses) })
}

func rotationKept(w *world) {
	p, other := w.found("acme"), w.found("other")
	before := w.dump(other)
	w.same("a key without relatives", apikey.Lineage{Key: p.key}, w.lineage(p, p.key.ID))
	ending, second, third := p.key, newKey(p.environment, &p.owner.ID), newKey(p.environment, nil)
	ending.EndsAt = pointer(start.Add(time.Hour))
	changed := ending
	changed.Name, changed.ExpiresAt = other.key.Name, pointer(start) // no part of a rotation
	w.succeed(p, changed, second)
	w.same("the first key", apikey.Lineage{Key: ending, Successor: &second.ID}, w.lineage(p, p.key.ID))
	w.same("what the first key opens", ending, w.opened(p.key.Digest).Key)
	w.same("what the second key opens", second, w.opened(second.Digest).Key)
	rotated := second
	rotated.EndsAt = pointer(start.Add(2 * time.Hour))
	w.succeed(p, rotated, third)
	w.same("the second key", apikey.Lineage{Key: rotated, Predecessor: &p.key.ID, Successor: &third.ID}, w.lineage(p, second.ID))
	w.same("the third key", apikey.Lineage{Key: third, Predecessor: &second.ID}, w.lineage(p, third.ID))
	w.same("its callers", apikey.Callers{}, w.callers(p, third.ID))
	w.unchanged("a rotation", other, before)
}

func rotationOnce(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	again := p.rotated
	again.EndsAt = pointer(start.Add(30 * time.Hour))
	w.refuses("rotating it again", func(tx ports.Tx) error {
		return tx.APIKeys(p.grant()).Rotate(w.ctx, again, newKey(p.guarded, nil))
	}, apikey.ErrRotated)
	w.unchanged("rotating a key again", p, before)
}

func rotationRace(w *world) {
	p := w.found("acme")
	const racers = 6
	results := make([]error, racers)
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			ending := p.key
			ending.EndsAt = pointer(start.Add(time.Duration(i) * time.Hour))
			results[i] = w.store.Do(w.ctx, func(tx ports.Tx) error {
				return tx.APIKeys(p.grant()).Rotate(w.ctx, ending, newKey(p.environment, nil))
			})
		})
	}
	all.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
		} else {
			w.refused("a rotation that lost", err, apikey.ErrRotated)
		}
	}
	keys := look(w, func(tx ports.Tx) ([]apikey.Key, error) {
		return tx.APIKeys(p.grant()).List(w.ctx, p.environment.ID, ports.Page[apikey.ID]{Limit: whole})
	})
	if won != 1 || len(keys) != 2 {
		w.Errorf("%d rotations won, and there are %d keys", won, len(keys))
	}
}

func rotationAbsence(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	gone := newKey(p.environment, nil)
	gone.EndsAt = pointer(start)
	w.refuses("rotating it", func(tx ports.Tx) error {
		return tx.APIKeys(p.grant()).Rotate(w.ctx, gone, newKey(p.environment, nil))
	}, fault.ErrNotFound)
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.APIKeys(p.grant()).Lineage(w.ctx, gone.ID)
		w.refused("its lineage", err, fault.ErrNotFound)
		return nil, nil
	})
	w.same("its callers", apikey.Callers{}, w.callers(p, gone.ID))
	w.count()
	w.count(ports.CallerUse{Organization: p.org.ID, Key: gone.ID, Callers: calledFrom("192.0.2.1", 1)})
	w.same("its callers, counted", apikey.Callers{}, w.callers(p, gone.ID))
	w.unchanged("a key that is not there", p, before)
}

func callersAddUp(w *world) {
	p, other := w.found("acme"), w.found("other")
	before := w.dump(other)
	a, b, silent := apikey.Caller{Address: "192.0.2.1", UserAgent: odd[0]}, apikey.Caller{Address: "192.0.2.1", UserAgent: "b"}, apikey.Caller{Address: "2001:db8::1"}
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	use := func(callers apikey.Callers) ports.CallerUse {
		return ports.CallerUse{Organization: p.org.ID, Key: p.key.ID, Callers: callers}
	}
	w.count(use(apikey.Callers{a: {Uses: 2, LastUsedAt: at(5)}, b: {Uses: 1, LastUsedAt: at(1)}}))
	w.count(use(apikey.Callers{a: {Uses: 3, LastUsedAt: at(4)}, silent: {Uses: 1, LastUsedAt: at(9)}}))
	w.count(use(apikey.Callers{b: {Uses: 1 << 40, LastUsedAt: at(7)}}), use(apikey.Callers{b: {Uses: 1, LastUsedAt: at(2)}}))
	w.same("the callers", apikey.Callers{
		a: {Uses: 5, LastUsedAt: at(5)}, b: {Uses: 1<<40 + 2, LastUsedAt: at(7)}, silent: {Uses: 1, LastUsedAt: at(9)},
	}, w.callers(p, p.key.ID))
	w.count(ports.CallerUse{Organization: p.org.ID, Key: other.rotated.ID, Callers: calledFrom("192.0.2.9", 1)})
	w.unchanged("counting under another organization", other, before)
}

func callersBounded(w *world) {
	p := w.found("acme")
	const batches, each = 3, 40
	for batch := range batches {
		callers := apikey.Callers{}
		for i := range each {
			callers[apikey.Caller{Address: fmt.Sprintf("192.0.2.%d", batch*each+i)}] = apikey.Usage{Uses: 2, LastUsedAt: start}
		}
		w.count(ports.CallerUse{Organization: p.org.ID, Key: p.key.ID, Callers: callers})
	}
	first := apikey.Caller{Address: "192.0.2.0"}
	w.count(ports.CallerUse{Organization: p.org.ID, Key: p.key.ID, Callers: apikey.Callers{first: {Uses: 1, LastUsedAt: start}}})
	kept := w.callers(p, p.key.ID)
	if len(kept) != apikey.MaxCallers+1 || kept.Total().Uses != batches*each*2+1 || kept[first].Uses != 3 {
		w.Errorf("%d callers with %d uses, of the first %d", len(kept), kept.Total().Uses, kept[first].Uses)
	}
	if others := kept[apikey.Caller{}].Uses; others != (batches*each-apikey.MaxCallers)*2 {
		w.Errorf("%d uses by others", others)
	}
}

func callersAtOnce(w *world) {
	p := w.found("acme")
	const writers, rounds = 4, 5
	errs := make([]error, writers)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for range rounds {
				errs[i] = errors.Join(errs[i], w.store.Do(w.ctx, func(tx ports.Tx) error {
					return tx.KeyIndex().Count(w.ctx, []ports.CallerUse{{Organization: p.org.ID, Key: p.key.ID, Callers: calledFrom("192.0.2.1", 1)}})
				}))
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		w.Fatal(err)
	}
	w.same("the callers", calledFrom("192.0.2.1", writers*rounds), w.callers(p, p.key.ID))
}

func rotationRemoval(w *world) {
	p := w.found("acme")
	w.do(func(tx ports.Tx) error { return tx.Environments(p.grant()).Remove(w.ctx, p.guarded.ID) })
	for name, id := range map[string]apikey.ID{"the rotated key": p.rotated.ID, "its successor": p.successor.ID} {
		look(w, func(tx ports.Tx) (any, error) {
			_, err := tx.APIKeys(p.grant()).Lineage(w.ctx, id)
			w.refused(name, err, fault.ErrNotFound)
			return nil, nil
		})
	}
	w.same("its callers", apikey.Callers{}, w.callers(p, p.rotated.ID))
}

func keysUsedLately(w *world) {
	p, other := w.found("acme"), w.found("other")
	noon := start.Add(12 * time.Hour)
	place := func(e environment.Environment, used *time.Time) apikey.Key {
		w.Helper()
		k := newKey(e, nil)
		k.LastUsedAt = used
		return w.addKey(p, k)
	}
	another := w.addProject(p, newProject(p.org.ID, "another"))
	elsewhere := place(w.addEnvironment(p, newEnvironment(another, "elsewhere")), &noon)
	place(p.environment, pointer(noon.Add(-time.Microsecond)))
	in, late := place(p.environment, &noon), place(p.guarded, pointer(noon.Add(time.Hour)))
	in.RevokedAt = pointer(w.clock.Now())
	w.do(func(tx ports.Tx) error { return tx.APIKeys(p.grant()).Revoke(w.ctx, in.ID) })
	for _, test := range []struct {
		name  string
		in    project.ID
		one   *environment.ID
		limit int
		want  []apikey.Key
	}{
		{"of a project", p.project.ID, nil, whole, []apikey.Key{in, late}},
		{"of an environment", p.project.ID, &p.guarded.ID, whole, []apikey.Key{late}},
		{"the first of a project", p.project.ID, nil, 1, []apikey.Key{in}},
		{"of another project", another.ID, nil, whole, []apikey.Key{elsewhere}},
		{"of an environment of another project", another.ID, &p.guarded.ID, whole, []apikey.Key{}},
		{"of another organization's project", other.project.ID, nil, whole, []apikey.Key{}},
	} {
		w.same(test.name, test.want, look(w, func(tx ports.Tx) ([]apikey.Key, error) {
			return tx.APIKeys(p.grant()).ListUsed(w.ctx, test.in, test.one, noon, test.limit)
		}))
	}
}
