package app

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// AccountKeys is the life of the keys by which programs act as an account. Only
// a person makes, sees and deletes them.
type AccountKeys struct {
	Dependencies
	uses *uses[accountkey.ID, time.Time]
}

func newAccountKeys(d Dependencies) *AccountKeys {
	return &AccountKeys{Dependencies: d, uses: &uses[accountkey.ID, time.Time]{merge: later}}
}

// CreateAccountKey asks for a key.
type CreateAccountKey struct {
	Name           string
	Scopes         []string // none: read and write
	ExpiresAt      *time.Time
	OrganizationID *organization.ID // nil: all of the account's organizations
	Keep           Keep[CreatedAccountKey]
}

// CreatedAccountKey is a new key with the secret, which is never shown again.
type CreatedAccountKey struct {
	Key    accountkey.Key
	Secret apikey.Secret
}

// Create makes a key that acts as the caller.
func (k *AccountKeys) Create(ctx context.Context, actor access.Actor, in CreateAccountKey) (CreatedAccountKey, error) {
	draft, err := k.draft(in)
	if err != nil {
		return CreatedAccountKey{}, err
	}
	if err := inPerson(actor); err != nil {
		return CreatedAccountKey{}, err
	}
	return ports.Run(ctx, k.Store, keeping(ctx, in.Keep, func(tx ports.Tx) (CreatedAccountKey, error) {
		if draft.OrganizationID != nil {
			if _, err := enterOrganization(ctx, tx, actor, *draft.OrganizationID); err != nil {
				return CreatedAccountKey{}, err
			}
		}
		secret := apikey.NewAccountSecret(k.Random.Uniform)
		made := draft
		made.ID, made.AccountID = accountkey.ID(k.Random.ID()), actor.Account.ID
		made.Prefix, made.Digest, made.CreatedAt = secret.Prefix(), secret.Digest(), tx.Now()
		if err := tx.AccountKeys().Add(ctx, made); err != nil {
			return CreatedAccountKey{}, err
		}
		return CreatedAccountKey{made, secret}, k.record(ctx, tx, actor, audit.OfAccount(actor.Account.ID), audit.Event{
			Action: audit.AccountKeyCreated, ResourceType: accountKeyResource, ResourceID: made.ID.String(), After: accountKeyState(made),
		})
	}))
}

func (k *AccountKeys) draft(in CreateAccountKey) (accountkey.Key, error) {
	var v fault.Validation
	draft := accountkey.Key{Name: required(&v, "name", in.Name, naming.ParseName), OrganizationID: in.OrganizationID}
	var err error
	draft.Scopes, err = accountkey.ParseScopes(in.Scopes)
	v.Check("scopes", err)
	draft.ExpiresAt = expiry(&v, in.ExpiresAt, k.Clock.Now())
	return draft, v.Err()
}

// List returns the caller's keys, the oldest first.
func (k *AccountKeys) List(ctx context.Context, actor access.Actor, page ports.Page[accountkey.ID]) (Listed[accountkey.Key], error) {
	if err := inPerson(actor); err != nil {
		return Listed[accountkey.Key]{}, err
	}
	return ports.Look(ctx, k.Store, func(tx ports.Tx) (Listed[accountkey.Key], error) {
		return listed(page, func(page ports.Page[accountkey.ID]) ([]accountkey.Key, error) {
			return tx.AccountKeys().List(ctx, actor.Account.ID, page)
		})
	})
}

// Delete ends one of the caller's keys at once.
func (k *AccountKeys) Delete(ctx context.Context, actor access.Actor, id accountkey.ID) error {
	if err := inPerson(actor); err != nil {
		return err
	}
	return k.Store.Do(ctx, func(tx ports.Tx) error {
		if err := tx.AccountKeys().Remove(ctx, actor.Account.ID, id); err != nil {
			return err
		}
		return k.record(ctx, tx, actor, audit.OfAccount(actor.Account.ID), audit.Event{
			Action: audit.AccountKeyDeleted, ResourceType: accountKeyResource, ResourceID: id.String(),
		})
	})
}

// Authenticate says as whom an account key acts, by what Credentials know of key,
// account and membership. org is the organization that the request names; without
// one the key's own is meant, or the account's oldest membership.
func (k *AccountKeys) Authenticate(ctx context.Context, presented string, org *organization.ID, c Client) (access.Actor, error) {
	secret, err := apikey.ParseAccountSecret(presented)
	if err != nil {
		return access.Actor{}, accountkey.ErrInvalid
	}
	actor, err := k.Credentials.AccountKey(ctx, secret.Digest(), org)
	if err != nil {
		return access.Actor{}, err
	}
	now := k.Clock.Now()
	if actor == nil || actor.Key.Ended(now) || !actor.Account.MayLogIn() {
		return access.Actor{}, accountkey.ErrInvalid
	}
	k.uses.add(actor.Key.ID, now)
	return c.actor(*actor), nil
}

// Reach is the set of organizations whose environment keys the caller may have
// judged: those that it is in, and its key reaches.
func (k *AccountKeys) Reach(ctx context.Context, actor access.Actor) (access.Reach, error) {
	if err := inScope(actor, accountkey.Read); err != nil {
		return access.Reach{}, err
	}
	all, err := ports.Look(ctx, k.Store, func(tx ports.Tx) ([]ports.Affiliation, error) {
		return every(func(page ports.Page[membership.ID]) ([]ports.Affiliation, error) {
			return affiliations(ctx, tx, actor, page)
		}, func(a ports.Affiliation) membership.ID { return a.Membership.ID })
	})
	if err != nil {
		return access.Reach{}, err
	}
	orgs := make([]organization.ID, 0, len(all))
	for _, a := range all {
		orgs = append(orgs, a.Organization.ID)
	}
	return access.Within(orgs...), nil
}

// Flush writes the collected times of last use.
func (k *AccountKeys) Flush(ctx context.Context) error {
	return k.uses.flush(ctx, unitRows, func(ctx context.Context, batch map[accountkey.ID]time.Time) error {
		list := make([]ports.AccountKeyUse, 0, len(batch))
		for id, at := range batch {
			list = append(list, ports.AccountKeyUse{Key: id, At: at})
		}
		return k.Store.Do(ctx, func(tx ports.Tx) error { return tx.AccountKeys().Touch(ctx, list) })
	})
}
