package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

const noLink = "INVALID_TOKEN_LINK"

// required is a server on which addresses have to be proven, and its post.
func required(t *testing.T, d *harness.Database) (*harness.Server, *mailsink.Sink) {
	t.Helper()
	sink := mailsink.Start(t, mailsink.Options{})
	return harness.Start(t, d, mailing(sink), harness.Environment{"EMAIL_VERIFICATION": "required"}), sink
}

func TestAnAddressIsProvenByItsLinkOnce(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		m := post.Wait(t, ada.Email, aboutVerification)
		if !strings.HasPrefix(m.Link(), harness.PublicURL+"/v1/auth/verify-email?token=") {
			t.Errorf("the link is %s", m.Link())
		}
		page := s.Client(t).Get(strings.TrimPrefix(m.Link(), harness.PublicURL)).Want(200)
		if media := page.Header.Get("Content-Type"); !strings.HasPrefix(media, "text/html") || !strings.Contains(string(page.Body), "<button") {
			t.Errorf("the page is %s:\n%s", media, page.Body)
		}
		if page.Header.Get("Content-Security-Policy") == "" || page.Header.Get("Referrer-Policy") == "" {
			t.Errorf("the page may load and tell what it likes: %v", page.Header)
		}
		if ada.Get("/v1/auth/me").Want(200).Value("email_verified") != false {
			t.Error("a GET has proven the address")
		}
		s.Client(t).Bearer("nonsense").Post("/v1/auth/verify-email", M{"token": m.Token()}).Refused(401, "INVALID_TOKEN")
		ada.In(randomID()).Post("/v1/auth/verify-email", M{"token": m.Token()}).Refused(404, "NOT_FOUND")
		ada.Post("/v1/auth/verify-email", M{"token": m.Token()}).Want(204)
		if ada.Get("/v1/auth/me").Want(200).Value("email_verified") != true {
			t.Error("the address is not proven")
		}
		for _, spent := range []string{m.Token(), noToken, "", "x", m.Token() + "A"} {
			ada.Post("/v1/auth/verify-email", M{"token": spent}).Refused(400, noLink)
		}
	})
}

func TestThePagesPartsAreServed(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		for _, asset := range []string{"verify.js", "verify.css"} {
			s.Client(t).Get("/v1/auth/verify-email/" + asset).Want(200)
		}
		s.Client(t).Get("/v1/auth/verify-email/other.js").Refused(404, "NOT_FOUND")
	})
}

func TestALinkProvesItsOwnAddressWhoeverIsLoggedIn(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		one, two := s.Register(t), s.Register(t)
		two.Post("/v1/auth/verify-email", M{"token": token(t, post, one.Email, aboutVerification)}).Want(204)
		if two.Get("/v1/auth/me").Want(200).Value("email_verified") != false {
			t.Error("the address of who is logged in counts as proven")
		}
		if s.Count(t, "SELECT count(*) FROM accounts WHERE id = $1 AND email_verified", one.ID) != 1 {
			t.Error("the address of the link does not count as proven")
		}
	})
}

func TestALinkDoesOneThingOnly(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, stage := s.Register(t), s.Stage(t)
		verify := token(t, post, ada.Email, aboutVerification)
		ada.Post("/v1/auth/password/forgot", M{"email": ada.Email}).Want(202)
		reset := token(t, post, ada.Email, aboutReset)
		_, invited := invite(t, stage.Owner, ada.Email, "viewer")
		for purpose, secret := range map[string]string{"verify": verify, "reset": reset, "invited": invited} {
			for path, wanted := range map[string]string{
				"/v1/auth/verify-email": "verify", "/v1/auth/password/reset": "reset", "/v1/auth/email/undo": "undo",
				"/v1/invitations/preview": "invited", "/v1/invitations/decline": "invited", "/v1/invitations/accept": "invited",
			} {
				if purpose == wanted {
					continue
				}
				body := M{"token": secret}
				if strings.HasSuffix(path, "reset") {
					body["new_password"] = harness.NewPassword()
				}
				if r := ada.Post(path, body); r.Status != 400 && r.Status != 404 {
					t.Errorf("the token to %s at %s: %d", purpose, path, r.Status)
				}
			}
			ada.Bearer(secret).Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		}
		ada.Post("/v1/auth/verify-email", M{"token": verify}).Want(204)
	})
}

