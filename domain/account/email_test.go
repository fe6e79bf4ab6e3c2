package account_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/account"
)

// lowering stands in for the conversion by IDNA: it knows ASCII only.
func lowering(domain string) (string, error) {
	for i := range len(domain) {
		if domain[i] >= 0x80 {
			return "", errors.New("not in ASCII")
		}
	}
	return strings.ToLower(domain), nil
}

// converting stands in for the conversion of the one domain that it knows.
func converting(domain string) (string, error) {
	if domain == "bücher.example" {
		return "xn--bcher-kva.example", nil
	}
	return lowering(domain)
}

func TestAnAddressHasOneForm(t *testing.T) {
	local64, domain189 := strings.Repeat("l", 64), strings.Repeat(strings.Repeat("d", 62)+".", 3)[:188]+"x"
	accepted := map[string]string{
		"ada@example.com":              "ada@example.com",
		"  Ada@Example.COM\t":          "ada@example.com",
		"ada+tag@example.com":          "ada+tag@example.com",
		"a.b.c@example.com":            "a.b.c@example.com",
		"_-'=?^{|}~*&$#/x@example.com": "_-'=?^{|}~*&$#/x@example.com",
		"1@2.example":                  "1@2.example",
		"ada@localhost":                "ada@localhost",
		"ada@sub.sub-domain.example":   "ada@sub.sub-domain.example",
		"Ada@bücher.example":           "ada@xn--bcher-kva.example",
		"ada@XN--bcher-KVA.example":    "ada@xn--bcher-kva.example",
		local64 + "@" + domain189:      local64 + "@" + domain189,
	}
	for s, want := range accepted {
		if got, err := account.ParseEmail(s, converting); err != nil || got.String() != want {
			t.Errorf("ParseEmail(%q) = %q, %v; want %q", s, got, err, want)
		}
	}
}

func TestWhatIsNoAddressIsRefused(t *testing.T) {
	refused := map[string]string{
		"empty":                       "",
		"line break at the end":       "ada@example.com\r\n",
		"no @":                        "ada",
		"no local part":               "@example.com",
		"no domain":                   "ada@",
		"two @":                       "a@b@c",
		"two @ of one address":        "ada@@example.com",
		"a header after a line break": "ada@example.com\r\nBcc: eve@example.com",
		"a line break inside":         "a\nda@example.com",
		"a carriage return inside":    "ada@exam\rple.com",
		"NUL":                         "ada@example.com\x00",
		"NUL in the local part":       "a\x00da@example.com",
		"an encoded line break":       "ada%0abcc@example.com",
		"an old relay by %":           "ada%evil.example@example.com",
		"an old relay by !":           "evil.example!ada@example.com",
		"a quoted local part":         `"ada lovelace"@example.com`,
		"a quoted @":                  `"a@b"@example.com`,
		"a comment":                   "ada(comment)@example.com",
		"a display name":              "Ada <ada@example.com>",
		"two addresses":               "ada@example.com,eve@example.com",
		"a list":                      "ada@example.com;eve@example.com",
		"a space":                     "ada lovelace@example.com",
		"a backslash":                 `ada\@example.com`,
		"a dot in front":              ".ada@example.com",
		"a dot at the end":            "ada.@example.com",
		"two dots":                    "a..da@example.com",
		"a domain of dots":            "ada@..",
		"an empty label":              "ada@example..com",
		"a root label":                "ada@example.com.",
		"a hyphen in front":           "ada@-example.com",
		"a hyphen behind":             "ada@example-.com",
		"an underscore in the domain": "ada@exa_mple.com",
		"an address literal":          "ada@[127.0.0.1]",
		"a port":                      "ada@example.com:25",
		"KELVIN SIGN for k":           "\u212a@example.com",
		"dotless i":                   "\u0131da@example.com",
		"long s":                      "\u017fam@example.com",
		"full-width @":                "ada＠example.com",
		"full-width letters":          "ａda@example.com",
		"a combining accent":          "e\u0301va@example.com",
		"a zero-width space":          "a\u200bda@example.com",
		"a domain that IDNA refuses":  "ada@exämple.com",
		"bytes that are no text":      "ada\xff@example.com",
		"a local part of 65 bytes":    strings.Repeat("l", 65) + "@example.com",
		"a label of 64 bytes":         "ada@" + strings.Repeat("d", 64) + ".com",
		"255 bytes":                   strings.Repeat("l", 64) + "@" + strings.Repeat(strings.Repeat("d", 62)+".", 3) + "x",
		"a megabyte of comments":      strings.Repeat("(", 1<<20) + "@example.com",
	}
	if n := len(refused["255 bytes"]); n != 255 {
		t.Fatalf("the address of 255 bytes has %d", n)
	}
	for name, s := range refused {
		if got, err := account.ParseEmail(s, converting); err == nil || got != (account.Email{}) {
			t.Errorf("%s: %q was accepted as %q", name, s[:min(len(s), 80)], got)
		}
	}
}

