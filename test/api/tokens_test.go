package api

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"hash"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

const jwtSecret = "k3BqV0mJxW9sT2nLrY7uHf5cZp8aGdEw"

func encode(part any) string {
	text, isText := part.(string)
	if !isText {
		raw, err := json.Marshal(part)
		if err != nil {
			panic(err)
		}
		text = string(raw)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// sign makes a token of any header and claims. Text is taken as it is, so that
// it may be what no JSON library writes.
func sign(header, claims any, key []byte, algorithm ...func() hash.Hash) string {
	h := sha256.New
	if len(algorithm) > 0 {
		h = algorithm[0]
	}
	signed := encode(header) + "." + encode(claims)
	mac := hmac.New(h, key)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// changed is a copy of an object with other members; nil leaves one out.
func changed(object M, members M) M {
	c := maps.Clone(object)
	for name, value := range members {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

// refusedTokens fails the test for each token that opens something.
func refusedTokens(t *testing.T, s *harness.Server, tokens map[string]string) {
	t.Helper()
	for what, token := range tokens {
		r := s.Client(t).Bearer(token).Get("/v1/auth/me")
		if r.Status != 401 || r.Code() != "INVALID_TOKEN" && r.Code() != "CREDENTIALS_REQUIRED" {
			t.Errorf("a token with %s: %d %s", what, r.Status, r.Code())
		}
	}
}

// symmetric is a server that signs with a secret that the test knows.
func symmetric(t *testing.T, d *harness.Database) (s *harness.Server, ada harness.Person, header, claims M) {
	t.Helper()
	s = harness.Start(t, d, harness.Environment{"JWT_SECRET": jwtSecret})
	ada = s.Register(t)
	header, claims = harness.TokenHeader(t, ada.AccessToken), harness.Claims(t, ada.AccessToken)
	s.Client(t).Bearer(sign(header, claims, []byte(jwtSecret))).Get("/v1/auth/me").Want(200) // the forger works
	return s, ada, header, claims
}

func TestOnlyOurOwnUnalteredTokensOpenAnything(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s, ada, header, claims := symmetric(t, d)
		key := []byte(jwtSecret)
		head := func(members M) string { return sign(changed(header, members), claims, key) }
		claim := func(members M) string { return sign(header, changed(claims, members), key) }
		now := time.Now().Unix()
		parts := strings.Split(ada.AccessToken, ".")
		raw, _ := json.Marshal(claims)
		text := string(raw)
		tokens := map[string]string{
			"alg none":                      encode(changed(header, M{"alg": "none"})) + "." + parts[1] + ".",
			"alg None":                      encode(changed(header, M{"alg": "None"})) + "." + parts[1] + ".",
			"alg nOnE and a signature":      encode(changed(header, M{"alg": "nOnE"})) + "." + parts[1] + "." + parts[2],
			"no signature":                  parts[0] + "." + parts[1] + ".",
			"two segments":                  parts[0] + "." + parts[1],
			"four segments":                 ada.AccessToken + "." + parts[2],
			"an empty header":               sign("{}", claims, key),
			"no alg":                        head(M{"alg": nil}),
			"HS384":                         sign(changed(header, M{"alg": "HS384"}), claims, key, sha512.New384),
			"HS512":                         sign(changed(header, M{"alg": "HS512"}), claims, key, sha512.New),
			"alg EdDSA":                     head(M{"alg": "EdDSA"}),
			"no exp":                        claim(M{"exp": nil}),
			"an exp that passed":            claim(M{"exp": now - 61, "iat": now - 3600}),
			"an exp as text":                claim(M{"exp": "9999999999"}),
			"a huge exp":                    claim(M{"exp": 1e30}),
			"a negative exp":                claim(M{"exp": -1}),
			"an exp of null":                strings.Replace(sign(header, strings.Replace(text, `"exp":`, `"exp":null,"x":`, 1), key), " ", "", 1),
			"an nbf in the future":          claim(M{"nbf": now + 600}),
			"an iat in the future":          claim(M{"iat": now + 600}),
			"no typ":                        head(M{"typ": nil}),
			"typ JWT":                       head(M{"typ": "JWT"}),
			"typ of an id token":            head(M{"typ": "id+jwt"}),
			"typ of an invitation":          head(M{"typ": "invitation+jwt"}),
			"an unknown crit":               head(M{"crit": []string{"x"}, "x": 1}),
			"an empty crit":                 head(M{"crit": []string{}}),
			"b64 false":                     head(M{"b64": false, "crit": []string{"b64"}}),
			"another issuer":                claim(M{"iss": "https://evil.example"}),
			"no issuer":                     claim(M{"iss": nil}),
			"another audience":              claim(M{"aud": "https://evil.example"}),
			"no audience":                   claim(M{"aud": nil}),
			"no sub":                        claim(M{"sub": nil}),
			"a sub that does not exist":     claim(M{"sub": randomID()}),
			"a sub that is no id":           claim(M{"sub": "1"}),
			"a sub as a number":             claim(M{"sub": 1}),
			"no sid":                        claim(M{"sid": nil}),
			"a sid that does not exist":     claim(M{"sid": randomID()}),
			"an org that is no id":          claim(M{"org": "1"}),
			"an org as an array":            claim(M{"org": []any{claims["org"]}}),
			"sub twice":                     sign(header, text[:len(text)-1]+`,"sub":"`+randomID()+`"}`, key),
			"exp twice":                     sign(header, text[:len(text)-1]+`,"exp":9999999999}`, key),
			"alg twice":                     sign(`{"alg":"none","alg":"HS256","typ":"at+jwt"}`, claims, key),
			"invalid UTF-8":                 sign(header, text[:len(text)-1]+",\"x\":\"\xff\"}", key),
			"something behind the claims":   sign(header, text+"{}", key),
			"claims that are an array":      sign(header, "["+text+"]", key),
			"claims that are no JSON":       sign(header, "claims", key),
			"a space inside":                parts[0] + ". " + parts[1] + "." + parts[2],
			"padding":                       ada.AccessToken + "=",
			"standard base64":               parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-1] + "+",
			"10,000 levels of nesting":      sign(header, `{"a":`+repeat("[", 5000)+repeat("]", 5000)+"}", key),
			"very many dots":                repeat(".", 20_000),
			"one dot":                       ".",
			"two dots":                      "..",
			"another token's MAC":           ada.RefreshToken,
			"the shape of an encrypted one": repeat("eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJwMmMiOjIxNDc0ODM2NDgsImVuYyI6IkExMjhHQ00ifQ.", 4) + "x",
		}
		for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
			if token := ada.AccessToken[:len(ada.AccessToken)-1] + string(last); token != ada.AccessToken {
				tokens["the last character "+string(last)] = token
			}
		}
		for _, weak := range []string{"", "secret", "changeme", "dev-secret-change-in-production", "your-256-bit-secret", "password", d.MasterKey, harness.PublicURL, harness.AdminToken} {
			tokens["a signature by "+weak] = sign(header, claims, []byte(weak))
		}
		refusedTokens(t, s, tokens)
		ada.Get("/v1/auth/me").Want(200)
	})
}

func TestATokensClaimsAreIdentityAndNotAuthority(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s, ada, header, claims := symmetric(t, d)
		eve := s.Register(t)
		forged := func(members M) *harness.Client {
			return s.Client(t).Bearer(sign(header, changed(claims, members), []byte(jwtSecret)))
		}
		foreign := forged(M{"org": eve.Organization})
		foreign.Get("/v1/projects").Refused(404, "NOT_FOUND")
		foreign.Get("/v1/organizations/"+eve.Organization).Refused(404, "NOT_FOUND")
		foreign.Get("/v1/projects/"+eve.Project).Refused(404, "NOT_FOUND")
		if active := foreign.Get("/v1/auth/me").Want(200).Value("organization"); active != nil {
			t.Errorf("a foreign organization is active: %v", active)
		}
		forged(M{"sub": eve.ID}).Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		forged(M{"sid": eve.Session()}).Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		s.Exec(t, "UPDATE memberships SET role = 'viewer' WHERE organization_id = $1", ada.Organization)
		ada.Delete("/v1/projects/"+ada.Project).Refused(403, "FORBIDDEN")
		for _, authority := range []M{{"role": "owner"}, {"roles": []string{"owner"}}, {"scope": "admin"}, {"operator": true}} {
			if r := forged(authority).Delete("/v1/projects/" + ada.Project); r.Status != 401 && r.Status != 403 {
				t.Errorf("a token that claims %v may delete: %d", authority, r.Status)
			}
		}
		ada.Get("/v1/projects/" + ada.Project).Want(200)
	})
}

