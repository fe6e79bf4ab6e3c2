// Package seal encrypts the installation's own secrets under its master key,
// so that a copy of the database alone opens nothing.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
)

const (
	// KeySize is the size of a master key in bytes.
	KeySize = 32
	// version is the first byte of what Seal returns: AES-256-GCM with a random
	// nonce, under a key derived from the master key.
	version = 1
	// use keeps this key apart from others derived from the same master key.
	use = "tenantry seal"
)

var (
	errKeySize = errors.New("seal: a master key has 32 bytes")
	errOpen    = errors.New("seal: what was sealed does not open: the master key, the context or the bytes are not the same")
)

// Sealer seals and opens under one master key. It is safe for concurrent use.
type Sealer struct{ aead cipher.AEAD }

// New returns a Sealer for the master key, 32 random bytes.
func New(master []byte) (*Sealer, error) {
	if len(master) != KeySize {
		return nil, errKeySize
	}
	key, err := hkdf.Key(sha256.New, master, nil, use, KeySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead}, nil
}

// String shows no key.
func (*Sealer) String() string { return "seal.Sealer" }

// Seal encrypts and authenticates plaintext, bound to the context. The result
// is longer by 29 bytes and different each time.
func (s *Sealer) Seal(plaintext []byte, context string) ([]byte, error) {
	return s.aead.Seal([]byte{version}, nil, plaintext, bound(context)), nil
}

// Open returns the plaintext, or an error when the master key, the context or
// the sealed bytes are not the same.
func (s *Sealer) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != version {
		return nil, errOpen
	}
	plaintext, err := s.aead.Open(nil, nil, sealed[1:], bound(context))
	if err != nil {
		return nil, errOpen
	}
	return plaintext, nil
}

// bound is what is authenticated beside the plaintext: the version, too, so
// that a later one cannot be passed off as this one.
func bound(context string) []byte { return append([]byte{version}, context...) }
