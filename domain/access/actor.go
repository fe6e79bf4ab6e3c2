// Package access decides who may do what. It is pure: a table of roles and
// actions, and the Grant that is the only door to a tenant's data.
package access

import (
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
)

// Actor is who is calling, proven and looked up live for this one request.
type Actor struct {
	Account account.Account
	Session session.Session // zero where a key calls
	// Key is the account key that calls, nil for a person. It holds the actor to
	// its scopes.
	Key *accountkey.Key
	// Membership is the caller's in the active organization, nil when there is
	// none. Reads rely on it; a change reads it again inside its transaction.
	Membership *membership.Membership
	// Address, RequestID and Dialect are where the request came from, for the
	// audit.
	Address, RequestID, Dialect string
}

// Organization is the active organization, nil when there is none.
func (a Actor) Organization() *organization.ID {
	if a.Membership == nil {
		return nil
	}
	return &a.Membership.OrganizationID
}

// Origin is what the audit says of the caller.
func (a Actor) Origin() audit.Origin {
	o := audit.Origin{
		ActorType: audit.Account, ActorID: a.Account.ID.String(),
		Address: a.Address, RequestID: a.RequestID, Dialect: a.Dialect,
	}
	if a.Key != nil {
		o.ActorType, o.ActorID = audit.Key, a.Key.ID.String()
	}
	return o
}
