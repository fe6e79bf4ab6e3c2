package app

import (
	"strings"
	"unicode/utf8"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
)

// required parses a member of a request and notes what is wrong with it.
func required[T any](v *fault.Validation, field, text string, parse func(string) (T, error)) T {
	value, err := parse(text)
	v.Check(field, err)
	return value
}

// optional is required for a member that may be absent. The empty text counts
// as absent: dashboards send it for a field that nobody filled in.
func optional[T any](v *fault.Validation, field string, text *string, parse func(string) (T, error)) *T {
	if text == nil || *text == "" {
		return nil
	}
	value := required(v, field, *text, parse)
	return &value
}

func parsePassword(field, text string) (account.Password, error) {
	var v fault.Validation
	pw := required(&v, field, text, account.ParsePassword)
	return pw, v.Err()
}

// longestSearch is more than the longest address or name.
const longestSearch = 254

// searchable refuses a text that nothing can have in it.
func searchable(field, text string) error {
	if len(text) > longestSearch || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return fault.ErrInvalid.WithField(field, "must be text without NUL, with at most 254 bytes")
	}
	return nil
}
