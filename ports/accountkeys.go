package ports

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/organization"
)

// AccountKeyUse is the latest moment at which an account key was accepted.
type AccountKeyUse struct {
	Key accountkey.ID
	At  time.Time
}

// AccountKeys keeps the keys by which programs act as an account.
type AccountKeys interface {
	// Add keeps a new key, or returns a not-found fault for one that is bound to
	// an organization in which the account is no member. It goes with that
	// membership.
	Add(ctx context.Context, k accountkey.Key) error
	// List returns the account's keys, the oldest first.
	List(ctx context.Context, owner account.ID, page Page[accountkey.ID]) ([]accountkey.Key, error)
	// Remove deletes one key of the account, or returns a not-found fault.
	Remove(ctx context.Context, owner account.ID, id accountkey.ID) error
	// Find returns who holds the key, with the membership of org, in one
	// statement; nil when no key has the digest. With org nil the organization
	// that the key is bound to is meant, or else the account's oldest membership.
	// A bound key has no membership anywhere else.
	Find(ctx context.Context, digest apikey.Digest, org *organization.ID) (*access.Actor, error)
	// Touch moves last_used_at forward, never back.
	Touch(ctx context.Context, uses []AccountKeyUse) error
	// Sweep deletes keys that had run out before the time, SweepBatch at most, and
	// says how many. It is fit for Store.Alone.
	Sweep(ctx context.Context, before time.Time) (int, error)
}
