package overload

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// tooLong is a body that is one byte longer than any may be.
var tooLong = `{"email":"` + strings.Repeat("a", 1<<20-9)

// framings are the ways by which a body says how long it is.
var framings = map[string]func(to io.Writer) error{
	"with its length": func(to io.Writer) error {
		_, err := fmt.Fprintf(to, "Content-Length: %d\r\n\r\n%s", len(tooLong), tooLong)
		return err
	},
	"in chunks": func(to io.Writer) error {
		if err := inChunks(to); err != nil {
			return err
		}
		_, err := io.WriteString(to, "0\r\n\r\n")
		return err
	},
	"in chunks without a last one": inChunks,
}

func inChunks(to io.Writer) error {
	_, err := io.WriteString(to, "Transfer-Encoding: chunked\r\n\r\n")
	for rest := tooLong; err == nil && rest != ""; {
		piece := rest[:min(len(rest), 64<<10)]
		rest = rest[len(piece):]
		_, err = fmt.Fprintf(to, "%x\r\n%s\r\n", len(piece), piece)
	}
	return err
}

// oversize sends a body that is too long, and returns the line by which that was
// answered, and when the server closed the connection.
func oversize(t *testing.T, s *harness.Server, body func(io.Writer) error) (line string, took time.Duration) {
	t.Helper()
	begun := time.Now()
	c, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(t.Context(), "tcp", s.Address())
	if err != nil {
		t.Error(err)
		return "", 0
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(begun.Add(20 * time.Second))
	_, err = io.WriteString(c, "POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
	if err == nil {
		_ = body(c) // the server may have closed before the last byte
	}
	said, err := io.ReadAll(c)
	if timeout, is := err.(net.Error); is && timeout.Timeout() { //nolint:errorlint // a connection returns it bare
		return "no end", time.Since(begun)
	}
	line, _, _ = strings.Cut(string(said), "\r\n")
	return line, time.Since(begun)
}

// flooded sends so many such bodies at once, and counts the answers.
func flooded(t *testing.T, s *harness.Server, n int) (answers map[string]int, took []time.Duration) {
	t.Helper()
	answers = map[string]int{}
	var mutex sync.Mutex
	var tasks sync.WaitGroup
	for framing, body := range framings {
		for range n / len(framings) {
			tasks.Go(func() {
				line, after := oversize(t, s, body)
				mutex.Lock()
				defer mutex.Unlock()
				answers[framing+": "+line]++
				took = append(took, after)
			})
		}
	}
	tasks.Wait()
	return answers, took
}

// Were a tenth of what they send kept, memory would show it.
func TestBodiesThatAreTooLongAreRefusedAtOnceAndLeaveNothing(t *testing.T) {
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite))
	const n = 102
	flooded(t, s, n) // from here on the memory is to stay as it is
	warm := s.Resident(t)
	var all []time.Duration
	for range harness.Rounds(10, 200) {
		answers, took := flooded(t, s, n)
		all = append(all, took...)
		for framing := range framings {
			if got := answers[framing+": HTTP/1.1 413 Request Entity Too Large"]; got != n/len(framings) {
				t.Fatalf("of %d bodies %s: %v", n/len(framings), framing, answers)
			}
		}
	}
	grown := s.Resident(t) - warm
	harness.Figure(t, "bodies of 1 MiB and a byte, 102 at once", "%d, each 413 and closed, p99 %s; memory +%d MB after the first hundred",
		len(all), p99(all).Round(time.Millisecond), grown>>20)
	if p := p99(all); p > 3*time.Second || grown > 96<<20 {
		t.Errorf("p99 %v, memory grew by %d MB", p, grown>>20)
	}
}

// A build that bears a longer body answers otherwise.
func TestTheFloodSeesALongerBodyPass(t *testing.T) {
	s := harness.StartProgram(t, harness.Broken(t, "adapters/httpapi/body.go", "const maxBody = 1 << 20", "const maxBody = 2 << 20"), harness.NewDatabase(t, harness.SQLite))
	if line, _ := oversize(t, s, framings["with its length"]); strings.Contains(line, "413") {
		t.Errorf("a build without the limit answered %s", line)
	}
}
