package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/project"
)

// ProjectBody is a project.
type ProjectBody struct {
	ID        string    `json:"id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	OrgID     string    `json:"org_id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	Name      string    `json:"name" example:"Checkout"`
	Slug      string    `json:"slug" example:"checkout" doc:"Unique in its organization"`
	CreatedAt time.Time `json:"created_at" example:"2026-01-31T12:00:00Z"`
	UpdatedAt time.Time `json:"updated_at" example:"2026-01-31T12:00:00Z"`
}

func showProject(p project.Project) ProjectBody {
	return ProjectBody{
		ID: p.ID.String(), OrgID: p.OrganizationID.String(), Name: p.Name.String(), Slug: p.Slug.String(),
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

type projectOutput struct{ Body ProjectBody }

func (s *server) listProjects(ctx context.Context, by *call, in *listInput) (*listing[ProjectBody], error) {
	l := listOf("/v1/projects", by.organization)
	p, err := page[project.Project](s.cursors, l, in.Paging)
	if err != nil {
		return nil, err
	}
	found, err := s.App.Projects.List(ctx, by.actor, p)
	if err != nil {
		return nil, err
	}
	position := func(p project.Project) uuid.UUID { return p.ID.UUID() }
	return answerList(s.cursors, l, in.Paging, found, showProject, position), nil
}

type createProjectInput struct {
	Body struct {
		Name string           `json:"name" example:"Checkout" doc:"1 to 100 characters"`
		Slug optional[string] `json:"slug,omitempty" doc:"1 to 63 of a-z, 0-9 and hyphens; without it, derived from the name"`
	}
}

func showNewProject(made app.CreatedProject) ProjectBody { return showProject(made.Project) }

func (s *server) createProject(ctx context.Context, by *call, in *createProjectInput, keep app.Keep[app.CreatedProject]) (app.CreatedProject, error) {
	return s.App.Projects.Create(ctx, by.actor, app.CreateProject{Name: in.Body.Name, Slug: in.Body.Slug.value, Keep: keep})
}

type projectInput struct {
	ID ref[project.Project] `path:"id"`
}

func (s *server) getProject(ctx context.Context, by *call, in *projectInput) (*projectOutput, error) {
	found, err := s.App.Projects.Get(ctx, by.actor, in.ID.id)
	if err != nil {
		return nil, err
	}
	return &projectOutput{showProject(found)}, nil
}

type updateProjectInput struct {
	ID   ref[project.Project] `path:"id"`
	Body struct {
		Name optional[string] `json:"name,omitempty" doc:"1 to 100 characters"`
		Slug optional[string] `json:"slug,omitempty" doc:"1 to 63 of a-z, 0-9 and hyphens"`
	}
}

func (s *server) updateProject(ctx context.Context, by *call, in *updateProjectInput) (*projectOutput, error) {
	changed, err := s.App.Projects.Update(ctx, by.actor, in.ID.id, app.UpdateProject{Name: in.Body.Name.value, Slug: in.Body.Slug.value})
	if err != nil {
		return nil, err
	}
	return &projectOutput{showProject(changed)}, nil
}

type deleteProjectInput struct {
	ID   ref[project.Project] `path:"id"`
	Body *confirmation
}

func (s *server) deleteProject(ctx context.Context, by *call, in *deleteProjectInput) (*nothing, error) {
	return nil, s.App.Projects.Delete(ctx, by.actor, in.ID.id, in.Body.textOrEmpty())
}
