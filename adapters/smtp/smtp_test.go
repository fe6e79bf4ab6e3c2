package smtp_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/tenantry/tenantry/adapters/smtp"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/ports"
	"github.com/tenantry/tenantry/test/mailsink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	_ ports.Mailer = (*smtp.Mailer)(nil)
	_ ports.Mailer = (*smtp.Log)(nil)
)

const (
	publicURL = "https://accounts.example.com"
	token     = "3q2-7w_0123456789abcdefghijklmnopqrstuvwxyzA"
	recipient = "grace@example.com"
)

// invitation is a mail of which every member is set.
func invitation() mail.Mail {
	return mail.Mail{
		ID:   mail.ID(uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")),
		Kind: mail.Invitation, To: account.StoredEmail(recipient), Name: "Grace Hopper", Token: token,
		Organization: "Engines & Söhne", Inviter: "Ada Lovelace", Role: "developer", Other: "grace@new.example.com",
		ExpiresAt: time.Date(2026, 3, 9, 17, 30, 0, 0, time.FixedZone("", 3600)),
	}
}

func mailer(t *testing.T, sink *mailsink.Sink, changes ...func(*smtp.Settings)) *smtp.Mailer {
	t.Helper()
	s := smtp.Settings{URL: sink.URL(), From: "Example <accounts@example.com>", PublicURL: publicURL, RootCAs: sink.Pool()}
	for _, change := range changes {
		change(&s)
	}
	m, err := smtp.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func send(t *testing.T, m *smtp.Mailer, letter mail.Mail) {
	t.Helper()
	if err := m.Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
}

func TestAMailArrivesAsItWasMeant(t *testing.T) {
	t.Parallel()
	sink := mailsink.Start(t, mailsink.Options{})
	send(t, mailer(t, sink), invitation())
	got := sink.Wait(t, recipient, "invited you")
	want := map[string]string{
		"envelope from": "accounts@example.com", "HELO": "accounts.example.com",
		"From": `"Example" <accounts@example.com>`, "To": "<" + recipient + ">",
		"Subject":        "Ada Lovelace invited you to Engines & Söhne",
		"Message-ID":     "01890a5d-ac96-774b-bcce-b302099a8057@accounts.example.com",
		"Auto-Submitted": "auto-generated", "MIME-Version": "1.0", "User-Agent": "", "X-Mailer": "", "Reply-To": "",
		"link": publicURL + "/invitations/accept?token=" + token, "token": token,
	}
	have := map[string]string{
		"envelope from": got.From, "HELO": got.HELO, "Subject": got.Subject, "Message-ID": got.ID(), "link": got.Link(), "token": got.Token(),
	}
	for _, header := range []string{"From", "To", "Auto-Submitted", "MIME-Version", "User-Agent", "X-Mailer", "Reply-To"} {
		have[header] = got.Header.Get(header)
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
	if at, err := got.Header.Date(); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("its date is %v, %v", at, err)
	}
	for line := range strings.SplitSeq(string(got.Raw), "\r\n") {
		if len(line) > 78 || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Errorf("the line %q is long or not ASCII", line)
		}
	}
}

func TestAMailThatIsSentTwiceCanBeTold(t *testing.T) {
	t.Parallel()
	sink := mailsink.Start(t, mailsink.Options{})
	m := mailer(t, sink)
	other := invitation()
	other.ID = mail.ID(uuid.New())
	for _, letter := range []mail.Mail{invitation(), invitation(), other} {
		send(t, m, letter)
	}
	got := sink.To(recipient)
	if len(got) != 3 || got[0].ID() != got[1].ID() || got[0].ID() == got[2].ID() || got[0].Text != got[1].Text {
		t.Errorf("the ids are %v", got)
	}
}

func TestManyMailsMayBeSentAtOnce(t *testing.T) {
	t.Parallel()
	sink := mailsink.Start(t, mailsink.Options{Security: mailsink.StartTLS, User: "relay", Password: "sesame"})
	m := mailer(t, sink)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			letter := invitation()
			letter.ID = mail.ID(uuid.New())
			if err := m.Send(t.Context(), letter); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for _, message := range sink.Messages() {
		seen[message.ID()] = true
	}
	if len(seen) != 8 {
		t.Errorf("%d different mails arrived", len(seen))
	}
}

func TestALineIsEncryptedWhereItCanBe(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options mailsink.Options
		want    bool
	}{
		{"not offered", mailsink.Options{}, false},
		{"STARTTLS is offered", mailsink.Options{Security: mailsink.StartTLS}, true},
		{"STARTTLS with a login", mailsink.Options{Security: mailsink.StartTLS, User: "relay@example.com", Password: "p@ss:/?# %"}, true},
		{"from the start", mailsink.Options{Security: mailsink.Implicit}, true},
		{"from the start, with a login", mailsink.Options{Security: mailsink.Implicit, User: "relay", Password: "sesame"}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sink := mailsink.Start(t, test.options)
			send(t, mailer(t, sink), invitation())
			if got := sink.Wait(t, recipient, "").Encrypted; got != test.want {
				t.Errorf("encrypted: %v", got)
			}
			if loggedIn := sink.Logins() == 1; loggedIn != (test.options.User != "") {
				t.Errorf("there were %d logins", sink.Logins())
			}
		})
	}
}

