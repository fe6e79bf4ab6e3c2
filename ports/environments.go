package ports

import (
	"context"

	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/project"
)

// Environments keeps the environments of one organization.
type Environments interface {
	// Add keeps new environments, all by one statement, or returns
	// environment.ErrSlugTaken, or a not-found fault when the organization has no
	// such project.
	Add(ctx context.Context, made ...environment.Environment) error
	Get(ctx context.Context, id environment.ID) (environment.Environment, error)
	List(ctx context.Context, of project.ID, page Page[environment.ID]) ([]environment.Environment, error)
	// SlugTaken says whether an environment of the project has the slug.
	SlugTaken(ctx context.Context, of project.ID, slug naming.Slug) (bool, error)
	// Protected says whether the project has a protected environment.
	Protected(ctx context.Context, of project.ID) (bool, error)
	// Save writes all that can change, where the stored version still is
	// e.Version, and moves the version on by one. It may return
	// environment.ErrSlugTaken.
	Save(ctx context.Context, e environment.Environment) error
	// Remove deletes the environment with its keys.
	Remove(ctx context.Context, id environment.ID) error
}
