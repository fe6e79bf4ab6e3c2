package api

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

func TestWhatTwoReadersCouldReadDifferentlyIsRefusedAndClosed(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		const line, host, json = "POST /v1/auth/login HTTP/1.1\r\n", "Host: localhost\r\n", "Content-Type: application/json\r\n"
		for what, request := range map[string]string{
			"a length and chunks":                line + host + json + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n" + host + "\r\n",
			"two lengths":                        line + host + json + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
			"two lengths in one field":           line + host + json + "Content-Length: 2, 3\r\n\r\n{}x",
			"a negative length":                  line + host + json + "Content-Length: -1\r\n\r\n{}",
			"a signed length":                    line + host + json + "Content-Length: +2\r\n\r\n{}",
			"a huge length":                      line + host + json + "Content-Length: 99999999999999999999\r\n\r\n{}",
			"another coding":                     line + host + json + "Transfer-Encoding: identity\r\n\r\n{}",
			"chunked and another coding":         line + host + json + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
			"chunked twice":                      line + host + json + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"a folded coding":                    line + host + json + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
			"a space before the colon":           line + host + json + "Content-Length : 2\r\n\r\n{}",
			"a space before the coding's colon":  line + host + json + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
			"no host":                            line + json + "Content-Length: 2\r\n\r\n{}",
			"two hosts":                          line + host + "Host: evil.example\r\n" + json + "Content-Length: 2\r\n\r\n{}",
			"a malformed host":                   line + "Host: a b\r\n" + json + "Content-Length: 2\r\n\r\n{}",
			"a header without a name":            line + host + ": x\r\n\r\n",
			"a control character in a header":    line + host + "X-A: a\x00b\r\n\r\n",
			"no version":                         "POST /v1/auth/login\r\n" + host + "\r\n",
			"a version of the future":            "POST /v1/auth/login HTTP/3.7\r\n" + host + "\r\n",
			"a space in the address":             "GET /v1/auth me HTTP/1.1\r\n" + host + "\r\n",
			"a malformed escape in the address":  "GET /v1/%zz HTTP/1.1\r\n" + host + "\r\n",
			"a control character in the address": "GET /v1/\x01 HTTP/1.1\r\n" + host + "\r\n",
			"no method":                          " / HTTP/1.1\r\n" + host + "\r\n",
			"a large header":                     "GET /healthz HTTP/1.1\r\n" + host + "X-A: " + repeat("a", 64<<10) + "\r\n\r\n",
			"another protocol":                   "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		} {
			c := s.Dial(t, 20*time.Second)
			c.Say(request)
			answer := c.Answer()
			if answer != nil && (answer.StatusCode < 400 || answer.StatusCode >= 600 || !answer.Close) {
				t.Errorf("%s: %d, close %v", what, answer.StatusCode, answer.Close)
			} else if !c.Closed() {
				t.Errorf("%s: the connection stays open", what)
			}
		}
	})
}

func TestALengthBesideChunksIsRefusedHoweverItArrives(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		const body = `{"email":"ada@example.com"}`
		chunks := strconv.FormatInt(int64(len(body)), 16) + "\r\n" + body + "\r\n0\r\n\r\n"
		const hidden = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
		const line, fields = "POST /v1/auth/password/forgot HTTP/1.1\r\n", "Host: localhost\r\nContent-Type: application/json\r\n"
		for what, parts := range map[string][]string{
			"the length first":      {line + fields + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + hidden},
			"the coding first":      {line + "transfer-encoding: chunked\r\n" + fields + "CONTENT-LENGTH: 4\r\n\r\n" + chunks + hidden},
			"bare line feeds":       {line + fields + "Content-Length: 4\nTransfer-Encoding: chunked\n\n" + chunks + hidden},
			"in pieces":             {line + fields + "Content-Len", "gth: 4\r\nTransfer-Encod", "ing: chunked\r\n\r\n" + chunks + hidden},
			"the same length twice": {line + fields + "Content-Length: 27\r\nContent-Length: 27\r\n\r\n" + body + hidden},
			"a folded coding":       {line + fields + "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunks + hidden},
			"a folded length":       {line + fields + "Content-Length:\r\n\t27\r\n\r\n" + body + hidden},
			"another one before it": {hidden, line + fields + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + hidden},
		} {
			c := s.Dial(t, 20*time.Second)
			if parts[0] == hidden {
				c.Say(hidden)
				if answer := c.Answer(); answer == nil || answer.StatusCode != 200 {
					t.Fatalf("%s: %+v", what, answer)
				}
				parts = parts[1:]
			}
			for _, part := range parts {
				c.Say(part)
				<-time.After(20 * time.Millisecond) // so that it is read by itself
			}
			if r := c.Judged("POST", "/v1/auth/password/forgot"); r == nil || r.Status != 400 || r.Refusals()["Transfer-Encoding"] == "" || r.Header.Get("Connection") != "close" {
				t.Errorf("%s: %+v", what, r)
			}
			if answer := c.Answer(); answer != nil {
				t.Errorf("%s: the rest of the body is answered %d", what, answer.StatusCode)
			}
		}
		c := s.Dial(t, 20*time.Second)
		for _, sound := range []string{"Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body, "Transfer-Encoding: chunked\r\n\r\n" + chunks} {
			c.Say(line + fields + sound)
			if answer := c.Answer(); answer == nil || answer.StatusCode != 202 {
				t.Errorf("a length and chunks in two requests: %+v", answer)
			}
		}
	})
}

