package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
)

// KeyBody is a key without its secret.
type KeyBody struct {
	ID         string     `json:"id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	OrgID      string     `json:"org_id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	EnvID      string     `json:"env_id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	Name       string     `json:"name" example:"Checkout backend"`
	Type       string     `json:"type" enum:"server,client" doc:"A server keeps it secret, a client ships it"`
	KeyPrefix  string     `json:"key_prefix" example:"sdk-dev-4fQx0a" doc:"By which people recognize it"`
	Scopes     []string   `json:"scopes" example:"flags:read"`
	ExpiresAt  *time.Time `json:"expires_at" doc:"Null for never"`
	LastUsedAt *time.Time `json:"last_used_at" doc:"Written in batches, so up to a minute late"`
	RevokedAt  *time.Time `json:"revoked_at" doc:"Null unless somebody revoked it"`
	CreatedBy  *string    `json:"created_by" format:"uuid" doc:"Null once that account is gone"`
	CreatedAt  time.Time  `json:"created_at" example:"2026-01-31T12:00:00Z"`
}

func showKey(k apikey.Key) KeyBody {
	shown := KeyBody{
		ID: k.ID.String(), OrgID: k.OrganizationID.String(), EnvID: k.EnvironmentID.String(),
		Name: k.Name.String(), Type: string(k.Type), KeyPrefix: k.Prefix, Scopes: append([]string{}, k.Scopes...),
		ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt, RevokedAt: k.RevokedAt, CreatedAt: k.CreatedAt,
	}
	if k.CreatedBy != nil {
		maker := k.CreatedBy.String()
		shown.CreatedBy = &maker
	}
	return shown
}

type listAPIKeysInput struct {
	ID ref[environment.Environment] `path:"id"`
	Paging
}

func (s *server) listAPIKeys(ctx context.Context, by *call, in *listAPIKeysInput) (*listing[KeyBody], error) {
	l := listOf("/v1/environments/"+in.ID.id.String()+"/api-keys", by.organization)
	p, err := page[apikey.Key](s.cursors, l, in.Paging)
	if err != nil {
		return nil, err
	}
	found, err := s.App.APIKeys.List(ctx, by.actor, in.ID.id, p)
	if err != nil {
		return nil, err
	}
	position := func(k apikey.Key) uuid.UUID { return k.ID.UUID() }
	return answerList(s.cursors, l, in.Paging, found, showKey, position), nil
}

type createAPIKeyInput struct {
	ID   ref[environment.Environment] `path:"id"`
	Body struct {
		Name      string             `json:"name" example:"Checkout backend" doc:"1 to 100 characters"`
		Type      optional[string]   `json:"type,omitempty" doc:"server, which it is without it, or client"`
		Scopes    optional[[]string] `json:"scopes,omitempty" doc:"At most 32 words of a-z, 0-9, dot, underscore, colon and hyphen"`
		ExpiresAt moment             `json:"expires_at,omitempty" doc:"RFC 3339; null or nothing for never"`
	}
}

type createdKeyBody struct {
	KeyBody
	Key string `json:"key" example:"sdk-dev-00000000000000000000000000000000000000" doc:"The key itself, shown this once"`
}

func showNewKey(made app.CreatedAPIKey) createdKeyBody {
	return createdKeyBody{showKey(made.Key), made.Secret.Reveal()}
}

func (s *server) createAPIKey(ctx context.Context, by *call, in *createAPIKeyInput, keep app.Keep[app.CreatedAPIKey]) (app.CreatedAPIKey, error) {
	asked := app.CreateAPIKey{Name: in.Body.Name, Type: in.Body.Type.value, ExpiresAt: in.Body.ExpiresAt.at, Keep: keep}
	if in.Body.Scopes.value != nil {
		asked.Scopes = *in.Body.Scopes.value
	}
	return s.App.APIKeys.Create(ctx, by.actor, in.ID.id, asked)
}

type keyInput struct {
	ID ref[apikey.Key] `path:"id"`
}

func (s *server) getAPIKey(ctx context.Context, by *call, in *keyInput) (*describedKeyOutput, error) {
	found, err := s.App.APIKeys.Get(ctx, by.actor, in.ID.id)
	if err != nil {
		return nil, err
	}
	return &describedKeyOutput{describeKey(found)}, nil
}

func (s *server) revokeAPIKey(ctx context.Context, by *call, in *keyInput) (*nothing, error) {
	return nil, s.App.APIKeys.Revoke(ctx, by.actor, in.ID.id)
}
