package harness

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

// Conn is a connection on which a test writes whatever it likes.
type Conn struct {
	net.Conn
	tb     testing.TB
	reader *bufio.Reader
}

// Dial opens one. Nothing on it waits longer than limit.
func (s *Server) Dial(tb testing.TB, limit time.Duration) *Conn {
	tb.Helper()
	return Dial(tb, s.Address(), limit)
}

// Dial opens a connection to any server.
func Dial(tb testing.TB, address string, limit time.Duration) *Conn {
	tb.Helper()
	c, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		tb.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return &Conn{c, tb, bufio.NewReader(c)}
}

// Listens says whether the server still takes connections.
func (s *Server) Listens() bool {
	c, err := net.DialTimeout("tcp", s.Address(), 10*time.Second)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// Say writes text. A server that has already refused and closed is no failure.
func (c *Conn) Say(text string) {
	c.tb.Helper()
	if _, err := io.WriteString(c, text); err != nil && !closed(err) {
		c.tb.Error(err)
	}
}

// Answer reads one answer; nil when the server closes without one.
func (c *Conn) Answer() *http.Response {
	c.tb.Helper()
	answer, err := http.ReadResponse(c.reader, nil)
	if closed(err) {
		return nil
	}
	if err != nil {
		c.tb.Errorf("read an answer: %v", err)
		return nil
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil && !closed(err) {
		c.tb.Errorf("read the body of an answer: %v", err)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer
}

// Judged reads one answer, to a request for this address, and judges it like a
// client's; nil when the server closes without one.
func (c *Conn) Judged(method, path string) *Response {
	c.tb.Helper()
	answer := c.Answer()
	if answer == nil {
		return nil
	}
	defer func() { _ = answer.Body.Close() }()
	request, err := http.NewRequestWithContext(context.Background(), method, path, http.NoBody)
	if err != nil {
		c.tb.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.tb.Fatal(err)
	}
	r := &Response{tb: c.tb, Method: method, Path: path, Request: request, Status: answer.StatusCode, Header: answer.Header, Body: body}
	if answer.Close {
		r.Header.Set("Connection", "close") // which net/http takes out
	}
	judge(r)
	return r
}

// Closed waits for the server to close the connection, and says whether it did.
func (c *Conn) Closed() bool {
	c.tb.Helper()
	_, err := io.Copy(io.Discard, c.reader)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

func closed(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &op) && !op.Timeout()
}
