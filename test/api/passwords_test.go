package api

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// passwordOf makes a password of n characters.
func passwordOf(n int) string {
	text := harness.Marker
	for len(text) < n {
		text += rand.Text()
	}
	return text[:n]
}

func TestEveryCharacterOfAPasswordCounts(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		for _, n := range []int{55, 64, 72, 128, 256} {
			password := passwordOf(n)
			ada := s.Register(t, M{"password": password})
			login := func(attempt string) *harness.Response {
				return s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": attempt})
			}
			login(password[:n-1]).Refused(401, "INVALID_CREDENTIALS")
			login(password[:n-1]+"!").Refused(401, "INVALID_CREDENTIALS")
			if n == 256 {
				login(password+"x").Refused(400, "VALIDATION_FAILED").Names("password")
				login(password[:72]).Refused(401, "INVALID_CREDENTIALS")
				login(password[:199]+"!"+password[200:]).Refused(401, "INVALID_CREDENTIALS")
			} else {
				login(password+"x").Refused(401, "INVALID_CREDENTIALS")
			}
			login(password).Want(200)
		}
	})
}

func TestAPasswordIsMeasuredInCharacters(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		smiles := passwordOf(56) + repeat("\U0001F600", 200)
		ada := s.Register(t, M{"password": smiles})
		s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": smiles}).Want(200)
		c := s.Client(t)
		for _, password := range []string{"", passwordOf(257), repeat("\U0001F600", 257), repeat("x", 500_000), "Zq7-mar", "\U0001F600\u00e9\u00e8\u4e9c\u5f25\u1234x", "good-enough\u0000-is-it"} {
			c.Post("/v1/auth/register", harness.NewRegistration(M{"password": password})).Refused(400, "VALIDATION_FAILED").Names("password")
		}
	})
}

func TestCommonPasswordsAreRefused(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		c := s.Client(t)
		for _, password := range []string{
			"password", "12345678", "123456789", "1234567890", "qwertyuiop", "iloveyou", "princess", "football", "sunshine", "trustno1",
			"password1", "superman", "baseball", "11111111", "00000000", "passw0rd", "starwars", "computer", "michelle", "jennifer",
			"corvette", "mercedes", "maverick", "liverpool", "midnight", "aaaaaaaa", "abcdefgh", "PASSWORD", "Password", "87654321",
		} {
			r := c.Post("/v1/auth/register", harness.NewRegistration(M{"password": password}))
			if r.Refused(400, "VALIDATION_FAILED").Refusals()["password"] == "" {
				t.Errorf("%q is not refused by its name", password)
			}
			if strings.Contains(string(r.Body), password+`"`) && password != "password" {
				t.Errorf("the answer repeats the password %q", password)
			}
		}
	})
}

func TestWordsThatAnAttackerKnowsMakeNoPassword(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		body := M{"email": "florimond@example.com", "name": "Theodora Winterbottom", "org_name": "Quillfeather Holdings"}
		for _, password := range []string{
			"tenantry", "Tenantry1", "tenantry2026", "florimond", "Florimond1", "florimond@example.com", "Winterbottom", "winterbottom12",
			"quillfeather", "Quillfeather1!", "QuillfeatherHoldings", "theodorawinterbottom",
		} {
			s.Client(t).Post("/v1/auth/register", harness.NewRegistration(body, M{"password": password})).
				Refused(400, "VALIDATION_FAILED").Names("password")
		}
	})
}

func TestAPasswordIsComparedByteForByte(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		composed := harness.NewPassword() + "-é"
		ada := s.Register(t, M{"password": composed})
		login := func(attempt string) *harness.Response {
			return s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": attempt})
		}
		for _, attempt := range []string{
			strings.ToUpper(composed), composed + " ", " " + composed, composed + "\t", strings.Replace(composed, "é", "e\u0301", 1),
		} {
			login(attempt).Refused(401, "INVALID_CREDENTIALS")
		}
		login(composed+"\u0000suffix").Refused(400, "VALIDATION_FAILED").Names("password")
		login(composed).Want(200)
		decomposed := harness.NewPassword() + "-e\u0301"
		bob := s.Register(t, M{"password": decomposed})
		s.Client(t).Post("/v1/auth/login", M{"email": bob.Email, "password": decomposed}).Want(200)
		s.Client(t).Post("/v1/auth/login", M{"email": bob.Email, "password": strings.Replace(decomposed, "e\u0301", "é", 1)}).
			Refused(401, "INVALID_CREDENTIALS")
	})
}

func TestTheStoredHashIsStrongAndIsNoPassword(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		var hash string
		if err := s.DB().QueryRow("SELECT password_hash FROM accounts WHERE id = $1", ada.ID).Scan(&hash); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("the hash begins with %.32q", hash)
		}
		s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": hash}).Refused(401, "INVALID_CREDENTIALS")
	})
}
