// Package idn turns internationalized domain names into the ASCII form in which
// they are stored and mailed to.
package idn

import (
	"errors"

	"golang.org/x/net/idna"
)

// maxDomain is the longest name that is looked at, in bytes: far more than any
// name has whose ASCII form fits 253.
const maxDomain = 1024

var (
	errTooLong = errors.New("the domain name is too long")

	// profile is that of a look-up (UTS 46): letters are mapped to one form, and
	// what no registry gives out is refused.
	profile = idna.New(
		idna.MapForLookup(),
		idna.StrictDomainName(true),
		idna.ValidateLabels(true),
		idna.CheckHyphens(true),
		idna.CheckJoiners(true),
		idna.BidiRule(),
		idna.VerifyDNSLength(true),
		idna.Transitional(false),
	)
)

// ToASCII returns the ASCII form (RFC 5890) of a domain name. It implements
// account.ToASCII.
func ToASCII(domain string) (string, error) {
	if len(domain) > maxDomain {
		return "", errTooLong
	}
	return profile.ToASCII(domain)
}
