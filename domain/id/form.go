package id

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/google/uuid"
)

// Form is how another API writes the ids of one kind: a prefix and the same 128
// bits in another alphabet. An id has exactly one text in a form, and no other
// text is read.
type Form[K any] struct {
	prefix   string
	alphabet Alphabet
}

// FormOf returns the form with the prefix.
func FormOf[K any](prefix string, alphabet Alphabet) Form[K] { return Form[K]{prefix, alphabet} }

// Alphabet writes 128 bits and reads them back.
type Alphabet struct {
	write func(uuid.UUID) string
	read  func(string) (uuid.UUID, bool) // may accept several spellings
}

// The alphabets: Crockford's base 32 in upper case, in which a UUIDv7 is a ULID
// of the same millisecond; and 32 hexadecimal digits in lower case.
var (
	Crockford   = Alphabet{writeCrockford, readCrockford}
	Hexadecimal = Alphabet{func(u uuid.UUID) string { return hex.EncodeToString(u[:]) }, readHexadecimal}
)

// Text writes an id.
func (f Form[K]) Text(id Of[K]) string { return f.prefix + f.alphabet.write(id.UUID()) }

var errForeignForm = errors.New("is not an id of this kind")

// Parse reads what Text wrote, and nothing else.
func (f Form[K]) Parse(s string) (Of[K], error) {
	u, ok := f.alphabet.read(strings.TrimPrefix(s, f.prefix))
	if id := Of[K](u); ok && f.Text(id) == s {
		return id, nil
	}
	return Of[K]{}, errForeignForm
}

const (
	crockford       = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	crockfordLength = 26 // 130 bits: the first two are zero
)

func writeCrockford(u uuid.UUID) string {
	high, low := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	var text [crockfordLength]byte
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = crockford[low&31]
		low, high = low>>5|high<<59, high>>5
	}
	return string(text[:])
}

func readCrockford(s string) (uuid.UUID, bool) {
	if len(s) != crockfordLength {
		return uuid.UUID{}, false
	}
	var high, low uint64
	for i := range len(s) {
		digit := strings.IndexByte(crockford, s[i])
		if digit < 0 {
			return uuid.UUID{}, false
		}
		high, low = high<<5|low>>59, low<<5|uint64(digit) //nolint:gosec // from 0 to 31
	}
	var u uuid.UUID
	binary.BigEndian.PutUint64(u[:8], high)
	binary.BigEndian.PutUint64(u[8:], low)
	return u, true
}

func readHexadecimal(s string) (uuid.UUID, bool) {
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != len(uuid.UUID{}) {
		return uuid.UUID{}, false
	}
	return uuid.UUID(raw), true
}
