// Package ports has the interfaces by which the use cases reach the world, and
// the promises that every implementation keeps. What is written here is tested
// by package portstest against each adapter.
//
// Verbs mean the same everywhere. Get returns a not-found fault where there is
// nothing; Find returns nil and no error. Add refuses what a unique rule
// forbids, with the fault of the noun that owns the rule. Save needs the
// version that was read and returns fault.ErrStale when the row has moved on.
// Save and Remove touch exactly one row or fail. List is ordered by id, which
// is the order of creation. Times come back in UTC with microseconds. Lists are
// never nil.
package ports

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/access"
)

// Store keeps everything. Errors are faults: fault.ErrUnavailable when the
// database cannot be reached or the context ended first, fault.ErrBusy when
// contention outlasted every retry, or too many wait for a slow database.
type Store interface {
	// Do runs fn as one serializable unit of work and commits what it did, all
	// or nothing: when fn returns an error, panics, or swallowed the error of a
	// statement, nothing is kept. fn may run several times, whenever a
	// conflicting unit won, and so touches nothing but tx.
	Do(ctx context.Context, fn func(tx Tx) error) error

	// Alone runs fn, which makes one change by one statement, as a unit of its own:
	// committed with the statement, in one round trip. The change is atomic, and
	// comes after any other that is made to its row, whose outcome it sees; what
	// it reads of other rows is what was committed before it began. So one row has
	// to decide. fn may run several times, and where a connection breaks between
	// the commit and its answer, the change may be made twice: it must bear that.
	// A second statement fails, and so does a change of which a Hearer has to be
	// told.
	Alone(ctx context.Context, fn func(tx Tx) error) error

	// View runs fn read-only and takes no write lock. Each statement sees
	// everything that was committed before it began; two statements of one View
	// may see different states, so what must agree is one statement or a Do.
	// Every change inside a View fails.
	View(ctx context.Context, fn func(tx Tx) error) error

	// Ping says whether the database answers and its schema is one that this
	// program can work on.
	Ping(ctx context.Context) error

	// Tend lets the database look after itself, where it does not do so on its own:
	// it is cheap, and asked for every few minutes.
	Tend(ctx context.Context) error
}

// Tx is a unit of work, of use only inside the function that it was given to.
// The first group holds what exists before anybody was authorized; the second
// is tenant data, bound to the organization of the grant: a row of another
// organization does not exist there. A grant that permits no change makes
// every change fail.
type Tx interface {
	// Now is the unit's one frozen time, in UTC with microseconds.
	Now() time.Time

	Accounts() Accounts
	Sessions() Sessions
	Memberships() Memberships
	Organizations() Organizations
	KeyIndex() KeyIndex
	Throttles() Throttles
	Keyring() Keyring
	Links() Links
	Outbox() Outbox
	AccountKeys() AccountKeys
	Audit() Audit
	Directory() Directory
	Repairs() Repairs
	Answers() Answers

	Organization(access.Grant) Organization
	Members(access.Grant) Members
	Invitations(access.Grant) Invitations
	Projects(access.Grant) Projects
	Environments(access.Grant) Environments
	APIKeys(access.Grant) APIKeys
	AuditLog(access.Grant) AuditLog
}

// Run is Do with a value, kept with the attempt that was committed.
func Run[T any](ctx context.Context, s Store, fn func(tx Tx) (T, error)) (T, error) {
	return collect(ctx, s.Do, fn)
}

// RunAlone is Alone with a value.
func RunAlone[T any](ctx context.Context, s Store, fn func(tx Tx) (T, error)) (T, error) {
	return collect(ctx, s.Alone, fn)
}

// Look is View with a value.
func Look[T any](ctx context.Context, s Store, fn func(tx Tx) (T, error)) (T, error) {
	return collect(ctx, s.View, fn)
}

type unit = func(context.Context, func(Tx) error) error

func collect[T any](ctx context.Context, do unit, fn func(tx Tx) (T, error)) (T, error) {
	var kept, none T
	err := do(ctx, func(tx Tx) error {
		value, err := fn(tx)
		kept = value
		return err
	})
	if err != nil {
		return none, err
	}
	return kept, nil
}

// SweepBatch is how many rows one call of a sweep deletes at most, so that it
// ends in time and holds nobody up, however much has run out.
const SweepBatch = 1000

// Page asks for at most Limit rows that come after the given id. The zero id
// asks for the first page.
type Page[ID any] struct {
	After ID
	Limit int
}
