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
// tells its length twice: by a Content-Length and a Transfer-Encoding, by two of
// either, or by one that is folded onto another line (obs-fold of RFC 9112). net/http
// picks one without a word; whoever passed the request on may have believed the
// other, and take the rest of the body for another request. By TLS nothing is noticed: there, as
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
	line      []byte // what the line begins with
	framings  int    // how many fields of the header tell a length so far
	last      bool   // the line before was one of them
	ambiguous atomic.Bool
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
	folded := len(c.line) > 0 && (c.line[0] == ' ' || c.line[0] == '\t') && c.last
	c.last = strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "Transfer-Encoding")
	switch {
	case len(c.line) == 0 || c.line[0] == '\r':
		c.framings = 0
	case c.last:
		c.framings++
	}
	if folded || c.framings > 1 {
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
		fail(c, malformed("Transfer-Encoding", "or Content-Length must tell the length, one of them, once and in one line"))
	}
}
