package account

import (
	"slices"
	"strings"
	"unicode"
)

// product is a word that an attacker tries first against this service.
const product = "tenantry"

// ContextWords returns what an attacker who knows the account would try: its
// address, its names, its organization's name and the product's, whole and in
// parts, longest first.
func ContextWords(email Email, names ...string) []string {
	words := []string{product, email.String(), email.LocalPart()}
	for _, source := range append([]string{email.String()}, names...) {
		parts := strings.FieldsFunc(strings.ToLower(source), func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})
		words = append(words, strings.Join(parts, ""))
		words = append(words, parts...)
	}
	return longestFirst(words)
}

func longestFirst(words []string) []string {
	seen := map[string]bool{"": true}
	var unique []string
	for _, w := range words {
		if !seen[w] {
			seen[w] = true
			unique = append(unique, w)
		}
	}
	slices.SortStableFunc(unique, func(a, b string) int { return len(b) - len(a) })
	return unique
}
