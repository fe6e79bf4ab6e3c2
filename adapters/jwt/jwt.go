// Package jwt signs access tokens and reads them back (RFC 9068, with the
// precautions of RFC 8725).
//
// A token has exactly one spelling, one algorithm and one set of members; what
// deviates is refused before or after its signature was checked, never
// interpreted. Algorithms and keys are chosen by the configuration, so that
// nothing in a token can choose them.
package jwt

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
)

const (
	// mediaType tells access tokens from everything else that is a JWT
	// (RFC 9068, section 2.1).
	mediaType = "at+jwt"
	// maxToken is far above what Sign makes, about 500 bytes.
	maxToken      = 4 << 10
	defaultLeeway = 30 * time.Second
	maxLeeway     = time.Minute
)

// Settings say for whom tokens are made.
type Settings struct {
	Issuer   string
	Audience string
	// Leeway is how far the clock of the replica that signed may be ahead, at
	// most a minute; zero means 30 s. It holds for iat and nbf only: a token
	// ends when it says.
	Leeway time.Duration
}

// Tokens signs and verifies. It is safe for concurrent use.
type Tokens struct {
	settings Settings
	keys     atomic.Pointer[keySet]
	unknown  func()
	memory   memory
}

// New refuses settings and keys with which tokens would be unsafe.
func New(s Settings, k Keys) (*Tokens, error) {
	switch {
	case s.Issuer == "":
		return nil, errors.New("jwt: the issuer is empty")
	case s.Audience == "":
		return nil, errors.New("jwt: the audience is empty")
	case s.Leeway < 0 || s.Leeway > maxLeeway:
		return nil, fmt.Errorf("jwt: the leeway is not between 0 and %v", maxLeeway)
	}
	if s.Leeway == 0 {
		s.Leeway = defaultLeeway
	}
	t := &Tokens{settings: s, unknown: func() {}}
	if err := t.Use(k); err != nil {
		return nil, err
	}
	return t, nil
}

// Use replaces the keys, unless these are unfit. Tokens of keys that are not
// among them are refused from now on.
func (t *Tokens) Use(k Keys) error {
	set, err := keySetOf(k)
	if err != nil {
		return err
	}
	t.keys.Store(set)
	return nil
}

// WhenUnknown sets what is called before a token is refused for a key that is
// not known: it may bring newer keys by Use. It is for before the first token.
func (t *Tokens) WhenUnknown(call func()) { t.unknown = call }

// String shows no key.
func (*Tokens) String() string { return "jwt.Tokens" }

// JWKS returns the public keys whose tokens are accepted as a JSON Web Key Set
// (RFC 7517). With a secret there are none to publish, and the set is empty.
func (t *Tokens) JWKS(now time.Time) []byte { return t.keys.Load().published(now) }

// Sign returns the token that says c, in whole seconds, signed by the key whose
// turn it is when the token is issued.
func (t *Tokens) Sign(c session.Claims) (string, error) {
	set := t.keys.Load()
	signer := set.signer(c.IssuedAt)
	claims := jwt.MapClaims{
		"iss": t.settings.Issuer,
		"aud": t.settings.Audience,
		"sub": c.AccountID.String(),
		"sid": c.SessionID.String(),
		"iat": c.IssuedAt.Unix(),
		"exp": c.ExpiresAt.Unix(),
		"jti": c.TokenID,
	}
	if c.OrganizationID != nil {
		claims["org"] = c.OrganizationID.String()
	}
	token := jwt.NewWithClaims(set.method, claims)
	token.Header["typ"] = mediaType
	if signer.id != "" {
		token.Header["kid"] = signer.id
	}
	return token.SignedString(signer.sign)
}

// Verify returns what the token says, or session.ErrInvalidToken with the
// reason as its cause.
func (t *Tokens) Verify(token string, now time.Time) (session.Claims, error) {
	if len(token) > maxToken {
		return session.Claims{}, invalid("is too long")
	}
	digest := sha256.Sum256([]byte(token))
	known := t.memory.recall(digest)
	if known == nil || t.keys.Load().find(known.key, now) == nil {
		read, err := t.read(token, now)
		if err != nil {
			return session.Claims{}, err
		}
		known = &read
		t.memory.keep(digest, known)
	}
	return known.at(now, t.settings.Leeway)
}

// read checks everything about a token but its own times.
func (t *Tokens) read(token string, now time.Time) (content, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return content{}, invalid("does not have three parts")
	}
	header, headerErr := readObject(parts[0])
	signature, signatureErr := decode(parts[2])
	if headerErr != nil || signatureErr != nil {
		return content{}, invalid("is malformed")
	}
	key := t.keyOf(header, now)
	if key == nil {
		return content{}, invalid("has another header than ours, or a key that is of no use")
	}
	if err := t.keys.Load().method.Verify(parts[0]+"."+parts[1], signature, key.verify); err != nil {
		return content{}, invalid("is not signed by us")
	}
	members, err := readObject(parts[1])
	if err != nil {
		return content{}, invalid("has malformed claims")
	}
	return t.readClaims(members, key.id)
}

// keyOf finds the key that the header names; nil unless the header has exactly
// the members of our own, and so no crit, jwk, jku, x5u, b64 or zip.
func (t *Tokens) keyOf(header map[string]any, now time.Time) *key {
	set, size := t.keys.Load(), 2
	kid, named := header["kid"].(string)
	if named {
		size = 3
	}
	_, secret := set.byID[""]
	if named == secret || len(header) != size || header["alg"] != set.method.Alg() || header["typ"] != mediaType {
		return nil
	}
	if found := set.find(kid, now); found != nil {
		return found
	}
	t.unknown()
	return t.keys.Load().find(kid, now)
}

// readClaims reads the claims of a token that we signed. All but org and nbf
// are required, and there are no others.
func (t *Tokens) readClaims(members map[string]any, key string) (content, error) {
	r := reader{members: members}
	if r.text("iss") != t.settings.Issuer || r.text("aud") != t.settings.Audience {
		return content{}, invalid("is from or for somebody else")
	}
	c := content{key: key, claims: session.Claims{
		AccountID: readID[account.Account](&r, "sub"),
		SessionID: readID[session.Session](&r, "sid"),
		TokenID:   r.text("jti"),
		IssuedAt:  r.instant("iat"),
		ExpiresAt: r.instant("exp"),
	}}
	if r.has("org") {
		org := readID[organization.Organization](&r, "org")
		c.claims.OrganizationID = &org
	}
	if r.has("nbf") {
		c.notBefore = r.instant("nbf")
	}
	if !r.complete() {
		return content{}, invalid("has claims that are missing, unknown or of another form than ours")
	}
	return c, nil
}

func readID[K any](r *reader, name string) id.Of[K] {
	parsed, err := id.Parse[K](r.text(name))
	if err != nil || parsed.IsZero() {
		r.failed = true
	}
	return parsed
}

// invalid does not quote the token: causes are logged.
func invalid(reason string) error {
	return session.ErrInvalidToken.With(errors.New("the token " + reason))
}
