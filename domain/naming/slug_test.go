package naming_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/naming"
)

// form is the definition of a slug, written a second time.
var form = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

var reservedWords = strings.Fields(`account admin api app assets auth billing compat dashboard docs help healthz
	invitations login logout metrics new openapi organizations readyz register root settings signup static status
	support system v1 www`)

func TestASlugIsADNSLabel(t *testing.T) {
	accepted := []string{"a", "7", "acme", "acme-2", "a--b", "0-0", strings.Repeat("x", 63), "admin-2", "apis", "xn--a"}
	refused := []string{
		"", "-", "-a", "a-", "A", "Acme", "a_b", "a.b", "a b", "a/b", "..", "%61", "é", "а", "ａ", "a\n", "\na", "a\x00",
		strings.Repeat("x", 64), "ſ", "K",
	}
	for _, s := range accepted {
		if got, err := naming.ParseSlug(s); err != nil || got.String() != s {
			t.Errorf("ParseSlug(%q) = %q, %v", s, got, err)
		}
	}
	for _, s := range append(refused, reservedWords...) {
		if got, err := naming.ParseSlug(s); err == nil || got != (naming.Slug{}) {
			t.Errorf("ParseSlug(%q) = %q, %v", s, got, err)
		}
	}
	if got := naming.StoredSlug("admin").String(); got != "admin" {
		t.Errorf("StoredSlug(admin) = %q", got)
	}
}

func TestASlugIsDerivedFromAName(t *testing.T) {
	long := strings.Repeat("abcdefghij", 10)
	tests := []struct {
		name, text, want string // want "" says that nothing is left
	}{
		{"lower case", "Acme", "acme"},
		{"words", "  Acme  Rockets, Inc.  ", "acme-rockets-inc"},
		{"digits", "Route 66", "route-66"},
		{"hyphens and dots are one gap", "a -._- b", "a-b"},
		{"an apostrophe", "O’Brien's", "o-brien-s"},
		{"accents, composed", "Crème Brûlée à São Tomé", "creme-brulee-a-sao-tome"},
		{"accents, decomposed", "Cre\u0300me Bru\u0302le\u0301e a\u0300 Sa\u0303o Tome\u0301", "creme-brulee-a-sao-tome"},
		{"accents, upper case", "ÉCOLE ŁÓDŹ", "ecole-lodz"},
		{"German", "Müller & Söhne Großhandel Äpfel", "mueller-soehne-grosshandel-aepfel"},
		{"German, decomposed", "Mu\u0308ller & So\u0308hne A\u0308pfel", "mueller-soehne-aepfel"},
		{"German, capitals", "STRAẞE ÜBUNG", "strasse-uebung"},
		{"Nordic", "Ærø Þór Ångström", "aero-thor-angstroem"},
		{"Polish", "Zażółć gęślą jaźń", "zazolc-gesla-jazn"},
		{"Czech", "Příliš žluťoučký kůň", "prilis-zlutoucky-kun"},
		{"Turkish", "İstanbul Şişli ılık", "istanbul-sisli-ilik"},
		{"Hungarian, composed and decomposed", "Győr Gyo\u030br", "gyoer-gyoer"},
		{"Vietnamese", "Thành phố Hồ Chí Minh", "thanh-pho-ho-chi-minh"},
		{"Cyrillic", "Яндекс Щука объезд", "yandeks-shchuka-obezd"},
		{"Cyrillic, decomposed", "И\u0306од Е\u0308ж Йод Ёж", "jod-yozh-jod-yozh"},
		{"Ukrainian", "Київ Ґава Ки\u0456\u0308в", "kiyiv-gava-kiyiv"},
		{"Greek", "Αθήνα Ψυχή Θεσσαλονίκης", "athina-psychi-thessalonikis"},
		{"Chinese", "北京", ""},
		{"Japanese", "カタカナ", ""},
		{"Korean", "서울", ""},
		{"Chinese beside Latin", "北京 Acme 公司", "acme"},
		{"emoji", "🚀🦉", ""},
		{"emoji beside Latin", "🚀 Acme 🦉", "acme"},
		{"marks alone", "\u0301\u0302", ""},
		{"punctuation alone", "-- !! --", ""},
		{"silent signs alone", "ъь", ""},
		{"very long", long, long[:63]},
		{"cut before a hyphen", strings.Repeat("x", 62) + " yyy", strings.Repeat("x", 62)},
		{"cut inside a cluster", strings.Repeat("x", 62) + "ß", strings.Repeat("x", 62) + "s"},
		{"reserved", "Admin", "admin-2"},
		{"reserved once spelled", "ÀPÏ!", "api-2"},
	}
	for _, test := range tests {
		got, ok := naming.StoredName(test.text).Slug()
		if got.String() != test.want || ok != (test.want != "") {
			t.Errorf("%s: %q gives %q, %v; want %q", test.name, test.text, got, ok, test.want)
		}
	}
}

