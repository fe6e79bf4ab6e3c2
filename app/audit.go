package app

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

// record notes the caller's act in a chain, inside the unit of work of the act:
// in that of the organization that it concerns, or, where it concerns none, of
// the account. Of a key the account and the name are noted, too: the key may be
// gone when somebody asks.
func (d Dependencies) record(ctx context.Context, tx ports.Tx, actor access.Actor, chain audit.ChainID, e audit.Event) error {
	if actor.Key != nil {
		with := audit.State{"account_id": actor.Account.ID.String(), "key_name": actor.Key.Name.String()}
		maps.Copy(with, e.Metadata)
		e.Metadata = with
	}
	return d.recordFrom(ctx, tx, actor.Origin(), chain, e)
}

// recordFrom is record for who is no actor: strangers, newcomers and operators.
func (d Dependencies) recordFrom(ctx context.Context, tx ports.Tx, from audit.Origin, chain audit.ChainID, e audit.Event) error {
	return tx.Audit().Append(ctx, d.told(tx, from, chain, e))
}

// told is the event as it goes into the chain.
func (d Dependencies) told(tx ports.Tx, from audit.Origin, chain audit.ChainID, e audit.Event) audit.Entry {
	return audit.Entry{
		ID: audit.ID(d.Random.ID()), Chain: chain, Origin: from,
		Action: e.Action, ResourceType: e.ResourceType, ResourceID: e.ResourceID,
		Before: stateText(e.Before), After: stateText(e.After), Metadata: stateText(e.Metadata),
		CreatedAt: tx.Now(),
	}
}

// stateText is the one JSON text of a state: its members sorted by name, none
// for nil.
func stateText(s audit.State) string {
	if s == nil {
		return ""
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // no map of texts fails
	}
	return string(text)
}

// by is what the audit says of an account that acts by a proof of its own, such
// as a password.
func (c Client) by(who account.ID) audit.Origin {
	return audit.Origin{ActorType: audit.Account, ActorID: who.String(), Address: c.Address, RequestID: c.RequestID, Dialect: c.Dialect}
}

// stranger is what the audit says of nobody who is known.
func (c Client) stranger() audit.Origin {
	return audit.Origin{ActorType: audit.Stranger, Address: c.Address, RequestID: c.RequestID, Dialect: c.Dialect}
}

// Audit is the reading of what was recorded.
type Audit struct{ Dependencies }

const (
	// furthestOffset bounds paging by offset, which reads all that it skips.
	furthestOffset = 10_000
	// exportPage is how many entries an export or a verification reads at once.
	exportPage = 500
)

// List returns entries of the active organization, the newest first.
func (a *Audit) List(ctx context.Context, actor access.Actor, filter ports.AuditFilter, page ports.AuditPage) (Listed[audit.Entry], error) {
	if page.Offset < 0 || page.Offset > furthestOffset {
		return Listed[audit.Entry]{}, fault.ErrInvalid.WithField("offset", "must be from 0 to 10000; page with after for more")
	}
	return ports.Look(ctx, a.Store, func(tx ports.Tx) (Listed[audit.Entry], error) {
		grant, err := reader(actor).may(access.ReadAudit)
		if err != nil {
			return Listed[audit.Entry]{}, err
		}
		limit := page.Limit
		page.Limit++
		found, err := tx.AuditLog(grant).List(ctx, filter, page)
		if err != nil {
			return Listed[audit.Entry]{}, err
		}
		return Listed[audit.Entry]{found[:min(limit, len(found))], len(found) > limit}, nil
	})
}

// Export gives every entry that the filter finds to each, page by page, the
// newest first. The caller's role is asked again with each page: an export may
// take long.
func (a *Audit) Export(ctx context.Context, actor access.Actor, filter ports.AuditFilter, each func([]audit.Entry) error) error {
	page := ports.AuditPage{Limit: exportPage}
	for {
		found, err := ports.Look(ctx, a.Store, func(tx ports.Tx) ([]audit.Entry, error) {
			m, err := enter(ctx, tx, actor)
			if err != nil {
				return nil, err
			}
			grant, err := m.may(access.ReadAudit)
			if err != nil {
				return nil, err
			}
			return tx.AuditLog(grant).List(ctx, filter, page)
		})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			if err := each(found); err != nil {
				return err
			}
			page.Before = found[len(found)-1].Sequence
		}
		if len(found) < exportPage {
			return nil
		}
	}
}
