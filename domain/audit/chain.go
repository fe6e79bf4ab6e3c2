package audit

import (
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/organization"
)

// ChainID names a chain: by the organization that its entries concern, or, where
// they concern none, by the account. So acts wait for one another only where
// they have that in common. The zero chain is the installation's own, of what
// concerns neither; it also has what was recorded before accounts had chains.
type ChainID = id.Of[Head]

// OfOrganization is the chain of an organization.
func OfOrganization(o organization.ID) ChainID { return ChainID(o) }

// OfAccount is the chain of an account: its logins, its password, its keys.
func OfAccount(a account.ID) ChainID { return ChainID(a) }
