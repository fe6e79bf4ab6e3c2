package api

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

func TestAddressesThatLookAlikeAreOneIdentityOrRefused(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		u := harness.Unique()
		ada := s.Register(t, M{"email": "ada@bücher-" + u + ".example"})
		if want := "ada@xn--bcher-" + u; len(ada.Email) <= len(want) || ada.Email[:11] != "ada@xn--bch" {
			t.Errorf("the stored address is %q", ada.Email)
		}
		same := []string{
			ada.Email, "ada@BÜCHER-" + u + ".example", "ada@bu\u0308cher-" + u + ".example",
			"ADA@bücher-" + u + ".EXAMPLE", "\u00a0ada@bücher-" + u + ".example",
		}
		for _, email := range same {
			r := s.Client(t).Post("/v1/auth/register", harness.NewRegistration(M{"email": email}))
			if r.Status != 409 && r.Status != 400 {
				t.Errorf("%q is another identity: %d", email, r.Status)
			}
		}
		s.Client(t).Post("/v1/auth/login", M{"email": "Ada@Bücher-" + u + ".example", "password": ada.Password}).Want(200)
		kiwi := s.Register(t, M{"email": "ada@kiwi-" + u + ".example"})
		for _, email := range []string{"ada@\u212aiwi-" + u + ".example", "ada@ｋiwi-" + u + ".example", "ada@kiwi-" + u + "\u3002example"} {
			r := s.Client(t).Post("/v1/auth/register", harness.NewRegistration(M{"email": email}))
			if r.Status != 400 && (r.Status != 409 || kiwi.Email != "ada@kiwi-"+u+".example") {
				t.Errorf("%q is another identity: %d", email, r.Status)
			}
		}
	})
}

func TestWhatIsNoAddressIsRefusedAtOnce(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		c := s.Client(t)
		for _, email := range []string{
			"", " ", "ada", "@example.com", "ada@", "a@b@c", "ada@@example.com", "ada@example.com@example.com",
			"ada@example.com\r\nBcc: all@example.com", "ada\n@example.com", "ada@exa\rmple.com", "ada%0a@example.com", "ada%40example.com",
			"ada\\u0000@example.com", "ada\tb@example.com", `"ada"@example.com`, `"a b"@example.com`, "ada(comment)@example.com",
			"<ada@example.com>", "Ada <ada@example.com>", "ada@[127.0.0.1]", "ada@-example.com", "ada@example..com", ".ada@example.com",
			"ada.@example.com", "a..b@example.com", "ada＠example.com", "\u212aim@example.com", "ı@example.com", "ada!x@example.com",
			"ada,bob@example.com", "ada;bob@example.com", "mailto:ada@example.com", repeat("a", 65) + "@example.com",
			repeat("a", 60) + "@" + repeat("b", 190) + ".com", "a@" + repeat(repeat("b", 60)+".", 4) + "example.com",
		} {
			r := c.Post("/v1/auth/register", harness.NewRegistration(M{"email": email}))
			r.Refused(400, "VALIDATION_FAILED").Names("email")
		}
	})
}

func TestAHugeAddressCostsNothing(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		for _, email := range []string{repeat("(", 900_000) + "@example.com", repeat("a@", 450_000), "a@" + repeat("b.", 450_000) + "com", repeat("\u0301", 400_000)} {
			start := time.Now()
			s.Client(t).Post("/v1/auth/register", harness.NewRegistration(M{"email": email})).Refused(400, "VALIDATION_FAILED").Names("email")
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("refusing %d bytes took %s", len(email), took)
			}
		}
	})
}
