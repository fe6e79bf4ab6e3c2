package api

import (
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

// quickly is what requests that only put mail into the outbox may take beyond
// three times what they take beside a mail server that works.
const quickly = 3 * time.Second

// abandoned makes everything in the outbox due at once, as it is when the leases
// of a dead server have run out. Only while none runs.
func abandoned(t *testing.T, s *harness.Server) {
	t.Helper()
	s.Exec(t, "UPDATE outbox SET due_at = $1", in(-time.Second))
}

// lease is how long a relay keeps others' hands off what it is sending. What is
// due sooner was put off after a failure.
const lease = time.Minute

// hurry has what was put off tried again now, and wakes the relay, until a mail
// has arrived.
func hurry(t *testing.T, s *harness.Server, sink *mailsink.Sink, to string) {
	t.Helper()
	late := time.Now().Add(30 * time.Second)
	for len(sink.To(to)) == 0 {
		if time.Now().After(late) {
			t.Fatalf("no mail arrives at %s", to)
		}
		s.Exec(t, "UPDATE outbox SET due_at = $1 WHERE due_at < $2", in(-time.Second), in(lease*3/4))
		s.Client(t).Post("/v1/auth/password/forgot", M{"email": harness.NewEmail()}).Want(202)
		time.Sleep(20 * time.Millisecond) // polls; nothing rests on its length
	}
}

// waiting waits until that many envelopes were tried in vain.
func waiting(t *testing.T, s *harness.Server, envelopes int) {
	t.Helper()
	late := time.Now().Add(30 * time.Second)
	for s.Count(t, "SELECT count(*) FROM outbox WHERE attempts > 0 AND due_at < $1", in(lease*3/4)) < envelopes {
		if time.Now().After(late) {
			t.Fatalf("the outbox has not got %d envelopes that were tried in vain", envelopes)
		}
		time.Sleep(10 * time.Millisecond) // polls; nothing rests on its length
	}
}

func TestMailSurvivesTheDeathOfTheServer(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		sink := mailsink.Start(t, mailsink.Options{})
		for name, mode := range map[string]mailsink.Mode{"that refuses connections": mailsink.Refuse, "that hangs": mailsink.Hang} {
			t.Run("beside a mail server "+name, func(t *testing.T) {
				sink.Behave(mode)
				s := harness.Start(t, d, mailing(sink))
				ada := s.Register(t)
				email := harness.NewEmail()
				ada.Post("/v1/members/invite", M{"email": email}).Want(201)
				s.Kill()
				sink.Behave(mailsink.Accept)
				abandoned(t, s)
				again := s.Restart(t)
				m := sink.Wait(t, email, aboutInvitation)
				sink.Wait(t, ada.Email, aboutVerification)
				again.Client(t).Post("/v1/invitations/preview", M{"token": m.Token()}).Want(200)
				settled(t, again)
				again.Stop()
				if n := len(sink.To(email)); n != 1 {
					t.Errorf("the mail arrived %d times", n)
				}
			})
		}
	})
}

func TestAMailWhoseArrivalNobodyKnowsComesAgainUnderTheSameId(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		sink := mailsink.Start(t, mailsink.Options{})
		s := harness.Start(t, d, mailing(sink))
		ada := s.Register(t)
		sink.Wait(t, ada.Email, aboutVerification)
		settled(t, s)
		sink.Behave(mailsink.Drop)
		email := harness.NewEmail()
		ada.Post("/v1/members/invite", M{"email": email}).Want(201)
		first := sink.Wait(t, email, aboutInvitation)
		waiting(t, s, 1)
		s.Kill()
		sink.Behave(mailsink.Accept)
		abandoned(t, s)
		again := s.Restart(t)
		second := sink.Wait(t, email, aboutInvitation)
		if first.ID() == "" || first.ID() != second.ID() || first.Token() != second.Token() {
			t.Errorf("the mails are %s and %s", first.ID(), second.ID())
		}
		settled(t, again)
		if n := len(sink.To(email)); n != 2 {
			t.Errorf("the mail arrived %d times", n)
		}
	})
}