// Whoever registered an address without proving it loses what they planted when
// its owner proves it.
func TestAProofThrowsOutWhoPlantedTheAccount(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		proofs := map[string]func(t *testing.T, thief harness.Person){
			"by the link": func(t *testing.T, thief harness.Person) {
				s.Client(t).Post("/v1/auth/verify-email", M{"token": token(t, post, thief.Email, aboutVerification)}).Want(204)
				s.Client(t).Post("/v1/auth/login", M{"email": thief.Email, "password": thief.Password}).Refused(401, "INVALID_CREDENTIALS")
				post.Wait(t, thief.Email, aboutReset)
			},
			"by a new password": func(t *testing.T, thief harness.Person) {
				s.Client(t).Post("/v1/auth/password/forgot", M{"email": thief.Email}).Want(202)
				reset := M{"token": token(t, post, thief.Email, aboutReset), "new_password": harness.NewPassword()}
				s.Client(t).Post("/v1/auth/password/reset", reset).Want(204)
				s.Client(t).Post("/v1/auth/login", M{"email": thief.Email, "password": thief.Password}).Refused(401, "INVALID_CREDENTIALS")
			},
		}
		for name, proof := range proofs {
			t.Run(name, func(t *testing.T) {
				thief := s.Register(t)
				second := thief.Login(t)
				key := thief.Post("/v1/auth/keys", M{"name": "Planted"}).Want(201).Text("key")
				thief.Post("/v1/auth/email", M{"email": harness.NewEmail()}).Want(202)
				proof(t, thief)
				thief.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
				second.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
				thief.Post("/v1/auth/refresh", M{"refresh_token": thief.RefreshToken}).Refused(401, "INVALID_REFRESH_TOKEN")
				s.Client(t).Bearer(key).Get("/v1/auth/me").Refused(401, "INVALID_ACCOUNT_KEY")
				if n := s.Count(t, "SELECT count(*) FROM links WHERE account_id = $1 AND purpose <> 'reset_password'", thief.ID); n != 0 {
					t.Errorf("%d links are left", n)
				}
			})
		}
		// Who proves it while logged in stays, and others go.
		owner := s.Register(t)
		elsewhere := owner.Login(t)
		prove(t, owner)
		owner.Get("/v1/auth/me").Want(200)
		elsewhere.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
	})
}

func TestAProofCanBeAskedForThriceAnHour(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, known := s.Register(t), proven(t, s) // each registration has mailed once
		post.Wait(t, ada.Email, aboutVerification)
		var answers []string
		for _, email := range []string{ada.Email, known.Email, harness.NewEmail()} {
			for range 20 {
				r := s.Client(t).Post("/v1/auth/send-verification-email", M{"email": email}).Want(202)
				answers = append(answers, r.Masked())
			}
		}
		for _, a := range answers {
			if a != answers[0] {
				t.Errorf("the answers differ (-one +other):\n%s", cmp.Diff(answers[0], a))
			}
		}
		settled(t, s)
		if n := len(post.To(ada.Email)); n < 2 || n > 3 {
			t.Errorf("%d mails were sent", n)
		}
		if n := len(post.To(known.Email)); n != 1 {
			t.Errorf("%d mails went to a proven address", n)
		}
	})
}

// settled waits until the outbox is empty.
func settled(t *testing.T, s *harness.Server) {
	t.Helper()
	late := time.Now().Add(20 * time.Second)
	for s.Count(t, "SELECT count(*) FROM outbox") > 0 {
		if time.Now().After(late) {
			t.Fatal("the outbox does not empty")
		}
		time.Sleep(20 * time.Millisecond) // polls; nothing rests on its length
	}
}

