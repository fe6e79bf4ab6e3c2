package app

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

// RotateAPIKey asks for a successor of a key.
type RotateAPIKey struct {
	Overlap *int64 // in seconds; nil: apikey.DefaultOverlap
	Keep    Keep[CreatedAPIKey]
}

// Rotate makes a successor of a key, with the same rights, and lets the key live
// on for the overlap.
func (k *APIKeys) Rotate(ctx context.Context, actor access.Actor, id apikey.ID, in RotateAPIKey) (CreatedAPIKey, error) {
	var v fault.Validation
	overlap := apikey.DefaultOverlap
	if in.Overlap != nil {
		var err error
		overlap, err = apikey.ParseOverlap(*in.Overlap)
		v.Check("overlap_seconds", err)
	}
	if err := v.Err(); err != nil {
		return CreatedAPIKey{}, err
	}
	return ports.Run(ctx, k.Store, keeping(ctx, in.Keep, func(tx ports.Tx) (CreatedAPIKey, error) {
		found, grant, err := k.find(ctx, tx, actor, id, access.RotateKey)
		if err != nil {
			return CreatedAPIKey{}, err
		}
		return k.rotate(ctx, tx, actor, grant, found, overlap)
	}))
}

func (k *APIKeys) rotate(ctx context.Context, tx ports.Tx, actor access.Actor, grant access.Grant, found apikey.Key, overlap time.Duration) (CreatedAPIKey, error) {
	ending, made, err := found.Rotate(overlap, tx.Now())
	if err != nil {
		return CreatedAPIKey{}, err
	}
	in, err := tx.Environments(grant).Get(ctx, found.EnvironmentID)
	if err != nil {
		return CreatedAPIKey{}, err
	}
	secret := apikey.NewSecret(in.Kind, made.Type, k.Random.Uniform)
	maker := actor.Account.ID
	made.ID, made.CreatedBy = apikey.ID(k.Random.ID()), &maker
	made.Prefix, made.Digest = secret.Prefix(), secret.Digest()
	if err := tx.APIKeys(grant).Rotate(ctx, ending, made); err != nil {
		return CreatedAPIKey{}, err
	}
	return CreatedAPIKey{made, secret}, k.record(ctx, tx, actor, audit.OfOrganization(made.OrganizationID), audit.Event{
		Action: audit.KeyRotated, ResourceType: keyResource, ResourceID: found.ID.String(),
		Before: keyState(found), After: keyState(ending),
		Metadata: audit.State{"successor_id": made.ID.String(), "successor_key_prefix": made.Prefix},
	})
}

// Rotation is what there is to know of a key that was rotated, or came of it.
type Rotation struct {
	Predecessor, Successor *apikey.ID     // nil where there is none
	Callers                apikey.Callers // since it was rotated
	SafeToRevoke           bool           // advice, see apikey.Key.SafeToRevoke
}

// DescribedAPIKey is a key with its rotation, nil where there was none.
type DescribedAPIKey struct {
	Key      apikey.Key
	Rotation *Rotation
}

// Get returns a key of the active organization. Uses that this server has not
// written yet count for its rotation.
func (k *APIKeys) Get(ctx context.Context, actor access.Actor, id apikey.ID) (DescribedAPIKey, error) {
	grant, err := reader(actor).may(access.ReadKey)
	if err != nil {
		return DescribedAPIKey{}, err
	}
	return ports.Look(ctx, k.Store, func(tx ports.Tx) (DescribedAPIKey, error) {
		found, err := tx.APIKeys(grant).Lineage(ctx, id)
		if err != nil || found.Predecessor == nil && found.Successor == nil {
			return DescribedAPIKey{Key: found.Key}, err
		}
		r := Rotation{Predecessor: found.Predecessor, Successor: found.Successor, Callers: apikey.Callers{}}
		if found.Successor != nil {
			err = k.watch(ctx, tx.APIKeys(grant), found.Key, &r)
		}
		return DescribedAPIKey{found.Key, &r}, err
	})
}

// watch finds out who uses a key beside its successor.
func (k *APIKeys) watch(ctx context.Context, keys ports.APIKeys, found apikey.Key, r *Rotation) error {
	successor, err := keys.Get(ctx, *r.Successor)
	if err != nil {
		return err
	}
	if r.Callers, err = keys.Callers(ctx, found.ID); err != nil {
		return err
	}
	k.verification.addRecent(r.Callers, found)
	r.SafeToRevoke = k.verification.recent(found).SafeToRevoke(k.verification.recent(successor), k.Clock.Now())
	return nil
}
