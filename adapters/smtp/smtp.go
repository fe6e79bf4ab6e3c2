// Package smtp writes the product's mail and hands it to a mail server. It
// never sends a password over a line that is not encrypted, believes no
// certificate that does not verify, and lets nothing that a person chose
// become a header, a line or a link.
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/mail"
)

const (
	connectLimit = 10 * time.Second // with the handshake of smtps
	wholeLimit   = 30 * time.Second
)

var errAddress = errors.New("the recipient is no plain email address")

// Mailer delivers over SMTP, each mail over a connection of its own. It
// implements ports.Mailer and may be used by many at once.
type Mailer struct {
	site    site
	server  server
	from    netmail.Address
	hello   string
	secrecy *tls.Config
	limit   time.Duration
}

// New makes a mailer, without talking to the server yet.
func New(s Settings) (*Mailer, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	server, _ := parseServer(s.URL)
	from, _ := parseFrom(s.From)
	site, _ := parseSite(s.PublicURL)
	m := &Mailer{
		site: site, server: server, from: from, hello: s.HELO, limit: s.Timeout,
		secrecy: &tls.Config{ServerName: server.host, RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12},
	}
	if m.hello == "" {
		m.hello = site.mailDomain()
	}
	if m.limit == 0 {
		m.limit = wholeLimit
	}
	return m, nil
}

// String shows what is no secret; fmt would print the password with the rest.
func (m Mailer) String() string   { return "mail by " + m.server.address() }
func (m Mailer) GoString() string { return m.String() }

// Send delivers one mail to the server. Its error tells what the server said,
// without the recipient's address.
func (m *Mailer) Send(ctx context.Context, letter mail.Mail) error {
	message, err := m.compose(letter)
	if err != nil {
		return fmt.Errorf("write mail %s: %w", letter.Kind, err)
	}
	// The end of this context closes the connection, however far it has got:
	// the library bounds each step alone and leaves connections open on errors.
	ctx, end := context.WithTimeout(ctx, m.limit)
	defer end()
	client, err := m.client(ctx)
	if err != nil {
		return fmt.Errorf("prepare to send mail: %w", err)
	}
	if err := deliver(ctx, client, message); err != nil {
		return describe(ctx, err, letter.To)
	}
	return nil
}

func deliver(ctx context.Context, client *gomail.Client, message *gomail.Msg) error {
	conversation, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	// What the goodbye meets is no error: the mail would be sent again for it.
	defer client.CloseWithSMTPClient(conversation) //nolint:errcheck // see above
	return client.SendWithSMTPClient(conversation, message)
}

func (m *Mailer) client(ctx context.Context) (*gomail.Client, error) {
	options := []gomail.Option{
		// The library's bound comes after ours, which has one error for all.
		gomail.WithPort(m.server.port), gomail.WithTimeout(m.limit + time.Second), gomail.WithHELO(m.hello), gomail.WithTLSConfig(m.secrecy),
		// Addresses are ASCII; the next server on the way may know no other.
		gomail.WithoutSMTPUTF8(),
		gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return m.connect(ctx) }),
	}
	switch {
	case m.server.implicit:
		options = append(options, gomail.WithSSL())
	case m.server.user != "":
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	if m.server.user != "" {
		options = append(options, gomail.WithUsername(m.server.user), gomail.WithPassword(m.server.password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return gomail.NewClient(m.server.host, options...)
}

// connect opens the connection that lives as long as ctx.
func (m *Mailer) connect(ctx context.Context) (net.Conn, error) {
	limited, end := context.WithTimeout(ctx, connectLimit)
	defer end()
	plain, err := (&net.Dialer{}).DialContext(limited, "tcp", m.server.address())
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = plain.Close() })
	if !m.server.implicit {
		return plain, nil
	}
	encrypted := tls.Client(plain, m.secrecy)
	if err := encrypted.HandshakeContext(limited); err != nil {
		return nil, err
	}
	return encrypted, nil
}

func (m *Mailer) compose(letter mail.Mail) (*gomail.Msg, error) {
	to, err := netmail.ParseAddress(letter.To.String())
	if err != nil || to.Address != letter.To.String() {
		return nil, errAddress
	}
	written, err := m.site.write(letter)
	if err != nil {
		return nil, err
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(&m.from)
	message.ToMailAddress(to)
	message.Subject(written.Subject)
	message.SetDate()
	message.SetMessageIDWithValue(letter.ID.String() + "@" + m.site.mailDomain())
	// No out-of-office answers (RFC 3834, section 5).
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetBodyString(gomail.TypeTextPlain, written.Text)
	message.AddAlternativeString(gomail.TypeTextHTML, written.HTML)
	return message, nil
}

const maxReason = 300 // code points of what a server says

// describe makes one line of a failed delivery that may stand in a log: servers
// like to repeat the recipient, at any length.
func describe(ctx context.Context, err error, to account.Email) error {
	if ended := context.Cause(ctx); ended != nil {
		return fmt.Errorf("deliver mail: %w", ended)
	}
	reason := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	reason = strings.ReplaceAll(reason, to.String(), "[recipient]")
	if runes := []rune(reason); len(runes) > maxReason {
		reason = string(runes[:maxReason]) + "…"
	}
	return errors.New("deliver mail: " + reason)
}
