package httpapi

import (
	"io"
	"net"
	"testing"
)

func TestALengthBesideACodingIsNoticedWhereverTheyStand(t *testing.T) {
	t.Parallel()
	const length, coding = "Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n"
	for said, want := range map[string]bool{
		"GET / HTTP/1.1\r\n" + length + coding + "\r\n":                                        true,
		"GET / HTTP/1.1\n" + "transfer-encoding:chunked\n" + "A: b\n" + "CONTENT-LENGTH:2\n\n": true,
		"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n" + coding + "A: b\r\n" + length + "\r\n":     true,
		"POST / HTTP/1.1\r\n" + length + "\r\n{}POST / HTTP/1.1\r\n" + coding + "\r\n":         false,
		"POST / HTTP/1.1\r\n" + length + "\r\n" + coding + "\r\n":                              false,
		"GET / HTTP/1.1\r\n" + length + "X-Transfer-Encoding: chunked\r\n\r\n":                 false,
		"GET / HTTP/1.1\r\n" + coding + "Content-Length-Of: 2\r\nA: Content-Length: 2\r\n\r\n": false,
	} {
		for _, piece := range []int{1, 7, len(said)} {
			client, server := net.Pipe()
			c := &framedConn{Conn: server}
			go func() {
				for rest := said; rest != ""; {
					n := min(piece, len(rest))
					_, _ = io.WriteString(client, rest[:n])
					rest = rest[n:]
				}
				_ = client.Close()
			}()
			if _, err := io.Copy(io.Discard, c); err != nil {
				t.Fatal(err)
			}
			if got := c.ambiguous.Load(); got != want {
				t.Errorf("%q in pieces of %d: %v", said, piece, got)
			}
		}
	}
}
