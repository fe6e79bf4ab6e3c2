package account

import (
	"errors"
	"strings"
)

// Username is a second name to log in by: 3 to 32 of a-z, 0-9, dot, underscore
// and hyphen, stored in lower case, so that Ada and ada are one.
type Username struct{ text string }

var errUsername = errors.New("must have 3 to 32 of a-z, 0-9, dot, underscore and hyphen")

// ParseUsername folds ASCII upper case and refuses every other character. An
// address can never pass for a username: the @ is not among them.
func ParseUsername(s string) (Username, error) {
	if len(s) < 3 || len(s) > 32 {
		return Username{}, errUsername
	}
	for i := range len(s) {
		if !alphanumeric(s[i]) && !strings.ContainsRune("._-", rune(s[i])) {
			return Username{}, errUsername
		}
	}
	return Username{strings.ToLower(s)}, nil
}

// StoredUsername wraps a username that was parsed when it was stored.
func StoredUsername(s string) Username { return Username{s} }

func (u Username) String() string { return u.text }
