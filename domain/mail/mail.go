// Package mail has what the product writes to people: a closed list of kinds,
// each with the facts that its text needs. How it reads is the mailer's.
package mail

import (
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/id"
)

// ID identifies a mail, and becomes its Message-ID: a mail that was sent twice
// can be told.
type ID = id.Of[Mail]

// Kind says what a mail is about.
type Kind string

// Every kind there is.
const (
	VerifyEmail     Kind = "verify_email"
	AlreadyMember   Kind = "account_exists" // somebody registered an address that has an account
	ResetPassword   Kind = "reset_password"
	PasswordChanged Kind = "password_changed"
	ConfirmEmail    Kind = "confirm_new_email"
	EmailChanged    Kind = "email_changed" // to the old address, with the way back
	Invitation      Kind = "invitation"
	ManyFailures    Kind = "many_failed_logins"
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{VerifyEmail, AlreadyMember, ResetPassword, PasswordChanged, ConfirmEmail, EmailChanged, Invitation, ManyFailures}
}

// Mail is one message to one address. Its members are plain text; the mailer
// escapes them.
type Mail struct {
	ID           ID
	Kind         Kind
	To           account.Email
	Name         string // of whom it is written to, empty when unknown
	Token        string // of the link, empty when there is none
	Organization string
	Inviter      string
	Role         string
	Other        string // the other address of a change
	ExpiresAt    time.Time
}
