package ports

import (
	"context"

	"github.com/tenantry/tenantry/domain/account"
)

// Accounts keeps the people who log in.
type Accounts interface {
	// Add keeps a new account, or returns account.ErrEmailTaken or
	// account.ErrUsernameTaken.
	Add(ctx context.Context, a account.Account) error
	Get(ctx context.Context, id account.ID) (account.Account, error)
	FindByEmail(ctx context.Context, email account.Email) (*account.Account, error)
	FindByUsername(ctx context.Context, username account.Username) (*account.Account, error)
	// Save writes every field but the id and the creation time, where the stored
	// version still is a.Version, and moves the version on by one. It may
	// return account.ErrEmailTaken or account.ErrUsernameTaken.
	Save(ctx context.Context, a account.Account) error
	// LoggedIn notes the time of a login by a password, without touching the
	// version, and returns the account; nil, and nothing is noted, when its
	// password's hash is not judged any more. fresh, when not nil, replaces that
	// by one of newer parameters.
	LoggedIn(ctx context.Context, id account.ID, judged account.PasswordHash, fresh *account.PasswordHash) (*account.Account, error)
	// Remove deletes the account and, with it, its sessions and memberships.
	// Keys that it made stay, without a maker.
	Remove(ctx context.Context, id account.ID) error
	// ClaimInstallation makes the account the operator of an installation that
	// has had none so far, and says whether it did: true exactly once, however
	// many claim at the same time.
	ClaimInstallation(ctx context.Context, id account.ID) (bool, error)
}
