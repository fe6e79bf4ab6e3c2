package harness

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// Between puts relay between a server and the database at the address, for each
// connection beside the others, and told where the database really is; through is
// its address this way. When the test ends, nobody is let in any more, end is
// called, and all work is waited for.
func Between(tb testing.TB, dsn string, work *sync.WaitGroup, relay func(client net.Conn, upstream string), end func()) (through string) {
	tb.Helper()
	address, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	upstream := address.Host
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = listener.Close()
		end()
		work.Wait()
	})
	work.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			work.Go(func() { relay(client, upstream) })
		}
	})
	address.Host = listener.Addr().String()
	return address.String()
}
