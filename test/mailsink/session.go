package mailsink

import (
	"errors"
	"io"
	"net"
	"sync"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// gate lets connections in, or does to them what the mode says.
type gate struct {
	net.Listener
	sink *Sink

	mutex   sync.Mutex
	waiting []net.Conn // that are never answered
	closed  bool
}

func (g *gate) Accept() (net.Conn, error) {
	for {
		connection, err := g.Listener.Accept()
		switch {
		case err != nil:
			return nil, err
		case g.sink.is(Refuse):
			_ = connection.Close()
		case g.sink.is(Hang):
			g.hold(connection)
		default:
			return connection, nil
		}
	}
}

func (g *gate) hold(connection net.Conn) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.closed {
		_ = connection.Close()
		return
	}
	g.waiting = append(g.waiting, connection)
}

func (g *gate) Close() error {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.closed = true
	for _, connection := range g.waiting {
		_ = connection.Close()
	}
	g.waiting = nil
	return g.Listener.Close()
}

var (
	errTemporary = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Try again later"}
	errPermanent = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such mailbox"}
	errDropped   = errors.New("the connection was dropped")
)

// session is one conversation. The library calls its methods.
type session struct {
	sink     *Sink
	line     *smtp.Conn
	from     string
	to       []string
	loggedIn bool
	done     bool // a mail was kept
}

func (s *Sink) converse(line *smtp.Conn) (smtp.Session, error) {
	return &session{sink: s, line: line}, nil
}

func (s *session) AuthMechanisms() []string {
	if s.sink.options.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	if mechanism != sasl.Plain {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.sink.mutex.Lock()
		s.sink.logins++
		s.sink.mutex.Unlock()
		if user != s.sink.options.User || password != s.sink.options.Password {
			return smtp.ErrAuthFailed
		}
		s.loggedIn = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.sink.options.User != "" && !s.loggedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch {
	case s.sink.is(Temporary):
		return errTemporary
	case s.sink.is(Permanent):
		return errPermanent
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := parse(raw)
	if err != nil {
		return err
	}
	m.From, m.To, m.HELO = s.from, s.to, s.line.Hostname()
	_, m.Encrypted = s.line.TLSConnectionState()
	s.sink.keep(m)
	s.done = true
	if s.sink.is(Drop) {
		_ = s.line.Conn().Close()
		return errDropped
	}
	return nil
}

// Reset is also called after each mail, once its answer is out.
func (s *session) Reset() {
	s.from, s.to = "", nil
	if s.done && s.sink.is(Vanish) {
		_ = s.line.Conn().Close()
	}
}

func (*session) Logout() error { return nil }

// silence is the server's log: its complaints are what tests provoke.
type silence struct{}

func (silence) Printf(string, ...any) {}
func (silence) Println(...any)        {}
