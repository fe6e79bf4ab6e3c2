package httpapi

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync/atomic"

	"github.com/gin-gonic/gin"
)

// Framed returns the listener with connections that notice a request whose header
// has both a Content-Length and a Transfer-Encoding. net/http drops the length
// without a word; whoever passed the request on may have believed it, and take
// the rest of the body for another request. By TLS nothing is noticed: there, as
// everywhere, the connection ends after a request that comes in chunks.
func Framed(l net.Listener) net.Listener { return framedListener{l} }

type framedListener struct{ net.Listener }

// Accept implements net.Listener.
func (l framedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &framedConn{Conn: c}, nil
}

// framedConn reads along, line by line. It knows nothing of bodies and need not:
// a header begins after an empty line at the latest, and no line of JSON begins
// with the name of a field.
type framedConn struct {
	net.Conn
	line           []byte // what the line begins with
	length, coding bool   // what the header has so far
	ambiguous      atomic.Bool
}

// longestName is how much of a line tells which field it is.
const longestName = len("transfer-encoding:")

// Read implements net.Conn.
func (c *framedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	for rest, more := p[:n], true; more; {
		var part []byte
		part, rest, more = bytes.Cut(rest, []byte{'\n'})
		c.line = append(c.line, part[:min(len(part), longestName-len(c.line))]...)
		if more {
			c.endLine()
		}
	}
	return n, err
}

func (c *framedConn) endLine() {
	name, _, _ := strings.Cut(string(c.line), ":")
	switch {
	case len(c.line) == 0 || c.line[0] == '\r':
		c.length, c.coding = false, false
	case strings.EqualFold(name, "Content-Length"):
		c.length = true
	case strings.EqualFold(name, "Transfer-Encoding"):
		c.coding = true
	}
	if c.length && c.coding {
		c.ambiguous.Store(true)
	}
	c.line = c.line[:0]
}

// CloseWrite lets net/http send what it has before it closes.
func (c *framedConn) CloseWrite() error {
	if half, can := c.Conn.(interface{ CloseWrite() error }); can {
		return half.CloseWrite()
	}
	return nil
}

type framedConnKey struct{}

// framedContext lets requests find the connection that they came on.
func framedContext(ctx context.Context, c net.Conn) context.Context {
	if framed, is := c.(*framedConn); is {
		return context.WithValue(ctx, framedConnKey{}, framed)
	}
	return ctx
}

// oneLength refuses what two readers could read differently, and everything
// else that comes on such a connection (RFC 9112, section 6.3).
func oneLength(c *gin.Context) {
	framed, is := c.Request.Context().Value(framedConnKey{}).(*framedConn)
	if is && framed.ambiguous.Load() {
		c.Header("Connection", "close")
		fail(c, malformed("Transfer-Encoding", "cannot stand beside Content-Length"))
	}
}
