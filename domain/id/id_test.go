package id_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/id"
)

type thing struct{}

const canonical = "01890a5d-ac96-774b-bcce-b302099a8057"

func TestOnlyTheCanonicalFormIsAnID(t *testing.T) {
	parsed, err := id.Parse[thing](canonical)
	if err != nil || parsed.String() != canonical || parsed.UUID() != uuid.MustParse(canonical) {
		t.Fatalf("Parse(%q) = %v, %v", canonical, parsed, err)
	}
	refused := map[string]string{
		"empty":              "",
		"upper case":         strings.ToUpper(canonical),
		"one capital":        strings.Replace(canonical, "a", "A", 1),
		"braces":             "{" + canonical + "}",
		"other brackets":     "x" + canonical + "x",
		"a URN":              "urn:uuid:" + canonical,
		"no dashes":          strings.ReplaceAll(canonical, "-", ""),
		"misplaced dashes":   "01890a5da-c96-774b-bcce-b302099a8057",
		"too short":          canonical[:35],
		"too long":           canonical + "0",
		"a space in front":   " " + canonical,
		"a line break after": canonical + "\n",
		"NUL":                canonical[:35] + "\x00",
		"no hexadecimal":     strings.Replace(canonical, "b302", "g302", 1),
		"full-width digits":  strings.Replace(canonical, "0", "０", 1),
		"a path":             "../" + canonical,
	}
	for name, s := range refused {
		if got, err := id.Parse[thing](s); err == nil || !got.IsZero() {
			t.Errorf("%s: Parse(%q) = %v, %v", name, s, got, err)
		}
	}
}

func TestOnlyTheZeroIDIsZero(t *testing.T) {
	var none id.Of[thing]
	if !none.IsZero() {
		t.Error("the zero id is not zero")
	}
	if parsed, _ := id.Parse[thing](canonical); parsed.IsZero() {
		t.Error("an id is zero")
	}
}

func TestEveryIDReadsBackAsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var u uuid.UUID
		copy(u[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
		written := id.Of[thing](u)
		read, err := id.Parse[thing](written.String())
		if err != nil || read != written {
			t.Fatalf("wrote %v, read %v, %v", written, read, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{canonical, strings.ToUpper(canonical), "{" + canonical + "}", "urn:uuid:" + canonical, "", "0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parsed, err := id.Parse[thing](s)
		if err != nil {
			if !parsed.IsZero() {
				t.Fatalf("Parse(%q) failed and returned %v", s, parsed)
			}
			return
		}
		if parsed.String() != s {
			t.Fatalf("Parse(%q) prints as %q", s, parsed)
		}
	})
}