func TestAPasswordIsNotSentInTheClear(t *testing.T) {
	t.Parallel()
	sink := mailsink.Start(t, mailsink.Options{User: "relay", Password: "sesame"})
	for name, url := range map[string]string{
		"an address":    sink.URL(),
		"the localhost": strings.Replace(sink.URL(), "127.0.0.1", "localhost", 1),
	} {
		err := mailer(t, sink, func(s *smtp.Settings) { s.URL = url }).Send(t.Context(), invitation())
		if err == nil || !strings.Contains(err.Error(), "STARTTLS") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if sink.Logins() != 0 || len(sink.Messages()) != 0 {
		t.Errorf("%d logins, %d messages", sink.Logins(), len(sink.Messages()))
	}
}

func TestACertificateThatDoesNotVerifyIsRefused(t *testing.T) {
	t.Parallel()
	strange := func(s *smtp.Settings) { s.RootCAs = nil }
	for name, security := range map[string]mailsink.Security{"STARTTLS": mailsink.StartTLS, "from the start": mailsink.Implicit} {
		for _, user := range []string{"", "relay"} {
			ofUs := mailsink.Start(t, mailsink.Options{Security: security, User: user, Password: user})
			ofOthers := mailsink.Start(t, mailsink.Options{Security: security, User: user, Password: user, Name: "mail.example.com"})
			for reason, m := range map[string]*smtp.Mailer{"unknown authority": mailer(t, ofUs, strange), "another name": mailer(t, ofOthers)} {
				if err := m.Send(t.Context(), invitation()); err == nil || !strings.Contains(err.Error(), "x509: ") {
					t.Errorf("%s, %s: %v", name, reason, err)
				}
			}
			if n := len(ofUs.Messages()) + len(ofOthers.Messages()) + ofUs.Logins() + ofOthers.Logins(); n != 0 {
				t.Errorf("%s: something was sent all the same", name)
			}
		}
	}
}

func TestAFailureIsReported(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		mode    mailsink.Mode
		says    string
		arrives int
	}{
		{"a server that is away", mailsink.Refuse, "", 0},
		{"a temporary error", mailsink.Temporary, `451 "4.3.0 Try again later"`, 0},
		{"a permanent error", mailsink.Permanent, `550 "5.1.1 No such mailbox"`, 0},
		{"a mail that is taken and not acknowledged", mailsink.Drop, "", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sink := mailsink.Start(t, mailsink.Options{})
			m := mailer(t, sink)
			sink.Behave(test.mode)
			err := m.Send(t.Context(), invitation())
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("the error is %v", err)
			}
			if strings.Contains(err.Error(), recipient) || strings.Contains(err.Error(), token) || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("the error tells too much: %v", err)
			}
			if got := len(sink.Messages()); got != test.arrives {
				t.Errorf("%d mails arrived", got)
			}
			sink.Behave(mailsink.Accept)
			send(t, m, invitation())
		})
	}
}

func TestAMailThatWasTakenIsNotSentAgainForWhatHappensAfter(t *testing.T) {
	t.Parallel()
	sink := mailsink.Start(t, mailsink.Options{})
	sink.Behave(mailsink.Vanish)
	send(t, mailer(t, sink), invitation())
	sink.Wait(t, recipient, "")
}

func TestAWrongPasswordIsReportedAndNotShown(t *testing.T) {
	t.Parallel()
	sink := mailsink.Start(t, mailsink.Options{Security: mailsink.Implicit, User: "relay", Password: "sesame"})
	m := mailer(t, sink, func(s *smtp.Settings) { s.URL = strings.Replace(s.URL, "sesame", "wrong-one", 1) })
	err := m.Send(t.Context(), invitation())
	if err == nil || !strings.Contains(err.Error(), `535 "5.7.8 Authentication failed"`) || strings.Contains(err.Error(), "wrong-one") {
		t.Errorf("the error is %v", err)
	}
}

func TestAServerThatHangsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	const soon = 150 * time.Millisecond
	for name, security := range map[string]mailsink.Security{"plain": mailsink.Plain, "TLS from the start": mailsink.Implicit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := mailsink.Start(t, mailsink.Options{Security: security})
			sink.Behave(mailsink.Hang)
			began := time.Now()
			bounded := mailer(t, sink, func(s *smtp.Settings) { s.Timeout = soon })
			if err := bounded.Send(t.Context(), invitation()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("by its own bound: %v", err)
			}
			ctx, end := context.WithTimeout(t.Context(), soon)
			defer end()
			if err := mailer(t, sink).Send(ctx, invitation()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("by the caller's: %v", err)
			}
			canceled, cancel := context.WithCancel(t.Context())
			time.AfterFunc(soon, cancel)
			if err := mailer(t, sink).Send(canceled, invitation()); !errors.Is(err, context.Canceled) {
				t.Errorf("by cancellation: %v", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestAnAddressThatIsNoneGetsNoMail(t *testing.T) {
	t.Parallel()
	sink := mailsink.Start(t, mailsink.Options{})
	m := mailer(t, sink)
	for _, address := range []string{
		"", "grace", "grace@example.com\r\nBcc: eve@example.com", "grace@example.com\nRCPT TO:<eve@example.com>",
		"grace@example.com, eve@example.com", "Eve <grace@example.com>", "<grace@example.com>", "grace@example.com>",
		"grace@example.com\x00", `"grace\"\r\n"@example.com`, "grace@example.com (eve)", "undisclosed: grace@example.com;",
	} {
		letter := invitation()
		letter.To = account.StoredEmail(address)
		if err := m.Send(t.Context(), letter); err == nil {
			t.Errorf("a mail was sent to %q", address)
		}
	}
	if got := sink.Messages(); len(got) != 0 {
		t.Errorf("there arrived %v", got)
	}
}

func TestNamesCannotBecomeHeadersLinesOrMarkup(t *testing.T) {
	t.Parallel()
	sink := mailsink.Start(t, mailsink.Options{})
	m := mailer(t, sink)
	for _, kind := range mail.Kinds() {
		letter := invitation()
		letter.Kind = kind
		send(t, m, letter)
		model := sink.Wait(t, recipient, "")
		for name, evil := range hostile {
			letter.Name, letter.Organization, letter.Inviter, letter.Role, letter.Other = evil, evil, evil, evil, evil
			send(t, m, letter)
			tame(t, string(kind)+", "+name, sink.Wait(t, recipient, ""), model)
		}
	}
}

// tame reports where a message differs from its model by more than words.
func tame(t *testing.T, name string, got, model mailsink.Message) {
	t.Helper()
	if diff := cmp.Diff(names(model), names(got)); diff != "" {
		t.Errorf("%s: other headers: %s", name, diff)
	}
	if strings.Count(got.Text, "\n") != strings.Count(model.Text, "\n") || strings.Count(got.HTML, "<") != strings.Count(model.HTML, "<") {
		t.Errorf("%s: another form:\n%s\n%s", name, got.Text, got.HTML)
	}
	if !cmp.Equal(got.To, []string{recipient}) || got.Link() != model.Link() || strings.ContainsAny(got.Subject, "\r\n") {
		t.Errorf("%s: to %v, link %s, subject %q", name, got.To, got.Link(), got.Subject)
	}
	if len(got.Raw) > 3*len(model.Raw) {
		t.Errorf("%s: the mail has %d bytes", name, len(got.Raw))
	}
	for _, part := range []string{got.Subject, got.Text, got.HTML} {
		if strings.Contains(part, "evil.example") || strings.Contains(part, "http://evil") {
			t.Errorf("%s: a link can be made of %s", name, part)
		}
	}
}

// names lists the headers of a message.
func names(m mailsink.Message) []string {
	head, _, _ := strings.Cut(string(m.Raw), "\r\n\r\n")
	var all []string
	for line := range strings.SplitSeq(head, "\r\n") {
		if name, _, found := strings.Cut(line, ":"); found && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			all = append(all, name)
		}
	}
	return all
}
