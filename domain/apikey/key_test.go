package apikey_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/naming"
)

func TestAKeyEndsAtTheInstant(t *testing.T) {
	now := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	before, after := now.Add(-time.Microsecond), now.Add(time.Microsecond)
	tests := []struct {
		name             string
		revoked, expires *time.Time
		want             error
	}{
		{"neither", nil, nil, nil},
		{"expires a microsecond later", nil, &after, nil},
		{"expires now", nil, &now, apikey.ErrExpired},
		{"expired", nil, &before, apikey.ErrExpired},
		{"is revoked a microsecond later", &after, nil, nil},
		{"is revoked now", &now, nil, apikey.ErrRevoked},
		{"was revoked", &before, nil, apikey.ErrRevoked},
		{"was revoked and has expired", &before, &before, apikey.ErrRevoked},
		{"is revoked later, has expired", &after, &now, apikey.ErrExpired},
	}
	for _, test := range tests {
		key := apikey.Key{RevokedAt: test.revoked, ExpiresAt: test.expires}
		if err := key.Usable(now); !errors.Is(err, test.want) {
			t.Errorf("%s: Usable = %v, want %v", test.name, err, test.want)
		}
		if err := key.Usable(now.In(time.FixedZone("", 7200))); !errors.Is(err, test.want) {
			t.Errorf("%s: in another zone Usable = %v", test.name, err)
		}
	}
}

func TestAKeyOpensItsOwnEnvironmentOnly(t *testing.T) {
	staging := environment.Environment{ID: environment.ID(uuid.New()), Slug: naming.StoredSlug("staging")}
	key := apikey.Key{Scopes: apikey.Scopes{"flags:read", "flags:write"}}
	tests := []struct {
		name, environment, scope string
		want                     error
	}{
		{"nothing asked", "", "", nil},
		{"its id", staging.ID.String(), "", nil},
		{"its slug", "staging", "", nil},
		{"another id", uuid.NewString(), "", apikey.ErrWrongEnvironment},
		{"another slug", "production", "", apikey.ErrWrongEnvironment},
		{"its slug in capitals", "STAGING", "", apikey.ErrWrongEnvironment},
		{"a piece of its slug", "stag", "", apikey.ErrWrongEnvironment},
		{"a scope that it has", "", "flags:read", nil},
		{"a scope that it has not", "", "flags:delete", apikey.ErrInsufficientScope},
		{"a piece of a scope", "", "flags", apikey.ErrInsufficientScope},
		{"two scopes in one", "", "flags:read flags:write", apikey.ErrInsufficientScope},
		{"both right", "staging", "flags:write", nil},
		{"both wrong", "production", "none", apikey.ErrWrongEnvironment},
	}
	for _, test := range tests {
		if err := key.Admits(staging, test.environment, test.scope); !errors.Is(err, test.want) {
			t.Errorf("%s: Admits = %v, want %v", test.name, err, test.want)
		}
	}
}
