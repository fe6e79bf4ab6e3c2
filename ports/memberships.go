package ports

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
)

// Affiliation is an organization as one of its members sees it.
type Affiliation struct {
	Organization organization.Organization
	Membership   membership.Membership
}

// Memberships answers who belongs where, before anything was granted: every
// authorization begins here. Invitations are no memberships.
type Memberships interface {
	Find(ctx context.Context, org organization.ID, who account.ID) (*membership.Membership, error)
	// List returns the account's organizations, the oldest membership first.
	List(ctx context.Context, who account.ID, page Page[membership.ID]) ([]Affiliation, error)
	// ListSeenBy is List, cut down to organizations in which seer is owner or
	// admin.
	ListSeenBy(ctx context.Context, who, seer account.ID, page Page[membership.ID]) ([]Affiliation, error)
	// SoleOwned returns the organizations in which the account is the only
	// owner, each with its number of other members.
	SoleOwned(ctx context.Context, who account.ID) ([]SoleOwned, error)
	// Sweep deletes invitations that had run out before the time,
	// SweepBatch at most, and says how many. It is fit for Store.Alone.
	Sweep(ctx context.Context, before time.Time) (int, error)
}

// SoleOwned is an organization that would be left without an owner.
type SoleOwned struct {
	Organization organization.Organization
	Others       int
}

// Member is somebody in an organization, or asked in, as its members see them.
type Member struct {
	ID             membership.ID
	OrganizationID organization.ID
	AccountID      *account.ID // nil while invited
	Email          account.Email
	Name           naming.Name // empty while invited
	Role           membership.Role
	Status         membership.Status
	InvitedBy      *account.ID
	ExpiresAt      *time.Time // of an invitation
	CreatedAt      time.Time
}

// MemberFilter narrows a list. Zero members narrow nothing.
type MemberFilter struct {
	Status membership.Status
	Role   membership.Role
	Text   string // found anywhere in the address or the name, whatever the case; no wildcards
}

// Members keeps the members of one organization.
type Members interface {
	// Add keeps a new membership, or returns membership.ErrAlreadyMember.
	Add(ctx context.Context, m membership.Membership) error
	// Get returns an active membership.
	Get(ctx context.Context, id membership.ID) (membership.Membership, error)
	// Show returns a member or an invitation.
	Show(ctx context.Context, id membership.ID) (Member, error)
	// List returns members and invitations in one statement a page.
	List(ctx context.Context, filter MemberFilter, page Page[membership.ID]) ([]Member, error)
	// FindByEmail returns who is in or asked in by this address, or nil. An
	// invitation that has run out counts as none.
	FindByEmail(ctx context.Context, email account.Email) (*Member, error)
	// Lock moves the organization's version on, so that units of work that
	// change who owns it come one after the other on every engine, whatever its
	// isolation. What decides about owners is read after it.
	Lock(ctx context.Context) error
	// Owners counts the owners.
	Owners(ctx context.Context) (int, error)
	// Save writes the role, where the stored version still is m.Version, and
	// moves the version on by one.
	Save(ctx context.Context, m membership.Membership) error
	// Remove ends the membership and all that hung on it: the organization is
	// nobody's active one any more in that account's sessions, account keys bound
	// to it are gone, and so are the open invitations that the account had sent.
	Remove(ctx context.Context, m membership.Membership) error
}

// Invitations keeps the open invitations of one organization.
type Invitations interface {
	// Add keeps a new invitation in place of one that has run out, or returns
	// membership.ErrAlreadyInvited.
	Add(ctx context.Context, i membership.Invitation) error
	Get(ctx context.Context, id membership.ID) (membership.Invitation, error)
	// Save writes role, expiry and who invited, where the stored version still is
	// i.Version, and moves the version on by one.
	Save(ctx context.Context, i membership.Invitation) error
	// Accept makes a membership of the invitation, or returns
	// membership.ErrAlreadyMember. Exactly one of many at once succeeds.
	Accept(ctx context.Context, i membership.Invitation, who account.ID) error
	Remove(ctx context.Context, id membership.ID) error
}