func TestAConversionCannotSmuggleAnything(t *testing.T) {
	answers := []string{"", "a@b", "a b", "a\r\nb", "a\x00b", "exämple.com", "a..b", "-a", strings.Repeat("d.", 127) + "d"}
	for _, ascii := range answers {
		idna := func(string) (string, error) { return ascii, nil }
		if got, err := account.ParseEmail("ada@example.com", idna); err == nil {
			t.Errorf("the domain %q made the address %q", ascii, got)
		}
	}
	shouting := func(string) (string, error) { return "EXAMPLE.COM", nil }
	if got, err := account.ParseEmail("ada@example.com", shouting); err != nil || got.String() != "ada@example.com" {
		t.Errorf("a domain in capitals made %q, %v", got, err)
	}
	if got, err := account.ParseEmail("ada@eve@example.com", shouting); err == nil {
		t.Errorf("a conversion that swallows an @ made %q", got)
	}
	growing := func(string) (string, error) { return strings.Repeat(strings.Repeat("d", 62)+".", 3) + "x", nil }
	if got, err := account.ParseEmail(strings.Repeat("l", 64)+"@d.example", growing); err == nil {
		t.Errorf("a domain that grew made an address of %d bytes", len(got.String()))
	}
}

func TestTheLocalPartStandsBeforeTheAt(t *testing.T) {
	if got := account.StoredEmail("ada.l@example.com").LocalPart(); got != "ada.l" {
		t.Errorf("LocalPart() = %q", got)
	}
}

func checkEmail(t interface{ Fatalf(string, ...any) }, s string) {
	e, err := account.ParseEmail(s, lowering)
	if err != nil {
		if e != (account.Email{}) {
			t.Fatalf("ParseEmail(%q) failed and returned %q", s, e)
		}
		return
	}
	text := e.String()
	if len(text) > 254 || strings.Count(text, "@") != 1 {
		t.Fatalf("%q was accepted as %q", s, text)
	}
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || c >= 'A' && c <= 'Z' {
			t.Fatalf("%q was accepted as %q, with the byte %#x", s, text, c)
		}
	}
	if again, err := account.ParseEmail(text, lowering); err != nil || again != e {
		t.Fatalf("%q was accepted as %q, which reads back as %q, %v", s, text, again, err)
	}
}

func TestEveryAcceptedAddressReadsBackAsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.OneOf(rapid.StringMatching(`[ -~]{0,20}`), rapid.StringMatching(`[A-Za-z0-9.+_-]{1,70}`), rapid.String())
		checkEmail(t, part.Draw(t, "local")+rapid.SampledFrom([]string{"@", "@", "@", "@@", ""}).Draw(t, "at")+part.Draw(t, "domain"))
	})
}

func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{"ada@example.com", "A@B", "a@b@c", "a@b\r\n", "\u212a@b", "a@\u212a", `"a"@b`, "a%b@c", "\x00@b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkEmail(t, s) })
}
