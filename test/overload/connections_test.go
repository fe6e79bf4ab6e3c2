package overload

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

const outOfFiles = "too many open files"

// confined is the program with so many open files at most.
func confined(t *testing.T, files int) string {
	t.Helper()
	script := filepath.Join(t.TempDir(), "confined")
	text := fmt.Sprintf("#!/bin/sh\nulimit -n %d && exec '%s' \"$@\"\n", files, harness.Binary(t))
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil { //nolint:gosec // to be run
		t.Fatal(err)
	}
	return script
}

// keptOpen opens so many connections, asks something on each and keeps those until
// the test ends that the server does not close. It returns on how many there was
// an answer. They come from many addresses: one has no more than some ten thousand
// ports.
func keptOpen(t *testing.T, s *harness.Server, n int) (answered int) {
	t.Helper()
	for i := range n {
		from := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i/5000))}
		c, err := (&net.Dialer{Timeout: 2 * time.Second, LocalAddr: from}).DialContext(t.Context(), "tcp", s.Address())
		if err != nil {
			continue // nobody takes it any more
		}
		_ = c.SetDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		_, err = io.ReadFull(c, make([]byte, len("HTTP/1.1 200")))
		if err == nil {
			answered++
		} else if timeout, is := err.(net.Error); !is || !timeout.Timeout() { //nolint:errorlint // a connection returns it bare
			_ = c.Close()
			continue
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	return answered
}

func TestAFloodOfConnectionsLeavesTheProcessItsFiles(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		files := harness.Rounds(256, 4096)
		flood := harness.Rounds(400, 20_000)
		s := harness.StartProgram(t, confined(t, files), d)
		s.Client(t).Get("/healthz").Want(200) // its connection stays
		answered := keptOpen(t, s, flood)
		p := s.Register(t) // starts the helper, which takes files, too
		for range 20 {
			p.Post("/v1/projects", harness.M{"name": "Shop " + harness.Unique()}).Want(201)
		}
		if answered >= flood || answered < files/4 {
			t.Errorf("%d connections of %d are served, with %d files", answered, flood, files)
		}
		if logs := s.Logs(); strings.Contains(logs, outOfFiles) || strings.Count(logs, "there are too many connections") != 1 {
			t.Errorf("the log says:\n%s", logs)
		}
		harness.Figure(t, fmt.Sprintf("a flood of %d connections, with %d files", flood, files), "%d are served, the others closed at once; who was there is served", answered)
	})
}

// Without the bound the same flood takes the process its last file.
func TestTheFloodOfConnectionsTakesAllFilesOfWhoLetsIt(t *testing.T) {
	t.Parallel()
	s := harness.StartProgram(t, confined(t, 256), harness.NewDatabase(t, harness.SQLite), harness.Environment{"MAX_CONNECTIONS": "100000"})
	s.Client(t).Get("/healthz").Want(200)
	keptOpen(t, s, 250)
	s.Register(t)
	if !strings.Contains(s.Logs(), outOfFiles) {
		t.Error("nothing is missing")
	}
}
