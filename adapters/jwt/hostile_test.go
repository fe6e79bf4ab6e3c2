package jwt_test

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/adapters/jwt"
)

func TestAnotherHeaderIsRefused(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, tokens *jwt.Tokens) {
		header, payload := parts(t, tokens)
		alg := `"alg":"HS256"`
		if strings.Contains(header, "EdDSA") {
			alg = `"alg":"EdDSA"`
		}
		with := func(member string) string { return strings.Replace(header, "{", "{"+member+",", 1) }
		instead := func(old, changed string) string { return strings.Replace(header, old, changed, 1) }
		for _, h := range []string{
			"", "null", "[]", `""`, "1", "{}", "{", header + "x", header + header, "\ufeff" + header,
			instead(alg, `"alg":"none"`), instead(alg, `"alg":"None"`), instead(alg, `"alg":"nOnE"`), instead(alg, `"alg":""`),
			instead(alg, `"alg":"HS384"`), instead(alg, `"alg":"HS512"`), instead(alg, `"alg":"RS256"`), instead(alg, `"alg":"ES256"`),
			instead(alg, `"alg":"Ed25519"`), instead(alg, strings.ToLower(alg)), instead(alg, `"alg":null`), instead(alg, `"alg":[]`),
			instead(alg+",", ""), instead(`"alg"`, `"ALG"`), instead(`"alg"`, `"Alg"`),
			instead(`"at+jwt"`, `"JWT"`), instead(`"at+jwt"`, `"jwt"`), instead(`"at+jwt"`, `"id+jwt"`), instead(`"at+jwt"`, `"AT+JWT"`),
			instead(`"at+jwt"`, `"refresh+jwt"`), instead(`"at+jwt"`, `"application/at+jwt"`), instead(`"at+jwt"`, `""`), instead(`"at+jwt"`, "null"),
			instead(`,"typ":"at+jwt"`, ""),
			with(`"crit":["exp"]`), with(`"crit":[]`), with(`"b64":false`), with(`"b64":true`), with(`"zip":"DEF"`),
			with(`"jwk":{"kty":"oct","k":"AAAA"}`), with(`"jku":"https://evil.example"`), with(`"x5u":"https://evil.example"`), with(`"x5c":[]`),
			with(`"cty":"JWT"`), with(`"p2c":2147483648`), with(`"enc":"A256GCM"`), with(`"x":"y"`), with(`"":""`),
			with(alg), with(`"alg":"none"`), with(`"\u0061lg":"none"`), with(`"typ":"at+jwt"`), with("\"\xff\":\"\""),
		} {
			refused(t, tokens, h, forge(h, payload))
		}
	})
}

func TestAnotherKeyIDIsRefused(t *testing.T) {
	t.Parallel()
	tokens := open(t, signedByKey())
	header, payload := parts(t, tokens)
	var members map[string]any
	if err := json.Unmarshal([]byte(header), &members); err != nil {
		t.Fatal(err)
	}
	kid, ok := members["kid"].(string)
	if !ok {
		t.Fatal("our tokens name no key")
	}
	own := `"kid":"` + kid + `"`
	for _, other := range []string{`"kid":""`, `"kid":"` + strings.ToUpper(kid) + `"`, `"kid":"../../dev/null"`, `"kid":"' or 1=1"`,
		`"kid":null`, `"kid":0`, `"kid":["` + kid + `"]`, own + "," + own} {
		changed := strings.Replace(header, own, other, 1)
		refused(t, tokens, changed, forge(changed, payload))
	}
	nameless := strings.Replace(header, own+",", "", 1)
	refused(t, tokens, nameless, forge(nameless, payload))

	bySecret := open(t, signedBySecret())
	for _, named := range []string{`"kid":""`, own} {
		h := `{"alg":"HS256",` + named + `,"typ":"at+jwt"}`
		refused(t, bySecret, h, forge(h, payload))
	}
}

