// Package apikey has the keys by which SDKs and product backends call in. Each
// opens exactly one environment.
package apikey

import (
	"errors"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
)

// ID identifies a key.
type ID = id.Of[Key]

// Key is what is kept of a secret: never the secret itself.
type Key struct {
	ID             ID
	OrganizationID organization.ID
	EnvironmentID  environment.ID
	Name           naming.Name
	Type           Type
	Prefix         string
	Digest         Digest
	Scopes         Scopes
	ExpiresAt      *time.Time
	LastUsedAt     *time.Time
	RevokedAt      *time.Time
	EndsAt         *time.Time  // when its overlap with a successor ends; nil unless it was rotated
	CreatedBy      *account.ID // nil once that account is gone; the key is the organization's
	CreatedAt      time.Time
}

// Faults of keys, as the SDK plane answers them.
var (
	ErrMalformed         = fault.Declare(fault.Unauthenticated, "MALFORMED_KEY", "This is no key of ours: its form or checksum is wrong.")
	ErrUnknown           = fault.Declare(fault.Unauthenticated, "INVALID_KEY", "This key is not known.")
	ErrRevoked           = fault.Declare(fault.Unauthenticated, "KEY_REVOKED", "This key was revoked.")
	ErrExpired           = fault.Declare(fault.Unauthenticated, "KEY_EXPIRED", "This key has expired.")
	ErrInURL             = fault.Declare(fault.Unauthenticated, "KEY_IN_URL", "Only client keys may come in the address. Send this one as X-API-Key, and rotate it: addresses are logged.")
	ErrWrongEnvironment  = fault.Declare(fault.Forbidden, "WRONG_ENVIRONMENT", "This key opens another environment.")
	ErrInsufficientScope = fault.Declare(fault.Forbidden, "INSUFFICIENT_SCOPE", "This key does not have the scope that is asked for.")
)

// Usable returns nil, ErrRevoked or ErrExpired. A key ends at the instant that
// RevokedAt, EndsAt or ExpiresAt names, not after it. One that was rotated and
// would have expired during the overlap has expired; else the end of the overlap
// revokes it.
func (k Key) Usable(now time.Time) error {
	reached := func(at *time.Time) bool { return at != nil && !now.Before(*at) }
	switch {
	case reached(k.RevokedAt):
		return ErrRevoked
	case reached(k.EndsAt) && (k.ExpiresAt == nil || k.EndsAt.Before(*k.ExpiresAt)):
		return ErrRevoked
	case reached(k.ExpiresAt):
		return ErrExpired
	}
	return nil
}

// Admits returns nil when the key opens the environment, named by id or slug,
// and has the scope; an empty name or scope asks for nothing.
func (k Key) Admits(e environment.Environment, name, scope string) error {
	if name != "" && name != e.ID.String() && name != e.Slug.String() {
		return ErrWrongEnvironment
	}
	if scope != "" && !k.Scopes.Has(scope) {
		return ErrInsufficientScope
	}
	return nil
}

// furthest bounds an expiry to years that every engine and client can hold.
const furthest = 100 * 365 * 24 * time.Hour

var (
	errPast   = errors.New("must be in the future")
	errTooFar = errors.New("must be within a hundred years")
)

// CheckExpiry refuses an expiry that has passed or is absurdly far.
func CheckExpiry(at, now time.Time) error {
	if !now.Before(at) {
		return errPast
	}
	if at.After(now.Add(furthest)) {
		return errTooFar
	}
	return nil
}
