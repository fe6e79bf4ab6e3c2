// Package accountkey has the keys by which programs act as an account, within
// its memberships and never beyond.
package accountkey

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
)

// ID identifies an account key.
type ID = id.Of[Key]

// Key is what is kept of a secret: never the secret itself.
type Key struct {
	ID             ID
	AccountID      account.ID
	OrganizationID *organization.ID // the only one it reaches; nil for all of the account's
	Name           naming.Name
	Prefix         string
	Digest         apikey.Digest
	Scopes         Scopes
	ExpiresAt      *time.Time
	LastUsedAt     *time.Time
	CreatedAt      time.Time
}

// Faults of account keys.
var (
	ErrInvalid           = fault.Declare(fault.Unauthenticated, "INVALID_ACCOUNT_KEY", "This account key is not known, or has ended.")
	ErrInsufficientScope = fault.Declare(fault.Forbidden, "KEY_SCOPE_TOO_NARROW", "This account key does not have the scope for that.")
	ErrSessionRequired   = fault.Declare(fault.Forbidden, "SESSION_REQUIRED", "This can only be done by a person who is logged in, not by a key.")
)

// Ended says whether the key has run out, at the very instant of ExpiresAt.
func (k Key) Ended(now time.Time) bool { return k.ExpiresAt != nil && !now.Before(*k.ExpiresAt) }

// Scope is what a key may be used for.
type Scope string

// The scopes.
const (
	Read  Scope = "read"
	Write Scope = "write"
	Keys  Scope = "keys" // environment keys
)

// Scopes is a set of scopes, in the order of the list above.
type Scopes []Scope

var errScopes = errors.New("must be some of read, write and keys")

// DefaultScopes is what a key has when nothing is asked for.
func DefaultScopes() Scopes { return Scopes{Read, Write} }

// ParseScopes reads a set of scopes; none at all means the default.
func ParseScopes(words []string) (Scopes, error) {
	if len(words) == 0 {
		return DefaultScopes(), nil
	}
	all := Scopes{Read, Write, Keys}
	for _, w := range words {
		if !slices.Contains(all, Scope(w)) {
			return nil, errScopes
		}
	}
	return slices.DeleteFunc(all, func(s Scope) bool { return !slices.Contains(words, string(s)) }), nil
}

// Has says whether the scope was granted.
func (s Scopes) Has(scope Scope) bool { return slices.Contains(s, scope) }

// String writes the scopes space by space.
func (s Scopes) String() string {
	words := make([]string, len(s))
	for i, scope := range s {
		words[i] = string(scope)
	}
	return strings.Join(words, " ")
}

// StoredScopes reads what String wrote.
func StoredScopes(text string) Scopes {
	var s Scopes
	for word := range strings.FieldsSeq(text) {
		s = append(s, Scope(word))
	}
	return s
}