func TestAPublicKeyIsNoSecret(t *testing.T) {
	t.Parallel()
	tokens := open(t, signedByKey())
	header, payload := parts(t, tokens)
	public, ok := private(1).Public().(ed25519.PublicKey)
	if !ok {
		t.Fatal("no public key")
	}
	for _, h := range []string{strings.Replace(header, "EdDSA", "HS256", 1), header, `{"alg":"HS256","typ":"at+jwt"}`} {
		signed := raw.EncodeToString([]byte(h)) + "." + raw.EncodeToString([]byte(payload))
		for _, confused := range [][]byte{public, []byte(raw.EncodeToString(public)), tokens.JWKS(now), {}} {
			refused(t, tokens, h, signed+"."+authenticated(confused, signed))
		}
	}
}

func TestWeakSecretsDoNotSign(t *testing.T) {
	t.Parallel()
	tokens := open(t, signedBySecret())
	header, payload := parts(t, tokens)
	signed := raw.EncodeToString([]byte(header)) + "." + raw.EncodeToString([]byte(payload))
	for _, weak := range []string{"", "secret", "changeme", "your-256-bit-secret", "tenantry"} {
		refused(t, tokens, weak, signed+"."+authenticated([]byte(weak), signed))
	}
	for _, signature := range []string{"", "AA", strings.Repeat("A", 43)} {
		refused(t, tokens, signature, signed+"."+signature)
	}
}

func TestOtherClaimsAreRefused(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, tokens *jwt.Tokens) {
		header, payload := parts(t, tokens)
		with := func(member string) string { return strings.Replace(payload, "{", "{"+member+",", 1) }
		instead := func(old, changed string) string {
			if !strings.Contains(payload, old) {
				t.Fatalf("our claims do not have %s", old)
			}
			return strings.Replace(payload, old, changed, 1)
		}
		const exp, iat = `"exp":1777899600`, `"iat":1777896000`
		for _, p := range []string{
			"", "null", "[]", `""`, "{}", "{", payload + "x", payload + payload, "\ufeff" + payload, strings.Repeat(`{"a":`, 600),
			instead(exp+",", ""), instead(exp, `"exp":"1777899600"`), instead(exp, `"exp":1777899600.0`), instead(exp, `"exp":1777899600.5`),
			instead(exp, `"exp":1.7778996e9`), instead(exp, `"exp":1e30`), instead(exp, `"exp":1E400`), instead(exp, `"exp":-1777899600`),
			instead(exp, `"exp":-0`), instead(exp, `"exp":0`), instead(exp, `"exp":null`), instead(exp, `"exp":true`), instead(exp, `"exp":[1777899600]`),
			instead(exp, `"exp":{}`), instead(exp, `"exp":1777896000`), instead(exp, `"exp":1777895939`), instead(exp, `"exp":253402300800`),
			instead(exp, `"exp":9223372036854775807`), instead(exp, `"exp":9223372036854775808`), instead(exp, `"exp":18446744073709551616`),
			instead(exp, `"exp":01777899600`), instead(exp, `"EXP":1777899600`),
			instead(iat+",", ""), instead(iat, `"iat":"1777896000"`), instead(iat, `"iat":1777896600`), instead(iat, `"iat":1777896031`),
			instead(iat, `"iat":1777896000.5`), instead(iat, `"iat":-1`), instead(iat, `"iat":1e30`), instead(iat, `"iat":null`),
			with(`"nbf":1777896600`), with(`"nbf":1777896031`), with(`"nbf":"1777896000"`), with(`"nbf":1777896000.5`), with(`"nbf":null`), with(`"nbf":-1`),
			with(`"sub":"0196a000-0000-7000-8000-00000000000f"`), with(`"\u0073ub":"0196a000-0000-7000-8000-00000000000a"`), with(exp),
			with(`"Sub":"0196a000-0000-7000-8000-00000000000a"`), with(`"role":"owner"`), with(`"scope":"admin"`), with(`"":""`),
			with("\"\xff\":\"\""), strings.Replace(payload, "id.example", "id\xc0\xae.example", 1), with(`"x":"\ud800"`),
			instead(`,"sub":"0196a000-0000-7000-8000-00000000000a"`, ""), instead(`,"sub":"0196a000-0000-7000-8000-00000000000a"`, `,"sub":""`),
			instead(`"0196a000-0000-7000-8000-00000000000a"`, "null"), instead(`"0196a000-0000-7000-8000-00000000000a"`, "1"),
			instead("0196a000-0000-7000-8000-00000000000a", "0196A000-0000-7000-8000-00000000000A"), instead("0196a000-0000-7000-8000-00000000000a", "{0196a000-0000-7000-8000-00000000000a}"),
			instead("0196a000-0000-7000-8000-00000000000a", "0196a00000007000800000000000000a"), instead("0196a000-0000-7000-8000-00000000000a", "urn:uuid:0196a000-0000-7000-8000-00000000000a"),
			instead("0196a000-0000-7000-8000-00000000000a", "00000000-0000-0000-0000-000000000000"), instead("0196a000-0000-7000-8000-00000000000a", "admin"),
			instead("0196a000-0000-7000-8000-00000000000b", ""), instead(`"sid"`, `"sess"`), instead("0196a000-0000-7000-8000-00000000000c", ""), instead(`"0196a000-0000-7000-8000-00000000000c"`, "null"),
			instead("0196a000-0000-7000-8000-00000000000d", ""), instead(`"0196a000-0000-7000-8000-00000000000d"`, "7"), instead(`"jti"`, `"jtj"`),
			instead(`"https://api.example.com"`, `["https://api.example.com"]`), instead(`"https://api.example.com"`, `"https://api.example.com/"`), instead(`"https://api.example.com"`, `""`), instead(`"aud"`, `"aux"`),
			instead(`"https://id.example.com"`, `"https://ID.example.com"`), instead(`"https://id.example.com"`, `""`), instead(`"https://id.example.com"`, "null"), instead(`"iss"`, `"isx"`),
		} {
			refused(t, tokens, p, forge(header, p))
		}
	})
}

