package httpapi

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/apikey"
)

type rotateAPIKeyInput struct {
	ID   ref[apikey.Key] `path:"id"`
	Body *struct {
		Overlap optional[int64] `json:"overlap_seconds,omitempty" example:"86400" doc:"How long the old key lives on, from 0, which ends it at once, to 2592000 seconds, which are 30 days; 86400, a day, without it"`
	}
}

func (s *server) rotateAPIKey(ctx context.Context, by *call, in *rotateAPIKeyInput, keep app.Keep[app.CreatedAPIKey]) (app.CreatedAPIKey, error) {
	asked := app.RotateAPIKey{Keep: keep}
	if in.Body != nil {
		asked.Overlap = in.Body.Overlap.value
	}
	return s.App.APIKeys.Rotate(ctx, by.actor, in.ID.id, asked)
}

type callerBody struct {
	Address    *string   `json:"address" example:"192.0.2.7" doc:"Null for all callers that are not told apart"`
	UserAgent  *string   `json:"user_agent" example:"checkout/1.2" doc:"What the caller says of itself, cut to 256 bytes; null where the address is"`
	Uses       int64     `json:"uses"`
	LastUsedAt time.Time `json:"last_used_at" example:"2026-01-31T12:00:00Z"`
}

type rotationBody struct {
	Predecessor  *string      `json:"predecessor_id" format:"uuid" doc:"The key that this one follows, null for none"`
	Successor    *string      `json:"successor_id" format:"uuid" doc:"The key that follows this one, null for none; what comes next tells nothing then"`
	EndsAt       *time.Time   `json:"ends_at" doc:"When this key ends: with the overlap, or when it expires, if that is earlier"`
	Uses         int64        `json:"uses" doc:"How often this key was used since it was rotated; those of other servers may be up to a minute late, here and below"`
	Callers      []callerBody `json:"callers" doc:"By whom, the latest first: 50 are told apart, and an entry more counts all others"`
	LastUsedAt   *time.Time   `json:"last_used_at" doc:"The last of these uses, null for none"`
	SafeToRevoke bool         `json:"safe_to_revoke" doc:"Advice: this key and its successor are good, the successor was used, and this key was used neither since nor within the last hour. Revoking is always possible"`
}

type describedKeyBody struct {
	KeyBody
	Rotation orNull[rotationBody] `json:"rotation" doc:"Null unless the key was rotated or came of it"`
}

type describedKeyOutput struct{ Body describedKeyBody }

func describeKey(k app.DescribedAPIKey) describedKeyBody {
	shown := describedKeyBody{KeyBody: showKey(k.Key)}
	if r := k.Rotation; r != nil {
		total := r.Callers.Total()
		shown.Rotation.value = &rotationBody{
			Predecessor: textOf(r.Predecessor), Successor: textOf(r.Successor), EndsAt: k.Key.EndsAt,
			Uses: total.Uses, Callers: showCallers(r.Callers), SafeToRevoke: r.SafeToRevoke,
		}
		if total.Uses > 0 {
			shown.Rotation.value.LastUsedAt = &total.LastUsedAt
		}
	}
	return shown
}

func showCallers(callers apikey.Callers) []callerBody {
	byTime := slices.SortedFunc(maps.Keys(callers), func(a, b apikey.Caller) int {
		return cmp.Or(callers[b].LastUsedAt.Compare(callers[a].LastUsedAt), cmp.Compare(a.Address, b.Address), cmp.Compare(a.UserAgent, b.UserAgent))
	})
	return showAll(byTime, func(who apikey.Caller) callerBody {
		shown := callerBody{Uses: callers[who].Uses, LastUsedAt: callers[who].LastUsedAt}
		if who != (apikey.Caller{}) {
			shown.Address, shown.UserAgent = &who.Address, &who.UserAgent
		}
		return shown
	})
}
