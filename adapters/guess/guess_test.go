package guess

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ccojocar/zxcvbn-go/frequency"

	"github.com/tenantry/tenantry/domain/account"
)

var (
	_ account.Guess = Score

	// standard is the policy of an installation that sets nothing.
	standard = account.PasswordPolicy{MinLength: 8, MinScore: 1}
)

func judge(t testing.TB, password string, words []string) error {
	t.Helper()
	p, err := account.ParsePassword(password)
	if err != nil {
		t.Fatalf("%q: %v", password, err)
	}
	return standard.Judge(p, words, Score)
}

func wordsOf(address string, names ...string) []string {
	return account.ContextWords(account.StoredEmail(address), names...)
}

func TestDocumentedPasswordsPassWithTheirAccounts(t *testing.T) {
	t.Parallel()
	for password, words := range map[string][]string{
		"securepassword":            wordsOf("admin@example.com", "Admin User", "My Company"),
		"SecretPass123!":            wordsOf("newuser@example.com", "newuser"),
		"super-secret-password-123": wordsOf("alice@example.com", "Alice Smith"),
	} {
		if err := judge(t, password, words); err != nil {
			t.Errorf("%s: %v", password, err)
		}
	}
}

func TestGoodPasswordsPass(t *testing.T) {
	t.Parallel()
	words := wordsOf("ada.lovelace@example.com", "Ada Lovelace", "Analytical Engines")
	for password, least := range map[string]int{
		"kX9#mP2$vL": 3, "correct horse battery staple": 3, "tr0ub4dor&3": 1, "correct-horse": 1, "NewSecurePass456!": 1,
		"purple monkey dishwasher": 1, "newpassword123": 1, "7f3a9c1e5b2d8a4f": 3, "пароль длинный и редкий": 3, "毎日新しい言葉を覚える": 1,
		strings.Repeat("xK7#", 3) + "mQ2$pL9&" + strings.Repeat("vB4!", 59): 4,
	} {
		if err := judge(t, password, words); err != nil {
			t.Errorf("%s: %v", password, err)
		}
		if got := Score(password, words); got < least {
			t.Errorf("%s scores %d", password, got)
		}
	}
}

// The library's list is ordered by how many had the password.
func TestEveryLeakedPasswordIsRefused(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, password := range frequency.Lists["Passwords"].List {
		if len(password) < standard.MinLength {
			continue
		}
		tried++
		for _, spelled := range []string{password, strings.ToUpper(password), strings.ToUpper(password[:1]) + password[1:]} {
			if err := judge(t, spelled, nil); err == nil {
				t.Errorf("%s passes", spelled)
			}
		}
	}
	if tried < 1000 {
		t.Errorf("only %d were tried", tried)
	}
}

func TestFamousPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	for _, password := range slices.Concat(popular, famous) {
		if len(password) < standard.MinLength {
			continue
		}
		if err := judge(t, password, nil); err == nil {
			t.Errorf("%s passes", password)
		}
	}
	for _, f := range famous {
		for _, padding := range []string{"1", "12", "123", "!"} {
			if score := Score(f+padding, nil); score > 0 {
				t.Errorf("%s scores %d", f+padding, score)
			}
		}
	}
}

func TestTheListOfFamousPasswordsHasNothingTooMuch(t *testing.T) {
	t.Parallel()
	for _, f := range famous {
		if lowest(f, nil) == 0 && lowest(f+"1", nil) == 0 && lowest(f+"123", nil) == 0 {
			t.Errorf("%s would be refused anyway", f)
		}
	}
}