func TestATokenHasOneSpelling(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, tokens *jwt.Tokens) {
		token := sign(t, tokens, claims())
		for i := range token { // every other character in every place
			for _, c := range "Ag-.= \n\x00é" {
				if changed := token[:i] + string(c) + token[i+1:]; changed != token {
					refused(t, tokens, changed, changed)
				}
				inserted := token[:i] + string(c) + token[i:]
				refused(t, tokens, inserted, inserted)
			}
			refused(t, tokens, "cut", token[:i])
			refused(t, tokens, "begun late", token[i+1:])
		}
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		for _, c := range alphabet { // other trailing bits of the signature
			if changed := token[:len(token)-1] + string(c); changed != token {
				refused(t, tokens, changed, changed)
			}
		}
		for _, s := range []string{token + ".", "." + token, token + "=", token + "\n", "\n" + token, " " + token, "Bearer " + token, token + "." + token, strings.ToUpper(token)} {
			refused(t, tokens, s, s)
		}
	})
}

// It does not run beside others: they would count as its memory.
func TestHugeTokensCostNothing(t *testing.T) {
	for name, keys := range map[string]jwt.Keys{"HS256": signedBySecret(), "EdDSA": signedByKey()} {
		tokens := open(t, keys)
		header, payload := parts(t, tokens)
		for shape, token := range map[string]string{
			"dots":           strings.Repeat(".", 100_000),
			"dots in bounds": strings.Repeat(".", 4096),
			"a megabyte":     strings.Repeat("A", 1<<20),
			"a long claim":   forge(header, `{"x":"`+strings.Repeat("x", 1<<20)+`"}`),
			"a deep claim":   forge(header, strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)),
			"a deep header":  forge(strings.Repeat("[", 1500)+strings.Repeat("]", 1500), payload),
			"a compact JWE":  raw.EncodeToString([]byte(`{"alg":"PBES2-HS512+A256KW","p2c":2147483648,"enc":"A256GCM","zip":"DEF"}`)) + ".AA.AA.AA.AA",
		} {
			const rounds = 100
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begun := time.Now()
			for range rounds {
				refused(t, tokens, name+", "+shape, token)
			}
			took := time.Since(begun) / rounds
			runtime.ReadMemStats(&after)
			if bytes := (after.TotalAlloc - before.TotalAlloc) / rounds; took > 10*time.Millisecond || bytes > 256<<10 {
				t.Errorf("%s, %s: %v and %d bytes", name, shape, took, bytes)
			}
		}
	}
}