func TestOnlyTheLatestLinkIsGood(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		first := token(t, post, ada.Email, aboutVerification)
		ada.Post("/v1/auth/send-verification-email", M{"email": ada.Email}).Want(202)
		second := token(t, post, ada.Email, aboutVerification)
		ada.Post("/v1/auth/verify-email", M{"token": first}).Refused(400, noLink)
		s.Exec(t, "UPDATE links SET expires_at = $1 WHERE account_id = $2", in(-time.Millisecond), ada.ID)
		ada.Post("/v1/auth/verify-email", M{"token": second}).Refused(400, noLink)
		s.Exec(t, "UPDATE links SET expires_at = $1 WHERE account_id = $2", in(20*time.Second), ada.ID)
		ada.Post("/v1/auth/verify-email", M{"token": second}).Want(204)
	})
}

func TestWithRequiredVerificationARegistrationTellsNothing(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s, sink := required(t, d)
		body := harness.NewRegistration()
		email, _ := body["email"].(string)
		fresh := s.Client(t).Post("/v1/auth/register", body).Want(202)
		verify := token(t, sink, email, aboutVerification)
		login := M{"email": email, "password": body["password"]}
		unproven := s.Client(t).Post("/v1/auth/login", login).Refused(401, "INVALID_CREDENTIALS")
		unknown := s.Client(t).Post("/v1/auth/login", M{"email": harness.NewEmail(), "password": body["password"]}).Refused(401, "INVALID_CREDENTIALS")
		if diff := cmp.Diff(unknown.Masked(), unproven.Masked()); diff != "" {
			t.Errorf("an unproven account is told from none:\n%s", diff)
		}

		before := s.Count(t, "SELECT count(*) FROM organizations")
		for _, again := range []M{body, harness.NewRegistration(M{"email": strings.ToUpper(email)})} {
			if diff := cmp.Diff(fresh.Masked(), s.Client(t).Post("/v1/auth/register", again).Want(202).Masked()); diff != "" {
				t.Errorf("a known address is told from a new one (-new +known):\n%s", diff)
			}
		}
		known := s.Client(t).Post("/v1/auth/signup", M{"email": email, "password": harness.NewPassword()}).Want(202)
		sink.Wait(t, email, aboutAccount)
		signedUp := harness.NewEmail()
		if diff := cmp.Diff(s.Client(t).Post("/v1/auth/signup", M{"email": signedUp, "password": harness.NewPassword()}).Want(202).Masked(), known.Masked()); diff != "" {
			t.Errorf("signing up tells a known address from a new one:\n%s", diff)
		}
		sink.Wait(t, signedUp, aboutVerification)
		if n := s.Count(t, "SELECT count(*) FROM organizations") - before; n != 1 {
			t.Errorf("%d organizations were made for one new address", n)
		}
		if n := s.Count(t, "SELECT count(*) FROM accounts"); n != 2 {
			t.Errorf("there are %d accounts", n)
		}

		s.Client(t).Post("/v1/auth/verify-email", M{"token": verify}).Want(204)
		in := s.Client(t).Post("/v1/auth/login", login).Want(200)
		if in.Value("organization.id") == nil || in.Value("user.email_verified") != true {
			t.Errorf("the login answers %s", in.Body)
		}
		s.Client(t).Post("/v1/auth/register", harness.NewRegistration(M{"password": "12345678"})).Refused(400, "VALIDATION_FAILED").Names("password")
		settled(t, s)
		for _, m := range sink.Messages() {
			if strings.Contains(m.To[0], "ghost") {
				t.Errorf("a mail went to %v", m.To)
			}
		}
	})
}