func TestRequestsDoNotWaitForTheMailServer(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		sink := mailsink.Start(t, mailsink.Options{})
		s := harness.Start(t, d, mailing(sink))
		ada := s.Register(t)
		sink.Wait(t, ada.Email, aboutVerification)
		requests := func() time.Duration {
			begun := time.Now()
			email := harness.NewEmail()
			s.Register(t)
			for range 5 {
				s.Client(t).Post("/v1/auth/password/forgot", M{"email": email}).Want(202)
				s.Client(t).Post("/v1/auth/send-verification-email", M{"email": email}).Want(202)
				ada.Post("/v1/members/invite", M{"email": harness.NewEmail()}).Want(201)
			}
			return time.Since(begun)
		}
		usual := requests()
		for name, mode := range map[string]mailsink.Mode{
			"refuses": mailsink.Refuse, "hangs": mailsink.Hang, "puts off": mailsink.Temporary, "will not": mailsink.Permanent,
		} {
			sink.Behave(mode)
			if took := requests(); took > 3*usual+quickly {
				t.Errorf("beside a mail server that %s, 16 requests took %s; otherwise %s", name, took, usual)
			}
			s.Client(t).Get("/readyz").Want(200)
		}
	})
}

func TestAMailThatNobodyTakesHoldsUpNoOther(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		sink := mailsink.Start(t, mailsink.Options{})
		s := harness.Start(t, d, mailing(sink))
		ada := s.Register(t)
		settled(t, s)
		for _, mode := range []mailsink.Mode{mailsink.Permanent, mailsink.Temporary} {
			sink.Behave(mode)
			before := s.Count(t, "SELECT count(*) FROM outbox")
			for range 10 { // more than one batch
				ada.Post("/v1/members/invite", M{"email": "poison-" + harness.NewEmail()}).Want(201)
			}
			waiting(t, s, before+10)
		}
		sink.Behave(mailsink.Accept)
		email := harness.NewEmail()
		ada.Post("/v1/members/invite", M{"email": email}).Want(201)
		sink.Wait(t, email, aboutInvitation)
		if n := s.Count(t, "SELECT count(*) FROM outbox WHERE attempts > 0"); n == 0 {
			t.Error("no mail waits to be tried again: none held up the other")
		}
		for line := range strings.Lines(s.Logs()) {
			if strings.Contains(line, "poison-") {
				t.Errorf("the log tells whom a mail was for: %s", line)
			}
		}
	})
}

func TestTheOutboxIsSealed(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		sink := mailsink.Start(t, mailsink.Options{})
		sink.Behave(mailsink.Refuse)
		s := harness.Start(t, d, mailing(sink))
		ada := s.Register(t)
		waiting(t, s, 1)
		sealed := dump(t, s, "outbox")
		for _, open := range []string{ada.Email, "verify", "Token", "example.com"} {
			if strings.Contains(sealed, open) {
				t.Errorf("the outbox shows %q", open)
			}
		}
		sink.Behave(mailsink.Accept)
		hurry(t, s, sink, ada.Email)
		secret := sink.Wait(t, ada.Email, aboutVerification).Token()
		for _, table := range []string{"links", "outbox", "accounts", "audit_entries"} {
			if strings.Contains(dump(t, s, table), secret) {
				t.Errorf("%s has the token of a mail", table)
			}
		}
	})
}

func TestMailIsEncryptedWhereItCanBe(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		for name, options := range map[string]mailsink.Options{
			"STARTTLS":     {Security: mailsink.StartTLS},
			"TLS":          {Security: mailsink.Implicit},
			"with a login": {Security: mailsink.StartTLS, User: "tenantry", Password: "a p@ss/word:1"},
		} {
			t.Run(name, func(t *testing.T) {
				sink := mailsink.Start(t, options)
				s := harness.Start(t, d, mailing(sink), harness.Environment{"SSL_CERT_FILE": sink.AuthorityFile(t)})
				if m := sink.Wait(t, s.Register(t).Email, aboutVerification); !m.Encrypted {
					t.Error("the line was not encrypted")
				}
				if strings.Contains(s.Logs(), options.Password) && options.Password != "" {
					t.Error("the log has the password")
				}
				s.Stop()
			})
		}
	})
}
