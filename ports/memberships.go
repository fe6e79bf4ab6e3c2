package ports

import (
	"context"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
)

// Affiliation is an organization as one of its members sees it.
type Affiliation struct {
	Organization organization.Organization
	Membership   membership.Membership
}

// Memberships answers who belongs where, before anything was granted: every
// authorization begins here.
type Memberships interface {
	Find(ctx context.Context, org organization.ID, who account.ID) (*membership.Membership, error)
	// List returns the account's organizations, the oldest membership first.
	List(ctx context.Context, who account.ID, page Page[membership.ID]) ([]Affiliation, error)
	// ListSeenBy is List, cut down to organizations in which seer is owner or
	// admin.
	ListSeenBy(ctx context.Context, who, seer account.ID, page Page[membership.ID]) ([]Affiliation, error)
	// SoleOwned returns the organizations in which the account is the only
	// owner, each with its number of other members.
	SoleOwned(ctx context.Context, who account.ID) ([]SoleOwned, error)
}

// SoleOwned is an organization that would be left without an owner.
type SoleOwned struct {
	Organization organization.Organization
	Others       int
}

// Members keeps the members of one organization.
type Members interface {
	Add(ctx context.Context, m membership.Membership) error
}
