package app

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/ports"
)

// APIKeys is the life of an environment key.
type APIKeys struct {
	Dependencies
	verification *Verification // knows of uses that are not written yet
}

// List returns the keys of an environment, revoked ones too.
func (k *APIKeys) List(ctx context.Context, actor access.Actor, of environment.ID, page ports.Page[apikey.ID]) (Listed[apikey.Key], error) {
	grant, err := reader(actor).may(access.ReadKey)
	if err != nil {
		return Listed[apikey.Key]{}, err
	}
	return ports.Look(ctx, k.Store, func(tx ports.Tx) (Listed[apikey.Key], error) {
		if _, err := tx.Environments(grant).Get(ctx, of); err != nil {
			return Listed[apikey.Key]{}, err
		}
		return listed(page, func(page ports.Page[apikey.ID]) ([]apikey.Key, error) {
			return tx.APIKeys(grant).List(ctx, of, page)
		})
	})
}

// CreateAPIKey asks for a key.
type CreateAPIKey struct {
	Name      string
	Type      *string // nil or empty: server
	Scopes    []string
	ExpiresAt *time.Time // nil: never
	Keep      Keep[CreatedAPIKey]
}

// CreatedAPIKey is a new key with the secret, which is never shown again.
type CreatedAPIKey struct {
	Key    apikey.Key
	Secret apikey.Secret
}

// Create makes a key that opens the environment and nothing else.
func (k *APIKeys) Create(ctx context.Context, actor access.Actor, of environment.ID, in CreateAPIKey) (CreatedAPIKey, error) {
	draft, err := k.draft(in)
	if err != nil {
		return CreatedAPIKey{}, err
	}
	return ports.Run(ctx, k.Store, keeping(ctx, in.Keep, func(tx ports.Tx) (CreatedAPIKey, error) {
		parent, grant, err := findEnvironment(ctx, tx, actor, of, access.CreateKey)
		if err != nil {
			return CreatedAPIKey{}, err
		}
		secret := apikey.NewSecret(parent.Kind, draft.Type, k.Random.Uniform)
		maker := actor.Account.ID
		made := draft
		made.ID, made.OrganizationID, made.EnvironmentID = apikey.ID(k.Random.ID()), parent.OrganizationID, parent.ID
		made.Prefix, made.Digest = secret.Prefix(), secret.Digest()
		made.CreatedBy, made.CreatedAt = &maker, tx.Now()
		if err := tx.APIKeys(grant).Add(ctx, made); err != nil {
			return CreatedAPIKey{}, err
		}
		return CreatedAPIKey{made, secret}, k.record(ctx, tx, actor, audit.OfOrganization(made.OrganizationID), audit.Event{
			Action: audit.KeyCreated, ResourceType: keyResource, ResourceID: made.ID.String(), After: keyState(made),
		})
	}))
}

func (k *APIKeys) draft(in CreateAPIKey) (apikey.Key, error) {
	var v fault.Validation
	draft := apikey.Key{Name: required(&v, "name", in.Name, naming.ParseName), Type: apikey.Server}
	replace(&draft.Type, optional(&v, "type", in.Type, apikey.ParseType))
	var err error
	draft.Scopes, err = apikey.ParseScopes(in.Scopes)
	v.Check("scopes", err)
	draft.ExpiresAt = expiry(&v, in.ExpiresAt, k.Clock.Now())
	return draft, v.Err()
}

// expiry checks when a new key is to end, and cuts that to what is kept.
func expiry(v *fault.Validation, asked *time.Time, now time.Time) *time.Time {
	if asked == nil {
		return nil
	}
	at := asked.UTC().Truncate(time.Microsecond)
	v.Check("expires_at", apikey.CheckExpiry(at, now))
	return &at
}

// Revoke ends a key at once. Revoking it again changes nothing.
func (k *APIKeys) Revoke(ctx context.Context, actor access.Actor, id apikey.ID) error {
	return k.Store.Do(ctx, func(tx ports.Tx) error {
		found, grant, err := k.find(ctx, tx, actor, id, access.RevokeKey)
		if err != nil {
			return err
		}
		if found.RevokedAt != nil {
			return nil
		}
		if err := tx.APIKeys(grant).Revoke(ctx, found.ID); err != nil {
			return err
		}
		return k.record(ctx, tx, actor, audit.OfOrganization(found.OrganizationID), audit.Event{
			Action: audit.KeyRevoked, ResourceType: keyResource, ResourceID: id.String(), Before: keyState(found),
		})
	})
}

// find reads the key first and then asks for the action: 404 before 403.
func (k *APIKeys) find(ctx context.Context, tx ports.Tx, actor access.Actor, id apikey.ID, action access.Action) (apikey.Key, access.Grant, error) {
	m, err := enter(ctx, tx, actor)
	if err != nil {
		return apikey.Key{}, access.Grant{}, err
	}
	reading, err := m.mayFind(access.ReadKey)
	if err != nil {
		return apikey.Key{}, access.Grant{}, err
	}
	found, err := tx.APIKeys(reading).Get(ctx, id)
	if err != nil {
		return apikey.Key{}, access.Grant{}, err
	}
	grant, err := m.may(action)
	return found, grant, err
}
