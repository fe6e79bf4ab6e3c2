// Package jwt signs access tokens and reads them back (RFC 9068, with the
// precautions of RFC 8725).
//
// A token has exactly one spelling, one algorithm and one set of members; what
// deviates is refused before or after its signature was checked, never
// interpreted. Algorithms and keys are chosen by the configuration, so that
// nothing in a token can choose them.
package jwt

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
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
	method   jwt.SigningMethod
	signer   *key            // signs new tokens
	keys     map[string]*key // verify, by key id
	jwks     []byte
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
	t := &Tokens{settings: s, keys: map[string]*key{}}
	if err := t.use(k); err != nil {
		return nil, err
	}
	return t, nil
}

// String shows no key.
func (*Tokens) String() string { return "jwt.Tokens" }

// JWKS returns the public keys of Sign as a JSON Web Key Set (RFC 7517). With
// a secret there are none to publish, and the set is empty.
func (t *Tokens) JWKS() []byte { return bytes.Clone(t.jwks) }

// Sign returns the token that says c, in whole seconds.
func (t *Tokens) Sign(c session.Claims) (string, error) {
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
	token := jwt.NewWithClaims(t.method, claims)
	token.Header["typ"] = mediaType
	if t.signer.id != "" {
		token.Header["kid"] = t.signer.id
	}
	return token.SignedString(t.signer.sign)
}

// Verify returns what the token says, or session.ErrInvalidToken with the
// reason as its cause.
func (t *Tokens) Verify(token string, now time.Time) (session.Claims, error) {
	if len(token) > maxToken {
		return session.Claims{}, invalid("is too long")
	}
	digest := sha256.Sum256([]byte(token))
	known := t.memory.recall(digest)
	if known == nil {
		read, err := t.read(token)
		if err != nil {
			return session.Claims{}, err
		}
		known = &read
		t.memory.keep(digest, known)
	}
	return known.at(now, t.settings.Leeway)
}

// read checks everything about a token that does not change with time.
func (t *Tokens) read(token string) (content, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return content{}, invalid("does not have three parts")
	}
	header, headerErr := readObject(parts[0])
	signature, signatureErr := decode(parts[2])
	if headerErr != nil || signatureErr != nil {
		return content{}, invalid("is malformed")
	}
	key, found := t.keyOf(header)
	if !found {
		return content{}, invalid("has another header than ours")
	}
	if err := t.method.Verify(parts[0]+"."+parts[1], signature, key.verify); err != nil {
		return content{}, invalid("is not signed by us")
	}
	members, err := readObject(parts[1])
	if err != nil {
		return content{}, invalid("has malformed claims")
	}
	return t.readClaims(members)
}

// keyOf finds the key that the header names; false unless the header has
// exactly the members of our own, and so no crit, jwk, jku, x5u, b64 or zip.
func (t *Tokens) keyOf(header map[string]any) (*key, bool) {
	size := 2
	kid, named := header["kid"].(string)
	if named {
		size = 3
	}
	k, found := t.keys[kid]
	return k, found && named == (k.id != "") && len(header) == size &&
		header["alg"] == t.method.Alg() && header["typ"] == mediaType
}

// readClaims reads the claims of a token that we signed. All but org and nbf
// are required, and there are no others.
func (t *Tokens) readClaims(members map[string]any) (content, error) {
	r := reader{members: members}
	if r.text("iss") != t.settings.Issuer || r.text("aud") != t.settings.Audience {
		return content{}, invalid("is from or for somebody else")
	}
	c := content{claims: session.Claims{
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
