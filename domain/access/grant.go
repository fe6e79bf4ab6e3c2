package access

import (
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
)

// Grant is the outcome of an authorization: this account may do this action in
// this organization. Its fields are hidden, so that nothing but this package
// can make one, and every repository of tenant data is bound to the
// organization of the Grant it was reached by.
type Grant struct {
	organization organization.ID
	account      account.ID
	action       Action
	writes       bool
}

// Organization is the only organization that the grant opens.
func (g Grant) Organization() organization.ID { return g.organization }

// Account is who was granted the action.
func (g Grant) Account() account.ID { return g.account }

// Writes says whether the granted action may change anything. The zero Grant
// may not.
func (g Grant) Writes() bool { return g.writes }

// IsZero says that nothing was granted.
func (g Grant) IsZero() bool { return g == Grant{} }

// Authorize decides by the policy table. It returns fault.ErrNotFound for no
// membership at all, since an outsider must not learn that the organization
// exists, fault.ErrForbidden for a role that is too low, and
// accountkey.ErrInsufficientScope for a key without the scope. key is nil for a
// person.
func Authorize(m *membership.Membership, key *accountkey.Key, action Action) (Grant, error) {
	if m == nil {
		return Grant{}, fault.ErrNotFound
	}
	if !Allowed(m.Role, action) {
		return Grant{}, fault.ErrForbidden
	}
	if key != nil && !key.Scopes.Has(rules[action].Scope) {
		return Grant{}, accountkey.ErrInsufficientScope
	}
	return Grant{m.OrganizationID, m.AccountID, action, rules[action].Writes()}, nil
}

// Found grants the founding of an organization that does not exist yet: its
// first membership and project. It is allowed where organizations are made and
// nowhere else.
func Found(org organization.ID, founder account.ID) Grant {
	return Grant{org, founder, UpdateOrganization, true}
}

// Invited grants the acceptance of an invitation to who proved to hold its
// link, and is no member yet. It is allowed where invitations are answered and
// nowhere else.
func Invited(org organization.ID, who account.ID) Grant {
	return Grant{org, who, InviteMember, true}
}
