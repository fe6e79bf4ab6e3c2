package ports

import (
	"context"

	"github.com/tenantry/tenantry/domain/account"
)

// Passwords hashes in a lane of its own: as many at once as there are cores, a
// short queue behind, and fault.ErrBusy past it.
type Passwords interface {
	// Hash returns the stored form of a new password.
	Hash(ctx context.Context, p account.Password) (account.PasswordHash, error)
	// Verify compares in constant time. before runs once the lane has admitted
	// the caller and just before the work; its error is returned instead. With a
	// nil hash the same work is done on a dummy and the answer is false, so that
	// a missing account takes as long as a wrong password. fresh, when not nil,
	// is the password in newer parameters, to be stored.
	Verify(ctx context.Context, hash *account.PasswordHash, p account.Password, before func() error) (match bool, fresh *account.PasswordHash, err error)
}
