// Package memory remembers what credentials stand for, so that a request asks
// the database nothing that was asked a moment ago.
//
// Everything it knows counts for less than a second, unless a feed tells it of
// every change that another process commits (Confirm, Forget): then until the
// feed has been silent for too long, which is less than a second as well. Either
// way ports.Staleness bounds how long a revoked credential can be taken for
// good. Changes of this process come from its own store and count at once.
package memory

import (
	"context"
	"errors"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// How many answers are kept. A key takes about 0.7 KB, its environment 0.6 KB
// once, an actor 1 KB.
const (
	maxKeys     = 131_072
	maxPlaces   = 16_384
	maxSessions = 65_536
	maxAccounts = 16_384
)

// Memory implements ports.Credentials and ports.Hearer.
type Memory struct {
	*freshness
	clock       ports.Clock
	keys        *shelf[apikey.Digest, ports.Opened]
	sessions    *shelf[sessionIn, access.Actor]
	accountKeys *shelf[accountKeyIn, access.Actor]
	places      *otter.Cache[environment.ID, *ports.Place]
}

var (
	_ ports.Credentials = (*Memory)(nil)
	_ ports.Hearer      = (*Memory)(nil)
)

// sessionIn is a session in an organization; the zero one is its own.
type sessionIn struct {
	id  session.ID
	org organization.ID
}

// accountKeyIn is an account key in an organization; the zero one is its own.
type accountKeyIn struct {
	digest apikey.Digest
	org    organization.ID
}

// New returns a memory of what the store says. Close it at the end.
func New(store ports.Store, clock ports.Clock) (*Memory, error) {
	m := &Memory{freshness: &freshness{}, clock: clock}
	m.ForgetAll()
	var errPlaces, errKeys, errSessions, errAccountKeys error
	m.places, errPlaces = otter.New(&otter.Options[environment.ID, *ports.Place]{MaximumSize: maxPlaces})
	m.keys, errKeys = newShelf(m.freshness, maxKeys, func(ctx context.Context, digest apikey.Digest) (answer[ports.Opened], error) {
		o, err := ports.Look(ctx, store, func(tx ports.Tx) (*ports.Opened, error) { return tx.KeyIndex().Find(ctx, digest) })
		if err != nil || o == nil {
			return answer[ports.Opened]{}, err
		}
		o.Place = m.shared(o.Place)
		on := []ports.Subject{ports.Subject(o.Key.ID), ports.Subject(o.Environment.ID), ports.Subject(o.Project.ID), ports.Subject(o.Organization.ID)}
		return answer[ports.Opened]{o, on, true}, nil
	})
	m.sessions, errSessions = newShelf(m.freshness, maxSessions, func(ctx context.Context, k sessionIn) (answer[access.Actor], error) {
		a, err := ports.Look(ctx, store, func(tx ports.Tx) (*access.Actor, error) { return tx.Sessions().Find(ctx, k.id, given(k.org)) })
		if err != nil || a == nil {
			return answer[access.Actor]{}, err
		}
		said := actor(a, ports.Subject(k.id))
		said.keep = said.keep && !a.Session.Ended(m.clock.Now())
		return said, nil
	})
	m.accountKeys, errAccountKeys = newShelf(m.freshness, maxAccounts, func(ctx context.Context, k accountKeyIn) (answer[access.Actor], error) {
		a, err := ports.Look(ctx, store, func(tx ports.Tx) (*access.Actor, error) { return tx.AccountKeys().Find(ctx, k.digest, given(k.org)) })
		if err != nil || a == nil {
			return answer[access.Actor]{}, err
		}
		return actor(a, ports.Subject(a.Key.ID)), nil
	})
	return m, errors.Join(errPlaces, errKeys, errSessions, errAccountKeys)
}

// actor is to be kept for members only. That somebody becomes one is announced
// to nobody, and so is asked again each time; as is a session that has run out,
// which may be refreshed.
func actor(a *access.Actor, by ports.Subject) answer[access.Actor] {
	on := []ports.Subject{by, ports.Subject(a.Account.ID)}
	if a.Membership != nil {
		on = append(on, ports.Subject(a.Membership.OrganizationID))
	}
	return answer[access.Actor]{a, on, a.Membership != nil}
}

// shared returns an equal place that other keys stand in, so that an
// environment's keys keep one copy of it.
func (m *Memory) shared(loaded *ports.Place) *ports.Place {
	if kept, present := m.places.GetIfPresent(loaded.Environment.ID); present && *kept == *loaded {
		return kept
	}
	m.places.Set(loaded.Environment.ID, loaded)
	return loaded
}

// Key implements ports.Credentials.
func (m *Memory) Key(ctx context.Context, digest apikey.Digest) (*ports.Opened, time.Duration, error) {
	return m.keys.get(ctx, digest)
}

// Session implements ports.Credentials. A session that has run out may have been
// refreshed elsewhere since it was asked about.
func (m *Memory) Session(ctx context.Context, id session.ID, org *organization.ID) (*access.Actor, error) {
	key := sessionIn{id, orZero(org)}
	a, age, err := m.sessions.get(ctx, key)
	if a != nil && age > 0 && a.Session.Ended(m.clock.Now()) {
		m.Forget(ports.Subject(id))
		a, _, err = m.sessions.get(ctx, key)
	}
	return a, err
}

// AccountKey implements ports.Credentials.
func (m *Memory) AccountKey(ctx context.Context, digest apikey.Digest, org *organization.ID) (*access.Actor, error) {
	a, _, err := m.accountKeys.get(ctx, accountKeyIn{digest, orZero(org)})
	return a, err
}

// Behind is how far answers may lag behind the store at this moment.
func (m *Memory) Behind() time.Duration { return m.behind(time.Now()) }

// Hears says whether changes of other processes are heard at this moment.
func (m *Memory) Hears() bool { return m.hears(time.Now()) }

// Usage is what became of questions of one kind.
type Usage struct {
	Entries      int
	Hits, Misses uint64 // answered from memory; put to the store
}

// Usages are by the kind of credential.
func (m *Memory) Usages() map[string]func() Usage {
	return map[string]func() Usage{"environment_key": m.keys.usage, "session": m.sessions.usage, "account_key": m.accountKeys.usage}
}

// Close lets go of the goroutines.
func (m *Memory) Close() {
	m.keys.close()
	m.sessions.close()
	m.accountKeys.close()
	m.places.StopAllGoroutines()
}

func given(org organization.ID) *organization.ID {
	if org.IsZero() {
		return nil
	}
	return &org
}

func orZero(org *organization.ID) organization.ID {
	if org == nil {
		return organization.ID{}
	}
	return *org
}
