package apikey_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
)

// The checksum was computed by another program, with zlib.
const accountKey = "sk_live_0123456789ABCDEFGHIJKLMNOPQRSTUV28hqg7"

func TestAnAccountKeyHasThePublishedFormat(t *testing.T) {
	secret := apikey.NewAccountSecret(counting())
	parsed, err := apikey.ParseAccountSecret(accountKey)
	if err != nil || parsed != secret || secret.Reveal() != accountKey || secret.Prefix() != "sk_live_012345" {
		t.Errorf("the key is %s with the prefix %s, and reads as %s, %v", secret.Reveal(), secret.Prefix(), parsed.Reveal(), err)
	}
	if !regexp.MustCompile(`^` + apikey.Pattern + `$`).MatchString(accountKey) {
		t.Error("the published pattern does not find it")
	}
}

func TestAnAccountKeyAndAnEnvironmentKeyAreNotTakenForEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digit := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "digit") }
		account := apikey.NewAccountSecret(digit).Reveal()
		ours := apikey.NewSecret(environment.Production, apikey.Server, digit).Reveal()
		if _, err := apikey.ParseSecret(account); !errors.Is(err, apikey.ErrMalformed) {
			t.Fatalf("%s reads as an environment key: %v", account, err)
		}
		if _, err := apikey.ParseAccountSecret(ours); !errors.Is(err, apikey.ErrMalformed) {
			t.Fatalf("%s reads as an account key: %v", ours, err)
		}
		if !apikey.IsAccountSecret(account) || apikey.IsAccountSecret(ours) {
			t.Fatalf("%s and %s are told apart wrongly", account, ours)
		}
	})
}

func TestWhatIsNoAccountKeyIsRefused(t *testing.T) {
	for name, s := range map[string]string{
		"empty": "", "a prefix alone": "sk_live_", "cut by one": accountKey[:len(accountKey)-1], "one more": accountKey + "0",
		"upper-case prefix": strings.Replace(accountKey, "sk", "SK", 1), "another prefix": strings.Replace(accountKey, "live", "test", 1),
		"a line break": accountKey + "\n", "two characters swapped": strings.Replace(accountKey, "01", "10", 1),
	} {
		if got, err := apikey.ParseAccountSecret(s); !errors.Is(err, apikey.ErrMalformed) || got != (apikey.Secret{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
