package jwt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/golang-jwt/jwt/v5"
)

const (
	minSecret = 32 // bytes, as many as the hash has (RFC 7518, section 3.2)
	redacted  = "[redacted]"
)

// Keys are what tokens are signed with: either a secret or Ed25519 keys. They
// show themselves to nobody.
type Keys struct {
	Secret  []byte // for HS256, at least 32 bytes
	Ed25519 []Key  // for EdDSA, the oldest first; the last that is not retired signs
}

// Key is an Ed25519 key. A retired one signs nothing any more, but its tokens
// are still accepted; leave it out once the last of them has run out.
type Key struct {
	Private ed25519.PrivateKey
	Retired bool
}

func (Keys) String() string               { return redacted }
func (Keys) GoString() string             { return redacted }
func (Keys) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Keys) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

func (Key) String() string               { return redacted }
func (Key) GoString() string             { return redacted }
func (Key) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Key) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// key is one key in the forms that the signing method takes.
type key struct {
	id           string // empty for a secret
	sign, verify any
}

// use takes the keys over, unless they are unfit.
func (t *Tokens) use(k Keys) error {
	switch {
	case len(k.Secret) > 0 && len(k.Ed25519) > 0:
		return errors.New("jwt: there are a secret and Ed25519 keys; one of them must go")
	case len(k.Ed25519) > 0:
		return t.useEd25519(k.Ed25519)
	case len(k.Secret) < minSecret:
		return fmt.Errorf("jwt: the secret has less than %d bytes", minSecret)
	}
	secret := bytes.Clone(k.Secret)
	t.method = jwt.SigningMethodHS256
	t.signer = &key{sign: secret, verify: secret}
	t.keys[""] = t.signer
	var err error
	t.jwks, err = keySet(nil)
	return err
}

func (t *Tokens) useEd25519(all []Key) error {
	t.method = jwt.SigningMethodEdDSA
	var public []jwk
	for _, k := range all {
		if len(k.Private) != ed25519.PrivateKeySize || !k.Private.Equal(ed25519.NewKeyFromSeed(k.Private.Seed())) {
			return errors.New("jwt: an Ed25519 key is malformed")
		}
		published := publish(k.Private)
		if _, twice := t.keys[published.ID]; twice {
			return fmt.Errorf("jwt: the key %s is given twice", published.ID)
		}
		public = append(public, published)
		own := &key{id: published.ID, sign: k.Private, verify: k.Private.Public()}
		t.keys[own.id] = own
		if !k.Retired {
			t.signer = own
		}
	}
	if t.signer == nil {
		return errors.New("jwt: every Ed25519 key is retired")
	}
	var err error
	t.jwks, err = keySet(public)
	return err
}

// jwk is the public part of an Ed25519 key (RFC 8037, section 2).
type jwk struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
	ID        string `json:"kid"`
	X         string `json:"x"`
}

// publish names the key by its thumbprint (RFC 7638), so that every replica
// calls it the same.
func publish(private ed25519.PrivateKey) jwk {
	x := encoding.EncodeToString(private[ed25519.SeedSize:])
	thumbprint := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return jwk{
		Type: "OKP", Curve: "Ed25519", Algorithm: jwt.SigningMethodEdDSA.Alg(), Use: "sig",
		ID: encoding.EncodeToString(thumbprint[:]), X: x,
	}
}

func keySet(public []jwk) ([]byte, error) {
	return json.Marshal(struct {
		Keys []jwk `json:"keys"`
	}{append([]jwk{}, public...)})
}
