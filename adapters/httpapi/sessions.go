package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
)

type tokensBody struct {
	Access    string `json:"access_token" doc:"A JWT; send it as Authorization: Bearer"`
	Refresh   string `json:"refresh_token" doc:"Opaque; good for one refresh"`
	Type      string `json:"token_type" enum:"Bearer"`
	ExpiresIn int64  `json:"expires_in" example:"3600" doc:"Seconds that the access token lives"`
	ExpiresAt int64  `json:"expires_at" example:"1767225600" doc:"When the access token ends, in Unix seconds"`
}

func showTokens(t session.Tokens) tokensBody {
	return tokensBody{
		Access: t.Access, Refresh: t.Refresh.Reveal(), Type: bearer,
		ExpiresIn: int64(t.ExpiresIn / time.Second), ExpiresAt: t.ExpiresAt.Unix(),
	}
}

type loginInput struct {
	Body struct {
		Email    optional[string] `json:"email,omitempty" doc:"Either this or the username"`
		Username optional[string] `json:"username,omitempty" doc:"Either this or the email"`
		Password string           `json:"password" example:"correct horse battery staple"`
	}
}

// identifier is the one name that the client logs in by.
func (in *loginInput) identifier() (string, error) {
	email, username := in.Body.Email.value, in.Body.Username.value
	switch {
	case email != nil && username != nil:
		return "", fault.ErrInvalid.WithField("username", "must be left out beside email")
	case email != nil:
		return *email, nil
	case username != nil:
		return *username, nil
	}
	return "", fault.ErrInvalid.WithField("email", "is required, or username")
}

type loggedInBody struct {
	User         UserBody                 `json:"user"`
	Organization orNull[OrganizationBody] `json:"organization" doc:"The active one; null for an account without any"`
	Tokens       tokensBody               `json:"tokens"`
}

type loginOutput struct{ Body loggedInBody }

func (s *server) login(ctx context.Context, by *call, in *loginInput) (*loginOutput, error) {
	identifier, err := in.identifier()
	if err != nil {
		return nil, err
	}
	begun, err := s.App.Sessions.Login(ctx, app.Login{Identifier: identifier, Password: in.Body.Password, Client: by.client})
	if err != nil {
		return nil, err
	}
	shown := loggedInBody{User: showUser(begun.Account), Tokens: showTokens(begun.Tokens)}
	if begun.Active != nil {
		active := showOrganization(begun.Active.Organization)
		shown.Organization.value = &active
	}
	return &loginOutput{shown}, nil
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token"`
	}
}

type tokensOutput struct{ Body tokensBody }

func (s *server) refresh(ctx context.Context, by *call, in *refreshInput) (*tokensOutput, error) {
	next, err := s.App.Sessions.Refresh(ctx, in.Body.RefreshToken, by.client)
	if err != nil {
		return nil, err
	}
	return &tokensOutput{showTokens(next)}, nil
}

func (s *server) logout(ctx context.Context, by *call, _ *nothing) (*nothing, error) {
	return nil, s.App.Sessions.Logout(ctx, by.actor)
}

type switchInput struct {
	Body struct {
		OrganizationID string `json:"organization_id" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	}
}

func (s *server) switchOrganization(ctx context.Context, by *call, in *switchInput) (*tokensOutput, error) {
	var v fault.Validation
	org, err := id.Parse[organization.Organization](in.Body.OrganizationID)
	v.Check("organization_id", err)
	if err := v.Err(); err != nil {
		return nil, err
	}
	next, err := s.App.Sessions.SwitchOrganization(ctx, by.actor, org)
	if err != nil {
		return nil, err
	}
	return &tokensOutput{showTokens(next)}, nil
}

type reauthenticateInput struct {
	Body struct {
		Password string `json:"password" example:"correct horse battery staple"`
	}
}

func (s *server) reauthenticate(ctx context.Context, by *call, in *reauthenticateInput) (*nothing, error) {
	return nil, s.App.Sessions.Reauthenticate(ctx, by.actor, in.Body.Password, by.client)
}

type sessionBody struct {
	ID         string    `json:"id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	Address    string    `json:"address" example:"203.0.113.7" doc:"The client's, at the last login or refresh"`
	UserAgent  string    `json:"user_agent" example:"Mozilla/5.0"`
	Current    bool      `json:"current" doc:"Whether it is the one that asks"`
	CreatedAt  time.Time `json:"created_at" example:"2026-01-31T12:00:00Z"`
	LastUsedAt time.Time `json:"last_used_at" example:"2026-01-31T12:00:00Z"`
	ExpiresAt  time.Time `json:"expires_at" example:"2026-02-07T12:00:00Z"`
}

func (s *server) listSessions(ctx context.Context, by *call, in *listInput) (*listing[sessionBody], error) {
	l := listOf("/v1/auth/sessions", by.account)
	p, err := page[session.Session](s.cursors, l, in.Paging)
	if err != nil {
		return nil, err
	}
	found, err := s.App.Sessions.List(ctx, by.actor, p)
	if err != nil {
		return nil, err
	}
	show := func(one session.Session) sessionBody {
		return sessionBody{
			ID: one.ID.String(), Address: one.Address, UserAgent: one.UserAgent, Current: one.ID == by.actor.Session.ID,
			CreatedAt: one.CreatedAt, LastUsedAt: one.LastUsedAt, ExpiresAt: one.ExpiresAt,
		}
	}
	position := func(one session.Session) uuid.UUID { return one.ID.UUID() }
	return answerList(s.cursors, l, in.Paging, found, show, position), nil
}

func (s *server) endOtherSessions(ctx context.Context, by *call, _ *nothing) (*nothing, error) {
	return nil, s.App.Sessions.EndOthers(ctx, by.actor)
}

type sessionInput struct {
	ID ref[session.Session] `path:"id"`
}

func (s *server) endSession(ctx context.Context, by *call, in *sessionInput) (*nothing, error) {
	return nil, s.App.Sessions.End(ctx, by.actor, in.ID.id)
}
