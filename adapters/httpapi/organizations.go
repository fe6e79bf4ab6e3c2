package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// OrganizationBody is a tenant.
type OrganizationBody struct {
	ID        string    `json:"id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	Name      string    `json:"name" example:"Analytical Engines"`
	Slug      string    `json:"slug" example:"analytical-engines"`
	Personal  bool      `json:"is_personal_account" doc:"One account's own"`
	CreatedAt time.Time `json:"created_at" example:"2026-01-31T12:00:00Z"`
	UpdatedAt time.Time `json:"updated_at" example:"2026-01-31T12:00:00Z"`
}

func showOrganization(o organization.Organization) OrganizationBody {
	return OrganizationBody{
		ID: o.ID.String(), Name: o.Name.String(), Slug: o.Slug.String(), Personal: o.Personal,
		CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
}

func showAffiliated(a ports.Affiliation) OrganizationBody { return showOrganization(a.Organization) }

// PlaceBody is where an account belongs, and as what.
type PlaceBody struct {
	ID       string `json:"id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	Name     string `json:"name" example:"Analytical Engines"`
	Slug     string `json:"slug" example:"analytical-engines"`
	Personal bool   `json:"is_personal_account"`
	Role     string `json:"role" enum:"owner,admin,developer,viewer"`
}

func showPlace(a ports.Affiliation) PlaceBody {
	o := a.Organization
	return PlaceBody{o.ID.String(), o.Name.String(), o.Slug.String(), o.Personal, a.Membership.Role.String()}
}

// positionOf is where an organization stands in a list: lists of one's own
// organizations are in the order in which one joined.
func positionOf(a ports.Affiliation) uuid.UUID { return a.Membership.ID.UUID() }

type listInput struct{ Paging }

func (s *server) listMyOrganizations(ctx context.Context, by *call, in *listInput) (*listing[PlaceBody], error) {
	return listOwn(ctx, s, by, "/v1/auth/organizations", in, showPlace)
}

func (s *server) listOrganizations(ctx context.Context, by *call, in *listInput) (*listing[OrganizationBody], error) {
	return listOwn(ctx, s, by, "/v1/organizations", in, showAffiliated)
}

func listOwn[T any](ctx context.Context, s *server, by *call, path string, in *listInput, show func(ports.Affiliation) T) (*listing[T], error) {
	l := listOf(path, by.account)
	p, err := page[membership.Membership](s.cursors, l, in.Paging)
	if err != nil {
		return nil, err
	}
	found, err := s.App.Organizations.List(ctx, by.actor, p)
	if err != nil {
		return nil, err
	}
	return answerList(s.cursors, l, in.Paging, found, show, positionOf), nil
}

type userPlaceBody struct {
	PlaceBody
	UserID      string `json:"user_id" format:"uuid" doc:"Whose organization it is"`
	RequestedBy string `json:"requested_by" format:"uuid" doc:"Who asked"`
}

type userPlacesInput struct {
	UserID ref[account.Account] `path:"userId"`
	Paging
}

func (s *server) listUserOrganizations(ctx context.Context, by *call, in *userPlacesInput) (*listing[userPlaceBody], error) {
	who := in.UserID.id
	l := listOf("/v1/auth/users/"+who.String()+"/organizations", by.account)
	p, err := page[membership.Membership](s.cursors, l, in.Paging)
	if err != nil {
		return nil, err
	}
	found, err := s.App.Organizations.ListOf(ctx, by.actor, who, p)
	if err != nil {
		return nil, err
	}
	show := func(a ports.Affiliation) userPlaceBody {
		return userPlaceBody{showPlace(a), who.String(), by.account}
	}
	return answerList(s.cursors, l, in.Paging, found, show, positionOf), nil
}

type createOrganizationInput struct {
	Body struct {
		Name string           `json:"name" example:"Analytical Engines" doc:"1 to 100 characters"`
		Slug optional[string] `json:"slug,omitempty" doc:"1 to 63 of a-z, 0-9 and hyphens; without it, derived from the name"`
	}
}

type foundedBody struct {
	OrganizationBody
	Project      ProjectBody       `json:"project" doc:"The default project"`
	Environments []environmentBody `json:"environments" doc:"The default project's"`
}

func showFounded(made app.Founded) foundedBody {
	return foundedBody{
		OrganizationBody: showOrganization(made.Organization),
		Project:          showProject(made.Project), Environments: showAll(made.Environments, showEnvironment),
	}
}

func (s *server) createOrganization(ctx context.Context, by *call, in *createOrganizationInput, keep app.Keep[app.Founded]) (app.Founded, error) {
	return s.App.Organizations.Create(ctx, by.actor, app.CreateOrganization{Name: in.Body.Name, Slug: in.Body.Slug.value, Keep: keep})
}

type organizationInput struct {
	ID ref[organization.Organization] `path:"id"`
}

type organizationOutput struct{ Body OrganizationBody }

func (s *server) getOrganization(ctx context.Context, by *call, in *organizationInput) (*organizationOutput, error) {
	found, err := s.App.Organizations.Get(ctx, by.actor, in.ID.id)
	if err != nil {
		return nil, err
	}
	return &organizationOutput{showAffiliated(found)}, nil
}

type updateOrganizationInput struct {
	ID   ref[organization.Organization] `path:"id"`
	Body struct {
		Name     optional[string] `json:"name,omitempty" doc:"1 to 100 characters"`
		Slug     optional[string] `json:"slug,omitempty" doc:"1 to 63 of a-z, 0-9 and hyphens"`
		Personal optional[bool]   `json:"is_personal_account,omitempty" doc:"False converts a personal organization, for good"`
	}
}

func (s *server) updateOrganization(ctx context.Context, by *call, in *updateOrganizationInput) (*organizationOutput, error) {
	changed, err := s.App.Organizations.Update(ctx, by.actor, in.ID.id, app.UpdateOrganization{
		Name: in.Body.Name.value, Slug: in.Body.Slug.value, Personal: in.Body.Personal.value,
	})
	if err != nil {
		return nil, err
	}
	return &organizationOutput{showAffiliated(changed)}, nil
}

type deleteOrganizationInput struct {
	ID   ref[organization.Organization] `path:"id"`
	Body struct {
		Confirm string `json:"confirm" example:"analytical-engines" doc:"The organization's slug"`
	}
}

func (s *server) deleteOrganization(ctx context.Context, by *call, in *deleteOrganizationInput) (*nothing, error) {
	return nil, s.App.Organizations.Delete(ctx, by.actor, in.ID.id, in.Body.Confirm)
}
