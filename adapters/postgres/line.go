package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/lib/pq"

	"github.com/tenantry/tenantry/adapters/sqlstore"
)

// The driver waits for an answer for as long as the network keeps silent: the
// end of a context only makes it send a request to cancel. So each connection
// has a line, which every read and write of it must keep to.
const (
	patience = 8 * time.Second        // for one read or write, whoever asks
	grace    = 500 * time.Millisecond // past a context's end, for the server's own answer to the request to cancel
)

// line makes the network connections of one session, its requests to cancel
// among them, and holds the time at which all of them give up.
type line struct {
	dialer   net.Dialer
	patience time.Duration // 0 is without bound
	limit    atomic.Int64  // Unix nanoseconds; 0 is none
}

func newLine(patience time.Duration) *line {
	alive := net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3}
	return &line{dialer: net.Dialer{Timeout: connectLimit, KeepAliveConfig: alive}, patience: patience}
}

// Dial implements pq.Dialer.
func (l *line) Dial(network, address string) (net.Conn, error) {
	return l.DialContext(context.Background(), network, address)
}

// DialTimeout implements pq.Dialer.
func (l *line) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return l.DialContext(ctx, network, address)
}

// DialContext implements pq.DialerContext.
func (l *line) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := l.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &wire{Conn: conn, line: l}, nil
}

// until takes the end of ctx over, for whatever comes next.
func (l *line) until(ctx context.Context) {
	if deadline, ok := ctx.Deadline(); ok {
		l.limit.Store(deadline.Add(grace).UnixNano())
		return
	}
	l.limit.Store(0)
}

// wire is a network connection that gives up in time.
type wire struct {
	net.Conn
	line  *line
	fixed time.Time // by the driver, while it connects
}

func (w *wire) Read(b []byte) (int, error) {
	if err := w.Conn.SetReadDeadline(w.deadline()); err != nil {
		return 0, err
	}
	return w.Conn.Read(b)
}

func (w *wire) Write(b []byte) (int, error) {
	if err := w.Conn.SetWriteDeadline(w.deadline()); err != nil {
		return 0, err
	}
	return w.Conn.Write(b)
}

// SetDeadline is kept for the next Read and Write, which set their own.
func (w *wire) SetDeadline(t time.Time) error {
	w.fixed = t
	return nil
}

// deadline is the earliest of the three; the zero time is none.
func (w *wire) deadline() time.Time {
	earliest := w.fixed
	if limit := w.line.limit.Load(); limit != 0 {
		earliest = earlier(earliest, time.Unix(0, limit))
	}
	if w.line.patience != 0 {
		earliest = earlier(earliest, time.Now().Add(w.line.patience))
	}
	return earliest
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// linked is the driver's connection, with its line.
type linked struct {
	sqlstore.Session
	line *line
}

func dial(ctx context.Context, settings pq.Config) (sqlstore.Session, error) {
	connector, err := pq.NewConnectorConfig(settings)
	if err != nil {
		return nil, err
	}
	line := newLine(patience)
	line.until(ctx)
	connector.Dialer(line)
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &linked{conn.(sqlstore.Session), line}, nil //nolint:forcetypeassert // the driver's connections are; every test opens one
}

// ResetSession is where whoever takes the connection out of the pool is known.
func (s *linked) ResetSession(ctx context.Context) error {
	s.line.until(ctx)
	return s.Session.ResetSession(ctx)
}

// Close says goodbye, for which the end of whoever used the connection last is
// no bound.
func (s *linked) Close() error {
	s.line.until(context.Background())
	return s.Session.Close()
}

// BeginTx bounds the whole transaction by ctx. Nothing was done yet when it
// fails, so a connection that turns out to be dead, or to lead to a server that
// takes no writes any more, is given up for another.
func (s *linked) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	s.line.until(ctx)
	tx, err := s.Session.BeginTx(ctx, opts)
	if err == nil {
		return tx, nil
	}
	refusal := (*pq.Error)(nil)
	if errors.As(err, &refusal) {
		if refusal.Code == readOnlyTransaction || refusal.Code == unsupportedInRecovery {
			return nil, driver.ErrBadConn
		}
		return nil, err
	}
	silence := net.Error(nil)
	if ctx.Err() != nil || errors.As(err, &silence) && silence.Timeout() {
		return nil, err
	}
	return nil, driver.ErrBadConn
}
