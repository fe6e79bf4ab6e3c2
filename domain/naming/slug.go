package naming

import (
	"errors"
	"strconv"
	"strings"
)

// MaxSlug is the longest slug, in bytes: a slug fits a DNS label.
const MaxSlug = 63

// Slug is the short name of a thing in addresses: 1 to 63 of a-z, 0-9 and
// hyphens, with a letter or digit at both ends.
type Slug struct{ text string }

var (
	errSlugForm     = errors.New("must have 1 to 63 of a-z, 0-9 and hyphens, with a letter or digit at both ends")
	errSlugReserved = errors.New("is a reserved word")
)

// reserved would collide with a page or a host name of a product's dashboard.
var reserved = map[string]bool{
	"account": true, "admin": true, "api": true, "app": true, "assets": true, "auth": true, "billing": true,
	"compat": true, "dashboard": true, "docs": true, "help": true, "healthz": true, "invitations": true,
	"login": true, "logout": true, "metrics": true, "new": true, "openapi": true, "organizations": true,
	"readyz": true, "register": true, "root": true, "settings": true, "signup": true, "static": true,
	"status": true, "support": true, "system": true, "v1": true, "www": true,
}

// ParseSlug reads a slug that somebody chose.
func ParseSlug(s string) (Slug, error) {
	if !wellFormed(s) {
		return Slug{}, errSlugForm
	}
	if reserved[s] {
		return Slug{}, errSlugReserved
	}
	return Slug{s}, nil
}

// StoredSlug wraps a slug that was parsed when it was stored.
func StoredSlug(s string) Slug { return Slug{s} }

func (s Slug) String() string { return s.text }

// Numbered returns the n-th candidate for a slug that is taken: acme, acme-2,
// acme-3, and so on, shortened where the number would not fit.
func (s Slug) Numbered(n int) Slug {
	if n < 2 {
		return s
	}
	return s.WithSuffix(strconv.Itoa(n))
}

// WithSuffix appends a hyphen and suffix, shortening the stem where the whole
// would be too long.
func (s Slug) WithSuffix(suffix string) Slug {
	stem := s.text
	if room := MaxSlug - len(suffix) - 1; len(stem) > room {
		stem = strings.TrimRight(stem[:room], "-")
	}
	return Slug{stem + "-" + suffix}
}

// Slug derives a slug from the name: lower case, transliterated where that is
// plain, everything else a hyphen. A reserved word is numbered at once. It is
// false where nothing is left, as with a name in a script that we do not
// transliterate.
func (n Name) Slug() (Slug, bool) {
	var b strings.Builder
	gap := false
	for _, r := range composed.Replace(strings.ToLower(n.text)) {
		ascii, letter := transliterate(r)
		if !letter {
			gap = true
			continue
		}
		if gap && b.Len() > 0 && ascii != "" {
			b.WriteByte('-')
		}
		gap = gap && ascii == ""
		b.WriteString(ascii)
	}
	text := b.String()
	if len(text) > MaxSlug {
		text = strings.TrimRight(text[:MaxSlug], "-")
	}
	if text == "" {
		return Slug{}, false
	}
	if reserved[text] {
		return Slug{text}.Numbered(2), true
	}
	return Slug{text}, true
}

func wellFormed(s string) bool {
	if len(s) < 1 || len(s) > MaxSlug || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
