package httpapi

import (
	"context"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/organization"
)

// AccountBody is an account as operators see it.
type AccountBody struct {
	UserBody
	Operator bool `json:"operator" doc:"May administer the whole installation"`
	Disabled bool `json:"disabled" doc:"Cannot log in or act"`
}

func showAccount(a account.Account) AccountBody {
	return AccountBody{showUser(a), a.Operator, a.Disabled}
}

type searchInput struct {
	Text string `query:"q" doc:"Found anywhere in the names and addresses, whatever the case"`
	Paging
}

// installationLists are whose lists the operators' are: one view for all of them.
const installationLists = "installation"

func (s *server) listAccounts(ctx context.Context, by *call, in *searchInput) (*listing[AccountBody], error) {
	l := listOf("/v1/admin/accounts", installationLists).narrowed("q", in.Text)
	p, err := page[account.Account](s.cursors, l, in.Paging)
	if err != nil {
		return nil, err
	}
	found, err := s.App.Operators.Accounts(ctx, by.installation, in.Text, p)
	if err != nil {
		return nil, err
	}
	position := func(a account.Account) uuid.UUID { return a.ID.UUID() }
	return answerList(s.cursors, l, in.Paging, found, showAccount, position), nil
}

func (s *server) listAllOrganizations(ctx context.Context, by *call, in *searchInput) (*listing[OrganizationBody], error) {
	l := listOf("/v1/admin/organizations", installationLists).narrowed("q", in.Text)
	p, err := page[organization.Organization](s.cursors, l, in.Paging)
	if err != nil {
		return nil, err
	}
	found, err := s.App.Operators.Organizations(ctx, by.installation, in.Text, p)
	if err != nil {
		return nil, err
	}
	position := func(o organization.Organization) uuid.UUID { return o.ID.UUID() }
	return answerList(s.cursors, l, in.Paging, found, showOrganization, position), nil
}

type accountInput struct {
	ID ref[account.Account] `path:"id"`
}

type belongingBody struct {
	AccountBody
	All []PlaceBody `json:"organizations" doc:"At most 100"`
}

type belongingOutput struct{ Body belongingBody }

func (s *server) getAccount(ctx context.Context, by *call, in *accountInput) (*belongingOutput, error) {
	found, err := s.App.Operators.Account(ctx, by.installation, in.ID.id)
	if err != nil {
		return nil, err
	}
	return &belongingOutput{belongingBody{showAccount(found.Account), showAll(found.All, showPlace)}}, nil
}

type accountOutput struct{ Body AccountBody }

type setDisabledInput struct {
	ID   ref[account.Account] `path:"id"`
	Body struct {
		Disabled bool `json:"disabled"`
	}
}

func (s *server) setDisabled(ctx context.Context, by *call, in *setDisabledInput) (*accountOutput, error) {
	changed, err := s.App.Operators.SetDisabled(ctx, by.installation, in.ID.id, in.Body.Disabled)
	if err != nil {
		return nil, err
	}
	return &accountOutput{showAccount(changed)}, nil
}

type deleteAccountInput struct {
	ID   ref[account.Account] `path:"id"`
	Body *struct {
		DeleteOrganizations optional[bool] `json:"delete_organizations,omitempty" doc:"Whether those go, too, that it alone owns and others are in; without it, they forbid the deletion"`
	}
}

func (s *server) deleteAccount(ctx context.Context, by *call, in *deleteAccountInput) (*nothing, error) {
	takeAlong := in.Body != nil && in.Body.DeleteOrganizations.orZero()
	return nil, s.App.Operators.Delete(ctx, by.installation, in.ID.id, takeAlong)
}
