package timing

import (
	"encoding/json"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// Several logins are under way at a time: each waits most of the time until its
// refusal is due. What is cheaper is asked in a row.
const several, one = 6, 1

// about is a kind of question that names each of the addresses once.
func about(path string, status int, emails []string, more M) kind {
	return func(number int) question {
		body := M{"email": emails[number]}
		for name, value := range more {
			body[name] = value
		}
		text, err := json.Marshal(body)
		if err != nil {
			panic(err) // text in an object
		}
		return question{path: path, body: string(text), status: status}
	}
}

// login is one with a password that nobody has.
func login(emails []string) kind {
	return about("/v1/auth/login", 401, emails, M{"password": harness.NewPassword()})
}

func forEachEngine(t *testing.T, test func(t *testing.T, s *harness.Server)) {
	t.Helper()
	for _, engine := range harness.Engines()[:harness.Rounds(1, 2)] { // one after the other: they share the cores
		t.Run(string(engine), func(t *testing.T) { test(t, harness.Start(t, harness.NewDatabase(t, engine))) })
	}
}

// n is how many requests of each kind are sent at first, and most how many there
// may be at last.
func size() (n, most int) {
	n = harness.Rounds(1_000, 3_000)
	return n, 4*n + n/2
}

func TestTheTimeOfALoginDoesNotTellWhoExists(t *testing.T) {
	forEachEngine(t, func(t *testing.T, s *harness.Server) {
		n, most := size()
		w := watch{s, several}
		w.alike(t, "who exists, at a login", n, login(people(t, s, most, "")), login(strangers(most)))
	})
}

// What an account is like does not show either: for a release, since each pair
// of kinds costs thousands of hashes.
func TestTheTimeOfALoginDoesNotTellWhatAnAccountIsLike(t *testing.T) {
	forEachEngine(t, func(t *testing.T, s *harness.Server) {
		n, most := harness.Rounds(50, 3_000), harness.Rounds(225, 13_500)
		w := watch{s, several}
		for what, change := range map[string]string{"who is disabled": "disabled = true", "whose address is proven": "email_verified = true"} {
			first, second := login(people(t, s, most, change)), login(strangers(most))
			if n < 1000 { // too few for the bound: the two kinds are far from told apart
				var all times
				w.collect(t, &all, 0, n, first, second)
				if a := compare(all.first, all.second); a.low > 0.55 || a.high < 0.45 {
					t.Errorf("the time of a login tells %s: %s", what, a)
				}
				continue
			}
			w.alike(t, what+", at a login", n, first, second)
		}
	})
}

// Without the hash of a password that nobody has, one request tells. On a busy
// machine some of the quick refusals are late: then it is tried again.
func TestTheMeasurementSeesAMissingPrecaution(t *testing.T) {
	leaking := harness.Broken(t, "adapters/argon/argon.go", "	expected := h.dummy\n", "	expected := h.dummy\n	if hash == nil {\n		return false, nil, nil\n	}\n")
	s := harness.StartProgram(t, leaking, harness.NewDatabase(t, harness.SQLite))
	const n, attempts = 100, 5
	var seen area
	for range attempts {
		var all times
		watch{s, 2}.collect(t, &all, 0, n, login(people(t, s, n, "")), login(strangers(n)))
		if seen = compare(all.first, all.second); seen.value > 0.99 {
			break
		}
	}
	harness.Figure(t, "time tells who exists, at a login of a build without the precaution", "%s, n = %d", seen, n)
	if seen.value <= 0.99 {
		t.Errorf("the measurement has no power: %s", seen)
	}
}

func TestTheTimeOfAForgottenPasswordDoesNotTellWhoExists(t *testing.T) {
	forEachEngine(t, func(t *testing.T, s *harness.Server) {
		n, most := size()
		w := watch{s, one}
		w.alike(t, "who exists, at a forgotten password", n,
			about("/v1/auth/password/forgot", 202, people(t, s, most, ""), nil), about("/v1/auth/password/forgot", 202, strangers(most), nil))
	})
}

func TestTheTimeOfAnotherProofDoesNotTellWhoExists(t *testing.T) {
	forEachEngine(t, func(t *testing.T, s *harness.Server) {
		n, most := size()
		w := watch{s, one}
		const path = "/v1/auth/send-verification-email"
		w.alike(t, "who exists, at another proof of an address", n,
			about(path, 202, people(t, s, most, "email_verified = false"), nil), about(path, 202, strangers(most), nil))
	})
}

// An organization may send a thousand invitations an hour, so there are several.
func TestTheTimeOfAnInvitationDoesNotTellWhoExists(t *testing.T) {
	forEachEngine(t, func(t *testing.T, s *harness.Server) {
		n, most := size()
		w := watch{s, one}
		var tokens []string
		for range most/400 + 1 {
			tokens = append(tokens, s.Register(t).AccessToken)
		}
		invite := func(emails []string) kind {
			ask := about("/v1/members/invite", 201, emails, nil)
			return func(number int) question {
				q := ask(number)
				q.token = tokens[number%len(tokens)]
				return q
			}
		}
		w.alike(t, "who exists, at an invitation", n, invite(people(t, s, most, "")), invite(strangers(most)))
	})
}
