package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/project"
)

type environmentBody struct {
	ID        string    `json:"id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	OrgID     string    `json:"org_id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	ProjectID string    `json:"project_id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	Name      string    `json:"name" example:"Development"`
	Slug      string    `json:"slug" example:"dev" doc:"Unique in its project"`
	Kind      string    `json:"kind" enum:"development,staging,production"`
	Color     string    `json:"color" example:"#22c55e"`
	Protected bool      `json:"protected" doc:"Deleting it, or its project, has to be confirmed, and no key may have been used within the last day"`
	CreatedAt time.Time `json:"created_at" example:"2026-01-31T12:00:00Z"`
	UpdatedAt time.Time `json:"updated_at" example:"2026-01-31T12:00:00Z"`
}

func showEnvironment(e environment.Environment) environmentBody {
	return environmentBody{
		ID: e.ID.String(), OrgID: e.OrganizationID.String(), ProjectID: e.ProjectID.String(),
		Name: e.Name.String(), Slug: e.Slug.String(), Kind: string(e.Kind), Color: e.Color.String(),
		Protected: e.Protected, CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt,
	}
}

type environmentOutput struct{ Body environmentBody }

type listEnvironmentsInput struct {
	ID ref[project.Project] `path:"id"`
	Paging
}

func (s *server) listEnvironments(ctx context.Context, by *call, in *listEnvironmentsInput) (*listing[environmentBody], error) {
	l := listOf("/v1/projects/"+in.ID.id.String()+"/environments", by.organization)
	p, err := page[environment.Environment](s.cursors, l, in.Paging)
	if err != nil {
		return nil, err
	}
	found, err := s.App.Environments.List(ctx, by.actor, in.ID.id, p)
	if err != nil {
		return nil, err
	}
	position := func(e environment.Environment) uuid.UUID { return e.ID.UUID() }
	return answerList(s.cursors, l, in.Paging, found, showEnvironment, position), nil
}

type createEnvironmentInput struct {
	ID   ref[project.Project] `path:"id"`
	Body struct {
		Name  string           `json:"name" example:"Preview" doc:"1 to 100 characters"`
		Slug  optional[string] `json:"slug,omitempty" doc:"1 to 63 of a-z, 0-9 and hyphens; without it, derived from the name"`
		Kind  optional[string] `json:"kind,omitempty" doc:"development, which it is without it, staging or production"`
		Color optional[string] `json:"color,omitempty" doc:"# and six hexadecimal digits; #6B7280 without it"`
	}
}

func (s *server) createEnvironment(ctx context.Context, by *call, in *createEnvironmentInput, keep app.Keep[environment.Environment]) (environment.Environment, error) {
	return s.App.Environments.Create(ctx, by.actor, in.ID.id, app.CreateEnvironment{
		Name: in.Body.Name, Slug: in.Body.Slug.value, Kind: in.Body.Kind.value, Color: in.Body.Color.value, Keep: keep,
	})
}

type environmentInput struct {
	ID ref[environment.Environment] `path:"id"`
}

func (s *server) getEnvironment(ctx context.Context, by *call, in *environmentInput) (*environmentOutput, error) {
	found, err := s.App.Environments.Get(ctx, by.actor, in.ID.id)
	if err != nil {
		return nil, err
	}
	return &environmentOutput{showEnvironment(found)}, nil
}

type updateEnvironmentInput struct {
	ID   ref[environment.Environment] `path:"id"`
	Body struct {
		Name      optional[string] `json:"name,omitempty" doc:"1 to 100 characters"`
		Slug      optional[string] `json:"slug,omitempty" doc:"1 to 63 of a-z, 0-9 and hyphens"`
		Color     optional[string] `json:"color,omitempty" doc:"# and six hexadecimal digits"`
		Protected optional[bool]   `json:"protected,omitempty" doc:"True needs an admin, false an owner"`
	}
}

func (s *server) updateEnvironment(ctx context.Context, by *call, in *updateEnvironmentInput) (*environmentOutput, error) {
	changed, err := s.App.Environments.Update(ctx, by.actor, in.ID.id, app.UpdateEnvironment{
		Name: in.Body.Name.value, Slug: in.Body.Slug.value, Color: in.Body.Color.value,
		Protected: in.Body.Protected.value,
	})
	if err != nil {
		return nil, err
	}
	return &environmentOutput{showEnvironment(changed)}, nil
}

// confirmation is the body of a deletion that may have to be confirmed.
type confirmation struct {
	Confirm optional[string] `json:"confirm,omitempty" example:"production" doc:"The slug of what is to be deleted; needed where something in it is protected"`
}

func (c *confirmation) textOrEmpty() string {
	if c == nil {
		return ""
	}
	return c.Confirm.orZero()
}

type deleteEnvironmentInput struct {
	ID   ref[environment.Environment] `path:"id"`
	Body *confirmation
}

func (s *server) deleteEnvironment(ctx context.Context, by *call, in *deleteEnvironmentInput) (*nothing, error) {
	return nil, s.App.Environments.Delete(ctx, by.actor, app.DeleteEnvironment{ID: in.ID.id, Confirm: in.Body.textOrEmpty()})
}

type projectEnvironmentInput struct {
	ID            ref[project.Project]         `path:"id"`
	EnvironmentID ref[environment.Environment] `path:"envId"`
	Body          *confirmation
}

func (s *server) deleteProjectEnvironment(ctx context.Context, by *call, in *projectEnvironmentInput) (*nothing, error) {
	return nil, s.App.Environments.Delete(ctx, by.actor, app.DeleteEnvironment{
		ID: in.EnvironmentID.id, Of: &in.ID.id, Confirm: in.Body.textOrEmpty(),
	})
}
