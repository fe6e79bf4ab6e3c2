package ports

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
)

// APIKeys keeps the environment keys of one organization.
type APIKeys interface {
	// Add keeps a new key, or returns a not-found fault when the organization
	// has no such environment.
	Add(ctx context.Context, k apikey.Key) error
	Get(ctx context.Context, id apikey.ID) (apikey.Key, error)
	List(ctx context.Context, of environment.ID, page Page[apikey.ID]) ([]apikey.Key, error)
	// ListUsed returns at most limit keys of the project, or of its one
	// environment that is named, that were used at that time or later.
	ListUsed(ctx context.Context, in project.ID, environment *environment.ID, since time.Time, limit int) ([]apikey.Key, error)
	// Revoke ends the key now. Revoking a key again changes nothing and is no
	// error.
	Revoke(ctx context.Context, id apikey.ID) error
	// Rotate keeps the successor, and of the ending key, which must be there,
	// the time at which it ends. It returns apikey.ErrRotated where the key has
	// a successor.
	Rotate(ctx context.Context, ending, successor apikey.Key) error
	// Lineage is Get with the keys before and after this one.
	Lineage(ctx context.Context, id apikey.ID) (apikey.Lineage, error)
	// Callers returns who used the key after it was rotated, empty for nobody.
	Callers(ctx context.Context, id apikey.ID) (apikey.Callers, error)
}

// Opened is a key with all that it opens.
type Opened struct {
	Key apikey.Key
	*Place
}

// Place is an environment with all that it is in. Many keys may share one.
type Place struct {
	Environment  environment.Environment
	Project      project.Project
	Organization organization.Organization
}

// Use is the latest moment at which a key was accepted.
type Use struct {
	Organization organization.ID
	Key          apikey.ID
	At           time.Time
}

// CallerUse is what callers added to the use of a key.
type CallerUse struct {
	Organization organization.ID
	Key          apikey.ID
	Callers      apikey.Callers
}

// KeyIndex finds keys by what is presented, before anybody is known.
type KeyIndex interface {
	// Find returns the key and what it opens, in one statement; nil when no key
	// has the digest. It judges neither expiry nor revocation.
	Find(ctx context.Context, digest apikey.Digest) (*Opened, error)
	// Touch moves last_used_at forward, never back. Uses of keys that are gone
	// are passed over.
	Touch(ctx context.Context, uses []Use) error
	// Count adds uses to what is kept of the callers of keys, as
	// apikey.Callers.Add does. Uses of keys that are gone are passed over.
	Count(ctx context.Context, uses []CallerUse) error
	// Inspect looks at limit keys that come after the address, whoever's they are,
	// and says which had ended before the time: they were revoked, ran out, or
	// their overlap did. So a sweep goes through all of them in short steps.
	Inspect(ctx context.Context, before time.Time, after KeyAddress, limit int) (InspectedKeys, error)
	// Sweep deletes those of the keys that had ended before the time, with what is
	// known of their rotation and callers, and says how many. They are deleted one
	// by one: ended are few hundreds at most.
	Sweep(ctx context.Context, before time.Time, ended []KeyAddress) (int, error)
}

// KeyAddress is where a key is kept. Keys are inspected in the order of it.
type KeyAddress struct {
	Organization organization.ID
	Key          apikey.ID
}

// InspectedKeys is what came of looking at some keys.
type InspectedKeys struct {
	Ended []KeyAddress
	Last  KeyAddress // the last that was looked at; zero when there was none
}