func TestATokenSaysNoMoreThanWhoIsCalling(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Cast(t).Owner
		claims := harness.Claims(t, ada.AccessToken)
		var names []string
		for name := range claims {
			names = append(names, name)
		}
		if diff := cmp.Diff(sorted("iss", "aud", "sub", "org", "sid", "iat", "exp", "jti"), sorted(names...)); diff != "" {
			t.Errorf("the claims (-want +got):\n%s", diff)
		}
		if claims["iss"] != harness.PublicURL || claims["sub"] != ada.ID || claims["org"] != ada.Organization {
			t.Errorf("the claims are %v", claims)
		}
		if ttl := claims["exp"].(float64) - claims["iat"].(float64); ttl != 3600 {
			t.Errorf("the token lives for %v s", ttl)
		}
		header := harness.TokenHeader(t, ada.AccessToken)
		if header["alg"] != "EdDSA" || header["typ"] != "at+jwt" || header["kid"] == "" {
			t.Errorf("the header is %v", header)
		}
	})
}

func TestThePublishedKeyVerifiesTokensAndSignsNone(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Cast(t).Owner
		header, claims := harness.TokenHeader(t, ada.AccessToken), harness.Claims(t, ada.AccessToken)
		document := s.Client(t).Get("/.well-known/jwks.json").Want(200)
		keys, _ := document.Value("keys").([]any)
		if len(keys) != 1 {
			t.Fatalf("the keys are %v", keys)
		}
		key := keys[0].(M)
		var names []string
		for name := range key {
			names = append(names, name)
		}
		if diff := cmp.Diff(sorted("kty", "crv", "x", "kid", "use", "alg"), sorted(names...)); diff != "" {
			t.Errorf("a key's members (-want +got):\n%s", diff)
		}
		if key["kty"] != "OKP" || key["crv"] != "Ed25519" || key["alg"] != "EdDSA" || key["use"] != "sig" || key["kid"] != header["kid"] {
			t.Errorf("the key is %v", key)
		}
		x, err := base64.RawURLEncoding.DecodeString(key["x"].(string))
		if err != nil || len(x) != ed25519.PublicKeySize {
			t.Fatalf("the key has %d bytes: %v", len(x), err)
		}
		parts := strings.Split(ada.AccessToken, ".")
		signature, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil || !ed25519.Verify(x, []byte(parts[0]+"."+parts[1]), signature) {
			t.Error("the published key does not verify our tokens")
		}
		der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(x))
		if err != nil {
			t.Fatal(err)
		}
		jwk, _ := json.Marshal(key)
		symmetric := changed(header, M{"alg": "HS256"})
		own := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
		tokens := map[string]string{
			"the public key as a secret":            sign(symmetric, claims, x),
			"its text as a secret":                  sign(symmetric, claims, []byte(key["x"].(string))),
			"its DER form as a secret":              sign(symmetric, claims, der),
			"its PEM form as a secret":              sign(symmetric, claims, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
			"its JWK as a secret":                   sign(symmetric, claims, jwk),
			"an empty secret":                       sign(symmetric, claims, nil),
			"HMAC under the name of EdDSA":          sign(header, claims, x),
			"alg none":                              encode(changed(header, M{"alg": "none"})) + "." + parts[1] + ".",
			"another's signature":                   signed(header, claims, own),
			"another's signature, its key embedded": signed(changed(header, M{"jwk": M{"kty": "OKP", "crv": "Ed25519", "x": encode(string(own.Public().(ed25519.PublicKey)))}}), claims, own),
			"another's signature, its key linked":   signed(changed(header, M{"jku": "http://127.0.0.1:1/jwks.json", "x5u": "http://127.0.0.1:1/"}), claims, own),
			"an unknown kid":                        signed(changed(header, M{"kid": "../../dev/null"}), claims, own),
			"no kid":                                signed(changed(header, M{"kid": nil}), claims, own),
		}
		refusedTokens(t, s, tokens)
	})
}

// signed makes a token with the key of somebody else.
func signed(header, claims any, key ed25519.PrivateKey) string {
	text := encode(header) + "." + encode(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

func TestASecretIsNeverPublished(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s, ada, header, _ := symmetric(t, d)
		if header["alg"] != "HS256" {
			t.Errorf("alg is %v", header["alg"])
		}
		document := s.Client(t).Get("/.well-known/jwks.json").Want(200)
		if keys, ok := document.Value("keys").([]any); !ok || len(keys) != 0 {
			t.Errorf("the published keys are %s", document.Body)
		}
		ada.Get("/v1/auth/me").Want(200)
		s.Restart(t).Client(t).Bearer(ada.AccessToken).Get("/v1/auth/me").Want(200)
	})
}

func TestAHugeTokenIsRefusedAtOnce(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		for _, token := range []string{repeat(".", 1_000_000), repeat("a", 1_000_000)} {
			c := s.Dial(t, 20*time.Second)
			start := time.Now()
			go c.Say("GET /v1/auth/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n")
			if answer := c.Answer(); answer != nil && answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("%d characters: %d", len(token), answer.StatusCode)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("refusing %d characters took %s", len(token), took)
			}
		}
	})
}
