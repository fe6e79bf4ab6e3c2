package ports

import (
	"context"

	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/project"
)

// Projects keeps the projects of one organization.
type Projects interface {
	// Add keeps a new project, or returns project.ErrSlugTaken.
	Add(ctx context.Context, p project.Project) error
	Get(ctx context.Context, id project.ID) (project.Project, error)
	List(ctx context.Context, page Page[project.ID]) ([]project.Project, error)
	// SlugTaken says whether a project of the organization has the slug.
	SlugTaken(ctx context.Context, slug naming.Slug) (bool, error)
	// Save writes name and slug, where the stored version still is p.Version,
	// and moves the version on by one. It may return project.ErrSlugTaken.
	Save(ctx context.Context, p project.Project) error
	// Remove deletes the project with its environments and their keys.
	Remove(ctx context.Context, id project.ID) error
}
