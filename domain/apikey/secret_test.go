package apikey_test

import (
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// counting stands in for randomness: 0, 1, 2 and so on.
func counting() func(int) int {
	next := -1
	return func(n int) int { next++; return next % n }
}

// known are keys whose checksums were computed by another program, with zlib.
var known = []struct {
	kind environment.Kind
	of   apikey.Type
	text string
}{
	{environment.Development, apikey.Server, "sdk-dev-0123456789ABCDEFGHIJKLMNOPQRSTUV2bHWWD"},
	{environment.Staging, apikey.Server, "sdk-staging-0123456789ABCDEFGHIJKLMNOPQRSTUV33P83U"},
	{environment.Production, apikey.Server, "sdk-prod-0123456789ABCDEFGHIJKLMNOPQRSTUV2DhZ3F"},
	{environment.Development, apikey.Client, "sdk-dev-pub-0123456789ABCDEFGHIJKLMNOPQRSTUV2ufW17"},
	{environment.Staging, apikey.Client, "sdk-staging-pub-0123456789ABCDEFGHIJKLMNOPQRSTUV34DV7f"},
	{environment.Production, apikey.Client, "sdk-prod-pub-0123456789ABCDEFGHIJKLMNOPQRSTUV1kJaE3"},
}

func TestAKeyHasThePublishedFormat(t *testing.T) {
	for _, k := range known {
		secret := apikey.NewSecret(k.kind, k.of, counting())
		if got := secret.Reveal(); got != k.text {
			t.Errorf("the %s key of %s is %s, want %s", k.of, k.kind, got, k.text)
		}
		parsed, err := apikey.ParseSecret(k.text)
		if err != nil || parsed != secret || parsed.Type() != k.of {
			t.Errorf("%s reads as a %s key, %v", k.text, parsed.Type(), err)
		}
		prefix, _, _ := strings.Cut(k.text, "0123")
		if want := prefix + "012345"; parsed.Prefix() != want {
			t.Errorf("the prefix of %s is %q, want %q", k.text, parsed.Prefix(), want)
		}
		if parsed.Digest() != sha256.Sum256([]byte(k.text)) {
			t.Errorf("the digest of %s is not its SHA-256", k.text)
		}
	}
}

func TestAChecksumIsPaddedOnTheLeft(t *testing.T) {
	const padded = "sdk-prod-AgBLgF4nYxZzABOb1WDRFo2xXkCiWidf005aSX" // its CRC-32 is below 62⁴
	if _, err := apikey.ParseSecret(padded); err != nil {
		t.Errorf("ParseSecret(%s): %v", padded, err)
	}
	if _, err := apikey.ParseSecret(strings.Replace(padded, "005aSX", "5aSX00", 1)); err == nil {
		t.Error("a checksum padded on the right is accepted")
	}
}

func anySecret(t *rapid.T) apikey.Secret {
	kind := rapid.SampledFrom(environment.Kinds()).Draw(t, "kind")
	of := rapid.SampledFrom([]apikey.Type{apikey.Server, apikey.Client}).Draw(t, "type")
	return apikey.NewSecret(kind, of, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "digit") })
}

func TestEveryKeyReadsBackAsItself(t *testing.T) {
	whole := regexp.MustCompile(`^` + apikey.Pattern + `$`)
	rapid.Check(t, func(t *rapid.T) {
		secret := anySecret(t)
		parsed, err := apikey.ParseSecret(secret.Reveal())
		if err != nil || parsed != secret {
			t.Fatalf("%s reads as %s, %v", secret.Reveal(), parsed.Reveal(), err)
		}
		if !whole.MatchString(secret.Reveal()) {
			t.Fatalf("%s is not found by the published pattern", secret.Reveal())
		}
		if !strings.HasPrefix(secret.Reveal(), secret.Prefix()) || len(secret.Reveal())-len(secret.Prefix()) != 32 {
			t.Fatalf("the prefix of %s is %s", secret.Reveal(), secret.Prefix())
		}
	})
}

func TestEveryChangeOfOneCharacterIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(anySecret(t).Reveal())
		at := rapid.IntRange(0, len(text)-1).Draw(t, "position")
		original := text[at]
		for c := range 256 {
			if byte(c) == original {
				continue
			}
			text[at] = byte(c)
			if _, err := apikey.ParseSecret(string(text)); !errors.Is(err, apikey.ErrMalformed) {
				t.Fatalf("%q with %q at %d: %v", text, original, at, err)
			}
		}
	})
}

