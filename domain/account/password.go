package account

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/tenantry/tenantry/domain/fault"
)

// MaxPassword is the longest password, in code points; a longer one is
// refused, never cut (ASVS 5.0, 6.2.8 and 6.2.9).
const MaxPassword = 256

// ErrPassword is what a password that cannot be used is answered with.
var ErrPassword = fault.Declare(fault.Invalid, "PASSWORD_REFUSED", "must be text without NUL, with 1 to 256 characters")

const redacted = "[redacted]"

// Password is a password as it was typed. It shows itself to nobody.
type Password struct{ text string }

// ParsePassword refuses what can be no one's password, before any work is
// spent on it. Compared byte for byte: no trimming, no Unicode normalization.
func ParsePassword(s string) (Password, error) {
	if s == "" || len(s) > MaxPassword*utf8.UTFMax || !utf8.ValidString(s) ||
		utf8.RuneCountInString(s) > MaxPassword || strings.ContainsRune(s, 0) {
		return Password{}, ErrPassword
	}
	return Password{s}, nil
}

// Reveal returns the password, for hashing and for judging its strength only.
func (p Password) Reveal() string { return p.text }

func (Password) String() string               { return redacted }
func (Password) GoString() string             { return redacted }
func (Password) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Password) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// PasswordHash is the stored form, a PHC string. It shows itself to nobody.
type PasswordHash struct{ phc string }

// StoredPasswordHash wraps a PHC string.
func StoredPasswordHash(phc string) PasswordHash { return PasswordHash{phc} }

// NoPassword is the stored form of having none: it matches no password. A reset
// sets one.
func NoPassword() PasswordHash { return PasswordHash{"!"} }

// IsNone says whether there is no password to compare with.
func (h PasswordHash) IsNone() bool { return h == NoPassword() }

// Reveal returns the PHC string, for the store and for verification only.
func (h PasswordHash) Reveal() string { return h.phc }

func (PasswordHash) String() string               { return redacted }
func (PasswordHash) GoString() string             { return redacted }
func (PasswordHash) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (PasswordHash) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// PasswordPolicy is what an installation asks of new passwords. There are no
// composition rules (NIST SP 800-63B-4, section 3.1.1.2).
type PasswordPolicy struct {
	MinLength int // code points
	MinScore  int // 0 (anything) to 4, on zxcvbn's scale
}

// Guess estimates how easily a password is guessed by somebody who knows the
// words: 0 (at once) to 4 (hardly).
type Guess func(password string, words []string) int

// shortestWord is the shortest context word that is looked for inside a
// password; shorter ones occur in good passwords by chance.
const shortestWord = 4

// Judge refuses a new password that is too short, too easily guessed, or that
// is little more than the account's own words. The reason is fit to be shown.
func (p PasswordPolicy) Judge(pw Password, words []string, guess Guess) error {
	if utf8.RuneCountInString(pw.text) < p.MinLength {
		return refusePassword(fmt.Sprintf("must have at least %d characters", p.MinLength))
	}
	if p.MinScore == 0 {
		return nil
	}
	if guess(pw.text, words) < p.MinScore {
		return refusePassword("is too easy to guess; longer and less common is better")
	}
	if rest, found := without(pw.text, words); found && (rest == "" || guess(rest, nil) < p.MinScore) {
		return refusePassword("is too close to your name, address or organization")
	}
	return nil
}

func refusePassword(reason string) error {
	e := *ErrPassword
	e.Public = reason
	return &e
}

// without cuts the words out of the password, longest first as they come.
func without(password string, words []string) (rest string, found bool) {
	rest = strings.ToLower(password)
	for _, w := range words {
		if utf8.RuneCountInString(w) < shortestWord {
			continue
		}
		if cut := strings.ReplaceAll(rest, strings.ToLower(w), ""); cut != rest {
			rest, found = cut, true
		}
	}
	return rest, found
}