func TestAClientThatReadsNothingIsCutOff(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		const many = 400 // of some 200 KB each, far more than the kernel takes for the client
		c := s.Dial(t, 100*time.Second)
		for range many {
			c.Say("GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
		}
		<-time.After(65 * time.Second) // the limit of an answer, and what a busy machine takes
		whole := 0
		for answer := c.Answer(); answer != nil; answer = c.Answer() {
			whole++
		}
		if whole >= many/2 {
			t.Errorf("after more than the time for an answer %d of %d answers come", whole, many)
		}
	})
}

func TestMalformedChunksAreRefusedAndClosed(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		head := "POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
		for what, body := range map[string]string{
			"a negative chunk":       "-2\r\n{}\r\n0\r\n\r\n",
			"no number":              "zz\r\n{}\r\n0\r\n\r\n",
			"a huge chunk":           "fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
			"bare line feeds":        "2;x\n{}\n0\n\n",
			"a chunk that is longer": "2\r\n{}xx\r\n0\r\n\r\n",
		} {
			c := s.Dial(t, 20*time.Second)
			c.Say(head + body)
			answer := c.Answer()
			if answer == nil || answer.StatusCode != 400 {
				t.Errorf("%s: %+v", what, answer)
				continue
			}
			if !answer.Close && !c.Closed() {
				t.Errorf("%s: the connection stays open", what)
			}
		}
	})
}

func TestARequestHiddenInABodyIsNotServed(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		hidden := "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
		for _, path := range []string{"/v1/auth/me", "/healthz", "/nothing"} {
			c := s.Dial(t, 3*time.Second)
			c.Say("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + strconv.Itoa(len(hidden)) + "\r\n\r\n" + hidden)
			if c.Answer() == nil {
				t.Errorf("%s: no answer", path)
			}
			if err := c.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if n, _ := c.Read(make([]byte, 1)); n != 0 {
				t.Errorf("%s: a second answer comes", path)
			}
		}
	})
}

func TestSlowClientsAreCutOffAndHarmNobody(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		owner := s.Cast(t).Owner
		var tasks sync.WaitGroup
		for _, beginning := range []string{"", "GET /healthz HTTP/1.1\r\nHost: loc", "POST"} {
			for range 10 {
				c := s.Dial(t, 40*time.Second)
				c.Say(beginning)
				tasks.Go(func() { cutOff(t, c, 10*time.Second, func() { c.Answer() }) })
			}
		}
		for range 20 {
			start := time.Now()
			owner.Get("/v1/auth/me").Want(200)
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("beside slow clients a request takes %s", took)
			}
		}
		tasks.Wait()
	})
}

// cutOff fails the test unless the server loses patience about when it should.
func cutOff(t *testing.T, c *harness.Conn, limit time.Duration, wait func()) {
	t.Helper()
	start := time.Now()
	wait()
	if took := time.Since(start); took > limit+5*time.Second || took < limit/2 {
		t.Errorf("a slow client was waited for %s, not %s", took, limit)
	}
	if !c.Closed() {
		t.Error("the connection of a slow client stays open")
	}
}

func TestASlowBodyIsRefusedOnEveryRoute(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		var tasks sync.WaitGroup
		writes(t, s, func(o harness.Operation, path string, by *harness.Client) {
			c := s.Dial(t, 60*time.Second)
			credential := ""
			if header := by.NewRequest(o.Method, path, nil).Header.Get("Authorization"); header != "" {
				credential = "Authorization: " + header + "\r\n"
			}
			c.Say(o.Method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n" + credential + "\r\n{")
			tasks.Go(func() {
				cutOff(t, c, 30*time.Second, func() {
					if r := c.Judged(o.Method, path); r == nil {
						t.Errorf("%s: no answer", o.Name())
					} else if r.Refused(408, "REQUEST_TIMEOUT"); r.Header.Get("Connection") != "close" {
						t.Errorf("%s: the connection is not given up", o.Name())
					}
				})
			})
		})
		tasks.Wait()
	})
}