func TestPaddedWordsOfTheAccountAreRefused(t *testing.T) {
	t.Parallel()
	words := wordsOf("ada.lovelace@analytical-engines.example", "Ada Lovelace", "Difference Works")
	for _, password := range []string{
		"tenantry1", "tenantry", "Tenantry123", "tenantry2026", "tenantry2026!", "Tenantry!", "tenantrytenantry", "t3nantry1", "123tenantry",
		"lovelace1", "lovelace123", "Lovelace2026", "ada.lovelace", "ada.lovelace1", "adalovelace123", "AdaLovelace!", "lovelaceada1", "l0velace12",
		"differenceworks", "DifferenceWorks2026", "Difference1", "works-difference", "difference works 1",
		"ada.lovelace@analytical-engines.example", "analyticalengines1",
	} {
		if err := judge(t, password, words); err == nil {
			t.Errorf("%s passes", password)
		}
	}
}

func TestRepeatingAWordDoesNotHelp(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"rootroot", "blahblahblah", "asdasdasd", "aaaaaaaaaaaaaaaa", "abcabcabcabc", "passwordpassword", strings.Repeat("hunter", 40)} {
		if score := Score(password, nil); score > 0 {
			t.Errorf("%.40s scores %d", password, score)
		}
	}
}

func TestOnlyTheBeginningOfALongPasswordIsJudged(t *testing.T) {
	t.Parallel()
	weak := strings.Repeat("a", judged)
	if got, whole := Score(weak+"kX9#mP2$vL", nil), Score("a"+"kX9#mP2$vL", nil); got != 0 || whole < 3 {
		t.Errorf("scores are %d and %d", got, whole)
	}
	for text, want := range map[string]string{"": "", "ab": "ab", "abc": "abc", "abcd": "abc", "äöüß": "äöü", "毎日新しい": "毎日新"} {
		if got := beginning(text, 3); got != want {
			t.Errorf("the beginning of %q is %q", text, got)
		}
	}
}

func TestTheSamePasswordAlwaysScoresTheSame(t *testing.T) {
	t.Parallel()
	words := wordsOf("ada@example.com", "Ada Lovelace")
	for _, password := range []string{"SecretPass123!", "s3cur3P@$$w0rd", "1qaz@WSX3edc$RFV", "tr0ub4dor&3"} {
		want := Score(password, words)
		for range 20 {
			if got := Score(password, words); got != want {
				t.Fatalf("%s scores %d and %d", password, want, got)
			}
		}
	}
}

// hostile are 256 runes each that a naive use of the library takes seconds or
// minutes for.
var hostile = func() map[string]string {
	all := map[string]string{}
	for _, pattern := range []string{
		"@48({[<369&1!|7$50+2%/\\", "4@8({[<36&9!1|0$5+7%2", "1-1-11", "11.11.11", "1234", "a", "ǅ", "İ@4", "aA1!é",
		"qwertyuiop", "qazwsxedc", "P4ssw0rd!", "🔥1a", "tenantry", "19871231", "\u0301",
	} {
		// Something before it, or it would count as a repetition.
		all[pattern] = beginning("x!"+strings.Repeat(pattern, 256), 256)
	}
	return all
}()

// The bound leaves room for a loaded machine and the race detector; measured
// are 35 ms at most.
func TestHostilePasswordsAreJudgedQuickly(t *testing.T) {
	words := wordsOf("ada@example.com", strings.Repeat("a b c d ", 12), strings.Repeat("1-2.3 ", 16))
	for pattern, password := range hostile {
		begun := time.Now()
		Score(password, words)
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%q: %v", pattern, took)
		}
	}
}

func FuzzScore(f *testing.F) {
	for _, password := range hostile {
		f.Add(password, "ada lovelace")
	}
	f.Add("securepassword", "")
	f.Add("\xff\xfe", "\xff")
	f.Fuzz(func(t *testing.T, password, words string) {
		if score := Score(password, strings.Fields(words)); score < 0 || score > 4 {
			t.Errorf("%q scores %d", password, score)
		}
	})
}

func BenchmarkScore(b *testing.B) {
	for name, password := range map[string]string{"usual": "correct-horse-7", "digits": hostile["1234"], "keyboard": hostile["qazwsxedc"], "disguise": hostile["4@8({[<36&9!1|0$5+7%2"]} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Score(password, nil)
			}
		})
	}
}