func TestEveryReservedWordIsNumberedAtOnce(t *testing.T) {
	for _, word := range reservedWords {
		if got, ok := naming.StoredName(strings.ToUpper(word)).Slug(); !ok || got.String() != word+"-2" {
			t.Errorf("%q gives %q, %v", word, got, ok)
		}
	}
}

func TestANumberedSlugKeepsItsStem(t *testing.T) {
	full := strings.Repeat("x", 63)
	tests := []struct {
		stem string
		n    int
		want string
	}{
		{"acme", -1, "acme"}, {"acme", 0, "acme"}, {"acme", 1, "acme"}, {"acme", 2, "acme-2"}, {"acme", 10, "acme-10"},
		{full, 2, full[:61] + "-2"}, {full, 100, full[:59] + "-100"},
		{strings.Repeat("x", 60) + "-yy", 2, strings.Repeat("x", 60) + "-2"},
	}
	for _, test := range tests {
		if got := naming.StoredSlug(test.stem).Numbered(test.n).String(); got != test.want {
			t.Errorf("%q numbered %d is %q, want %q", test.stem, test.n, got, test.want)
		}
	}
}

// letters draws from what names are made of, rather than from all of Unicode.
func letters() *rapid.Generator[string] {
	return rapid.StringOf(rapid.OneOf(
		rapid.RuneFrom([]rune("aZ09 -_.'ÄöüßéłøжЩьйёїλθς北カ🚀")),
		rapid.RuneFrom([]rune("\u0301\u0308\u030b\u0306")),
		rapid.Rune(),
	))
}

func checkDerived(t interface{ Fatalf(string, ...any) }, name string) {
	slug, ok := naming.StoredName(name).Slug()
	if !ok {
		if slug != (naming.Slug{}) {
			t.Fatalf("%q gives nothing and %q", name, slug)
		}
		return
	}
	if parsed, err := naming.ParseSlug(slug.String()); err != nil || parsed != slug {
		t.Fatalf("%q gives %q, which reads as %q, %v", name, slug, parsed, err)
	}
	if again, _ := naming.StoredName(slug.String()).Slug(); again != slug {
		t.Fatalf("%q gives %q, which gives %q", name, slug, again)
	}
}

func TestADerivedSlugIsOneThatCouldBeChosen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkDerived(t, letters().Draw(t, "name")) })
}

func TestACandidateIsAlwaysWellFormed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stem := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`).Draw(t, "stem")
		slug := naming.StoredSlug(stem)
		n := rapid.IntRange(2, 1_000_000_000).Draw(t, "n")
		suffix := rapid.StringMatching(`[a-z0-9]{1,32}`).Draw(t, "suffix")
		for _, candidate := range []struct{ got, end string }{
			{slug.Numbered(n).String(), "-" + strconv.Itoa(n)}, {slug.WithSuffix(suffix).String(), "-" + suffix},
		} {
			if !form.MatchString(candidate.got) || !strings.HasSuffix(candidate.got, candidate.end) {
				t.Fatalf("%q becomes %q, which should end in %q", stem, candidate.got, candidate.end)
			}
			if kept := strings.TrimSuffix(candidate.got, candidate.end); !strings.HasPrefix(stem, kept) {
				t.Fatalf("%q becomes %q", stem, candidate.got)
			}
		}
	})
}

func FuzzSlug(f *testing.F) {
	for _, s := range []string{"acme", "-a", "admin", "Müller", "北京", strings.Repeat("ß", 40), "\u0308", "a\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if parsed, err := naming.ParseSlug(s); err == nil && (parsed.String() != s || !form.MatchString(s)) {
			t.Fatalf("ParseSlug(%q) = %q", s, parsed)
		}
		checkDerived(t, s)
	})
}
