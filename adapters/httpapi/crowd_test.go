package httpapi

import (
	"io"
	"net"
	"testing"
	"time"
)

func TestOneConnectionTooManyIsClosedAtOnceAndMakesRoomForNone(t *testing.T) {
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{}, 10)
	crowd := NewCrowd(2, func() { told <- struct{}{} })
	l := crowd.Bound(inner)
	defer func() { _ = l.Close() }()
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	shut := func(c net.Conn) bool {
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		_, err := c.Read(make([]byte, 1))
		return err == io.EOF //nolint:errorlint // a connection returns it bare
	}
	dial()
	first := <-accepted
	dial()
	<-accepted
	for range 2 {
		if !shut(dial()) {
			t.Error("one too many is not closed")
		}
		<-told
	}
	if crowd.Open() != 2 || crowd.Refused() != 2 {
		t.Errorf("%d are open, %d were refused", crowd.Open(), crowd.Refused())
	}
	for range 2 { // net/http closes more than once
		_ = first.Close()
	}
	dial()
	<-accepted
	if crowd.Open() != 2 {
		t.Errorf("%d are open", crowd.Open())
	}
	if !shut(dial()) {
		t.Error("a connection that was closed twice made room for two")
	}
}
