package phaseflag

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/session"
)

// terms are what the document promises of a login: an access token for a day,
// and a refresh token that a refresh does not replace.
var terms = session.Terms{KeepsRefresh: true, AccessTTL: 24 * time.Hour}

// envelope is how everything that succeeds is answered.
type envelope[T any] struct {
	Data T `json:"data"`
}

type answer[T any] struct{ Body envelope[T] }

func answering[T any](data T) *answer[T] { return &answer[T]{envelope[T]{data}} }

// nothing is a request without a body, or an answer.
type nothing struct{}

type registerInput struct {
	Body struct {
		Email    string                   `json:"email" example:"ada@example.com"`
		Password string                   `json:"password" example:"correct horse battery staple" doc:"At least 8 characters, and not easily guessed"`
		FullName httpapi.Optional[string] `json:"full_name,omitempty" doc:"1 to 100 characters; without it, what stands before the @"`
	}
}

func (d *dialect) register(ctx context.Context, by *httpapi.Call, in *registerInput, keep app.Keep[app.Registered]) (app.Registered, error) {
	made, err := d.app.Accounts.SignUp(ctx, app.SignUp{
		Email: in.Body.Email, Password: in.Body.Password, Name: in.Body.FullName.Value(), Client: by.Client(), Keep: keep,
	})
	return made, httpapi.Renamed(err, map[string]string{"name": "full_name"})
}

// showRegistered shows alike who is new and who is known, where addresses have
// to be proven by mail: it is what the account would be.
func showRegistered(made app.Registered) envelope[UserBody] {
	return envelope[UserBody]{showUser(made.Account)}
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" example:"ada@example.com"`
		Password string `json:"password" example:"correct horse battery staple"`
	}
}

func (d *dialect) login(ctx context.Context, by *httpapi.Call, in *loginInput) (*answer[tokensBody], error) {
	begun, err := d.app.Sessions.Login(ctx, app.Login{
		Identifier: in.Body.Email, Password: in.Body.Password, Terms: terms, Client: by.Client(),
	})
	if err != nil {
		return nil, err
	}
	return answering(showTokens(begun.Tokens)), nil
}

func (d *dialect) me(ctx context.Context, by *httpapi.Call, _ *nothing) (*answer[profileBody], error) {
	found, err := d.app.Accounts.Profile(ctx, by.Actor())
	if err != nil {
		return nil, err
	}
	return answering(showProfile(found.Account, found.All)), nil
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token"`
	}
}

// refresh leaves the refresh token out of the answer where it stays the same.
// A session that began elsewhere replaces it, and its client needs the new one.
func (d *dialect) refresh(ctx context.Context, by *httpapi.Call, in *refreshInput) (*answer[tokensBody], error) {
	next, err := d.app.Sessions.Refresh(ctx, in.Body.RefreshToken, by.Client())
	if err != nil {
		return nil, err
	}
	shown := showTokens(next)
	if next.KeptRefresh {
		shown.Refresh = ""
	}
	return answering(shown), nil
}

func (d *dialect) logout(ctx context.Context, by *httpapi.Call, _ *nothing) (*nothing, error) {
	return nil, d.app.Sessions.Logout(ctx, by.Actor())
}
