package ports

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/membership"
)

// Links keeps the single-use links that were mailed. They disappear with their
// account or invitation.
type Links interface {
	Add(ctx context.Context, l link.Link) error
	// Find returns the link, good or not, or nil.
	Find(ctx context.Context, digest link.Digest) (*link.Link, error)
	// Spend deletes the link, or returns fault.ErrStale when somebody else was
	// first.
	Spend(ctx context.Context, digest link.Digest) error
	// Void deletes the account's links of the purposes.
	Void(ctx context.Context, who account.ID, purposes ...link.Purpose) error
	// VoidSince deletes the account's links of the purpose that were not made
	// before since.
	VoidSince(ctx context.Context, who account.ID, purpose link.Purpose, since time.Time) error
	// VoidInvitation deletes the links of an invitation.
	VoidInvitation(ctx context.Context, id membership.ID) error
	// Sweep deletes links that have run out, the oldest SweepBatch at most, and
	// says how many.
	Sweep(ctx context.Context) (int, error)
}
