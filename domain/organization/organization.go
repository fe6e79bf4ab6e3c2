// Package organization has the tenants: everything that a customer owns hangs
// under exactly one organization.
package organization

import (
	"time"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/naming"
)

// ID identifies an organization.
type ID = id.Of[Organization]

// Organization is a tenant. Its version moves with every change that can touch
// who owns it, so that row is the lock of the whole aggregate.
type Organization struct {
	ID        ID
	Name      naming.Name
	Slug      naming.Slug
	Personal  bool // one account's own; takes no other members until converted
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Faults of organizations.
var (
	ErrSlugTaken    = fault.Declare(fault.Conflict, "SLUG_TAKEN", "This slug is taken.")
	ErrPersonal     = fault.Declare(fault.Conflict, "PERSONAL_ORGANIZATION", "A personal organization cannot do that. Convert it first by setting is_personal_account to false.")
	ErrConfirmation = fault.Declare(fault.Conflict, "CONFIRMATION_MISMATCH", "To confirm, repeat the slug of what is to be deleted.")
	ErrMismatch     = fault.Declare(fault.Invalid, "ORGANIZATION_MISMATCH", "The X-Organization-ID header names another organization than the path.")
)
