package membership

import (
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/organization"
)

// Faults of members and invitations.
var (
	ErrAlreadyMember   = fault.Declare(fault.Conflict, "ALREADY_MEMBER", "This address belongs to a member already.")
	ErrAlreadyInvited  = fault.Declare(fault.Conflict, "ALREADY_INVITED", "This address is invited already. Send the invitation again instead.")
	ErrUseLeave        = fault.Declare(fault.Conflict, "USE_LEAVE", "To leave an organization oneself, use its leave route.")
	ErrAnotherAddress  = fault.Declare(fault.Forbidden, "INVITATION_FOR_ANOTHER_ADDRESS", "This invitation was sent to another address than this account's.")
	ErrEmailUnproven   = fault.Declare(fault.Forbidden, "EMAIL_NOT_VERIFIED", "Verify this account's email address first.")
	ErrAccountExists   = fault.Declare(fault.Conflict, "ACCOUNT_EXISTS", "This address has an account. Log in to accept the invitation.")
	ErrManyInvitations = fault.Declare(fault.Throttled, "TOO_MANY_INVITATIONS", "Too many invitations were sent. Try again later.")
	ErrSelfTransfer    = fault.Declare(fault.Conflict, "ALREADY_OWNER", "This member is an owner already.")
)

// Status says whether a member is in, or only asked in.
type Status string

// The statuses.
const (
	Active  Status = "active"
	Invited Status = "invited"
)

// ParseStatus reads a status' exact name.
func ParseStatus(s string) (Status, error) {
	switch status := Status(s); status {
	case Active, Invited:
		return status, nil
	}
	return "", errStatus
}

// Invitation is a membership that nobody has accepted yet. Its id survives the
// acceptance.
type Invitation struct {
	ID             ID
	OrganizationID organization.ID
	Email          account.Email
	Role           Role
	InvitedBy      *account.ID // nil once that account is gone
	Version        int64
	ExpiresAt      time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Expired says whether the invitation has run out, at the very instant of
// ExpiresAt.
func (i Invitation) Expired(now time.Time) bool { return !now.Before(i.ExpiresAt) }

// Accept turns the invitation into the membership of who.
func (i Invitation) Accept(who account.ID, now time.Time) Membership {
	return Membership{
		ID: i.ID, OrganizationID: i.OrganizationID, AccountID: who, Role: i.Role,
		Version: i.Version, CreatedAt: i.CreatedAt, UpdatedAt: now,
	}
}
