package idempotency

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"log/slog"
	"strings"
)

// Scope is within what a key means one request. The same key of another
// principal, in another organization or on another route is another key.
type Scope struct {
	Principal    string // who is calling, empty for nobody who is known
	Organization string // the active one, empty for none
	Route        string // method and path
}

// Digest is what an answer is looked up by.
type Digest [sha256.Size]byte

// Fingerprint tells one body from another.
type Fingerprint [sha256.Size]byte

// Secrets are what is derived from a key. Only Digest and fingerprints are
// stored, and neither leads back: clients choose keys that can be guessed, so
// everything is derived with a secret of the installation, too.
type Secrets struct {
	Digest      Digest
	Sealing     []byte // 32 bytes that the answer is sealed under, never stored
	fingerprint []byte
}

// Deriver derives with a secret of the installation, which it shows to nobody.
type Deriver struct{ secret []byte }

// NewDeriver wraps the secret, at least 32 random bytes.
func NewDeriver(secret []byte) Deriver { return Deriver{secret} }

// Derive returns what a key comes to within its scope: HKDF with SHA-256 (RFC
// 5869), salted by the installation's secret.
func (d Deriver) Derive(s Scope, k Key) Secrets {
	named := strings.Join([]string{s.Principal, s.Organization, s.Route, k.text}, "\x00")
	root, err := hkdf.Extract(sha256.New, []byte(named), d.secret)
	if err != nil {
		panic(err) // SHA-256 is always there
	}
	return Secrets{
		Digest: Digest(expand(root, "digest")), Sealing: expand(root, "answer"), fingerprint: expand(root, "fingerprint"),
	}
}

func expand(root []byte, use string) []byte {
	key, err := hkdf.Expand(sha256.New, root, "tenantry idempotency "+use, sha256.Size)
	if err != nil {
		panic(err) // only for more bytes than HKDF can give
	}
	return key
}

// Fingerprint returns that of a body.
func (s Secrets) Fingerprint(body []byte) Fingerprint {
	mac := hmac.New(sha256.New, s.fingerprint)
	mac.Write(body)
	return Fingerprint(mac.Sum(nil))
}

func (Deriver) String() string               { return redacted }
func (Deriver) GoString() string             { return redacted }
func (Deriver) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Deriver) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

func (Secrets) String() string               { return redacted }
func (Secrets) GoString() string             { return redacted }
func (Secrets) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Secrets) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
