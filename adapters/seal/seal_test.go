package seal_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/adapters/seal"
	"github.com/tenantry/tenantry/ports"
)

var _ ports.Sealer = (*seal.Sealer)(nil)

var master = []byte("0123456789abcdefghijklmnopqrstuv")

func sealer(t testing.TB, master []byte) *seal.Sealer {
	t.Helper()
	s, err := seal.New(master)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sealed(t testing.TB, s *seal.Sealer, plaintext, context string) []byte {
	t.Helper()
	b, err := s.Seal([]byte(plaintext), context)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatWasSealedOpens(t *testing.T) {
	t.Parallel()
	for _, plaintext := range []string{"", "x", "a secret seed of thirty-two bytes", strings.Repeat("long", 10_000)} {
		b := sealed(t, sealer(t, master), plaintext, "signing")
		if bytes.Contains(b, []byte(plaintext)) && plaintext != "" && len(plaintext) > 1 {
			t.Errorf("%.40q is readable in what was sealed", plaintext)
		}
		if b[0] != 1 || len(b) != len(plaintext)+29 {
			t.Errorf("%d bytes became %d, of version %d", len(plaintext), len(b), b[0])
		}
		got, err := sealer(t, master).Open(b, "signing")
		if err != nil || string(got) != plaintext {
			t.Errorf("%.40q opened as %.40q (error %v)", plaintext, got, err)
		}
	}
}

func TestNothingIsSealedTwiceTheSame(t *testing.T) {
	t.Parallel()
	s, seen := sealer(t, master), map[string]bool{}
	for range 1000 {
		b := string(sealed(t, s, "secret", "signing"))
		if seen[b] {
			t.Fatal("two seals are equal")
		}
		seen[b] = true
	}
}

func TestAChangedByteDoesNotOpen(t *testing.T) {
	t.Parallel()
	s := sealer(t, master)
	b := sealed(t, s, "a secret", "signing")
	for i := range b {
		for _, bit := range []byte{1, 0x80} {
			changed := bytes.Clone(b)
			changed[i] ^= bit
			refused(t, s, fmt.Sprintf("bit %#x of byte %d changed", bit, i), changed, "signing")
		}
		refused(t, s, fmt.Sprintf("cut to %d bytes", i), b[:i], "signing")
	}
	refused(t, s, "a byte added", append(bytes.Clone(b), 0), "signing")
	refused(t, s, "nothing", nil, "signing")
}

func TestAnotherContextOrKeyDoesNotOpen(t *testing.T) {
	t.Parallel()
	s := sealer(t, master)
	b := sealed(t, s, "a secret", "signing")
	for _, context := range []string{"", "derivation", "Signing", "signing ", "signin", "\x01signing"} {
		refused(t, s, context, b, context)
	}
	for i := range master {
		other := bytes.Clone(master)
		other[i] ^= 1
		refused(t, sealer(t, other), fmt.Sprintf("key with byte %d changed", i), b, "signing")
	}
}

func refused(t *testing.T, s *seal.Sealer, name string, sealed []byte, context string) {
	t.Helper()
	if got, err := s.Open(sealed, context); err == nil || got != nil {
		t.Errorf("%s: opened as %q", name, got)
	}
}

func TestAMasterKeyHas32Bytes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16, 24, 31, 33, 64} {
		if s, err := seal.New(make([]byte, n)); err == nil || s != nil {
			t.Errorf("a key of %d bytes is taken", n)
		}
	}
}

func TestASealerShowsNoKey(t *testing.T) {
	t.Parallel()
	s := sealer(t, master)
	shown := fmt.Sprintf("%v %+v %#v %s", s, s, s, s)
	if numbers := fmt.Sprintf("%v", master); len(shown) > 200 || strings.Contains(shown, numbers[1:40]) {
		t.Errorf("it shows as %s", shown)
	}
}

// kept was sealed when version 1 was made: it opens for ever.
const kept = "AUde44WJq0xEtt7HrUxv4aS6VT6w8825z4eQxKBihIYzsJeYUA=="

func TestWhatWasSealedLongAgoOpens(t *testing.T) {
	t.Parallel()
	b, err := base64.StdEncoding.DecodeString(kept)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := sealer(t, master).Open(b, "signing"); err != nil || string(got) != "a secret" {
		t.Errorf("opened as %q (error %v)", got, err)
	}
}

func FuzzOpen(f *testing.F) {
	s := sealer(f, master)
	genuine, err := base64.StdEncoding.DecodeString(kept)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(genuine, "signing")
	f.Add([]byte{1}, "")
	f.Add([]byte{}, "signing")
	f.Fuzz(func(t *testing.T, b []byte, context string) {
		if _, err := s.Open(b, context); err == nil && (!bytes.Equal(b, genuine) || context != "signing") {
			t.Errorf("%s opens", base64.StdEncoding.EncodeToString(b))
		}
	})
}
