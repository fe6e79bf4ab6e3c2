package httpapi

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestABodyIsPlainJSONOr415(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	for header, accepted := range map[string]bool{
		"Content-Type: application/json":                   true,
		"Content-Type: application/json; charset=utf-8":    true,
		"Content-Type: Application/JSON;charset=\"UTF-8\"": true,
		"Content-Encoding: identity":                       true,
		"Content-Type: ":                                   false,
		"Content-Type: text/plain":                         false,
		"Content-Type: application/x-www-form-urlencoded":  false,
		"Content-Type: multipart/form-data; boundary=x":    false,
		"Content-Type: application/json; charset=utf-16":   false,
		"Content-Type: application/json; profile=x":        false,
		"Content-Type: application/problem+json":           false,
		"Content-Type: application/json, text/plain":       false,
		"Content-Encoding: gzip":                           false,
		"Content-Encoding: br":                             false,
		"Content-Encoding: gzip, identity":                 false,
	} {
		w := ask(t, h, http.MethodPost, "/v1/auth/refresh", `{"refresh_token":"x"}`, header)
		if accepted {
			refused(t, w, http.StatusUnauthorized, "INVALID_REFRESH_TOKEN")
		} else {
			refused(t, w, http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
		}
	}
}

func TestABodyIsRequiredWhereOneIsDocumented(t *testing.T) {
	t.Parallel()
	w := ask(t, newTestHandler(t, newWorld()), http.MethodPost, "/v1/auth/refresh", "", "Content-Type: application/json")
	if p := refused(t, w, http.StatusBadRequest, "VALIDATION_FAILED"); len(p.Fields) != 1 || p.Fields[0].Field != "body" {
		t.Errorf("%+v", p)
	}
}

func TestABodyWhereNoneIsDocumentedIsIgnored(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{}", "not JSON"} {
		w := ask(t, newTestHandler(t, newWorld()), http.MethodGet, "/v1/projects", body, authorized)
		if w.Code != http.StatusOK {
			t.Errorf("%q: %d", body, w.Code)
		}
	}
}

func TestABodyOfOneMebibyteIsReadAndOneByteMoreIsNot(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	padded := func(size int) string {
		body := `{"refresh_token":"x"}`
		return body + strings.Repeat(" ", size-len(body))
	}
	refused(t, ask(t, h, http.MethodPost, "/v1/auth/refresh", padded(maxBody)), http.StatusUnauthorized, "INVALID_REFRESH_TOKEN")
	refused(t, ask(t, h, http.MethodPost, "/v1/auth/refresh", padded(maxBody+1)), http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")
}

func TestATooLargeBodyEndsTheConnection(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newTestHandler(t, newWorld()))
	t.Cleanup(server.Close)
	for name, request := range map[string]string{
		"with its length":    "Content-Length: 1048577\r\n\r\n",
		"without its length": "Transfer-Encoding: chunked\r\n\r\n100001\r\n" + strings.Repeat(" ", maxBody+1) + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connection, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close() //nolint:errcheck // the test is over
			_ = connection.SetDeadline(time.Now().Add(5 * time.Second))
			if _, err := fmt.Fprintf(connection, "POST /v1/auth/refresh HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s", request); err != nil {
				t.Fatal(err)
			}
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(body), "BODY_TOO_LARGE") || !response.Close {
				t.Errorf("%d close=%t %s %v", response.StatusCode, response.Close, body, err)
			}
		})
	}
}
