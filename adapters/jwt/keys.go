package jwt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tenantry/tenantry/domain/session"
)

const (
	minSecret = 32 // bytes, as many as the hash has (RFC 7518, section 3.2)
	redacted  = "[redacted]"
)

// Keys are what tokens are signed with: either a secret or Ed25519 keys. They
// show themselves to nobody.
type Keys struct {
	Secret  []byte // for HS256, at least 32 bytes
	Ed25519 []Key  // for EdDSA, the oldest first, of which one at least is not retired
}

// Key is an Ed25519 key with the time in which it is of use. Of those that may
// sign the oldest does: a newer one waits, published, until the older is retired.
type Key struct {
	Private ed25519.PrivateKey
	Term    session.KeyTerm
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
	term         session.KeyTerm
	public       jwk
}

// keySet is all keys that are of use. It never changes: another takes its place.
type keySet struct {
	method jwt.SigningMethod
	inTurn []*key // the oldest first
	byID   map[string]*key
}

// signer is the oldest key that signs at the time.
func (s *keySet) signer(at time.Time) *key {
	for _, k := range s.inTurn {
		if k.term.Signs(at) {
			return k
		}
	}
	return s.inTurn[len(s.inTurn)-1] // not reached: one is not retired
}

// find returns the key, if its tokens can still be good.
func (s *keySet) find(id string, at time.Time) *key {
	if k := s.byID[id]; k != nil && k.term.Verifies(at) {
		return k
	}
	return nil
}

// keySetOf refuses keys that are unfit.
func keySetOf(k Keys) (*keySet, error) {
	switch {
	case len(k.Secret) > 0 && len(k.Ed25519) > 0:
		return nil, errors.New("jwt: there are a secret and Ed25519 keys; one of them must go")
	case len(k.Ed25519) > 0:
		return ed25519Set(k.Ed25519)
	case len(k.Secret) < minSecret:
		return nil, fmt.Errorf("jwt: the secret has less than %d bytes", minSecret)
	}
	secret := bytes.Clone(k.Secret)
	only := &key{sign: secret, verify: secret}
	return &keySet{jwt.SigningMethodHS256, []*key{only}, map[string]*key{"": only}}, nil
}

func ed25519Set(all []Key) (*keySet, error) {
	set := &keySet{method: jwt.SigningMethodEdDSA, byID: map[string]*key{}}
	current := false
	for _, k := range all {
		if len(k.Private) != ed25519.PrivateKeySize || !k.Private.Equal(ed25519.NewKeyFromSeed(k.Private.Seed())) {
			return nil, errors.New("jwt: an Ed25519 key is malformed")
		}
		public := publish(k.Private)
		if _, twice := set.byID[public.ID]; twice {
			return nil, fmt.Errorf("jwt: the key %s is given twice", public.ID)
		}
		own := &key{id: public.ID, sign: k.Private, verify: k.Private.Public(), term: k.Term, public: public}
		set.inTurn, set.byID[own.id] = append(set.inTurn, own), own
		current = current || k.Term.RetiredAt.IsZero()
	}
	if !current {
		return nil, errors.New("jwt: every Ed25519 key is retired")
	}
	return set, nil
}

// KeyID is what tokens and the key set call the key.
func KeyID(private ed25519.PrivateKey) string { return publish(private).ID }

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

// published are the public keys whose tokens can still be good.
func (s *keySet) published(at time.Time) []byte {
	document := struct {
		Keys []jwk `json:"keys"`
	}{[]jwk{}}
	for _, k := range s.inTurn {
		if k.id != "" && k.term.Verifies(at) {
			document.Keys = append(document.Keys, k.public)
		}
	}
	text, err := json.Marshal(document)
	if err != nil {
		panic(err) // texts do not fail
	}
	return text
}
