package phy

import (
	"context"
	"errors"
	"time"

	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/ports"
)

// The messages that the document fixes.
const (
	authenticated = "Authentication successful"
	refreshed     = "Token refreshed"
	retrieved     = "Retrieved %d organizations"
	retrievedFor  = "Retrieved %d organizations for user"
)

// errEmailTaken is the document's 401 for a signup that /v1 answers with 409.
var errEmailTaken = fault.Declare(fault.Unauthenticated, "PHY_SIGNUP_FAILED", account.ErrEmailTaken.Public)

type nothing struct{}

type credentialsInput struct {
	Body struct {
		Email    string `json:"email" example:"ada@example.com"`
		Password string `json:"password" example:"correct horse battery staple"`
	}
}

func (d *dialect) login(ctx context.Context, by *httpapi.Call, in *credentialsInput) (*answer[tokensBody], error) {
	begun, err := d.app.Sessions.Login(ctx, app.Login{
		Identifier: in.Body.Email, EmailOnly: true, Password: in.Body.Password, Client: by.Client(),
	})
	if err != nil {
		return nil, err
	}
	shown := showTokens(begun.Tokens, begun.Account)
	shown.ExpiresIn = int64(begun.Tokens.ExpiresIn / time.Second)
	return answering(authenticated, shown), nil
}

func (d *dialect) signup(ctx context.Context, by *httpapi.Call, in *credentialsInput, keep app.Keep[app.Registered]) (app.Registered, error) {
	made, err := d.app.Accounts.SignUp(ctx, app.SignUp{Email: in.Body.Email, Password: in.Body.Password, Client: by.Client(), Keep: keep})
	if errors.Is(err, account.ErrEmailTaken) {
		err = errEmailTaken
	}
	return made, err
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token"`
	}
}

// refresh also tells for whom the new tokens stand.
func (d *dialect) refresh(ctx context.Context, by *httpapi.Call, in *refreshInput) (*answer[tokensBody], error) {
	next, err := d.app.Sessions.Refresh(ctx, in.Body.RefreshToken, by.Client())
	if err != nil {
		return nil, err
	}
	holder, err := d.app.Sessions.Authenticate(ctx, next.Access, nil, by.Client())
	if err != nil {
		return nil, err
	}
	return answering(refreshed, showTokens(next, holder.Account)), nil
}

func (d *dialect) organizations(ctx context.Context, by *httpapi.Call, _ *nothing) (*list[OrganizationBody], error) {
	all, err := httpapi.Whole(func(page ports.Page[membership.ID]) (app.Listed[ports.Affiliation], error) {
		return d.app.Organizations.List(ctx, by.Actor(), page)
	}, membershipOf)
	if err != nil {
		return nil, err
	}
	return listing(retrieved, all, showOrganization), nil
}

type userInput struct {
	UserID string `path:"userId" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
}

func (d *dialect) userOrganizations(ctx context.Context, by *httpapi.Call, in *userInput) (*list[userOrganizationBody], error) {
	who, err := id.Parse[account.Account](in.UserID)
	if err != nil {
		return nil, fault.ErrInvalid.WithField("userId", err.Error())
	}
	all, err := httpapi.Whole(func(page ports.Page[membership.ID]) (app.Listed[ports.Affiliation], error) {
		return d.app.Organizations.ListOf(ctx, by.Actor(), who, page)
	}, membershipOf)
	if err != nil {
		return nil, err
	}
	asker := by.Actor().Account.ID.String()
	return listing(retrievedFor, all, func(a ports.Affiliation) userOrganizationBody {
		return userOrganizationBody{showOrganization(a), who.String(), asker}
	}), nil
}

func membershipOf(a ports.Affiliation) membership.ID { return a.Membership.ID }
