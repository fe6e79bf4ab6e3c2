// Package account has the people who log in: their address, their names and
// the rules for the password that proves them.
package account

import (
	"time"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/naming"
)

// ID identifies an account.
type ID = id.Of[Account]

// Account is one person's login. It belongs to no organization: memberships
// say where it may go.
type Account struct {
	ID            ID
	Email         Email
	EmailVerified bool
	Name          naming.Name
	Username      *Username // nil until chosen
	PasswordHash  PasswordHash
	Operator      bool // may administer the whole installation
	Disabled      bool // cannot log in or act; memberships stay as they are
	Version       int64
	CreatedAt     time.Time
	UpdatedAt     time.Time
	LastLoginAt   *time.Time
}

// Faults of accounts and of proving who one is.
var (
	ErrEmailTaken         = fault.Declare(fault.Conflict, "EMAIL_ALREADY_EXISTS", "An account with this email address already exists.")
	ErrUsernameTaken      = fault.Declare(fault.Conflict, "USERNAME_TAKEN", "This username is taken.")
	ErrInvalidCredentials = fault.Declare(fault.Unauthenticated, "INVALID_CREDENTIALS", "invalid credentials")
	ErrWrongPassword      = fault.Declare(fault.Forbidden, "WRONG_PASSWORD", "The password is not right.")
	ErrTooManyAttempts    = fault.Declare(fault.Throttled, "TOO_MANY_ATTEMPTS", "Too many failed attempts. Try again later.")
	ErrLastOperator       = fault.Declare(fault.Conflict, "LAST_OPERATOR", "The last operator of an installation cannot be removed.")
)

// MayLogIn says whether the account can hold a session at all.
func (a Account) MayLogIn() bool { return !a.Disabled }
