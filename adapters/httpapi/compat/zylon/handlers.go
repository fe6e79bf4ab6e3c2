package zylon

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/session"
)

// cookieName has the prefix by which browsers promise that the cookie came from
// this very host, over TLS.
const cookieName = "__Host-tenantry_session"

// terms let the one token in the cookie serve for as long as the session lives:
// nobody would replace it there.
var terms = session.Terms{KeepsRefresh: true}

// cookie carries the token; the empty one takes the cookie away. It has no end of
// its own: a browser keeps it until it is closed, and the session ends by itself.
func cookie(token string) http.Cookie {
	c := http.Cookie{Name: cookieName, Value: token, Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}

type registerInput struct {
	Body struct {
		Email    string   `json:"email" example:"ada.lovelace@example.com"`
		Password string   `json:"password" example:"correct horse battery staple" doc:"At least 8 characters, and not easily guessed"`
		Roles    []string `json:"roles" minItems:"1" enum:"AppOwner,AppAdmin,AppUser,AppViewer" doc:"In the installation's home organization; of several, the highest"`
	}
}

func (d *dialect) register(ctx context.Context, by *httpapi.Call, in *registerInput, keep app.Keep[app.Profile]) (app.Profile, error) {
	name := nameOf(in.Body.Email)
	made, err := d.app.Operators.Enroll(ctx, by.Installation(), app.Enroll{
		Email: in.Body.Email, Password: in.Body.Password, Name: &name, Role: highest(in.Body.Roles).String(), Keep: keep,
	})
	return made, httpapi.Renamed(err, map[string]string{"role": "roles"})
}

// nameOf makes of an address what its owner may be called: ada.lovelace is Ada
// Lovelace. It is empty where there is no letter or digit before the @.
func nameOf(email string) string {
	local, _, _ := strings.Cut(email, "@")
	words := strings.FieldsFunc(local, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, word := range words {
		first, size := utf8.DecodeRuneInString(word)
		words[i] = string(unicode.ToUpper(first)) + word[size:]
	}
	return strings.Join(words, " ")
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" example:"ada@example.com"`
		Password string `json:"password" example:"correct horse battery staple"`
	}
}

type loginOutput struct {
	Session http.Cookie `header:"Set-Cookie" doc:"__Host-tenantry_session: the session, opaque"`
	Body    accountBody
}

func (d *dialect) login(ctx context.Context, by *httpapi.Call, in *loginInput) (*loginOutput, error) {
	begun, err := d.app.Sessions.Login(ctx, app.Login{
		Identifier: in.Body.Email, Password: in.Body.Password, Terms: terms, Client: by.Client(),
	})
	if err != nil {
		return nil, err
	}
	found, err := d.app.Operators.Account(ctx, by.Installation(), begun.Account.ID)
	if err != nil {
		return nil, err
	}
	home, err := d.app.Operators.Home(ctx, by.Installation())
	if err != nil {
		return nil, err
	}
	return &loginOutput{cookie(begun.Tokens.Refresh.Reveal()), showAccount(found, home)}, nil
}

type logoutInput struct {
	Session string `cookie:"__Host-tenantry_session" doc:"As a login has set it"`
}

type logoutOutput struct {
	Session http.Cookie `header:"Set-Cookie" doc:"Takes the cookie away"`
	Body    string      `enum:"ok"`
}

// logout is done where there is no session, or none any more.
func (d *dialect) logout(ctx context.Context, by *httpapi.Call, in *logoutInput) (*logoutOutput, error) {
	err := d.app.Sessions.LogoutBy(ctx, in.Session, by.Client())
	if err != nil && !errors.Is(err, session.ErrInvalidRefresh) {
		return nil, err
	}
	return &logoutOutput{cookie(""), "ok"}, nil
}
