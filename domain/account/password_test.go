package account_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
)

func TestAPasswordIsTakenAsItWasTyped(t *testing.T) {
	accepted := []string{
		"x", " leading and trailing ", "e\u0301", "\u00e9", "пароль", "with\ttab\nand line break", "🦉",
		strings.Repeat("🦉", 256), strings.Repeat("x", 256),
	}
	for _, s := range accepted {
		if got, err := account.ParsePassword(s); err != nil || got.Reveal() != s {
			t.Errorf("ParsePassword(%q) = %q, %v", s, got.Reveal(), err)
		}
	}
	refused := map[string]string{
		"empty":                  "",
		"257 characters":         strings.Repeat("x", 257),
		"257 characters of four": strings.Repeat("🦉", 257),
		"NUL at the end":         "correct horse\x00",
		"NUL in front":           "\x00correct horse",
		"bytes that are no text": "correct\xff",
		"a megabyte":             strings.Repeat("x", 1<<20),
	}
	for name, s := range refused {
		got, err := account.ParsePassword(s)
		if !errors.Is(err, account.ErrPassword) || got != (account.Password{}) {
			t.Errorf("%s: ParsePassword = %q, %v", name, got.Reveal(), err)
		}
	}
}

// guesses scores the passwords that it knows, everything else 4, and notes
// what it was asked.
type guesses struct {
	scores map[string]int
	asked  []string
	words  [][]string
}

func (g *guesses) guess(password string, words []string) int {
	g.asked = append(g.asked, password)
	g.words = append(g.words, words)
	if score, known := g.scores[password]; known {
		return score
	}
	return 4
}

func TestANewPasswordIsJudged(t *testing.T) {
	words := []string{"lovelace@example.com", "lovelace", "acme", "ada"}
	policy := account.PasswordPolicy{MinLength: 8, MinScore: 2}
	tests := []struct {
		name, password string
		scores         map[string]int
		policy         account.PasswordPolicy
		reason         string // "" says that it is accepted
	}{
		{"a good one", "correct horse battery", nil, policy, ""},
		{"at the least score", "correct horse", map[string]int{"correct horse": 2}, policy, ""},
		{"too short by one", "seven77", nil, policy, "at least 8 characters"},
		{"long enough in code points", "пароль12", nil, policy, ""},
		{"short in code points, not in bytes", "пароль1", nil, policy, "at least 8 characters"},
		{"guessable", "password1", map[string]int{"password1": 1}, policy, "easy to guess"},
		{"nothing but own words", "LovelaceAcme", nil, policy, "too close"},
		{"own words and a weak rest", "acme-1234-Lovelace", map[string]int{"-1234-": 0}, policy, "too close"},
		{"own words and a strong rest", "acme zebra quartz 91", nil, policy, ""},
		{"short words are chance", "adadadadad", nil, policy, ""},
		{"anything goes", "password1", map[string]int{"password1": 0}, account.PasswordPolicy{MinLength: 8}, ""},
		{"anything but the short", "pass", nil, account.PasswordPolicy{MinLength: 8}, "at least 8 characters"},
	}
	for _, test := range tests {
		password, err := account.ParsePassword(test.password)
		if err != nil {
			t.Fatal(err)
		}
		g := &guesses{scores: test.scores}
		err = test.policy.Judge(password, words, g.guess)
		if test.reason == "" {
			if err != nil {
				t.Errorf("%s: refused with %v", test.name, err)
			}
			continue
		}
		if !errors.Is(err, account.ErrPassword) || !strings.Contains(fault.Of(err).Public, test.reason) {
			t.Errorf("%s: Judge = %v; want a reason with %q", test.name, err, test.reason)
			continue
		}
		if strings.Contains(fault.Of(err).Public+err.Error(), test.password) {
			t.Errorf("%s: the reason repeats the password", test.name)
		}
	}
	if account.ErrPassword.Public == "" || strings.Contains(account.ErrPassword.Public, "guess") {
		t.Errorf("the declared fault became %q", account.ErrPassword.Public)
	}
}

func TestTheGuessKnowsTheWords(t *testing.T) {
	words := []string{"lovelace", "acme"}
	password, _ := account.ParsePassword("correct horse battery")
	g := &guesses{}
	if err := (account.PasswordPolicy{MinLength: 8, MinScore: 1}).Judge(password, words, g.guess); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"correct horse battery"}, g.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{words}, g.words); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
}

func TestContextWordsAreWhatAnAttackerWouldTry(t *testing.T) {
	got := account.ContextWords(account.StoredEmail("ada.lovelace@acme.example"), "Ada Lovelace", "", "Größe & Co")
	for _, want := range []string{
		"tenantry", "ada.lovelace@acme.example", "ada.lovelace", "ada", "lovelace", "acme", "example", "adalovelace",
		"adalovelaceacmeexample", "größe", "co", "größeco",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	seen := map[string]bool{}
	for i, w := range got {
		if w == "" || seen[w] {
			t.Errorf("%q is empty or there twice", w)
		}
		if i > 0 && len(got[i-1]) < len(w) {
			t.Errorf("%q stands after the shorter %q", w, got[i-1])
		}
		seen[w] = true
	}
}

func TestADisabledAccountMayNotLogIn(t *testing.T) {
	if !(account.Account{}).MayLogIn() || (account.Account{Disabled: true}).MayLogIn() {
		t.Error("only a disabled account may not log in")
	}
}
