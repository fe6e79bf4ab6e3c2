package httpapi

import (
	"context"

	"github.com/tenantry/tenantry/app"
)

type changePasswordInput struct {
	Body struct {
		Current string `json:"current_password" example:"correct horse battery staple"`
		New     string `json:"new_password" example:"stable battery horse correct" doc:"As for a registration"`
	}
}

func (s *server) changePassword(ctx context.Context, by *call, in *changePasswordInput) (*nothing, error) {
	return nil, s.App.Passwords.Change(ctx, by.actor, app.ChangePassword{
		Current: in.Body.Current, New: in.Body.New, Client: by.client,
	})
}

// addressInput is an address that a mail is asked for.
type addressInput struct {
	Body struct {
		Email string `json:"email" example:"ada@example.com"`
	}
}

func (s *server) forgotPassword(ctx context.Context, by *call, in *addressInput) (*acceptedOutput, error) {
	if err := s.App.Passwords.Forgot(ctx, in.Body.Email, by.client); err != nil {
		return nil, err
	}
	return &acceptedOutput{onItsWay}, nil
}

type resetPasswordInput struct {
	Body struct {
		Token string `json:"token" doc:"From the mailed link"`
		New   string `json:"new_password" example:"correct horse battery staple" doc:"As for a registration"`
	}
}

func (s *server) resetPassword(ctx context.Context, by *call, in *resetPasswordInput) (*nothing, error) {
	return nil, s.App.Passwords.Reset(ctx, app.ResetPassword{Token: in.Body.Token, New: in.Body.New, Client: by.client})
}
