package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/organization"
)

// AccountKeyBody is an account key without its secret.
type AccountKeyBody struct {
	ID             string     `json:"id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	Name           string     `json:"name" example:"Deploy script"`
	KeyPrefix      string     `json:"key_prefix" example:"sk_live_4fQx0a" doc:"By which people recognize it"`
	Scopes         []string   `json:"scopes" enum:"read,write,keys" example:"read,write"`
	OrganizationID *string    `json:"organization_id" format:"uuid" doc:"The only one that it reaches; null for all of the account's"`
	ExpiresAt      *time.Time `json:"expires_at" doc:"Null for never"`
	LastUsedAt     *time.Time `json:"last_used_at" doc:"Written in batches, so up to a minute late"`
	CreatedAt      time.Time  `json:"created_at" example:"2026-01-31T12:00:00Z"`
}

func showAccountKey(k accountkey.Key) AccountKeyBody {
	shown := AccountKeyBody{
		ID: k.ID.String(), Name: k.Name.String(), KeyPrefix: k.Prefix, OrganizationID: textOf(k.OrganizationID),
		Scopes:    showAll(k.Scopes, func(s accountkey.Scope) string { return string(s) }),
		ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt, CreatedAt: k.CreatedAt,
	}
	return shown
}

// textOf is an id that may be missing, for an answer.
func textOf[K any](number *id.Of[K]) *string {
	if number == nil {
		return nil
	}
	text := number.String()
	return &text
}

type createAccountKeyInput struct {
	Body struct {
		Name           string             `json:"name" example:"Deploy script" doc:"1 to 100 characters"`
		Scopes         optional[[]string] `json:"scopes,omitempty" doc:"Some of read, write and keys (environment keys); read and write without it"`
		ExpiresAt      moment             `json:"expires_at,omitempty" doc:"RFC 3339; null or nothing for never"`
		OrganizationID optional[string]   `json:"organization_id,omitempty" doc:"The only organization that the key reaches; all of the account's without it"`
	}
}

type createdAccountKeyBody struct {
	AccountKeyBody
	Key string `json:"key" example:"sk_live_00000000000000000000000000000000000000" doc:"The key itself, shown this once"`
}

func showNewAccountKey(made app.CreatedAccountKey) createdAccountKeyBody {
	return createdAccountKeyBody{showAccountKey(made.Key), made.Secret.Reveal()}
}

func (s *server) createAccountKey(ctx context.Context, by *call, in *createAccountKeyInput, keep app.Keep[app.CreatedAccountKey]) (app.CreatedAccountKey, error) {
	asked := app.CreateAccountKey{Name: in.Body.Name, Scopes: in.Body.Scopes.orZero(), ExpiresAt: in.Body.ExpiresAt.at, Keep: keep}
	if bound := in.Body.OrganizationID.value; bound != nil {
		org, err := id.Parse[organization.Organization](*bound)
		if err != nil {
			return app.CreatedAccountKey{}, fault.ErrInvalid.WithField("organization_id", err.Error())
		}
		asked.OrganizationID = &org
	}
	return s.App.AccountKeys.Create(ctx, by.actor, asked)
}

func (s *server) listAccountKeys(ctx context.Context, by *call, in *listInput) (*listing[AccountKeyBody], error) {
	l := listOf("/v1/auth/keys", by.account)
	p, err := page[accountkey.Key](s.cursors, l, in.Paging)
	if err != nil {
		return nil, err
	}
	found, err := s.App.AccountKeys.List(ctx, by.actor, p)
	if err != nil {
		return nil, err
	}
	position := func(k accountkey.Key) uuid.UUID { return k.ID.UUID() }
	return answerList(s.cursors, l, in.Paging, found, showAccountKey, position), nil
}

type accountKeyInput struct {
	ID ref[accountkey.Key] `path:"id"`
}

func (s *server) deleteAccountKey(ctx context.Context, by *call, in *accountKeyInput) (*nothing, error) {
	return nil, s.App.AccountKeys.Delete(ctx, by.actor, in.ID.id)
}
