// Package idn turns domain names of any script into the one ASCII form under
// which they are stored and compared.
package idn

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxInput is the longest name that is looked at: a domain has at most 253
// characters (RFC 1035, section 2.3.4), and none takes more than 4 bytes.
const maxInput = 4 * 253

var errDomain = errors.New("is not a domain name")

// profile maps for lookup by UTS #46, without the mappings of 2003: "ß" is a
// letter of its own. It holds labels to the letters, digits and hyphens of host
// names and to the rules for hyphens, joiners, text direction and length.
var profile = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.BidiRule(),
	idna.VerifyDNSLength(true),
)

// ToASCII returns the name in lower case and Punycode (RFC 5891). Names that
// people take for one and that a mail system would not tell apart, such as
// those with full-width letters or the Kelvin sign, have one result. It refuses
// an empty name or label and a final dot, which would be another spelling.
func ToASCII(domain string) (string, error) {
	if len(domain) > maxInput || !utf8.ValidString(domain) {
		return "", errDomain
	}
	ascii, err := profile.ToASCII(domain)
	if err != nil || strings.HasSuffix(ascii, ".") {
		return "", errDomain
	}
	return ascii, nil
}
