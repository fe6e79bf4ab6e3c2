package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/account"
)

// UserBody is exported, like every shape that others embed, because huma passes
// over embedded fields of unexported types.
type UserBody struct {
	ID            string     `json:"id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	Email         string     `json:"email" example:"ada@example.com"`
	Name          string     `json:"name" example:"Ada Lovelace"`
	Username      *string    `json:"username" example:"ada" doc:"Null until chosen"`
	EmailVerified bool       `json:"email_verified"`
	CreatedAt     time.Time  `json:"created_at" example:"2026-01-31T12:00:00Z"`
	UpdatedAt     time.Time  `json:"updated_at" example:"2026-01-31T12:00:00Z"`
	LastLoginAt   *time.Time `json:"last_login_at" example:"2026-01-31T12:00:00Z"`
}

func showUser(a account.Account) UserBody {
	u := UserBody{
		ID: a.ID.String(), Email: a.Email.String(), Name: a.Name.String(), EmailVerified: a.EmailVerified,
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, LastLoginAt: a.LastLoginAt,
	}
	if a.Username != nil {
		username := a.Username.String()
		u.Username = &username
	}
	return u
}

type registerInput struct {
	Body struct {
		Email    string           `json:"email" example:"ada@example.com"`
		Password string           `json:"password" example:"correct horse battery staple" doc:"At most 256 characters; at least as many as the installation asks for, and not easily guessed"`
		Name     string           `json:"name" example:"Ada Lovelace" doc:"1 to 100 characters"`
		OrgName  string           `json:"org_name" example:"Analytical Engines" doc:"The organization's name, 1 to 100 characters"`
		Username optional[string] `json:"username,omitempty" doc:"3 to 32 of a-z, 0-9, dot, underscore and hyphen"`
	}
}

type registeredBody struct {
	User         UserBody          `json:"user"`
	Organization OrganizationBody  `json:"organization"`
	Project      ProjectBody       `json:"project"`
	Environments []environmentBody `json:"environments"`
	Tokens       tokensBody        `json:"tokens"`
}

func (s *server) registerAccount(ctx context.Context, by *call, in *registerInput, keep app.Keep[app.Registered]) (app.Registered, error) {
	return s.App.Accounts.Register(ctx, app.Register{
		Email: in.Body.Email, Password: in.Body.Password, Name: in.Body.Name,
		Organization: in.Body.OrgName, Username: in.Body.Username.value, Client: by.client, Keep: keep,
	})
}

// showRegistered shows what was made, or where addresses have to be proven, the
// same for every address: 202.
func showRegistered(made app.Registered) (int, eitherOf[registeredBody, acceptedBody]) {
	if made.Accepted {
		return http.StatusAccepted, eitherOf[registeredBody, acceptedBody]{b: &onItsWay}
	}
	return http.StatusCreated, eitherOf[registeredBody, acceptedBody]{a: &registeredBody{
		User: showUser(made.Account), Organization: showOrganization(made.Organization),
		Project: showProject(made.Project), Environments: showAll(made.Environments, showEnvironment),
		Tokens: showTokens(made.Tokens),
	}}
}

type signUpInput struct {
	Body struct {
		Email    string           `json:"email" example:"ada@example.com"`
		Password string           `json:"password" example:"correct horse battery staple" doc:"As for a registration"`
		Name     optional[string] `json:"name,omitempty" doc:"1 to 100 characters; without it, what stands before the @"`
	}
}

type signedUpBody struct {
	User         UserBody         `json:"user"`
	Organization OrganizationBody `json:"organization"`
}

func (s *server) signUp(ctx context.Context, by *call, in *signUpInput, keep app.Keep[app.Registered]) (app.Registered, error) {
	return s.App.Accounts.SignUp(ctx, app.SignUp{
		Email: in.Body.Email, Password: in.Body.Password, Name: in.Body.Name.value, Client: by.client, Keep: keep,
	})
}

// showSignedUp is showRegistered for who gets no session.
func showSignedUp(made app.Registered) (int, eitherOf[signedUpBody, acceptedBody]) {
	if made.Accepted {
		return http.StatusAccepted, eitherOf[signedUpBody, acceptedBody]{b: &onItsWay}
	}
	shown := signedUpBody{showUser(made.Account), showOrganization(made.Organization)}
	return http.StatusCreated, eitherOf[signedUpBody, acceptedBody]{a: &shown}
}

// activeBody is the active organization, with one's role in it.
type activeBody struct {
	OrganizationBody
	Role string `json:"role" enum:"owner,admin,developer,viewer"`
}

// profileBody has the account's members flat, and where it belongs.
type profileBody struct {
	UserBody
	Operator     bool               `json:"operator" doc:"May administer the whole installation"`
	Organization orNull[activeBody] `json:"organization" doc:"The active one"`
	All          []PlaceBody        `json:"organizations" doc:"At most 100; the list of organizations has them all"`
}

type profileOutput struct{ Body profileBody }

func (s *server) me(ctx context.Context, by *call, _ *nothing) (*profileOutput, error) {
	found, err := s.App.Accounts.Profile(ctx, by.actor)
	if err != nil {
		return nil, err
	}
	return &profileOutput{showProfile(found)}, nil
}

func showProfile(p app.Profile) profileBody {
	shown := profileBody{UserBody: showUser(p.Account), Operator: p.Account.Operator, All: showAll(p.All, showPlace)}
	if p.Active != nil {
		active := activeBody{showOrganization(p.Active.Organization), p.Active.Membership.Role.String()}
		shown.Organization.value = &active
	}
	return shown
}

type updateMeInput struct {
	Body struct {
		Name     optional[string] `json:"name,omitempty" doc:"1 to 100 characters"`
		Username optional[string] `json:"username,omitempty" doc:"3 to 32 of a-z, 0-9, dot, underscore and hyphen"`
	}
}

func (s *server) updateMe(ctx context.Context, by *call, in *updateMeInput) (*profileOutput, error) {
	updated, err := s.App.Accounts.UpdateProfile(ctx, by.actor, app.UpdateProfile{Name: in.Body.Name.value, Username: in.Body.Username.value})
	if err != nil {
		return nil, err
	}
	actor := by.actor
	actor.Account = updated
	found, err := s.App.Accounts.Profile(ctx, actor)
	if err != nil {
		return nil, err
	}
	return &profileOutput{showProfile(found)}, nil
}

type deleteMeInput struct {
	Body struct {
		Password string `json:"password" example:"correct horse battery staple"`
	}
}

func (s *server) deleteMe(ctx context.Context, by *call, in *deleteMeInput) (*nothing, error) {
	return nil, s.App.Accounts.Delete(ctx, by.actor, in.Body.Password, by.client)
}

// showAll shows each item; the list is never null.
func showAll[T, S any](items []T, show func(T) S) []S {
	shown := make([]S, 0, len(items))
	for _, item := range items {
		shown = append(shown, show(item))
	}
	return shown
}
