package httpapi

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// served is the API on a listener, by TLS and HTTP/2 where tls is set.
func served(t *testing.T, tls bool, change func(*http.Server)) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	w := newWorld()
	s.Config = Server(newTestHandler(t, w), w.options(new(logs)).Logger)
	change(s.Config)
	if s.EnableHTTP2 = tls; tls {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// dribble sends the beginning of a body and no end.
func dribble(t *testing.T, s *httptest.Server) *http.Response {
	t.Helper()
	body, rest := io.Pipe()
	t.Cleanup(func() { _ = rest.Close() })
	go func() { _, _ = io.WriteString(rest, `{"email": `) }() // until the server lets go
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1/auth/login", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := s.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// arriving tells when the first of a body was read.
type arriving struct {
	io.ReadCloser
	tell func()
}

// Read implements io.Reader.
func (a arriving) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	a.tell()
	return n, err
}

func TestASlowBodyOverHTTP2IsRefusedInTime(t *testing.T) {
	t.Parallel()
	s := served(t, true, func(server *http.Server) { server.ReadTimeout = 2 * time.Second })
	answer := dribble(t, s)
	if answer.StatusCode != http.StatusRequestTimeout || answer.ProtoMajor != 2 {
		t.Errorf("%s %d", answer.Proto, answer.StatusCode)
	}
}

func TestABodyThatStillComesWhenTheProgramStopsIsRefused(t *testing.T) {
	t.Parallel()
	for name, tls := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests, stop := context.WithCancelCause(t.Context())
			s := served(t, tls, func(server *http.Server) {
				server.BaseContext = func(net.Listener) context.Context { return requests }
				api := server.Handler
				server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					r.Body = arriving{r.Body, func() { stop(ErrStopping) }}
					api.ServeHTTP(w, r)
				})
			})
			answer := dribble(t, s)
			text, err := io.ReadAll(answer.Body)
			if answer.StatusCode != http.StatusServiceUnavailable || answer.Proto != name || answer.Header.Get("Retry-After") == "" || err != nil {
				t.Errorf("%s %d %v %s %v", answer.Proto, answer.StatusCode, answer.Header, text, err)
			}
			if !tls && !answer.Close || !strings.Contains(string(text), `"UNAVAILABLE"`) {
				t.Errorf("%v %s", answer.Close, text)
			}
		})
	}
}

func TestWhoAsksAServerThatWillStopIsToldToConnectAnew(t *testing.T) {
	t.Parallel()
	ready := &Readiness{}
	w := newWorld()
	options := w.options(new(logs))
	options.Ready = ready
	h, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	for _, stopping := range []bool{false, true} {
		if stopping {
			ready.Fail()
		}
		for path, status := range map[string]int{"/healthz": 200, "/v1/auth/me": 401, "/no/such": 404} {
			got := ask(t, h, http.MethodGet, path, "")
			if told := got.Header().Get("Connection") == "close"; told != stopping || got.Code != status {
				t.Errorf("stopping %t, %s: %d, Connection %q", stopping, path, got.Code, got.Header().Get("Connection"))
			}
		}
	}
}
