package accountkey_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/accountkey"
)

func TestAKeyEndsAtTheVeryInstant(t *testing.T) {
	end := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)
	k := accountkey.Key{ExpiresAt: &end}
	if k.Ended(end.Add(-time.Nanosecond)) || !k.Ended(end) || !k.Ended(end.Add(time.Hour)) {
		t.Error("a key does not end when it was said")
	}
	if (accountkey.Key{}).Ended(end) {
		t.Error("a key without an end has ended")
	}
}

func TestScopesAreReadInOneOrderAndOnce(t *testing.T) {
	for words, want := range map[string]string{
		"": "read write", "read": "read", "keys": "keys", "keys write read": "read write keys", "write read write": "read write",
	} {
		scopes, err := accountkey.ParseScopes(strings.Fields(words))
		if err != nil || scopes.String() != want {
			t.Errorf("%q reads as %q, %v", words, scopes, err)
		}
	}
	for _, word := range []string{"Read", "read ", "admin", "*", "read,write", ""} {
		if scopes, err := accountkey.ParseScopes([]string{"read", word}); err == nil || scopes != nil {
			t.Errorf("%q reads as %v, %v", word, scopes, err)
		}
	}
}

func TestScopesComeBackAsTheyWereStored(t *testing.T) {
	every := []accountkey.Scope{accountkey.Read, accountkey.Write, accountkey.Keys}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.SampledFrom([]string{"read", "write", "keys"})).Draw(t, "words")
		scopes, err := accountkey.ParseScopes(words)
		if err != nil {
			t.Fatal(err)
		}
		stored := accountkey.StoredScopes(scopes.String())
		if !slices.Equal(stored, scopes) {
			t.Fatalf("%v is stored as %v", scopes, stored)
		}
		for _, scope := range every {
			asked := slices.Contains(words, string(scope)) || len(words) == 0 && scope != accountkey.Keys
			if stored.Has(scope) != asked {
				t.Fatalf("%v has %s: %v", words, scope, stored.Has(scope))
			}
		}
	})
}

func TestTheDefaultDoesNotReachEnvironmentKeys(t *testing.T) {
	if got := accountkey.DefaultScopes(); got.Has(accountkey.Keys) || !got.Has(accountkey.Read) || !got.Has(accountkey.Write) {
		t.Errorf("the default is %v", got)
	}
	if (accountkey.Scopes{}).Has(accountkey.Read) || (accountkey.Scopes(nil)).Has("") {
		t.Error("no scopes have a scope")
	}
}
