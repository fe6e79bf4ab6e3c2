package naming_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/naming"
)

func TestANameIsOneTrimmedLine(t *testing.T) {
	tests := []struct {
		name, text, want string // want "" says that it is refused
	}{
		{"plain", "Ada Lovelace", "Ada Lovelace"},
		{"trimmed", " \t Ada\u00a0\n", "Ada"},
		{"one character", "x", "x"},
		{"emoji of several code points", "👩‍👩‍👧‍👦 & Söhne 🏳️‍🌈", "👩‍👩‍👧‍👦 & Söhne 🏳️‍🌈"},
		{"quotes and markup are only text", `Robert'); DROP TABLE "x";-- <b>`, `Robert'); DROP TABLE "x";-- <b>`},
		{"right to left by nature", "עברית", "עברית"},
		{"not normalized", "e\u0301", "e\u0301"},
		{"100 characters of four bytes", strings.Repeat("🦉", 100), strings.Repeat("🦉", 100)},
		{"101 characters", strings.Repeat("x", 101), ""},
		{"empty", "", ""},
		{"only space", " \u2003\n", ""},
		{"a line break", "a\nb", ""},
		{"a carriage return", "a\rb", ""},
		{"a tab", "a\tb", ""},
		{"NUL", "a\x00b", ""},
		{"escape", "a\x1b[31mb", ""},
		{"delete", "a\x7fb", ""},
		{"a control character of Latin-1", "a\u0085b", ""},
		{"a line separator", "a\u2028b", ""},
		{"a paragraph separator", "a\u2029b", ""},
		{"an override of direction", "a\u202eb", ""},
		{"an embedding", "a\u202ab", ""},
		{"an isolate", "a\u2066b", ""},
		{"the end of an isolate", "a\u2069b", ""},
		{"bytes that are no text", "a\xffb", ""},
		{"half a surrogate pair", "a\xed\xa0\x80b", ""},
	}
	for _, test := range tests {
		got, err := naming.ParseName(test.text)
		if got.String() != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: ParseName(%q) = %q, %v", test.name, test.text, got, err)
		}
	}
}

func TestAStoredNameIsTakenAsItIs(t *testing.T) {
	const old = " from before\nthe rules "
	if got := naming.StoredName(old).String(); got != old {
		t.Errorf("StoredName(%q) = %q", old, got)
	}
}

func checkName(t interface{ Fatalf(string, ...any) }, s string) {
	n, err := naming.ParseName(s)
	if err != nil {
		if n != (naming.Name{}) {
			t.Fatalf("ParseName(%q) failed and returned %q", s, n)
		}
		return
	}
	text := n.String()
	again, err := naming.ParseName(text)
	if err != nil || again != n {
		t.Fatalf("%q was accepted as %q, which reads back as %q, %v", s, text, again, err)
	}
	count := utf8.RuneCountInString(text)
	if !utf8.ValidString(text) || count < 1 || count > naming.MaxName || strings.TrimSpace(text) != text {
		t.Fatalf("ParseName(%q) = %q with %d characters", s, text, count)
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		t.Fatalf("ParseName(%q) let a control character through", s)
	}
}

func TestEveryAcceptedNameReadsBackAsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkName(t, rapid.String().Draw(t, "name")) })
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"Ada", " Ada ", "a\x00b", "\u202e", "🦉", "\xff", strings.Repeat("x", 101)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkName(t, s) })
}
