package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

type inviteInput struct {
	Body struct {
		Email string           `json:"email" example:"grace@example.com"`
		Role  optional[string] `json:"role,omitempty" doc:"owner, admin, developer, which it is without it, or viewer; nobody invites above their own"`
	}
}

func (s *server) invite(ctx context.Context, by *call, in *inviteInput, keep app.Keep[ports.Member]) (ports.Member, error) {
	return s.App.Invitations.Invite(ctx, by.actor, app.Invite{Email: in.Body.Email, Role: in.Body.Role.value, Keep: keep})
}

func (s *server) resendInvitation(ctx context.Context, by *call, in *memberInput) (*nothing, error) {
	return nil, s.App.Invitations.Resend(ctx, by.actor, in.ID.id)
}

type namedBody struct {
	Name string `json:"name"`
}

// previewBody is what the holder of a link may know before logging in.
type previewBody struct {
	Organization namedBody `json:"organization"`
	Inviter      namedBody `json:"inviter"`
	Role         string    `json:"role" enum:"owner,admin,developer,viewer"`
	Email        string    `json:"email" example:"g•••@example.com" doc:"Masked"`
	ExpiresAt    time.Time `json:"expires_at" example:"2026-02-07T12:00:00Z"`
}

type previewOutput struct{ Body previewBody }

func (s *server) previewInvitation(ctx context.Context, _ *call, in *linkInput) (*previewOutput, error) {
	p, err := s.App.Invitations.Preview(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	return &previewOutput{previewBody{
		Organization: namedBody{p.Organization.String()}, Inviter: namedBody{p.Inviter.String()},
		Role: p.Role.String(), Email: p.Email, ExpiresAt: p.ExpiresAt,
	}}, nil
}

type acceptInput struct {
	Body struct {
		Token    string           `json:"token" doc:"From the mailed link"`
		Name     optional[string] `json:"name,omitempty" doc:"Without a login: of the account to make, 1 to 100 characters"`
		Password optional[string] `json:"password,omitempty" doc:"Without a login: of the account to make, as for a registration"`
	}
}

// JoinedBody is an organization with one's place in it.
type JoinedBody struct {
	Member       memberBody       `json:"member"`
	Organization OrganizationBody `json:"organization"`
}

func showJoined(a app.Accepted) JoinedBody {
	return JoinedBody{showMember(a.Member), showOrganization(a.Organization)}
}

type newcomerBody struct {
	JoinedBody
	User   UserBody   `json:"user"`
	Tokens tokensBody `json:"tokens"`
}

// acceptInvitation makes a member of who is logged in, or of the account that
// name and password make. Both at once could mean two people.
func (s *server) acceptInvitation(ctx context.Context, by *call, in *acceptInput, keep app.Keep[app.Joined]) (app.Joined, error) {
	caller := by.caller()
	if caller == nil {
		return s.App.Invitations.AcceptAsNew(ctx, app.AcceptAsNew{
			Token: in.Body.Token, Name: in.Body.Name.orZero(), Password: in.Body.Password.orZero(), Client: by.client, Keep: keep,
		})
	}
	var v fault.Validation
	if in.Body.Name.value != nil {
		v.Refuse("name", "must be left out by who is logged in")
	}
	if in.Body.Password.value != nil {
		v.Refuse("password", "must be left out by who is logged in")
	}
	if err := v.Err(); err != nil {
		return app.Joined{}, err
	}
	accepted, err := s.App.Invitations.Accept(ctx, *caller, app.Accept{
		Token: in.Body.Token,
		Keep: func(ctx context.Context, tx ports.Tx, made app.Accepted) error {
			return keep(ctx, tx, app.Joined{Accepted: made})
		},
	})
	return app.Joined{Accepted: accepted}, err
}

// showAdmitted shows a newcomer its account; who was logged in has one.
func showAdmitted(made app.Joined) (int, eitherOf[newcomerBody, JoinedBody]) {
	joined := showJoined(made.Accepted)
	if made.Account.ID.IsZero() {
		return http.StatusOK, eitherOf[newcomerBody, JoinedBody]{b: &joined}
	}
	return http.StatusCreated, eitherOf[newcomerBody, JoinedBody]{
		a: &newcomerBody{joined, showUser(made.Account), showTokens(made.Tokens)},
	}
}

func (s *server) declineInvitation(ctx context.Context, by *call, in *linkInput) (*nothing, error) {
	return nil, s.App.Invitations.Decline(ctx, in.Body.Token, by.client)
}
