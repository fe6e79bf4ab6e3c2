package tour

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

// mailing are the settings of a server that sends its mail to the sink.
func mailing(sink *mailsink.Sink) harness.Environment {
	return harness.Environment{"SMTP_URL": sink.URL(), "MAIL_FROM": "Tenantry <accounts@example.com>"}
}

// mailbox waits for the first mail to an address and returns the link in it.
type mailbox func(t *testing.T, address string) string

// inMail is where mails arrive.
func inMail(sink *mailsink.Sink) mailbox {
	return func(t *testing.T, address string) string {
		t.Helper()
		m := sink.Wait(t, address, "")
		if len(m.To) != 1 || m.Link() == "" || !strings.Contains(m.HTML, m.Token()) {
			t.Fatalf("this mail to %s has no link for them alone:\n%s", address, m.Raw)
		}
		return m.Link()
	}
}

const logWithin = 15 * time.Second

// inLog is where mails show on a server that can send none.
func inLog(server *harness.Server) mailbox {
	return func(t *testing.T, address string) string {
		t.Helper()
		look := time.NewTicker(10 * time.Millisecond)
		defer look.Stop()
		for late := time.After(logWithin); ; {
			if link := logged(server.Logs(), address); link != "" {
				return link
			}
			select {
			case <-look.C:
			case <-late:
				t.Fatalf("the log has no mail to %s:\n%s", address, server.Logs())
			}
		}
	}
}

// logged finds a mail in a log by what the README says of its line.
func logged(log, address string) string {
	for line := range strings.Lines(log) {
		var mail struct{ Msg, To, Link string }
		if json.Unmarshal([]byte(line), &mail) == nil && mail.To == address &&
			mail.Msg == "mail, not sent because SMTP_URL is not set" {
			return mail.Link
		}
	}
	return ""
}

var pasted = regexp.MustCompile(`'…'( +# mailed to (\S+))`)

// paste puts mailed links where a page leaves it to the reader.
func paste(t *testing.T, commands string, links mailbox) string {
	t.Helper()
	return pasted.ReplaceAllStringFunc(commands, func(found string) string {
		parts := pasted.FindStringSubmatch(found)
		return "'" + links(t, parts[2]) + "'" + parts[1]
	})
}

func TestALinkIsPastedWhereThePageSaysSo(t *testing.T) {
	t.Parallel()
	links := func(_ *testing.T, address string) string { return "https://example.com/?to=" + address }
	commands := "A='…'  # mailed to grace@example.com\nB='…' # other\n"
	want := "A='https://example.com/?to=grace@example.com'  # mailed to grace@example.com\nB='…' # other\n"
	if got := paste(t, commands, links); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
