package idempotency_test

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/idempotency"
)

var deriver = idempotency.NewDeriver([]byte("thirty-two bytes of a secret, at"))

func key(t testing.TB, text string) idempotency.Key {
	t.Helper()
	k, err := idempotency.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAKeyIs1To255PrintableCharacters(t *testing.T) {
	for _, good := range []string{"a", " ", "~", `"8e03978e-40d5-43dd-bc93-6894a57f9324"`, strings.Repeat("k", 255)} {
		key(t, good)
	}
	for _, bad := range []string{"", strings.Repeat("k", 256), "tab\t", "line\n", "nul\x00", "del\x7f", "schlüssel", "\xff"} {
		if _, err := idempotency.ParseKey(bad); err == nil || strings.Contains(err.Error(), bad) && bad != "" {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

func TestTheSameKeyInTheSameScopeDerivesTheSame(t *testing.T) {
	s := idempotency.Scope{Principal: "account/1", Organization: "2", Route: "POST /v1/projects"}
	one, two := deriver.Derive(s, key(t, "k")), deriver.Derive(s, key(t, "k"))
	if one.Digest != two.Digest || !bytes.Equal(one.Sealing, two.Sealing) || one.Fingerprint([]byte("{}")) != two.Fingerprint([]byte("{}")) {
		t.Error("it does not")
	}
}

// Nothing that differs may derive anything alike: not what is stored, and not
// what it is sealed under.
func TestWhateverDiffersDerivesAllElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z/]{0,3}`)
		draw := func() (idempotency.Scope, string, string) {
			return idempotency.Scope{Principal: text.Draw(t, "principal"), Organization: text.Draw(t, "organization"), Route: text.Draw(t, "route")},
				rapid.StringMatching(`[a-z/]{1,3}`).Draw(t, "key"), rapid.SampledFrom([]string{"one", "two"}).Draw(t, "secret")
		}
		s1, k1, secret1 := draw()
		s2, k2, secret2 := draw()
		parse := func(text string) idempotency.Key {
			k, err := idempotency.ParseKey(text)
			if err != nil {
				t.Fatal(err)
			}
			return k
		}
		one := idempotency.NewDeriver([]byte(secret1)).Derive(s1, parse(k1))
		two := idempotency.NewDeriver([]byte(secret2)).Derive(s2, parse(k2))
		alike := s1 == s2 && k1 == k2 && secret1 == secret2
		body := []byte("body")
		if (one.Digest == two.Digest) != alike || bytes.Equal(one.Sealing, two.Sealing) != alike || (one.Fingerprint(body) == two.Fingerprint(body)) != alike {
			t.Fatalf("%v %s and %v %s", s1, k1, s2, k2)
		}
		if bytes.Equal(one.Sealing, one.Digest[:]) || one.Fingerprint(nil) == one.Fingerprint(body) || len(one.Sealing) != 32 {
			t.Fatal("what is stored tells what it is sealed under, or bodies are alike")
		}
	})
}
