package usernamekeys

import (
	"context"
	"errors"

	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// terms are what the document promises of a login: a refresh token that a
// refresh does not replace.
var terms = session.Terms{KeepsRefresh: true}

// errNoKey has the document's words for a key that is not there, or not one's
// own.
var errNoKey = fault.Declare(fault.NotFound, "USERNAME_KEYS_NO_KEY", "API key not found")

// nameless is the name of a key that was asked for without one: the document
// shows no body, and this name.
const nameless = "My Integration Key"

// answer is the answer of everything that succeeds.
type answer[T any] struct{ Body T }

// nothing is a request without a body, or an answer.
type nothing struct{}

type loginInput struct {
	Body struct {
		Username string `json:"username" example:"ada.lovelace" doc:"Or the email"`
		Password string `json:"password" example:"correct horse battery staple"`
	}
}

func (d *dialect) login(ctx context.Context, by *httpapi.Call, in *loginInput) (*answer[loggedInBody], error) {
	begun, err := d.app.Sessions.Login(ctx, app.Login{
		Identifier: in.Body.Username, Password: in.Body.Password, Terms: terms, Client: by.Client(),
	})
	if err != nil {
		return nil, err
	}
	return &answer[loggedInBody]{loggedInBody{showToken(begun.Tokens), showUser(begun.Account)}}, nil
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refreshToken"`
	}
}

// refresh leaves the refresh token out of the answer where it stays the same.
// A session that began elsewhere replaces it, and its client needs the new one.
func (d *dialect) refresh(ctx context.Context, by *httpapi.Call, in *refreshInput) (*answer[TokenBody], error) {
	next, err := d.app.Sessions.Refresh(ctx, in.Body.RefreshToken, by.Client())
	if err != nil {
		return nil, err
	}
	shown := showToken(next)
	if next.KeptRefresh {
		shown.Refresh = ""
	}
	return &answer[TokenBody]{shown}, nil
}

func (d *dialect) logout(ctx context.Context, by *httpapi.Call, _ *nothing) (*answer[saidBody], error) {
	if err := d.app.Sessions.Logout(ctx, by.Actor()); err != nil {
		return nil, err
	}
	return &answer[saidBody]{saidBody{"Successfully logged out"}}, nil
}

// createKeyInput may be without a body.
type createKeyInput struct {
	Body *struct {
		Name httpapi.Optional[string] `json:"name,omitempty" doc:"1 to 100 characters; My Integration Key without it"`
	}
}

func (d *dialect) createKey(ctx context.Context, by *httpapi.Call, in *createKeyInput, keep app.Keep[app.CreatedAccountKey]) (app.CreatedAccountKey, error) {
	asked := app.CreateAccountKey{Name: nameless, Keep: keep}
	if in.Body != nil && in.Body.Name.Value() != nil {
		asked.Name = *in.Body.Name.Value()
	}
	return d.app.AccountKeys.Create(ctx, by.Actor(), asked)
}

func (d *dialect) listKeys(ctx context.Context, by *httpapi.Call, _ *nothing) (*answer[[]keyBody], error) {
	all, err := httpapi.Whole(func(page ports.Page[accountkey.ID]) (app.Listed[accountkey.Key], error) {
		return d.app.AccountKeys.List(ctx, by.Actor(), page)
	}, func(k accountkey.Key) accountkey.ID { return k.ID })
	if err != nil {
		return nil, err
	}
	shown := make([]keyBody, 0, len(all))
	for _, k := range all {
		shown = append(shown, showKey(k))
	}
	return &answer[[]keyBody]{shown}, nil
}

type keyInput struct {
	ID string `path:"keyId" example:"key_01890a5dac96774bbcceb302099a8057"`
}

// deleteKey takes what is no id at all for a key that is not there.
func (d *dialect) deleteKey(ctx context.Context, by *httpapi.Call, in *keyInput) (*nothing, error) {
	key, err := keyID.Parse(in.ID)
	if err != nil {
		return nil, errNoKey
	}
	err = d.app.AccountKeys.Delete(ctx, by.Actor(), key)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, errNoKey
	}
	return nil, err
}
