package fuzz

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// lines are those by which two readers could come to disagree.
var lines = []string{
	"Content-Length: 0", "Content-Length: 5", "Content-Length: -1", "Content-Length: 99999999999999999999", "Content-Length: 5, 5", "Transfer-Encoding: chunked", "Transfer-Encoding: identity",
	"Transfer-Encoding: chunked, identity", "transfer-encoding : chunked", "Transfer-Encoding:\tchunked", "Connection: close", "Connection: Authorization", "Connection: upgrade", "Upgrade: h2c", "Upgrade: websocket",
	"HTTP2-Settings: AAMAAABkAAQAAP__", "Expect: 100-continue", "Expect: nothing", "Host: evil.example", "Host: a b", " folded: yes", "X-A: " + strings.Repeat("a", 40_000), "X-A: \x00", "X-A: \x7f", ": x", "no colon", "Trailer: Authorization",
}

// garbled is a request as bytes, with up to three accidents.
func garbled(r *rand.Rand, sent []byte) []byte {
	for range r.IntN(4) {
		head, body, _ := bytes.Cut(sent, []byte("\r\n\r\n"))
		at := r.IntN(len(sent) + 1)
		switch r.IntN(9) {
		case 0, 1, 2:
			fields := bytes.Split(head, []byte("\r\n"))
			i := 1 + r.IntN(len(fields))
			fields = append(fields[:i:i], append([][]byte{[]byte(pick(r, lines))}, fields[i:]...)...)
			sent = append(bytes.Join(fields, []byte("\r\n")), append([]byte("\r\n\r\n"), body...)...)
		case 3:
			sent = append(sent[:at:at], append([]byte{byte(r.IntN(256))}, sent[at:]...)...)
		case 4:
			sent = sent[:at]
		case 5:
			sent = bytes.ReplaceAll(sent, []byte("\r\n"), []byte("\n"))
		case 6:
			sent = bytes.Replace(sent, []byte("HTTP/1.1"), []byte(pick(r, []string{"HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.9", "http/1.1", "", "HTTP/1.1 x"})), 1)
		case 7:
			sent = append(bytes.Clone(sent), sent...)
		default:
			sent = append([]byte(pick(r, []string{"\r\n", "\x16\x03\x01\x02\x00", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", " ", "GET ", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n"})), sent...)
		}
		if len(sent) == 0 {
			return sent
		}
	}
	return sent
}

// exchange sends bytes, says that there are no more, and reads every answer.
func exchange(t *testing.T, address string, sent []byte) (statuses []int, err error) {
	t.Helper()
	c, err := (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	_, _ = c.Write(sent) // the server may have refused and closed already
	if half, can := c.(*net.TCPConn); can {
		_ = half.CloseWrite()
	}
	for reader := bufio.NewReader(c); ; {
		answer, err := http.ReadResponse(reader, nil)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return statuses, err
		}
		if err != nil {
			return statuses, nil // the server has closed
		}
		statuses = append(statuses, answer.StatusCode)
		_, err = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return statuses, err
		}
	}
}

// protocol are the refusals of requests in another protocol than the one that
// is spoken here. They come before any handler.
var protocol = map[int]bool{http.StatusNotImplemented: true, http.StatusHTTPVersionNotSupported: true}

func TestNoBytesMakeTheServerFailOrHang(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	s := harness.Start(t, d, settings)
	g, w, number := newGrammar(t), newWorld(t, s), seed(t)
	n, told, failed := harness.Rounds(2_000, 20_000), map[int]int{}, 0
	for i := range n {
		r := rand.New(rand.NewPCG(number, uint64(i))) //nolint:gosec // repeatable on purpose, and never negative
		request := g.derive(r, w).http(context.Background(), s.URL)
		if request == nil {
			continue
		}
		var sent bytes.Buffer
		if err := request.Write(&sent); err != nil {
			continue // net/http itself refuses to write some of them
		}
		bad := garbled(r, sent.Bytes())
		statuses, err := exchange(t, s.Address(), bad)
		for _, status := range statuses {
			told[status/100]++
			if status >= 500 && !protocol[status] {
				err = errors.Join(err, errors.New(http.StatusText(status)))
			}
		}
		if err != nil {
			failed++
			t.Errorf("number %d: %v, after %v\n%.900q\nrepeat it with TENANTRY_FUZZ_SEED=%d", i, err, statuses, bad, number)
		}
	}
	if told[4] < n/4 || told[2] == 0 {
		t.Errorf("the answers were %v: the requests are not garbled as they should be", told)
	}
	s.Register(t).Get("/v1/auth/me").Want(200)
	harness.Figure(t, "requests garbled as bytes", "%d: %d failed or hung", n, failed)
	s.Stop()
	d.Sound(t)
}
