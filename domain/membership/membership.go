// Package membership has the bond between an account and an organization, and
// the role that it carries.
package membership

import (
	"errors"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/organization"
)

// ID identifies a membership.
type ID = id.Of[Membership]

// Membership says that an account acts in an organization, and as what.
type Membership struct {
	ID             ID
	OrganizationID organization.ID
	AccountID      account.ID
	Role           Role
	Version        int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// ErrLastOwner keeps every organization owned.
var ErrLastOwner = fault.Declare(fault.Conflict, "LAST_OWNER", "An organization needs at least one owner. Make someone else an owner first.")

// Role is what a member may do, from the least to the most. The zero Role is
// none and may do nothing.
type Role uint8

// The roles, ascending: each may do all that those before it may.
const (
	None Role = iota
	Viewer
	Developer
	Admin
	Owner
)

var roleNames = [...]string{None: "", Viewer: "viewer", Developer: "developer", Admin: "admin", Owner: "owner"}

var (
	errRole   = errors.New("must be owner, admin, developer or viewer")
	errStatus = errors.New("must be active or invited")
)

// Roles lists every role, ascending.
func Roles() []Role { return []Role{Viewer, Developer, Admin, Owner} }

// ParseRole reads a role's exact name.
func ParseRole(s string) (Role, error) {
	for _, r := range Roles() {
		if r.String() == s {
			return r, nil
		}
	}
	return None, errRole
}

func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return ""
}
