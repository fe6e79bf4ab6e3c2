package access

import (
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
)

// Ceiling keeps everybody at or below their own role: nobody gives, changes or
// takes more than they hold. It is asked with every role that a change begins
// from or leads to, and returns fault.ErrForbidden for one that is above.
func Ceiling(holder membership.Role, roles ...membership.Role) error {
	for _, role := range roles {
		if role > holder {
			return fault.ErrForbidden
		}
	}
	return nil
}