func TestKeysShowThemselvesToNobody(t *testing.T) {
	t.Parallel()
	bySecret, byKey := signedBySecret(), signedByKey()
	var shown strings.Builder
	log := slog.New(slog.NewTextHandler(&shown, nil))
	for _, v := range []any{bySecret, byKey, byKey.Ed25519[0], &bySecret, open(t, bySecret), open(t, byKey)} {
		fmt.Fprintf(&shown, "%v %+v %#v %s\n", v, v, v, v)
		log.Info("shown", "value", v)
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(encoded)
	}
	seed := private(1).Seed()
	for _, key := range [][]byte{secret, seed} {
		numbers, hex := fmt.Sprintf("%v", key), fmt.Sprintf("%#v", key)
		for _, form := range []string{string(key), numbers[1:60], hex[len("[]byte{"):60], raw.EncodeToString(key)} {
			if strings.Contains(shown.String(), form) {
				t.Errorf("a key shows as %q", form)
			}
		}
	}
}

// FuzzVerify holds that nothing is accepted but, byte for byte, what was
// signed.
func FuzzVerify(f *testing.F) {
	bySecret, byKey := open(f, signedBySecret()), open(f, signedByKey())
	signed := map[string]bool{}
	for _, tokens := range []*jwt.Tokens{bySecret, byKey} {
		token := sign(f, tokens, claims())
		signed[token] = true
		f.Add(token)
		f.Add(token[:len(token)-1])
		f.Add(token + "=")
		f.Add(strings.Replace(token, ".", "..", 1))
	}
	f.Add("")
	f.Add("..")
	f.Add("e30.e30.")
	f.Add(raw.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + ".e30.")
	f.Fuzz(func(t *testing.T, token string) {
		for _, tokens := range []*jwt.Tokens{bySecret, byKey} {
			if _, err := tokens.Verify(token, now); err == nil && !signed[token] {
				t.Errorf("%q is accepted", token)
			}
		}
	})
}

// FuzzForge signs anything, and holds that what is accepted means what it
// says to every JSON reader: exactly our members.
func FuzzForge(f *testing.F) {
	tokens := open(f, signedBySecret())
	header, payload := parts(f, tokens)
	f.Add(header, payload)
	f.Add(`{"typ":"at+jwt","alg":"HS256"}`, strings.Replace(payload, "{", `{"nbf":1,`, 1))
	f.Add(`{"alg":"HS256","alg":"HS256","typ":"at+jwt"}`, `{"exp":1e9}`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		if _, err := tokens.Verify(forge(header, payload), now); err != nil {
			return
		}
		var h, p map[string]any
		if json.Unmarshal([]byte(header), &h) != nil || json.Unmarshal([]byte(payload), &p) != nil {
			t.Fatalf("%s.%s is no JSON", header, payload)
		}
		if len(h) != 2 || h["alg"] != "HS256" || h["typ"] != "at+jwt" || p["iss"] != settings.Issuer || p["aud"] != settings.Audience {
			t.Errorf("%s.%s is accepted", header, payload)
		}
		for name := range p {
			if !slices.Contains([]string{"iss", "aud", "sub", "sid", "org", "iat", "nbf", "exp", "jti"}, name) {
				t.Errorf("the claim %q is accepted", name)
			}
		}
	})
}
