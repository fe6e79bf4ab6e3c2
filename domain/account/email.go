package account

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Limits of an address, in bytes (RFC 5321, section 4.5.3.1, with the path's
// angle brackets taken off).
const (
	maxEmail     = 254
	maxLocalPart = 64
	maxDomain    = 253
)

// Email is an address in the one form in which it is stored, compared and
// written to: lower case, ASCII, the domain in its IDNA form.
type Email struct{ text string }

var (
	errEmailForm    = errors.New("must be an email address, such as ada@example.com")
	errEmailTooLong = errors.New("must have at most 254 bytes")
)

// ToASCII turns an internationalized domain name into its ASCII form
// (RFC 5890) and refuses what is none.
type ToASCII func(domain string) (string, error)

// ParseEmail trims s, lower-cases it and converts its domain by idna. The local
// part is ASCII and unquoted; the characters by which old mail systems were
// told to relay ("%", "!") are refused with the rest.
func ParseEmail(s string, idna ToASCII) (Email, error) {
	if len(s) > 4*maxEmail || !utf8.ValidString(s) {
		return Email{}, errEmailForm
	}
	s = strings.Trim(s, " \t") // no more: a line break was put there on purpose
	if len(s) > maxEmail {
		return Email{}, errEmailTooLong
	}
	local, domain, found := strings.Cut(s, "@")
	if !found || strings.Contains(domain, "@") || !validLocalPart(local) {
		return Email{}, errEmailForm
	}
	ascii, err := idna(domain)
	if err != nil || !validDomain(strings.ToLower(ascii)) {
		return Email{}, errEmailForm
	}
	text := strings.ToLower(local + "@" + ascii)
	if len(text) > maxEmail {
		return Email{}, errEmailTooLong
	}
	return Email{text}, nil
}

// StoredEmail wraps an address that was parsed when it was stored.
func StoredEmail(s string) Email { return Email{s} }

func (e Email) String() string { return e.text }

// LocalPart is what stands before the @.
func (e Email) LocalPart() string {
	local, _, _ := strings.Cut(e.text, "@")
	return local
}

func validLocalPart(s string) bool {
	if s == "" || len(s) > maxLocalPart || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		if !alphanumeric(s[i]) && !strings.ContainsRune(".#$&'*+/=?^_{|}~-", rune(s[i])) {
			return false
		}
	}
	return true
}

func validDomain(s string) bool {
	if s == "" || len(s) > maxDomain {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !alphanumeric(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
