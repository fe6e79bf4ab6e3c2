package jwt_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/tenantry/tenantry/adapters/jwt"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

var _ ports.AccessTokens = (*jwt.Tokens)(nil)

var (
	now      = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	secret   = []byte("a secret of 32 bytes or more, for tests")
	settings = jwt.Settings{Issuer: "https://id.example.com", Audience: "https://api.example.com"}
	raw      = base64.RawURLEncoding
)

// private makes a key that is the same in every run.
func private(n byte) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte{n})
	return ed25519.NewKeyFromSeed(seed[:])
}

func signedBySecret() jwt.Keys { return jwt.Keys{Secret: secret} }

func signedByKey() jwt.Keys { return jwt.Keys{Ed25519: []jwt.Key{{Private: private(1)}}} }

func open(t testing.TB, k jwt.Keys) *jwt.Tokens {
	t.Helper()
	tokens, err := jwt.New(settings, k)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func claims() session.Claims {
	org := organization.ID(uuid.MustParse("0196a000-0000-7000-8000-00000000000c"))
	return session.Claims{
		AccountID:      account.ID(uuid.MustParse("0196a000-0000-7000-8000-00000000000a")),
		SessionID:      session.ID(uuid.MustParse("0196a000-0000-7000-8000-00000000000b")),
		OrganizationID: &org,
		TokenID:        "0196a000-0000-7000-8000-00000000000d",
		IssuedAt:       now,
		ExpiresAt:      now.Add(time.Hour),
	}
}

func sign(t testing.TB, tokens *jwt.Tokens, c session.Claims) string {
	t.Helper()
	token, err := tokens.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// part decodes the header (0) or the claims (1) of a token.
func part(t testing.TB, token string, i int) string {
	t.Helper()
	text, err := raw.DecodeString(strings.Split(token, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// forge signs any header and claims, as somebody could who has the keys of
// signedBySecret or signedByKey.
func forge(header, payload string) string {
	signed := raw.EncodeToString([]byte(header)) + "." + raw.EncodeToString([]byte(payload))
	if strings.Contains(header, "EdDSA") {
		return signed + "." + raw.EncodeToString(ed25519.Sign(private(1), []byte(signed)))
	}
	return signed + "." + authenticated(secret, signed)
}

func authenticated(key []byte, signed string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signed))
	return raw.EncodeToString(mac.Sum(nil))
}

func refused(t *testing.T, tokens *jwt.Tokens, name, token string) {
	t.Helper()
	got, err := tokens.Verify(token, now)
	if !errors.Is(err, session.ErrInvalidToken) {
		t.Errorf("%s: the error is %v", name, err)
	}
	if got != (session.Claims{}) {
		t.Errorf("%s: claims came with the error", name)
	}
}

// both runs a test with either kind of key.
func both(t *testing.T, test func(t *testing.T, tokens *jwt.Tokens)) {
	for name, keys := range map[string]jwt.Keys{"HS256": signedBySecret(), "EdDSA": signedByKey()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, keys))
		})
	}
}

