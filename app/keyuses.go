package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

// usedKey is an environment key with the organization under which it is kept.
type usedKey struct {
	organization organization.ID
	key          apikey.ID
}

func keyOf(k apikey.Key) usedKey { return usedKey{k.OrganizationID, k.ID} }

// lastUse is when a key was accepted, and what it opened.
type lastUse struct {
	at          time.Time
	project     project.ID
	environment environment.ID
}

func latest(kept, more lastUse) lastUse {
	if kept.at.Before(more.at) {
		return more
	}
	return kept
}

// together merges what callers used.
func together(kept, more apikey.Callers) apikey.Callers {
	for who, uses := range more {
		kept.Add(who, uses)
	}
	return kept
}

// used notes that a key was accepted. Of one that was rotated it also counts who
// uses it still.
func (v *Verification) used(o *ports.Opened, by Client) {
	now, k := v.Clock.Now(), keyOf(o.Key)
	v.uses.add(k, lastUse{now, o.Project.ID, o.Environment.ID})
	if o.Key.EndsAt != nil {
		v.callers.add(k, apikey.Callers{{Address: by.Address, UserAgent: by.UserAgent}: {Uses: 1, LastUsedAt: now}})
	}
}

// recent is a key as it is stored, with a use that may not be written yet.
func (v *Verification) recent(k apikey.Key) apikey.Key {
	v.uses.pending(keyOf(k), func(use lastUse) {
		if k.LastUsedAt == nil || k.LastUsedAt.Before(use.at) {
			k.LastUsedAt = &use.at
		}
	})
	return k
}

// addRecent adds uses that may not be written yet to those that are.
func (v *Verification) addRecent(written apikey.Callers, k apikey.Key) {
	v.callers.pending(keyOf(k), func(more apikey.Callers) { together(written, more) })
}

// Flush writes the collected uses.
func (v *Verification) Flush(ctx context.Context) error {
	return errors.Join(v.flushTimes(ctx), v.flushCallers(ctx))
}

func (v *Verification) flushTimes(ctx context.Context) error {
	return v.uses.flush(ctx, unitRows, func(ctx context.Context, batch map[usedKey]lastUse) error {
		list := make([]ports.Use, 0, len(batch))
		for k, use := range batch {
			list = append(list, ports.Use{Organization: k.organization, Key: k.key, At: use.at})
		}
		return v.Store.Do(ctx, func(tx ports.Tx) error { return tx.KeyIndex().Touch(ctx, list) })
	})
}

// flushCallers counts a use twice where the connection is lost in the one moment
// in which nobody knows whether the count was kept.
func (v *Verification) flushCallers(ctx context.Context) error {
	return v.callers.flush(ctx, unitRows/(apikey.MaxCallers+2), func(ctx context.Context, batch map[usedKey]apikey.Callers) error {
		list := make([]ports.CallerUse, 0, len(batch))
		for k, callers := range batch {
			list = append(list, ports.CallerUse{Organization: k.organization, Key: k.key, Callers: callers})
		}
		return v.Store.Do(ctx, func(tx ports.Tx) error { return tx.KeyIndex().Count(ctx, list) })
	})
}

// usedIn are the keys whose use may not be written yet, of a project or of the
// one environment that is named.
func (v *Verification) usedIn(of project.ID, one *environment.ID) []apikey.ID {
	found := map[apikey.ID]bool{}
	v.uses.each(func(k usedKey, use lastUse) {
		if one == nil && use.project == of || one != nil && use.environment == *one {
			found[k.key] = true
		}
	})
	return slices.SortedFunc(maps.Keys(found), func(a, b apikey.ID) int { return slices.Compare(a[:], b[:]) })
}
