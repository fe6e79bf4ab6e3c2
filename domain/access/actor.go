// Package access decides who may do what. It is pure: a table of roles and
// actions, and the Grant that is the only door to a tenant's data.
package access

import (
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
)

// Actor is who is calling, proven and looked up live for this one request.
type Actor struct {
	Account account.Account
	Session session.Session
	// Membership is the caller's in the active organization, nil when there is
	// none. Reads rely on it; a change reads it again inside its transaction.
	Membership *membership.Membership
}

// Organization is the active organization, nil when there is none.
func (a Actor) Organization() *organization.ID {
	if a.Membership == nil {
		return nil
	}
	return &a.Membership.OrganizationID
}
