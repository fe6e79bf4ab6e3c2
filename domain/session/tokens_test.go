package session_test

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/session"
)

const urlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

var (
	deriver = session.NewDeriver([]byte("a secret of thirty-two bytes, 00"))
	someone = session.ID(uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057"))
)

func refuses(t *testing.T, what, token string) {
	t.Helper()
	gotID, counter, err := deriver.Parse(token)
	if !errors.Is(err, session.ErrInvalidRefresh) || !gotID.IsZero() || counter != 0 {
		t.Errorf("%s: Parse(%q) = %v, %d, %v", what, token, gotID, counter, err)
	}
}

func TestARefreshTokenReadsBackAsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var u uuid.UUID
		copy(u[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		counter := rapid.Int64Min(0).Draw(t, "counter")
		token := deriver.Token(session.ID(u), counter).Reveal()
		gotID, gotCounter, err := deriver.Parse(token)
		if err != nil || gotID.UUID() != u || gotCounter != counter {
			t.Fatalf("%v and %d became %v and %d, %v", u, counter, gotID, gotCounter, err)
		}
		if again := deriver.Token(session.ID(u), counter); again.Reveal() != token {
			t.Fatal("the same session and counter gave two tokens")
		}
	})
}

func TestEachCounterAndSessionHasItsOwnToken(t *testing.T) {
	other := session.ID(uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8058"))
	seen := map[string]bool{}
	for counter := range int64(100) {
		seen[deriver.Token(someone, counter).Reveal()] = true
		seen[deriver.Token(other, counter).Reveal()] = true
	}
	if len(seen) != 200 {
		t.Errorf("200 pairs gave %d tokens", len(seen))
	}
}

func TestATokenIsRefusedInEveryOtherSpelling(t *testing.T) {
	token := deriver.Token(someone, 1).Reveal()
	for n := range len(token) {
		refuses(t, "truncated at the end", token[:n])
		refuses(t, "truncated in front", token[n+1:])
	}
	for _, c := range urlAlphabet + "=+/ \n\r\t\x00" {
		refuses(t, "extended at the end", token+string(c))
		refuses(t, "extended in front", string(c)+token)
		refuses(t, "extended after its prefix", "rt_"+string(c)+token[3:])
	}
	for i := range len(token) {
		for _, flipped := range []string{strings.ToUpper(token[i : i+1]), strings.ToLower(token[i : i+1])} {
			if flipped != token[i:i+1] {
				refuses(t, "case-flipped", token[:i]+flipped+token[i+1:])
			}
		}
		for _, broken := range []string{"\n", "\r", "=", "%", ".", "\x00"} {
			refuses(t, "with a foreign byte inside", token[:i]+broken+token[i:])
			refuses(t, "with a foreign byte instead", token[:i]+broken+token[i+1:])
		}
	}
	last := len(token) - 1
	for _, c := range urlAlphabet {
		if byte(c) != token[last] {
			refuses(t, "with another last character", token[:last]+string(c))
		}
	}
	refuses(t, "URL-encoded", strings.Replace(token, "_", "%5F", 1))
	refuses(t, "URL-escaped twice", url.QueryEscape(url.QueryEscape(token))+"%")
	refuses(t, "in capitals", strings.ToUpper(token))
	refuses(t, "without its prefix", token[3:])
	refuses(t, "twice", token+token)
	refuses(t, "nothing but line breaks", "rt_"+strings.Repeat("\n", len(token)-3))
	refuses(t, "empty", "")
	refuses(t, "a megabyte", token+strings.Repeat("A", 1<<20))
}

func TestATokenOfAnotherInstallationIsRefused(t *testing.T) {
	other := session.NewDeriver([]byte("a secret of thirty-two bytes, 01"))
	refuses(t, "another secret's", other.Token(someone, 1).Reveal())
}

func TestNobodyCountsOnByThemselves(t *testing.T) {
	token := deriver.Token(someone, 1).Reveal()
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "rt_"))
	if err != nil || len(raw) != 56 {
		t.Fatalf("the token holds %d bytes, %v", len(raw), err)
	}
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			refuses(t, "with a bit flipped", "rt_"+base64.RawURLEncoding.EncodeToString(raw))
			raw[i] ^= 1 << bit
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(deriver.Token(someone, 1).Reveal())
	f.Add(deriver.Token(session.ID{}, 0).Reveal())
	f.Add("rt_")
	f.Add("rt_" + strings.Repeat("A", 75))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		gotID, counter, err := deriver.Parse(s)
		if err != nil {
			if !errors.Is(err, session.ErrInvalidRefresh) || !gotID.IsZero() || counter != 0 {
				t.Fatalf("Parse(%q) = %v, %d, %v", s, gotID, counter, err)
			}
			return
		}
		if deriver.Token(gotID, counter).Reveal() != s {
			t.Fatalf("Parse(%q) accepted a second spelling", s)
		}
	})
}
