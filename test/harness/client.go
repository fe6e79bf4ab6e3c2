package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// M is a JSON object.
type M = map[string]any

// Client calls one server, and judges each answer. It may be used from several
// goroutines; its methods With, Bearer and so on return changed copies.
type Client struct {
	tb     testing.TB
	server *Server
	header http.Header
}

// Client returns one without credentials, at an address of its own.
func (s *Server) Client(tb testing.TB) *Client {
	return (&Client{tb: tb, server: s, header: http.Header{}}).At(randomAddress())
}

func randomAddress() string {
	return fmt.Sprintf("10.%d.%d.%d", rand.N(256), rand.N(256), 1+rand.N(254))
}

// For returns the client for another test.
func (c *Client) For(tb testing.TB) *Client {
	return &Client{tb: tb, server: c.server, header: c.header.Clone()}
}

// With returns a client that sends the header, instead of the one that it sent
// under this name.
func (c *Client) With(name, value string) *Client {
	changed := c.For(c.tb)
	changed.header.Set(name, value)
	return changed
}

// Without returns a client that does not send the header.
func (c *Client) Without(name string) *Client {
	changed := c.For(c.tb)
	changed.header.Del(name)
	return changed
}

// Bearer presents an access token, or ADMIN_API_TOKEN.
func (c *Client) Bearer(token string) *Client { return c.With("Authorization", "Bearer "+token) }

// Key presents an environment key.
func (c *Client) Key(secret string) *Client { return c.With("X-API-Key", secret) }

// In means another organization than the token's.
func (c *Client) In(organization string) *Client { return c.With("X-Organization-ID", organization) }

// At comes from another address, as a trusted proxy tells it.
func (c *Client) At(address string) *Client { return c.With("X-Forwarded-For", address) }

// hashing are the requests for which the server hashes a password. Many of them
// at once can take a loaded machine longer than a request may take.
var hashing = map[string]bool{
	"POST /v1/auth/register": true, "POST /v1/auth/signup": true, "POST /v1/auth/login": true,
	"POST /v1/auth/reauthenticate": true, "DELETE /v1/auth/me": true,
	"POST /v1/auth/password/change": true, "POST /v1/auth/password/reset": true, "POST /v1/invitations/accept": true,
}

// patiently repeats a request for as long as the server says that it is too
// busy, as a good client does.
func patiently(request func() *Response) *Response {
	r := request()
	for range 20 {
		seconds, err := strconv.Atoi(r.header("Retry-After"))
		if r.Status != http.StatusServiceUnavailable || err != nil {
			return r
		}
		<-time.After(time.Duration(seconds) * time.Second)
		r = request()
	}
	return r
}

// Get, Post, Put, Patch and Delete send a request. A body that is text is sent
// as it is, everything else as JSON; nil sends none.

// Get reads.
func (c *Client) Get(path string) *Response {
	c.tb.Helper()
	return c.Do(http.MethodGet, path, nil)
}

// Post creates or acts.
func (c *Client) Post(path string, body any) *Response {
	c.tb.Helper()
	return c.Do(http.MethodPost, path, body)
}

// Put sets.
func (c *Client) Put(path string, body any) *Response {
	c.tb.Helper()
	return c.Do(http.MethodPut, path, body)
}

// Patch changes.
func (c *Client) Patch(path string, body any) *Response {
	c.tb.Helper()
	return c.Do(http.MethodPatch, path, body)
}

// Delete deletes, sometimes with a body that confirms it.
func (c *Client) Delete(path string, body ...any) *Response {
	c.tb.Helper()
	if len(body) == 0 {
		return c.Do(http.MethodDelete, path, nil)
	}
	return c.Do(http.MethodDelete, path, body[0])
}

// Do sends a request and judges the answer. Where none comes, the test has
// failed and the answer's status is 0.
func (c *Client) Do(method, path string, body any) *Response {
	c.tb.Helper()
	if hashing[method+" "+path] || method == http.MethodPost && strings.HasPrefix(path, "/compat/") {
		return patiently(func() *Response { return c.once(method, path, body) })
	}
	return c.once(method, path, body)
}

func (c *Client) once(method, path string, body any) *Response {
	c.tb.Helper()
	request, err := c.request(method, path, body)
	if err != nil {
		c.tb.Errorf("%s %s: %v", method, path, err)
		return &Response{tb: c.tb, Method: method, Path: path}
	}
	r := c.Send(request)
	if len(c.server.processes) > 1 {
		turns.Add(1)
		r.again = func() *Response { return c.Do(method, path, body) }
	}
	return r
}

func (c *Client) request(method, path string, body any) (*http.Request, error) {
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = bytes.NewReader([]byte(b))
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(context.Background(), method, c.server.URL+path, content)
	if err != nil {
		return nil, err
	}
	if content != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, values := range c.header {
		request.Header[name] = values
	}
	return request, nil
}

// Send sends a request that a test made itself, to any address of the server.
func (c *Client) Send(request *http.Request) *Response {
	c.tb.Helper()
	r := &Response{tb: c.tb, Method: request.Method, Path: request.URL.RequestURI(), Request: request}
	answer, err := c.server.http.Do(request)
	if err != nil {
		c.tb.Errorf("%s %s: %v", r.Method, r.Path, err)
		return r
	}
	defer func() { _ = answer.Body.Close() }()
	r.Status, r.Header = answer.StatusCode, answer.Header
	if r.Body, err = io.ReadAll(answer.Body); err != nil {
		c.tb.Errorf("%s %s: reading the body: %v", r.Method, r.Path, err)
		return r
	}
	judge(r)
	return r
}

// NewRequest makes a request with the client's headers, for Send.
func (c *Client) NewRequest(method, path string, body io.Reader) *http.Request {
	c.tb.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, c.server.URL+path, body)
	if err != nil {
		c.tb.Fatal(err)
	}
	request.Header = c.header.Clone()
	return request
}
