package ports

import (
	"context"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/organization"
)

// Directory is the whole installation, as its operators see it.
type Directory interface {
	// Accounts returns accounts whose address, name or username has the text in
	// it, whatever the case; the empty text finds all.
	Accounts(ctx context.Context, text string, page Page[account.ID]) ([]account.Account, error)
	// Organizations returns organizations whose name or slug has the text in it.
	Organizations(ctx context.Context, text string, page Page[organization.ID]) ([]organization.Organization, error)
	// Operators counts the operators that are not disabled.
	Operators(ctx context.Context) (int, error)
	// Home returns the organization into which operators register accounts, nil
	// while there is none, as after it was deleted.
	Home(ctx context.Context) (*organization.ID, error)
	// Settle makes an organization the home, whatever was before.
	Settle(ctx context.Context, home organization.ID) error
}
