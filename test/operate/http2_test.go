package operate

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/tenantry/tenantry/test/harness"
)

// stream speaks HTTP/2 frame by frame, as no well-behaved client does.
type stream struct {
	*http2.Framer
	conn net.Conn
	next uint32
}

func openStream(t *testing.T, s *harness.Server, id identity) *stream {
	t.Helper()
	conn, err := tls.Dial("tcp", s.Address(), &tls.Config{RootCAs: id.roots, NextProtos: []string{"h2"}}) //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
		t.Fatal(err)
	}
	raw := &stream{Framer: http2.NewFramer(conn, conn), conn: conn, next: 1}
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := raw.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return raw
}

// headers are those of a request.
func headers(method, path string) []byte {
	return fields(":method", method, ":scheme", "https", ":authority", "127.0.0.1", ":path", path)
}

// fields are names and values in turn, as a block of headers.
func fields(all ...string) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(all); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: all[i], Value: all[i+1], Sensitive: true}) // into memory
	}
	return block.Bytes()
}

// unharmed asks as others do while test runs, and fails it where one is not
// answered at once.
func unharmed(t *testing.T, s *harness.Server, id identity, test func()) {
	t.Helper()
	stop, done := make(chan struct{}), make(chan struct{})
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: id.roots}, ForceAttemptHTTP2: true}}
	go func() {
		defer close(done)
		for asked := 0; ; asked++ {
			select {
			case <-stop:
				if asked == 0 {
					t.Error("nobody else asked")
				}
				return
			default:
			}
			r, err := client.Get(s.URL + "/readyz") //nolint:noctx // loopback
			if err != nil {
				t.Errorf("somebody else: %v", err)
				return
			}
			_ = r.Body.Close()
			if r.StatusCode != http.StatusOK {
				t.Errorf("somebody else: %d", r.StatusCode)
			}
		}
	}()
	test()
	close(stop)
	<-done
	client.CloseIdleConnections()
}

func TestHTTP2TakesNoMoreThanItsBounds(t *testing.T) {
	t.Parallel()
	id := newIdentity(t)
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), id.files(t))

	t.Run("streams at once", func(t *testing.T) {
		raw := openStream(t, s, id)
		frame, err := raw.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if most, announced := frame.(*http2.SettingsFrame).Value(http2.SettingMaxConcurrentStreams); !announced || most > 250 {
			t.Errorf("%d streams at once are let in", most)
		}
	})
	// CVE-2023-39325: requests that are given up at once cost the client nothing.
	t.Run("rapid resets", func(t *testing.T) {
		raw := openStream(t, s, id)
		unharmed(t, s, id, func() {
			block := headers("GET", "/v1/auth/me")
			for range harness.Rounds(20_000, 500_000) {
				err := raw.WriteHeaders(http2.HeadersFrameParam{StreamID: raw.next, BlockFragment: block, EndStream: true, EndHeaders: true})
				if err == nil {
					err = raw.WriteRSTStream(raw.next, http2.ErrCodeCancel)
				}
				if err != nil {
					return // the server has let go, which is as well
				}
				raw.next += 2
			}
		})
	})
	// CVE-2023-45288: a request whose headers never end.
	t.Run("endless headers", func(t *testing.T) {
		raw := openStream(t, s, id)
		unharmed(t, s, id, func() {
			err := raw.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: headers("GET", "/healthz"), EndStream: true})
			field := fields("x-more", strings.Repeat("a", 8000))
			sent := 0
			for err == nil && sent < 64<<20 {
				sent += len(field)
				err = raw.WriteContinuation(1, false, field)
			}
			if err == nil {
				t.Errorf("%d bytes of headers were taken", sent)
			}
		})
	})
}
