package account_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/account"
)

func TestAUsernameIsFolded(t *testing.T) {
	accepted := map[string]string{
		"ada": "ada", "Ada": "ada", "a.b_c-9": "a.b_c-9", "...": "...", "ADA": "ada",
		strings.Repeat("x", 32): strings.Repeat("x", 32),
	}
	for s, want := range accepted {
		if got, err := account.ParseUsername(s); err != nil || got.String() != want {
			t.Errorf("ParseUsername(%q) = %q, %v", s, got, err)
		}
	}
	refused := []string{
		"", "ab", strings.Repeat("x", 33), "ada lovelace", " ada", "ada\n", "a\x00da", "ada@example.com", "ada+x", "adä",
		"\u212aate", "ad\u0131", "ａda", "ada%", "a/b/c", "ada\xff",
	}
	for _, s := range refused {
		if got, err := account.ParseUsername(s); err == nil || got != (account.Username{}) {
			t.Errorf("ParseUsername(%q) = %q, %v", s, got, err)
		}
	}
	if got := account.StoredUsername("Old One").String(); got != "Old One" {
		t.Errorf("StoredUsername = %q", got)
	}
}

func TestNoAddressPassesForAUsername(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[A-Za-z0-9._-]{1,12}@[A-Za-z0-9.-]{1,12}`).Draw(t, "address")
		if got, err := account.ParseUsername(s); err == nil {
			t.Fatalf("%q is the username %q", s, got)
		}
	})
}

func TestEveryAcceptedUsernameReadsBackAsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.StringMatching(`[A-Za-z0-9._-]{1,34}`), rapid.String()).Draw(t, "username")
		u, err := account.ParseUsername(s)
		if err != nil {
			return
		}
		again, err := account.ParseUsername(u.String())
		if err != nil || again != u || !strings.EqualFold(u.String(), s) || len(u.String()) != len(s) {
			t.Fatalf("%q was accepted as %q, which reads back as %q, %v", s, u, again, err)
		}
	})
}
