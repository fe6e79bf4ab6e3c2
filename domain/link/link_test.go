package link_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/link"
)

// The digest was computed by another program.
const (
	known       = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	knownDigest = "ea866a757e4c38babfa8127cbe9a409d3e1f93a00ff1488ff735fcf917afffd0"
)

func counting() []byte {
	random := make([]byte, 32)
	for i := range random {
		random[i] = byte(i)
	}
	return random
}

func TestATokenIsWrittenForAnAddressAndKeptAsItsDigest(t *testing.T) {
	token := link.NewToken(counting())
	digest := token.Digest()
	if token.Reveal() != known || hex.EncodeToString(digest[:]) != knownDigest {
		t.Errorf("the token is %s, its digest %x", token.Reveal(), digest)
	}
}

func TestEveryTokenReadsBackAsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		token := link.NewToken(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "random"))
		parsed, ok := link.ParseToken(token.Reveal())
		if !ok || parsed != token || parsed.Digest() != token.Digest() {
			t.Fatalf("%s reads as %s, %v", token.Reveal(), parsed.Reveal(), ok)
		}
	})
}

func TestWhatIsNoTokenIsRefused(t *testing.T) {
	for name, s := range map[string]string{
		"empty": "", "cut by one": known[:42], "one more": known + "A", "padded": known + "=", "a space in front": " " + known[:42],
		"a line break inside": known[:20] + "\n" + known[21:], "the standard alphabet": strings.Replace(known, "A", "+", 1),
		"another spelling of the same bytes": known[:42] + "9", "a megabyte": strings.Repeat("A", 1<<20),
	} {
		if _, ok := link.ParseToken(s); ok {
			t.Errorf("%s is read as a token", name)
		}
	}
}

func TestALinkIsOpenForItsPurposeUntilItsVeryEnd(t *testing.T) {
	end := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)
	for _, purpose := range link.Purposes() {
		l := link.Link{Purpose: purpose, ExpiresAt: end}
		for _, asked := range link.Purposes() {
			if got := l.Open(asked, end.Add(-time.Nanosecond)); got != (asked == purpose) {
				t.Errorf("a link to %s is open to %s: %v", purpose, asked, got)
			}
		}
		for _, late := range []time.Time{end, end.Add(time.Nanosecond), end.Add(time.Hour)} {
			if l.Open(purpose, late) {
				t.Errorf("a link to %s is open %v past its end", purpose, late.Sub(end))
			}
		}
	}
	if (link.Link{}).Open("", end) {
		t.Error("the zero link is open")
	}
}

func TestEveryPurposeHasItsLifetime(t *testing.T) {
	want := map[link.Purpose]time.Duration{
		link.VerifyEmail: 24 * time.Hour, link.ResetPassword: time.Hour, link.ChangeEmail: 24 * time.Hour,
		link.UndoEmail: 72 * time.Hour, link.Invitation: 7 * 24 * time.Hour,
	}
	if len(link.Purposes()) != len(want) {
		t.Errorf("the purposes are %v", link.Purposes())
	}
	for _, purpose := range link.Purposes() {
		if purpose.Lifetime() != want[purpose] {
			t.Errorf("a link to %s lives %v", purpose, purpose.Lifetime())
		}
	}
	if got := link.Purpose("another").Lifetime(); got != 0 {
		t.Errorf("a link to what there is not lives %v", got)
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(known)
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		token, ok := link.ParseToken(s)
		if ok && (token.Reveal() != s || bytes.ContainsAny([]byte(s), "+/= \n")) {
			t.Fatalf("%q reads as %q", s, token.Reveal())
		}
	})
}
