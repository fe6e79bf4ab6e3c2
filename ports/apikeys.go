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
	// Revoke ends the key now. Revoking a key again changes nothing and is no
	// error.
	Revoke(ctx context.Context, id apikey.ID) error
}

// Opened is a key with all that it opens.
type Opened struct {
	Key          apikey.Key
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

// KeyIndex finds keys by what is presented, before anybody is known.
type KeyIndex interface {
	// Find returns the key and what it opens, in one statement; nil when no key
	// has the digest. It judges neither expiry nor revocation.
	Find(ctx context.Context, digest apikey.Digest) (*Opened, error)
	// Touch moves last_used_at forward, never back. Uses of keys that are gone
	// are passed over.
	Touch(ctx context.Context, uses []Use) error
}
