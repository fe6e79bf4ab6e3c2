// Package seal encrypts the installation's own secrets under its master key, so
// that a dump of the database alone opens nothing.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
)

const (
	// KeySize is the length of a master key, in bytes.
	KeySize = 32
	// version begins everything that is sealed, so that the way can change.
	version = 1
)

var (
	errKeySize = errors.New("the master key must have exactly 32 bytes; make one with: openssl rand -base64 32")
	errSealed  = errors.New("the sealed secret does not open: another master key, another purpose, or it was changed")
)

// Sealer implements ports.Sealer by AES-256-GCM with a random nonce. Each
// context has a key of its own, derived from the master key (RFC 5869).
type Sealer struct{ master []byte }

// New wraps a master key of KeySize bytes.
func New(master []byte) (*Sealer, error) {
	if len(master) != KeySize {
		return nil, errKeySize
	}
	return &Sealer{master}, nil
}

// Seal encrypts and authenticates plaintext for the context.
func (s *Sealer) Seal(plaintext []byte, context string) ([]byte, error) {
	aead, err := s.cipher(context)
	if err != nil {
		return nil, err
	}
	return aead.Seal([]byte{version}, nil, plaintext, []byte{version}), nil
}

// Open returns what was sealed for the same context under the same key.
func (s *Sealer) Open(sealed []byte, context string) ([]byte, error) {
	aead, err := s.cipher(context)
	if err != nil {
		return nil, err
	}
	if len(sealed) < 1 || sealed[0] != version {
		return nil, errSealed
	}
	plaintext, err := aead.Open(nil, nil, sealed[1:], []byte{version})
	if err != nil {
		return nil, errSealed
	}
	return plaintext, nil
}

func (s *Sealer) cipher(context string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.master, nil, "tenantry seal "+context, KeySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
