package harness

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// Between puts relay before whatever listens at the address, for each
// connection beside the others, and told where that really is; through is
// its address this way. When the test ends, nobody is let in any more, end is
// called, and all work is waited for.
func Between(tb testing.TB, address string, work *sync.WaitGroup, relay func(client net.Conn, upstream string), end func()) (through string) {
	tb.Helper()
	from, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	upstream := from.Host
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
	from.Host = listener.Addr().String()
	return from.String()
}