func TestWhatIsNoKeyIsRefused(t *testing.T) {
	const key = "sdk-prod-0123456789ABCDEFGHIJKLMNOPQRSTUV2DhZ3F"
	refused := map[string]string{
		"empty":                      "",
		"a prefix alone":             "sdk-prod-",
		"cut by one":                 key[:len(key)-1],
		"one more":                   key + "0",
		"a line break":               key + "\n",
		"a space in front":           " " + key,
		"NUL":                        key + "\x00",
		"upper-case prefix":          strings.Replace(key, "sdk", "SDK", 1),
		"another kind's prefix":      strings.Replace(key, "prod", "dev", 1),
		"made a client key":          strings.Replace(key, "prod-", "prod-pub-", 1),
		"two characters swapped":     strings.Replace(key, "01", "10", 1),
		"an account key's prefix":    strings.Replace(key, "sdk-prod-", "sk_live_", 1),
		"a kind that there is not":   strings.Replace(key, "prod", "test", 1),
		"32 hyphens, checksum right": "sdk-dev---------------------------------2cYhqe",
		"a megabyte":                 key + strings.Repeat("0", 1<<20),
	}
	for name, s := range refused {
		if got, err := apikey.ParseSecret(s); !errors.Is(err, apikey.ErrMalformed) || got != (apikey.Secret{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestATypeIsReadByItsExactName(t *testing.T) {
	for _, of := range []apikey.Type{apikey.Server, apikey.Client} {
		if got, err := apikey.ParseType(string(of)); err != nil || got != of {
			t.Errorf("ParseType(%q) = %q, %v", of, got, err)
		}
	}
	for _, s := range []string{"", "Server", "client ", "pub", "admin"} {
		if got, err := apikey.ParseType(s); err == nil || got != "" {
			t.Errorf("ParseType(%q) = %q, %v", s, got, err)
		}
	}
}

func TestTenThousandKeysShowNoPattern(t *testing.T) {
	const keys, random, critical = 10_000, 32, 100.9 // χ² with 61 degrees of freedom, p = 0.001
	source := rand.New(rand.NewChaCha8([32]byte{1}))
	seen, counts := map[string]bool{}, map[byte]int{}
	places := [random]map[byte]bool{}
	for range keys {
		text := apikey.NewSecret(environment.Production, apikey.Server, source.IntN).Reveal()
		if seen[text] {
			t.Fatalf("%s came twice", text)
		}
		seen[text] = true
		for i, c := range []byte(text[len("sdk-prod-"):][:random]) {
			if places[i] == nil {
				places[i] = map[byte]bool{}
			}
			places[i][c] = true
			counts[c]++
		}
	}
	expected, sum := float64(keys*random)/float64(len(alphabet)), 0.0
	for i := range len(alphabet) {
		distance := float64(counts[alphabet[i]]) - expected
		sum += distance * distance / expected
	}
	if len(counts) != len(alphabet) || sum > critical {
		t.Errorf("χ² over %d characters is %.1f, more than %.1f", len(counts), sum, critical)
	}
	for i, characters := range places {
		if len(characters) != len(alphabet) {
			t.Errorf("place %d takes only %d characters", i, len(characters))
		}
	}
}

func FuzzParseSecret(f *testing.F) {
	for _, k := range known {
		f.Add(k.text)
	}
	f.Add("")
	f.Add("sdk-prod-pub-")
	whole := regexp.MustCompile(`^` + apikey.Pattern + `$`)
	f.Fuzz(func(t *testing.T, s string) {
		secret, err := apikey.ParseSecret(s)
		if err != nil {
			if secret != (apikey.Secret{}) {
				t.Fatalf("ParseSecret(%q) failed and returned a secret", s)
			}
			return
		}
		if secret.Reveal() != s || !whole.MatchString(s) {
			t.Fatalf("ParseSecret(%q) = %q", s, secret.Reveal())
		}
		if strings.Contains(s, "-pub-") != (secret.Type() == apikey.Client) {
			t.Fatalf("%q reads as a %s key", s, secret.Type())
		}
	})
}
