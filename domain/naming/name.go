// Package naming has the two values by which people call things: the Name that
// they read and the Slug that stands in addresses.
package naming

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the longest name, in code points.
const MaxName = 100

// Name is a display name: 1 to 100 code points, trimmed, on one line.
type Name struct{ text string }

var (
	errNameLength  = errors.New("must have 1 to 100 characters")
	errNameContent = errors.New("must not have control characters or line breaks")
)

// ParseName trims s and refuses what cannot be shown on one line: control
// characters, line separators, the overrides that reverse the text around them,
// and a name of nothing visible.
func ParseName(s string) (Name, error) {
	s = strings.TrimSpace(s)
	if !utf8.ValidString(s) {
		return Name{}, errNameContent
	}
	if n := utf8.RuneCountInString(s); n < 1 || n > MaxName {
		return Name{}, errNameLength
	}
	if strings.ContainsFunc(s, unprintable) || !strings.ContainsFunc(s, unicode.IsPrint) {
		return Name{}, errNameContent
	}
	return Name{s}, nil
}

// StoredName wraps a name that was parsed when it was stored: loading does not
// re-run the rules of creation.
func StoredName(s string) Name { return Name{s} }

func (n Name) String() string { return n.text }

func unprintable(r rune) bool {
	switch {
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069: // bidirectional overrides and isolates
		return true
	case r == 0x2028, r == 0x2029:
		return true
	}
	return unicode.IsControl(r)
}
