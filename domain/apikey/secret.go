package apikey

import (
	"crypto/sha256"
	"hash/crc32"
	"log/slog"
	"strings"

	"github.com/tenantry/tenantry/domain/environment"
)

// A secret is a prefix that tells what the key is for, then 32 random base62
// characters (190 bits), then the CRC-32 (IEEE) of all that precedes it in six
// base62 digits, left-padded with 0. The checksum is no protection: it lets a
// mistyped or invented key be refused without a look-up, and a scanner be sure
// of what it found.
const (
	base62       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	randomLength = 32
	crcLength    = 6
	shownRandom  = 6
	redacted     = "[redacted]"
)

// Pattern finds every key of this product in a code base. It is published in
// the documentation.
const Pattern = `(?:sdk-(?:dev|staging|prod)-(?:pub-)?|sk_live_)[0-9A-Za-z]{38}`

// Type says who may hold a key: a server keeps it secret, a client ships it.
type Type string

// The types of environment keys.
const (
	Server Type = "server"
	Client Type = "client"
)

// ParseType reads a type's exact name.
func ParseType(s string) (Type, error) {
	switch t := Type(s); t {
	case Server, Client:
		return t, nil
	}
	return "", errType
}

// accountPrefix begins the keys that act as an account.
const accountPrefix = "sk_live_"

var kindPrefix = map[environment.Kind]string{
	environment.Development: "sdk-dev-",
	environment.Staging:     "sdk-staging-",
	environment.Production:  "sdk-prod-",
}

func prefixOf(kind environment.Kind, t Type) string {
	if t == Client {
		return kindPrefix[kind] + "pub-"
	}
	return kindPrefix[kind]
}

// Secret is a whole key. It is shown once, to who made it, and to nobody else.
type Secret struct{ text string }

// Digest is the SHA-256 of a secret: all that is ever stored. The secret's 190
// random bits make a slow hash needless.
type Digest [sha256.Size]byte

// NewSecret writes a key for an environment of the kind. Each base62 digit is
// drawn by uniform, which returns a number in [0, n).
func NewSecret(kind environment.Kind, t Type, uniform func(n int) int) Secret {
	return newSecret(prefixOf(kind, t), uniform)
}

// NewAccountSecret writes a key that acts as an account.
func NewAccountSecret(uniform func(n int) int) Secret { return newSecret(accountPrefix, uniform) }

func newSecret(prefix string, uniform func(n int) int) Secret {
	var b strings.Builder
	b.WriteString(prefix)
	for range randomLength {
		b.WriteByte(base62[uniform(len(base62))])
	}
	sum := checksum(b.String())
	b.Write(sum[:])
	return Secret{b.String()}
}

// ParseSecret reads a presented environment key and refuses one whose form or
// checksum is wrong.
func ParseSecret(s string) (Secret, error) {
	for _, kind := range environment.Kinds() {
		for _, t := range []Type{Server, Client} {
			if intact(s, prefixOf(kind, t)) {
				return Secret{s}, nil
			}
		}
	}
	return Secret{}, ErrMalformed
}

// ParseAccountSecret is ParseSecret for a key that acts as an account.
func ParseAccountSecret(s string) (Secret, error) {
	if intact(s, accountPrefix) {
		return Secret{s}, nil
	}
	return Secret{}, ErrMalformed
}

// IsAccountSecret says whether s means to be an account key, intact or not.
func IsAccountSecret(s string) bool { return strings.HasPrefix(s, accountPrefix) }

func intact(s, prefix string) bool {
	if len(s) != len(prefix)+randomLength+crcLength || !strings.HasPrefix(s, prefix) {
		return false
	}
	body := s[:len(s)-crcLength]
	for i := len(prefix); i < len(body); i++ {
		if strings.IndexByte(base62, body[i]) < 0 {
			return false
		}
	}
	sum := checksum(body)
	return string(sum[:]) == s[len(body):]
}

// Type tells a client key from a server key by the prefix.
func (s Secret) Type() Type {
	if strings.Contains(s.text[:len(s.text)-randomLength-crcLength], "-pub-") {
		return Client
	}
	return Server
}

// Digest is what the key is stored and looked up by.
func (s Secret) Digest() Digest {
	var text [64]byte // more than any key has, so that none is copied to the heap
	return sha256.Sum256(append(text[:0], s.text...))
}

// Prefix is the part by which people recognize the key in a list: what it is
// for and its first random characters.
func (s Secret) Prefix() string {
	return s.text[:len(s.text)-randomLength-crcLength+shownRandom]
}

// Reveal returns the key, for the one answer that shows it.
func (s Secret) Reveal() string { return s.text }

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// checksum goes through the text by itself: crc32 would want a copy of it, for
// each key that is presented.
func checksum(s string) (digits [crcLength]byte) {
	n := ^uint32(0)
	for i := range len(s) {
		n = crc32.IEEETable[byte(n)^s[i]] ^ n>>8
	}
	n = ^n
	for i := crcLength - 1; i >= 0; i-- {
		digits[i] = base62[n%62]
		n /= 62
	}
	return digits
}