func TestTheFirstWhoProvesAnAddressIsTheOperator(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s, sink := required(t, d)
		first, second := harness.NewRegistration(), harness.NewRegistration()
		for _, body := range []M{first, second} {
			s.Client(t).Post("/v1/auth/register", body).Want(202)
		}
		for i, body := range []M{second, first} {
			email, _ := body["email"].(string)
			s.Client(t).Post("/v1/auth/verify-email", M{"token": token(t, sink, email, aboutVerification)}).Want(204)
			in := s.Client(t).Post("/v1/auth/login", M{"email": email, "password": body["password"]}).Want(200)
			me := s.Client(t).Bearer(in.Text("tokens.access_token")).Get("/v1/auth/me").Want(200)
			if me.Value("operator") != (i == 0) {
				t.Errorf("number %d to prove an address is operator: %v", i+1, me.Value("operator"))
			}
		}
	})
}

func TestRequiredVerificationNeedsMail(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]harness.Environment{
		"no server":  {"EMAIL_VERIFICATION": "required"},
		"no sender":  {"EMAIL_VERIFICATION": "required", "SMTP_URL": "smtp://127.0.0.1:25"},
		"nonsense":   {"EMAIL_VERIFICATION": "perhaps"},
		"a bad URL":  {"SMTP_URL": "http://user:hunter22@mail.example.com", "MAIL_FROM": "a@example.com"},
		"half a URL": {"SMTP_URL": "smtp://user@mail.example.com", "MAIL_FROM": "a@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			env["DATABASE_URL"], env["PORT"] = "sqlite:"+t.TempDir()+"/t.db", "0"
			outcome := harness.Run(t, env, "serve")
			if outcome.Code == 0 || !strings.Contains(outcome.Stderr, "SMTP_URL") && !strings.Contains(outcome.Stderr, "EMAIL_VERIFICATION") && !strings.Contains(outcome.Stderr, "MAIL_FROM") {
				t.Errorf("it ended with %d: %s", outcome.Code, outcome.Stderr)
			}
			if strings.Contains(outcome.Stderr+outcome.Stdout, "hunter22") {
				t.Error("the complaint tells the password")
			}
		})
	}
}

func TestLinksLeadWhereTheInstallationIsAndNowhereElse(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, stage := proven(t, s), s.Stage(t)
		lie := func(c *harness.Client, path string, body string) *http.Request {
			r := c.NewRequest(http.MethodPost, path, strings.NewReader(body))
			r.Host = "evil.example"
			r.Header.Set("Content-Type", "application/json")
			for name, value := range map[string]string{
				"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/evil", "X-Forwarded-Port": "666",
				"X-Original-Host": "evil.example", "X-Host": "evil.example", "Forwarded": `for=10.1.1.1;host=evil.example;proto=http`,
				"Origin": "https://evil.example", "Referer": "https://evil.example/x", "X-Original-URL": "/evil",
			} {
				r.Header.Set(name, value)
			}
			return r
		}
		email := harness.NewEmail()
		s.Client(t).Send(lie(s.Client(t), "/v1/auth/password/forgot", `{"email":"`+ada.Email+`"}`)).Want(202)
		stage.Owner.Send(lie(stage.Owner.Client, "/v1/members/invite", `{"email":"`+email+`"}`)).Want(201)
		ada.Send(lie(ada.Client, "/v1/auth/email", `{"email":"new-`+email+`"}`)).Want(202)
		for to, about := range map[string]string{ada.Email: aboutReset, email: aboutInvitation, "new-" + email: aboutConfirmation} {
			m := post.Wait(t, to, about)
			if !strings.HasPrefix(m.Link(), harness.PublicURL+"/") || strings.Contains(string(m.Raw), "evil") {
				t.Errorf("the mail about %q leads to %s", about, m.Link())
			}
		}
		for _, member := range []string{"redirect_uri", "redirect_url", "return_to", "base_url"} {
			s.Client(t).Post("/v1/auth/password/forgot", M{"email": ada.Email, member: "https://evil.example"}).Refused(400, "VALIDATION_FAILED").Names(member)
		}
	})
}
