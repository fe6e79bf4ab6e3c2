package ports

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/audit"
)

// Audit keeps the chains, which outlive what they tell of.
type Audit interface {
	// Append seals the entry onto its chain, under a lock on the chain's head, so
	// that sequences have no gaps.
	Append(ctx context.Context, e audit.Entry) error
	// Begin seals the entries as the first of their chains, one each. It fails
	// where a chain has begun: it is for what is made in the same unit of work.
	Begin(ctx context.Context, entries ...audit.Entry) error
	// Head returns the end of a chain, zero for one that has not begun.
	Head(ctx context.Context, chain audit.ChainID) (audit.Head, error)
	// Walk returns at most limit entries of a chain with a sequence above after,
	// in the order of the chain.
	Walk(ctx context.Context, chain audit.ChainID, after int64, limit int) ([]audit.Entry, error)
	// Chains returns the chains that there are, after the given one; so the zero
	// one is not among them.
	Chains(ctx context.Context, page Page[audit.ChainID]) ([]audit.ChainID, error)
}

// AuditFilter narrows a list. Zero members narrow nothing.
type AuditFilter struct {
	ActorID      string
	Action       audit.Action
	ResourceType string
	ResourceID   string
	From, To     time.Time // From is included, To is not
}

// AuditPage asks for at most Limit entries that are older than Before, or, with
// Before zero, for those after the first Offset.
type AuditPage struct {
	Before int64 // a sequence
	Offset int
	Limit  int
}

// AuditLog reads the chain of one organization, the newest first.
type AuditLog interface {
	List(ctx context.Context, filter AuditFilter, page AuditPage) ([]audit.Entry, error)
}
