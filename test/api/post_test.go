package api

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

// post is the mail server to which the shared servers send.
var post *mailsink.Sink

// Pieces of the subjects by which tests tell mails apart.
const (
	aboutVerification = "Confirm your email address"
	aboutConfirmation = "Confirm your new email address"
	aboutUndo         = "The email address of your account was changed"
	aboutReset        = "Choose a new password"
	aboutPassword     = "Your password was changed"
	aboutAccount      = "You already have an account"
	aboutInvitation   = "invited you to"
)

// withPost runs the tests beside a mail server.
func withPost(run func() int) int {
	var err error
	if post, err = mailsink.Open(mailsink.Options{}); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	harness.Shared = mailing(post)
	code := run()
	if err := post.Close(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

// mailing are the settings of a server that sends its mail to the sink.
func mailing(sink *mailsink.Sink) harness.Environment {
	return harness.Environment{"SMTP_URL": sink.URL(), "MAIL_FROM": "Tenantry <accounts@example.com>"}
}

// token waits for a mail and returns the token in its link.
func token(t *testing.T, sink *mailsink.Sink, to, about string) string {
	t.Helper()
	m := sink.Wait(t, to, about)
	if m.Token() == "" {
		t.Fatalf("the mail to %s about %q has no link:\n%s", to, about, m.Text)
	}
	return m.Token()
}

// prove proves the address of somebody who is logged in.
func prove(t *testing.T, p harness.Person) harness.Person {
	t.Helper()
	p.Post("/v1/auth/verify-email", M{"token": token(t, post, p.Email, aboutVerification)}).Want(204)
	return p
}

// proven registers somebody whose address is proven.
func proven(t *testing.T, s *harness.Server, changes ...M) harness.Person {
	t.Helper()
	return prove(t, s.Register(t, changes...))
}

// invite asks an address in, and returns the invitation's id and the token.
func invite(t *testing.T, by harness.Person, email, role string) (id, secret string) {
	t.Helper()
	id = by.Post("/v1/members/invite", M{"email": email, "role": role}).Want(201).Text("id")
	return id, token(t, post, email, aboutInvitation)
}

// member is the id of somebody's membership in the organization that by means.
func member(t *testing.T, by harness.Person, email string) string {
	t.Helper()
	found := by.Get("/v1/members?q=" + email).Want(200).List()
	if len(found) != 1 {
		t.Fatalf("%d members are found by %s", len(found), email)
	}
	id, _ := found[0]["id"].(string)
	return id
}

// dump is the whole content of a table, as text.
func dump(t *testing.T, s *harness.Server, table string) string {
	t.Helper()
	rows, err := s.DB().Query("SELECT * FROM " + table + " ORDER BY 1, 2")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		for i, value := range values {
			_, _ = fmt.Fprintf(&text, "%s=%s ", columns[i], *value.(*any))
		}
		text.WriteString("\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
