package smtp

import (
	netmail "net/mail"
	"strings"
	"unicode"
)

// maxName is the longest name that mail repeats, in code points. Names are
// chosen by whoever causes the mail; a long one is an advertisement.
const maxName = 60

// joints hold host names and addresses of the web together.
const joints = ".:。．｡․"

// plainName makes text that somebody chose fit for a sentence or a subject: one
// line of bounded length, in which a mail program finds nothing to make a link
// of, because a space parts what follows a dot or colon, and no encoded word
// (RFC 2047), which would hide the rest from us and not from its reader.
func plainName(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, " "), invisible), " ")
	var parted strings.Builder
	var before rune
	for _, r := range s {
		if r != ' ' && (strings.ContainsRune(joints, before) || before == '=' && r == '?') {
			parted.WriteRune(' ')
		}
		parted.WriteRune(r)
		before = r
	}
	runes := []rune(parted.String())
	if len(runes) <= maxName {
		return string(runes)
	}
	return strings.TrimRight(string(runes[:maxName]), " ") + "…"
}

// invisible says what separates words or only acts upon its surroundings:
// spaces, line breaks, controls, overrides of direction. The joiners of emoji
// and Indic scripts belong to their letters.
func invisible(r rune) bool {
	if r == '\u200c' || r == '\u200d' {
		return false
	}
	return unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Zs)
}

// plainAddress leaves an email address whole, since its reader has to know it,
// and treats anything else as a name.
func plainAddress(s string) string {
	if address, err := netmail.ParseAddress(s); err == nil && address.Address == s {
		return s
	}
	return plainName(s)
}
