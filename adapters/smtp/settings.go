package smtp

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Settings say how mail leaves. The URL may hold a password: no error and no
// log line quotes it.
type Settings struct {
	// URL is smtp://host:587 (STARTTLS where the server offers it, and always
	// where the URL has user:password@) or smtps://host:465 (TLS from the
	// start). What is special in a password is percent-encoded.
	URL string
	// From is the sender: "accounts@example.com" or "Example <accounts@example.com>".
	From string
	// PublicURL is where links lead, and the domain of Message-IDs.
	PublicURL string
	// HELO is how the program names itself to the server; the host of PublicURL
	// when empty.
	HELO string
	// RootCAs are the authorities that are trusted; the system's when nil.
	RootCAs *x509.CertPool
	// Timeout bounds the whole delivery of a mail; 30 s when zero.
	Timeout time.Duration
}

// String shows what is no secret.
func (s Settings) String() string { return "mail from " + s.From + " by SMTP" }

func (s Settings) GoString() string             { return s.String() }
func (s Settings) LogValue() slog.Value         { return slog.StringValue(s.String()) }
func (s Settings) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

var (
	errURL      = errors.New("SMTP_URL must be smtp://host:587 or smtps://host:465, with user:password@ before the host where the server wants a login; percent-encode what is special in the password")
	errPort     = errors.New("SMTP_URL has a port that is no number from 1 to 65535")
	errLogin    = errors.New("SMTP_URL has half a login: it needs both user and password, or neither")
	errExtra    = errors.New("SMTP_URL has something after the host and port")
	errFrom     = errors.New(`MAIL_FROM must be an address such as accounts@example.com, or a name with it: Example <accounts@example.com>`)
	errSite     = errors.New("PUBLIC_URL must be an address such as https://accounts.example.com")
	errHELO     = errors.New("the name for HELO must be a host name, or an address in brackets")
	errNegative = errors.New("the time for a delivery must not be negative")
)

// Validate reports everything that is wrong with the settings at once.
func (s Settings) Validate() error {
	_, server := parseServer(s.URL)
	_, from := parseFrom(s.From)
	_, site := parseSite(s.PublicURL)
	problems := []error{server, from, site}
	if strings.ContainsFunc(s.HELO, func(r rune) bool { return r <= ' ' || r > unicode.MaxASCII }) {
		problems = append(problems, errHELO)
	}
	if s.Timeout < 0 {
		problems = append(problems, errNegative)
	}
	return errors.Join(problems...)
}

// server is the mail server that takes our mail.
type server struct {
	host, user, password string
	port                 int
	implicit             bool // TLS from the start
}

func (s server) address() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// parseServer reads SMTP_URL. Its errors are constants: what url.Parse says
// would quote the password.
func parseServer(text string) (server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return server{}, errURL
	}
	s := server{host: u.Hostname()}
	switch u.Scheme {
	case "smtp":
		s.port = 587
	case "smtps":
		s.port, s.implicit = 465, true
	default:
		return server{}, errURL
	}
	if u.Port() != "" {
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || port == 0 {
			return server{}, errPort
		}
		s.port = int(port)
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return server{}, errExtra
	}
	s.user = u.User.Username()
	s.password, _ = u.User.Password()
	if (s.user == "") != (s.password == "") {
		return server{}, errLogin
	}
	return s, nil
}

// CheckFrom says what is wrong with a sender.
func CheckFrom(text string) error {
	_, err := parseFrom(text)
	return err
}

func parseFrom(text string) (netmail.Address, error) {
	from, err := netmail.ParseAddress(text)
	if err != nil || strings.ContainsFunc(from.Address, func(r rune) bool { return r <= ' ' || r > unicode.MaxASCII }) {
		return netmail.Address{}, errFrom
	}
	return *from, nil
}

// site is the place that mail speaks of and links to.
type site struct {
	base string // without a slash at its end
	host string // as people know it
	name string // without a port
}

func parseSite(text string) (site, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return site{}, errSite
	}
	return site{base: strings.TrimRight(u.String(), "/"), host: u.Host, name: u.Hostname()}, nil
}

func (s site) link(page, token string) string {
	return s.base + page + "?token=" + url.QueryEscape(token)
}

// mailDomain is the site's name as mail systems write it: an address stands in
// brackets (RFC 5321, section 4.1.3).
func (s site) mailDomain() string {
	address, err := netip.ParseAddr(s.name)
	switch {
	case err != nil:
		return s.name
	case address.Is6():
		return fmt.Sprintf("[IPv6:%s]", address.WithZone(""))
	}
	return fmt.Sprintf("[%s]", address)
}
