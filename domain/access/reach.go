package access

import "github.com/tenantry/tenantry/domain/organization"

// Reach is the set of organizations whose keys a product's backend may ask
// about. The zero Reach is none.
type Reach struct {
	everywhere bool
	within     map[organization.ID]bool
}

// Everywhere reaches every organization of the installation.
func Everywhere() Reach { return Reach{everywhere: true} }

// Within reaches these organizations only.
func Within(orgs ...organization.ID) Reach {
	within := make(map[organization.ID]bool, len(orgs))
	for _, org := range orgs {
		within[org] = true
	}
	return Reach{within: within}
}

// Includes says whether the organization is in reach.
func (r Reach) Includes(org organization.ID) bool { return r.everywhere || r.within[org] }
