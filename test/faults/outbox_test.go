package faults

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

// While the mail server is away or says nothing, nobody waits for it, and once it
// is back every mail arrives.
func TestMailWaitsForItsServerAndNobodyElseDoes(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]mailsink.Mode{"is away": mailsink.Refuse, "says nothing": mailsink.Hang} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := mailsink.Start(t, mailsink.Options{})
			d := harness.NewDatabase(t, harness.SQLite)
			s := admit(t, d, harness.Environment{"SMTP_URL": sink.URL(), "MAIL_FROM": "accounts@example.com"})
			ada, c := s.Register(t), newCaller(t, s.Server)
			sink.Wait(t, ada.Email, "")
			for range 3 {
				c.do(201, "POST", "/v1/auth/register", nil, harness.NewRegistration())
			}
			usual := c.slowest()
			s.rest(t, c)
			c.begin()
			sink.Behave(mode)
			addresses := []string{ada.Email}
			c.do(202, "POST", "/v1/auth/password/forgot", nil, harness.M{"email": ada.Email})
			for range 8 {
				body := harness.NewRegistration()
				if a := c.do(201, "POST", "/v1/auth/register", nil, body); a.status == 201 {
					addresses = append(addresses, body["email"].(string))
				}
			}
			slowest := c.slowest()
			if !harness.Racing && slowest > 3*usual+time.Second {
				t.Errorf("a request took %v, and %v at most before", slowest, usual)
			}
			for s.Count(t, "SELECT count(*) FROM outbox WHERE attempts > 0") == 0 {
				<-time.After(20 * time.Millisecond)
			}
			sink.Behave(mailsink.Accept)
			begun := time.Now()
			for len(missing(sink, addresses)) > 0 && time.Since(begun) < time.Minute {
				<-time.After(100 * time.Millisecond)
			}
			if left := missing(sink, addresses); len(left) > 0 {
				t.Errorf("%d mails have not arrived", len(left))
			}
			c.judge(t, true)
			s.back(t, c)
			d.Sound(t)
			harness.Figure(t, "beside a mail server that "+name, "slowest registration %v; all mail there %v after it is back",
				slowest.Round(time.Millisecond), time.Since(begun).Round(time.Second))
		})
	}
}

// missing are those whom the mail that they are owed has not reached. The first
// had one before.
func missing(sink *mailsink.Sink, addresses []string) (without []string) {
	for i, address := range addresses {
		owed := 1
		if i == 0 {
			owed = 2
		}
		if len(sink.To(address)) < owed {
			without = append(without, address)
		}
	}
	return without
}
