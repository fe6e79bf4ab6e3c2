package apikey

import (
	"errors"
	"slices"
	"strings"
)

const (
	maxScopes = 32
	maxScope  = 64
)

// Scopes are words that the product gives a meaning; Tenantry only keeps and
// compares them. Sorted, without repetition, never nil.
type Scopes []string

var (
	errScopes = errors.New("must be at most 32 words of 1 to 64 of a-z, 0-9, dot, underscore, colon and hyphen")
	errType   = errors.New("must be server or client")
)

// ParseScopes checks, sorts and compacts the words.
func ParseScopes(words []string) (Scopes, error) {
	if len(words) > maxScopes {
		return nil, errScopes
	}
	for _, w := range words {
		if !ValidScope(w) {
			return nil, errScopes
		}
	}
	sorted := slices.Clone(words)
	slices.Sort(sorted)
	return append(Scopes{}, slices.Compact(sorted)...), nil
}

// ValidScope says whether w can be a scope at all.
func ValidScope(w string) bool {
	if len(w) < 1 || len(w) > maxScope {
		return false
	}
	for i := range len(w) {
		c := w[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("._:-", rune(c)) {
			return false
		}
	}
	return true
}

// Has says whether the scope was granted.
func (s Scopes) Has(scope string) bool { return slices.Contains(s, scope) }

// String writes the scopes as OAuth does, space by space (RFC 6749, section 3.3).
func (s Scopes) String() string { return strings.Join(s, " ") }

// StoredScopes reads what String wrote.
func StoredScopes(text string) Scopes { return append(Scopes{}, strings.Fields(text)...) }
