package ports

import (
	"context"

	"github.com/tenantry/tenantry/domain/organization"
)

// Organizations is where new tenants come from.
type Organizations interface {
	// Add keeps a new organization and returns true, or false when its slug is
	// taken; the unit of work goes on, so that another slug can be tried.
	Add(ctx context.Context, o organization.Organization) (bool, error)
}

// Organization is the one that was granted.
type Organization interface {
	Get(ctx context.Context) (organization.Organization, error)
	// Save writes name, slug and kind, where the stored version still is
	// o.Version, and moves the version on by one. It may return
	// organization.ErrSlugTaken.
	Save(ctx context.Context, o organization.Organization) error
	// Remove deletes the organization with everything in it. Sessions in which
	// it was active go on without an active organization.
	Remove(ctx context.Context) error
}
