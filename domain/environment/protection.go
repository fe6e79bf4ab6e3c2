package environment

import (
	"fmt"
	"time"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
)

// Rest is how long no key may have been used of what is protected and to be
// deleted.
const Rest = 24 * time.Hour

// What stands in the way of a deletion.
var (
	ErrConfirmation = fault.Declare(fault.Conflict, "CONFIRMATION_REQUIRED", "Deleting this has to be confirmed: send its slug as confirm.")
	ErrInUse        = fault.Declare(fault.Conflict, "KEYS_IN_USE", "This is protected, and keys of it were used within the last day. Wait, or have an owner lift the protection.")
)

// Confirmed says whether something with this slug may be deleted by who sent
// the confirmation, which is empty where none was sent. What is protected asks
// for it; a wrong one is refused anywhere: somebody meant something else.
func Confirmed(protected bool, slug naming.Slug, confirmation string) error {
	if confirmation == slug.String() || confirmation == "" && !protected {
		return nil
	}
	return ErrConfirmation.WithField("confirm", fmt.Sprintf("must be %s, the slug of what is to be deleted", slug))
}
