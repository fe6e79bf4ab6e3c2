package apikey_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/apikey"
)

func words(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = "scope:" + strconv.Itoa(i)
	}
	return all
}

func TestScopesAreSortedAndComeOnce(t *testing.T) {
	given := []string{"b:2", "a.1", "b:2", "_", "-"}
	got, err := apikey.ParseScopes(given)
	if diff := cmp.Diff(apikey.Scopes{"-", "_", "a.1", "b:2"}, got); err != nil || diff != "" {
		t.Errorf("ParseScopes: %v (-want +got):\n%s", err, diff)
	}
	if given[0] != "b:2" || given[1] != "a.1" {
		t.Errorf("the caller's words were reordered: %q", given)
	}
	for name, none := range map[string][]string{"nil": nil, "empty": {}} {
		if got, err := apikey.ParseScopes(none); err != nil || got == nil || len(got) != 0 {
			t.Errorf("%s: ParseScopes = %#v, %v", name, got, err)
		}
	}
	if got, err := apikey.ParseScopes(words(32)); err != nil || len(got) != 32 {
		t.Errorf("32 scopes: %d, %v", len(got), err)
	}
}

func TestWhatIsNoScopeIsRefused(t *testing.T) {
	refused := [][]string{
		words(33), {""}, {"Read"}, {"a b"}, {"a\n"}, {"a\x00"}, {"a,b"}, {"a/b"}, {"*"}, {"é"}, {"ok", "no!"},
		{strings.Repeat("x", 65)},
	}
	for _, bad := range refused {
		if got, err := apikey.ParseScopes(bad); err == nil || got != nil {
			t.Errorf("ParseScopes(%.60q) = %q, %v", bad, got, err)
		}
	}
	if !apikey.ValidScope(strings.Repeat("x", 64)) {
		t.Error("a scope of 64 characters is refused")
	}
}

func TestEveryScopeReadsBackAsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := rapid.SliceOfN(rapid.StringMatching(`[a-z0-9._:-]{1,64}`), 0, 32).Draw(t, "scopes")
		scopes, err := apikey.ParseScopes(given)
		if err != nil || !slices.IsSorted(scopes) {
			t.Fatalf("%q: %q, %v", given, scopes, err)
		}
		if diff := cmp.Diff(scopes, apikey.StoredScopes(scopes.String())); diff != "" {
			t.Fatalf("stored and read (-want +got):\n%s", diff)
		}
		for _, word := range given {
			if !scopes.Has(word) || scopes.Has(word+"x") && !slices.Contains(given, word+"x") {
				t.Fatalf("%q has not what was given: %q", scopes, word)
			}
		}
	})
}
