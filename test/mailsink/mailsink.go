// Package mailsink is a real mail server for tests: it listens on 127.0.0.1,
// keeps what it is sent, and can be told to fail as mail servers do. It relays
// nothing.
package mailsink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Security is how a sink's line is encrypted.
type Security int

// The ways of encrypting.
const (
	Plain    Security = iota
	StartTLS          // offered, not demanded
	Implicit          // from the start
)

// Mode is how a sink behaves. A new one accepts.
type Mode int32

// The modes.
const (
	Accept    Mode = iota
	Refuse         // closes every connection at once
	Hang           // takes connections and says nothing
	Temporary      // answers 451 to every recipient
	Permanent      // answers 550 to every recipient
	Drop           // keeps the mail, and closes the connection instead of saying so
	Vanish         // says so, and closes the connection without a goodbye
)

// Options say what a sink offers.
type Options struct {
	Security Security
	// User and Password are demanded when set, by AUTH PLAIN, which is offered
	// on lines without encryption, too: it is for clients to know better.
	User, Password string
	// Name is what the certificate is for; 127.0.0.1 when empty.
	Name string
}

// Sink is a mail server.
type Sink struct {
	options  Options
	server   *smtp.Server
	gate     *gate
	mode     atomic.Int32
	trust    authority
	finished chan struct{}

	mutex    sync.Mutex
	arrived  chan struct{} // closed and replaced with every message
	messages []*Message
	logins   int
}

// Start opens a sink that ends with the test.
func Start(tb testing.TB, o Options) *Sink {
	tb.Helper()
	s, err := Open(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// Open opens a sink, which the caller closes.
func Open(o Options) (*Sink, error) {
	if o.Name == "" {
		o.Name = "127.0.0.1"
	}
	trust, certificate, err := newAuthority(o.Name)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Sink{options: o, trust: trust, finished: make(chan struct{}), arrived: make(chan struct{})}
	s.gate = &gate{Listener: listener, sink: s}
	s.server = smtp.NewServer(smtp.BackendFunc(s.converse))
	s.server.Domain, s.server.AllowInsecureAuth, s.server.ErrorLog = o.Name, true, silence{}
	var entrance net.Listener = s.gate
	encryption := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	switch o.Security {
	case StartTLS:
		s.server.TLSConfig = encryption
	case Implicit:
		entrance = tls.NewListener(s.gate, encryption)
	}
	go func() {
		defer close(s.finished)
		_ = s.server.Serve(entrance) // ends with Close; a sink that ended early is seen by who waits for mail
	}()
	return s, nil
}

// Close ends the sink and every conversation.
func (s *Sink) Close() error {
	// Closed first: Serve may not have begun, and then the server does not know
	// its listener yet.
	closed := s.gate.Close()
	if errors.Is(closed, net.ErrClosed) {
		closed = nil
	}
	_ = s.server.Close() // complains only of the listener, which is closed already
	<-s.finished
	return closed
}

// URL is the value of SMTP_URL that leads here, with the login where one is
// demanded.
func (s *Sink) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.gate.Addr().String()}
	if s.options.Security == Implicit {
		u.Scheme = "smtps"
	}
	if s.options.User != "" {
		u.User = url.UserPassword(s.options.User, s.options.Password)
	}
	return u.String()
}

// Behave changes the mode, for what happens from now on.
func (s *Sink) Behave(m Mode) { s.mode.Store(int32(m)) }

func (s *Sink) is(m Mode) bool { return Mode(s.mode.Load()) == m }

// Pool trusts the authority that signed the sink's certificate, and no other.
func (s *Sink) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.trust.certificate)
	return pool
}

// AuthorityFile writes that authority into a PEM file, as SSL_CERT_FILE names
// one.
func (s *Sink) AuthorityFile(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "authority.pem")
	if err := os.WriteFile(path, s.trust.pem(), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Logins counts the attempts to log in, good and bad.
func (s *Sink) Logins() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.logins
}

// Messages returns what has arrived, in that order.
func (s *Sink) Messages() []Message {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	all := make([]Message, len(s.messages))
	for i, m := range s.messages {
		all[i] = *m
	}
	return all
}

// To returns what has arrived for the address.
func (s *Sink) To(address string) []Message {
	return slices.DeleteFunc(s.Messages(), func(m Message) bool { return !slices.Contains(m.To, address) })
}

const patience = 15 * time.Second

// Wait returns the first message to the address whose subject has the fragment
// and that no Wait has returned before. It fails the test when none arrives.
func (s *Sink) Wait(tb testing.TB, to, subject string) Message {
	tb.Helper()
	late := time.After(patience)
	for {
		found, arrived := s.take(to, subject)
		if found != nil {
			return *found
		}
		select {
		case <-arrived:
		case <-late:
			tb.Fatalf("no mail to %s about %q arrived; there are %v", to, subject, s.Messages())
		}
	}
}

func (s *Sink) take(to, subject string) (*Message, <-chan struct{}) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, m := range s.messages {
		if !m.taken && slices.Contains(m.To, to) && strings.Contains(m.Subject, subject) {
			m.taken = true
			return m, s.arrived
		}
	}
	return nil, s.arrived
}

func (s *Sink) keep(m *Message) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.messages = append(s.messages, m)
	close(s.arrived)
	s.arrived = make(chan struct{})
}