func TestATokenSaysWhatWasSigned(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, tokens *jwt.Tokens) {
		homeless := claims()
		homeless.OrganizationID = nil
		for _, want := range []session.Claims{claims(), homeless} {
			got, err := tokens.Verify(sign(t, tokens, want), now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestWhatIsInATokenIsConstant(t *testing.T) {
	t.Parallel()
	const payload = `{"aud":"https://api.example.com","exp":1777899600,"iat":1777896000,"iss":"https://id.example.com",` +
		`"jti":"0196a000-0000-7000-8000-00000000000d","org":"0196a000-0000-7000-8000-00000000000c",` +
		`"sid":"0196a000-0000-7000-8000-00000000000b","sub":"0196a000-0000-7000-8000-00000000000a"}`
	for header, keys := range map[string]jwt.Keys{
		`{"alg":"HS256","typ":"at+jwt"}`: signedBySecret(),
		`{"alg":"EdDSA","kid":"r20jk0XkQmQ9tlJ47IyDYr0qwUhwR5yn0CGMxl2unRQ","typ":"at+jwt"}`: signedByKey(),
	} {
		token := sign(t, open(t, keys), claims())
		if diff := cmp.Diff(header, part(t, token, 0)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(payload, part(t, token, 1)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestForgedTokensWouldPassIfTheyWereOurs(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, tokens *jwt.Tokens) {
		header, payload := parts(t, tokens)
		if _, err := tokens.Verify(forge(header, payload), now); err != nil {
			t.Errorf("the forger of these tests forges nothing: %v", err)
		}
		reordered := `{ "typ":"at+jwt", ` + strings.TrimPrefix(strings.Replace(header, `,"typ":"at+jwt"`, "", 1), "{")
		if _, err := tokens.Verify(forge(reordered, " "+payload+" "), now); err != nil {
			t.Errorf("members in another order, with spaces: %v", err)
		}
		edged := strings.Replace(payload, `"iat"`, `"nbf":1777896000,"iat"`, 1)
		if _, err := tokens.Verify(forge(header, edged), now); err != nil {
			t.Errorf("with nbf: %v", err)
		}
	})
}

func parts(t testing.TB, tokens *jwt.Tokens) (header, payload string) {
	t.Helper()
	token := sign(t, tokens, claims())
	return part(t, token, 0), part(t, token, 1)
}

func TestTimesAreHeld(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, tokens *jwt.Tokens) {
		token := sign(t, tokens, claims())
		for offset, valid := range map[time.Duration]bool{
			-31 * time.Second: false, -30 * time.Second: true, 0: true, // iat, with the leeway
			time.Hour - 1: true, time.Hour: false, time.Hour + 61*time.Second: false, // exp, without
		} {
			_, err := tokens.Verify(token, now.Add(offset))
			if (err == nil) != valid || err != nil && !errors.Is(err, session.ErrInvalidToken) {
				t.Errorf("at %v: %v", offset, err)
			}
		}
	})
}

func TestTokensOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	other := jwt.Settings{Issuer: "https://other.example.com", Audience: settings.Audience}
	elsewhere := jwt.Settings{Issuer: settings.Issuer, Audience: "https://other.example.com"}
	both(t, func(t *testing.T, tokens *jwt.Tokens) {
		for _, s := range []jwt.Settings{other, elsewhere} {
			for _, k := range []jwt.Keys{signedBySecret(), signedByKey()} {
				foreign, err := jwt.New(s, k)
				if err != nil {
					t.Fatal(err)
				}
				refused(t, tokens, s.Issuer+" for "+s.Audience, sign(t, foreign, claims()))
			}
		}
		refused(t, tokens, "another secret", sign(t, open(t, jwt.Keys{Secret: []byte(strings.Repeat("x", 32))}), claims()))
		refused(t, tokens, "another key", sign(t, open(t, jwt.Keys{Ed25519: []jwt.Key{{Private: private(9)}}}), claims()))
	})
}

func TestARotatedKeyVerifiesUntilItIsDropped(t *testing.T) {
	t.Parallel()
	before := sign(t, open(t, signedByKey()), claims())
	rotated := open(t, jwt.Keys{Ed25519: []jwt.Key{{Private: private(1), Term: retired(0)}, {Private: private(2)}}})
	if _, err := rotated.Verify(before, now); err != nil {
		t.Errorf("a token of before the rotation: %v", err)
	}
	after := sign(t, rotated, claims())
	if part(t, before, 0) == part(t, after, 0) {
		t.Error("the retired key still signs")
	}
	dropped := open(t, jwt.Keys{Ed25519: []jwt.Key{{Private: private(2)}}})
	refused(t, dropped, "a token of a dropped key", before)
	if _, err := dropped.Verify(after, now); err != nil {
		t.Errorf("a token of the new key: %v", err)
	}
}

// retired is the term of a key that was retired that long ago.
func retired(ago time.Duration) session.KeyTerm { return session.KeyTerm{RetiredAt: now.Add(-ago)} }

func TestANewKeyWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	both := []jwt.Key{{Private: private(1), Term: retired(-time.Hour)}, {Private: private(2)}}
	tokens := open(t, jwt.Keys{Ed25519: both})
	for after, want := range map[time.Duration]byte{0: 1, time.Hour - time.Second: 1, time.Hour: 2, 48 * time.Hour: 2} {
		c := claims()
		c.IssuedAt, c.ExpiresAt = now.Add(after), now.Add(after+time.Hour)
		if got := kidOf(t, sign(t, tokens, c)); got != jwt.KeyID(private(want)) {
			t.Errorf("%v later it is not key %d that signs", after, want)
		}
	}
	if set := string(tokens.JWKS(now)); !strings.Contains(set, jwt.KeyID(private(2))) {
		t.Errorf("the next key is not published: %s", set)
	}
}

func kidOf(t testing.TB, token string) string {
	t.Helper()
	var header struct{ Kid string }
	if err := json.Unmarshal([]byte(part(t, token, 0)), &header); err != nil {
		t.Fatal(err)
	}
	return header.Kid
}

func TestARetiredKeyIsRefusedOnceItsLastTokenHasRunOut(t *testing.T) {
	t.Parallel()
	long := claims()
	long.ExpiresAt = now.Add(1000 * time.Hour) // longer than any that we make
	token := sign(t, open(t, signedByKey()), long)
	tokens := open(t, jwt.Keys{Ed25519: []jwt.Key{{Private: private(1), Term: retired(0)}, {Private: private(2)}}})
	for _, later := range []time.Duration{0, 24 * time.Hour, 24*time.Hour + time.Minute, 100 * time.Hour} {
		_, err := tokens.Verify(token, now.Add(later)) // the first time it is read, then remembered
		good := later <= 24*time.Hour
		if (err == nil) != good {
			t.Errorf("%v after its retirement: %v", later, err)
		}
		if published := strings.Contains(string(tokens.JWKS(now.Add(later))), jwt.KeyID(private(1))); published != good {
			t.Errorf("%v after its retirement it is published: %v", later, published)
		}
	}
}

func TestOtherKeysHoldFromTheNextTokenOn(t *testing.T) {
	t.Parallel()
	tokens := open(t, signedByKey())
	before := sign(t, tokens, claims())
	if _, err := tokens.Verify(before, now); err != nil {
		t.Fatal(err)
	}
	if err := tokens.Use(jwt.Keys{Ed25519: []jwt.Key{{Private: private(2)}}}); err != nil {
		t.Fatal(err)
	}
	refused(t, tokens, "a token that was good, of a key that is gone", before)
	if _, err := tokens.Verify(sign(t, tokens, claims()), now); err != nil {
		t.Error(err)
	}
	if err := tokens.Use(jwt.Keys{}); err == nil {
		t.Error("no keys at all are taken")
	}
	if _, err := tokens.Verify(sign(t, tokens, claims()), now); err != nil {
		t.Errorf("after keys that were refused: %v", err)
	}
}

func TestANewerKeyIsLookedForBeforeATokenIsRefused(t *testing.T) {
	t.Parallel()
	next := sign(t, open(t, jwt.Keys{Ed25519: []jwt.Key{{Private: private(2)}}}), claims())
	tokens := open(t, signedByKey())
	looks := 0
	tokens.WhenUnknown(func() { looks++ })
	refused(t, tokens, "a token of a key that nobody has", next)
	tokens.WhenUnknown(func() {
		looks++
		if err := tokens.Use(jwt.Keys{Ed25519: []jwt.Key{{Private: private(1)}, {Private: private(2)}}}); err != nil {
			t.Error(err)
		}
	})
	for range 2 {
		if _, err := tokens.Verify(next, now); err != nil {
			t.Errorf("a token of a key that another replica made: %v", err)
		}
	}
	refused(t, tokens, "another header", forge(`{"alg":"EdDSA","kid":"x"}`, "{}"))
	if looks != 2 {
		t.Errorf("the store was asked %d times, want once for each unknown key", looks)
	}
}

func TestUnsafeSettingsAndKeysDoNotStart(t *testing.T) {
	t.Parallel()
	good, crooked := settings, append(ed25519.PrivateKey{}, private(1)...)
	crooked[40] ^= 1
	noIssuer, noAudience, lenient, negative := good, good, good, good
	noIssuer.Issuer, noAudience.Audience, lenient.Leeway, negative.Leeway = "", "", time.Minute+1, -1
	for name, c := range map[string]struct {
		settings jwt.Settings
		keys     jwt.Keys
	}{
		"no issuer":           {noIssuer, signedByKey()},
		"no audience":         {noAudience, signedByKey()},
		"too much leeway":     {lenient, signedByKey()},
		"negative leeway":     {negative, signedByKey()},
		"no key":              {good, jwt.Keys{}},
		"a short secret":      {good, jwt.Keys{Secret: secret[:31]}},
		"a secret and a key":  {good, jwt.Keys{Secret: secret, Ed25519: signedByKey().Ed25519}},
		"retired keys only":   {good, jwt.Keys{Ed25519: []jwt.Key{{Private: private(1), Term: retired(0)}}}},
		"a key of wrong size": {good, jwt.Keys{Ed25519: []jwt.Key{{Private: private(1)[:32]}}}},
		"a key that does not match its public part": {good, jwt.Keys{Ed25519: []jwt.Key{{Private: crooked}}}},
		"one key twice": {good, jwt.Keys{Ed25519: []jwt.Key{{Private: private(1)}, {Private: private(1), Term: retired(0)}}}},
	} {
		tokens, err := jwt.New(c.settings, c.keys)
		if err == nil || tokens != nil {
			t.Errorf("%s: it starts", name)
		} else if strings.Contains(err.Error(), string(secret[:16])) {
			t.Errorf("%s: the error shows the secret", name)
		}
	}
}

func TestOnlyPublicKeysArePublished(t *testing.T) {
	t.Parallel()
	if got := string(open(t, signedBySecret()).JWKS(now)); got != `{"keys":[]}` {
		t.Errorf("with a secret: %s", got)
	}
	rotated := open(t, jwt.Keys{Ed25519: []jwt.Key{{Private: private(1), Term: retired(0)}, {Private: private(2)}}})
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(rotated.JWKS(now), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 2 {
		t.Fatalf("%d keys are published", len(set.Keys))
	}
	for i, k := range set.Keys {
		want := map[string]string{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": k["kid"],
			"x": raw.EncodeToString(private(byte(i + 1)).Public().(ed25519.PublicKey))}
		if diff := cmp.Diff(want, k); diff != "" {
			t.Error(diff)
		}
	}
}

// The key and its thumbprint are the example of RFC 8037, appendix A.
func TestAKeyIsNamedByItsThumbprint(t *testing.T) {
	t.Parallel()
	seed, err := raw.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	if err != nil {
		t.Fatal(err)
	}
	tokens := open(t, jwt.Keys{Ed25519: []jwt.Key{{Private: ed25519.NewKeyFromSeed(seed)}}})
	if got := string(tokens.JWKS(now)); !strings.Contains(got, `"kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"`) {
		t.Error(got)
	}
}

func BenchmarkSign(b *testing.B) {
	for name, keys := range map[string]jwt.Keys{"HS256": signedBySecret(), "EdDSA": signedByKey()} {
		b.Run(name, func(b *testing.B) {
			tokens, c := open(b, keys), claims()
			for b.Loop() {
				sign(b, tokens, c)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for name, keys := range map[string]jwt.Keys{"HS256": signedBySecret(), "EdDSA": signedByKey()} {
		b.Run(name+"/known", func(b *testing.B) {
			tokens := open(b, keys)
			token := sign(b, tokens, claims())
			for b.Loop() {
				if _, err := tokens.Verify(token, now); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/new", func(b *testing.B) {
			tokens := open(b, keys)
			fresh := make([]string, b.N)
			for i := range fresh {
				c := claims()
				c.TokenID = fmt.Sprint(i)
				fresh[i] = sign(b, tokens, c)
			}
			b.ResetTimer()
			for _, token := range fresh {
				if _, err := tokens.Verify(token, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
