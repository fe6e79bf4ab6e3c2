// Package link has the single-use links that are mailed to prove an address:
// whoever follows one has read the mail.
package link

import (
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
)

// Purpose says what a link does. A link does one thing only.
type Purpose string

// The purposes of links.
const (
	VerifyEmail   Purpose = "verify_email"
	ResetPassword Purpose = "reset_password"
	ChangeEmail   Purpose = "change_email" // proves the new address
	UndoEmail     Purpose = "undo_email"   // goes to the old address
	Invitation    Purpose = "invitation"
)

// Purposes lists every purpose.
func Purposes() []Purpose {
	return []Purpose{VerifyEmail, ResetPassword, ChangeEmail, UndoEmail, Invitation}
}

// Lifetime is how long a link of the purpose is good.
func (p Purpose) Lifetime() time.Duration {
	switch p {
	case VerifyEmail, ChangeEmail:
		return 24 * time.Hour
	case ResetPassword:
		return time.Hour
	case UndoEmail:
		return 72 * time.Hour
	case Invitation:
		return 7 * 24 * time.Hour
	}
	return 0
}

// Faults of links. An unknown, spent, expired or otherwise purposed token has
// one answer.
var (
	ErrInvalid            = fault.Declare(fault.Invalid, "INVALID_TOKEN_LINK", "This link is not valid any more. Ask for a new one.")
	ErrInvitationNotFound = fault.Declare(fault.NotFound, "INVITATION_NOT_FOUND", "There is no such invitation, or it is not open any more.")
)

const (
	tokenSize = 32
	redacted  = "[redacted]"
)

// Token is what stands in the mail, and nowhere else. It shows itself to
// nobody.
type Token struct{ text string }

// Digest is the SHA-256 of a token: all that is stored.
type Digest [sha256.Size]byte

// NewToken writes 32 random bytes.
func NewToken(random []byte) Token { return Token{base64.RawURLEncoding.EncodeToString(random)} }

// ParseToken reads a presented token. Decoding is strict: one token has one
// spelling.
func ParseToken(s string) (Token, bool) {
	if len(s) != base64.RawURLEncoding.EncodedLen(tokenSize) {
		return Token{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return Token{s}, err == nil && len(raw) == tokenSize
}

// Digest is what the token is stored and looked up by.
func (t Token) Digest() Digest { return sha256.Sum256([]byte(t.text)) }

// Reveal returns the token, for the mail that carries it.
func (t Token) Reveal() string { return t.text }

func (Token) String() string               { return redacted }
func (Token) GoString() string             { return redacted }
func (Token) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Token) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Link is what is kept of a mailed token.
type Link struct {
	Digest    Digest
	Purpose   Purpose
	AccountID *account.ID   // of every link but an invitation
	Email     account.Email // the address that following it proves
	ExpiresAt time.Time
	CreatedAt time.Time
	// Of an invitation only.
	OrganizationID *organization.ID
	MembershipID   *membership.ID
}

// Open says whether the link is for the purpose and still good.
func (l Link) Open(p Purpose, now time.Time) bool { return l.Purpose == p && now.Before(l.ExpiresAt) }
