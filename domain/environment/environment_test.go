package environment_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/naming"
)

func TestOnlyExactNamesAreKinds(t *testing.T) {
	want := []environment.Kind{environment.Development, environment.Staging, environment.Production}
	if diff := cmp.Diff(want, environment.Kinds()); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	for _, kind := range want {
		if got, err := environment.ParseKind(string(kind)); err != nil || got != kind {
			t.Errorf("ParseKind(%q) = %q, %v", kind, got, err)
		}
	}
	for _, s := range []string{"", "dev", "prod", "Production", "production ", "preview"} {
		if got, err := environment.ParseKind(s); err == nil || got != "" {
			t.Errorf("ParseKind(%q) = %q, %v", s, got, err)
		}
	}
}

func TestAColorIsSixHexadecimalDigits(t *testing.T) {
	for _, s := range []string{"#22c55e", "#22C55E", "#000000", "#ffFFff", environment.DefaultColor} {
		if got, err := environment.ParseColor(s); err != nil || got.String() != s {
			t.Errorf("ParseColor(%q) = %q, %v", s, got, err)
		}
	}
	refused := []string{
		"", "#", "22c55e", "#22c55", "#22c55e0", "#22c55g", "#22c55G", "#22c55/", "#22c55:", "#22c55@", "#22c55`", "red",
		" #22c55e", "#22c55e\n", "#22c5é", "#fff", "#22c55e;x", "##2c55e", "#\x002c55e",
	}
	for _, s := range refused {
		if got, err := environment.ParseColor(s); err == nil || got != (environment.Color{}) {
			t.Errorf("ParseColor(%q) = %q, %v", s, got, err)
		}
	}
}

func TestTheDefaultsAreThePublishedOnes(t *testing.T) {
	want := []environment.Template{
		{Name: "Development", Slug: "dev", Kind: "development", Color: "#22c55e"},
		{Name: "Staging", Slug: "staging", Kind: "staging", Color: "#f59e0b"},
		{Name: "Production", Slug: "production", Kind: "production", Color: "#ef4444"},
	}
	if diff := cmp.Diff(want, environment.Defaults()); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	if !strings.EqualFold(environment.DefaultColor, "#6B7280") {
		t.Errorf("the default color is %s", environment.DefaultColor)
	}
	for _, template := range environment.Defaults() {
		_, name := naming.ParseName(template.Name)
		_, slug := naming.ParseSlug(template.Slug)
		_, kind := environment.ParseKind(string(template.Kind))
		_, color := environment.ParseColor(template.Color)
		for _, err := range []error{name, slug, kind, color} {
			if err != nil {
				t.Errorf("nobody could make %s by hand: %v", template.Name, err)
			}
		}
	}
}
