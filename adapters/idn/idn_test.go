package idn_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/adapters/idn"
	"github.com/tenantry/tenantry/domain/account"
)

var _ account.ToASCII = idn.ToASCII

func TestANameHasOneForm(t *testing.T) {
	t.Parallel()
	for spelled, want := range map[string]string{
		"example.com":                  "example.com",
		"EXAMPLE.Com":                  "example.com",
		"mail-2.example.co.uk":         "mail-2.example.co.uk",
		"localhost":                    "localhost",
		"bücher.example":               "xn--bcher-kva.example",
		"BÜCHER.example":               "xn--bcher-kva.example",
		"bu\u0308cher.example":         "xn--bcher-kva.example", // combining
		"xn--bcher-kva.example":        "xn--bcher-kva.example",
		"XN--BCHER-KVA.example":        "xn--bcher-kva.example",
		"straße.example":               "xn--strae-oqa.example",
		"ｅｘａｍｐｌｅ.ｃｏｍ":                  "example.com", // full width
		"example。com":                  "example.com", // ideographic full stop
		"example．com":                  "example.com",
		"bro\u212aen.example":          "broken.example", // Kelvin sign
		"exam\u00adple.com":            "example.com",    // soft hyphen
		"𝓮xample.com":                  "example.com",    // mathematical letter
		"ﬁle.example":                  "file.example",   // ligature
		"почта.рф":                     "xn--80a1acny.xn--p1ai",
		"例え.テスト":                       "xn--r8jz45g.xn--zckzah",
		"דוגמה.example":                "xn--6dbbec0c.example",
		strings.Repeat("a", 63) + ".b": strings.Repeat("a", 63) + ".b",
	} {
		got, err := idn.ToASCII(spelled)
		if err != nil || got != want {
			t.Errorf("%q is %q (error %v), not %q", spelled, got, err, want)
		}
	}
}

func TestWhatIsNoHostNameIsRefused(t *testing.T) {
	t.Parallel()
	for _, spelled := range []string{
		"", " ", ".", "..", "example.com.", "example.com。", ".example.com", "example..com", "example.。com", "exam ple.com", "example.com ", "\u00a0example.com",
		"a@b.com", "a＠b.com", "a/b.com", "a／b.com", "a\\b.com", "a:b.com", "a?b.com", "a#b.com", "a%b.com", "a_b.com", "a!b.com", "[::1]", "a,b.com",
		"a\u2100b.com", // maps to a/c
		"a\u2488com",   // maps to a digit and a dot
		"a\u00b4b.com", // maps to a space and an accent
		"exa\nmple.com", "exa\rmple.com", "exa\x00mple.com", "exa\tmple.com", "exa\u2028mple.com", "exam\xffple.com",
		"-example.com", "example-.com", "ab--cd.com", "xn--", "xn--a.com", "xn--example-.com", "xn--\u00fc.com", "xn--99999999.com", "\u200d.com", "a\u200db.com",
		"a\u05d0.com",              // left to right and right to left in one label
		"\u0300a.com",              // begins with a combining mark
		"\u202eexample.com",        // override of direction
		"exam\U000e0001ple.com",    // tag character
		"\ufffd.com", "\ue000.com", // replacement, private use
		strings.Repeat("a", 64) + ".com",
		strings.Repeat("ü", 60) + ".com",
		strings.Repeat("a.", 127) + "a",
	} {
		if got, err := idn.ToASCII(spelled); err == nil || got != "" {
			t.Errorf("%q is taken as %q", spelled, got)
		} else if spelled != "" && len(spelled) > 3 && strings.Contains(err.Error(), spelled) {
			t.Errorf("the error repeats %q", spelled)
		}
	}
}

func TestAddressesThatLookAlikeAreOne(t *testing.T) {
	t.Parallel()
	for _, spelled := range []string{"Ada@BÜCHER.example", " ada@xn--bcher-kva.example ", "ada@bu\u0308cher.example"} {
		if got, err := account.ParseEmail(spelled, idn.ToASCII); err != nil || got.String() != "ada@xn--bcher-kva.example" {
			t.Errorf("%q is %q (error %v)", spelled, got, err)
		}
	}
	for _, spelled := range []string{"ada＠example.com", "ada@example.com＠evil.example", "\u212aim@example.com", "ada@example.com."} {
		if got, err := account.ParseEmail(spelled, idn.ToASCII); err == nil {
			t.Errorf("%q is taken as %q", spelled, got)
		}
	}
}

func TestHugeNamesCostNothing(t *testing.T) {
	t.Parallel()
	for name, huge := range map[string]string{
		"dots":          strings.Repeat(".", 1<<20),
		"labels":        strings.Repeat("a.", 1<<19),
		"xn":            strings.Repeat("xn--a.", 1<<17),
		"one xn label":  "xn--" + strings.Repeat("a", 1<<20),
		"combining":     "a" + strings.Repeat("\u0301\u0323", 1<<18),
		"in bounds":     strings.Repeat("xn--a.", 168),
		"one in bounds": "xn--" + strings.Repeat("9", 1000),
		"marks":         "a" + strings.Repeat("\u0323\u0301", 250),
		"scripts":       strings.Repeat("ü", 506),
		"astral":        strings.Repeat("\U0002ffff", 253),
	} {
		begun := time.Now()
		if got, err := idn.ToASCII(huge); err == nil {
			t.Errorf("%s: taken as %.40q", name, got)
		}
		if took := time.Since(begun); took > 50*time.Millisecond {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func FuzzToASCII(f *testing.F) {
	for _, s := range []string{"example.com", "bücher.example", "XN--BCHER-KVA.example", "例え。テスト", "a\u200db.com", "straße.example", "a＠b.com", "דוגמה.example", "xn--", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, domain string) {
		ascii, err := idn.ToASCII(domain)
		if err != nil {
			return
		}
		if ascii == "" || len(ascii) > 253 || strings.Trim(ascii, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" ||
			strings.HasPrefix(ascii, ".") || strings.HasSuffix(ascii, ".") || strings.Contains(ascii, "..") {
			t.Errorf("%q becomes %q, which is no host name", domain, ascii)
		}
		if again, err := idn.ToASCII(ascii); err != nil || again != ascii {
			t.Errorf("%q becomes %q and that becomes %q (error %v)", domain, ascii, again, err)
		}
	})
}

func BenchmarkToASCII(b *testing.B) {
	for _, domain := range []string{"example.com", "bücher.example"} {
		b.Run(domain, func(b *testing.B) {
			for b.Loop() {
				if _, err := idn.ToASCII(domain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
