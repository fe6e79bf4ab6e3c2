package harness

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Response is an answer that was received and judged.
type Response struct {
	Method, Path string
	Request      *http.Request
	Status       int
	Header       http.Header
	Body         []byte

	tb    testing.TB
	again func() *Response // asks once more; nil where every replica has heard
}

// Want ends the test unless the answer has the status.
func (r *Response) Want(status int) *Response {
	r.tb.Helper()
	if r.Status != status {
		r.heard(status)
	}
	if r.Status != status {
		r.tb.Fatalf("%s %s: %d, want %d\n%s", r.Method, r.Path, r.Status, status, head(string(r.Body)))
	}
	return r
}

// Refused fails the test unless the answer is this refusal.
func (r *Response) Refused(status int, code string) *Response {
	r.tb.Helper()
	if r.Status != status || r.Code() != code {
		r.heard(status)
	}
	if got := r.Code(); r.Status != status || got != code {
		r.tb.Errorf("%s %s: %d %s, want %d %s\n%s", r.Method, r.Path, r.Status, got, status, code, head(string(r.Body)))
	}
	return r
}

// header is a header of an answer that may not have come.
func (r *Response) header(name string) string {
	if r.Header == nil {
		return ""
	}
	return r.Header.Get(name)
}

// Number is a header that is a whole number; -1 where it is not.
func (r *Response) Number(name string) int {
	number, err := strconv.Atoi(r.header(name))
	if err != nil {
		return -1
	}
	return number
}

// Code is what programs branch on; empty where the answer is no refusal.
func (r *Response) Code() string {
	var problem struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(r.Body, &problem) != nil {
		return ""
	}
	return problem.Code
}

// Names fails the test unless the refusal names these members, and no others.
func (r *Response) Names(members ...string) *Response {
	r.tb.Helper()
	named := r.Refusals()
	for _, member := range members {
		if named[member] == "" {
			r.tb.Errorf("%s %s: %d does not name %q: %v", r.Method, r.Path, r.Status, member, named)
		}
		delete(named, member)
	}
	if len(named) > 0 {
		r.tb.Errorf("%s %s: %d names %v besides", r.Method, r.Path, r.Status, named)
	}
	return r
}

// Refusals are the members that the answer refused, each with the reason.
func (r *Response) Refusals() map[string]string {
	var problem struct {
		Errors []struct{ Field, Message string }
	}
	named := map[string]string{}
	if json.Unmarshal(r.Body, &problem) == nil {
		for _, e := range problem.Errors {
			named[e.Field] = e.Message
		}
	}
	return named
}

// Into reads the body.
func (r *Response) Into(target any) {
	r.tb.Helper()
	if err := json.Unmarshal(r.Body, target); err != nil {
		r.tb.Fatalf("%s %s: %d: %v\n%s", r.Method, r.Path, r.Status, err, head(string(r.Body)))
	}
}

// Object reads the body, which is an object.
func (r *Response) Object() M {
	r.tb.Helper()
	object := M{}
	r.Into(&object)
	return object
}

// List reads the body, which is an array of objects.
func (r *Response) List() []M {
	r.tb.Helper()
	var list []M
	r.Into(&list)
	if list == nil {
		r.tb.Fatalf("%s %s: the list is null", r.Method, r.Path)
	}
	return list
}

// Value is the member at a path such as "user.id" or "environments.0.slug"; nil
// where there is none.
func (r *Response) Value(path string) any {
	r.tb.Helper()
	var value any
	r.Into(&value)
	for name := range strings.SplitSeq(path, ".") {
		switch container := value.(type) {
		case M:
			value = container[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(container) {
				return nil
			}
			value = container[i]
		default:
			return nil
		}
	}
	return value
}

// At is the part of the answer that stands at a path, such as the tokens of a
// login, as if it had come alone.
func (r *Response) At(path string) *Response {
	r.tb.Helper()
	part := *r
	var err error
	if part.Body, err = json.Marshal(r.Value(path)); err != nil {
		r.tb.Fatal(err)
	}
	return &part
}

// Text is a member that is text, and must be there.
func (r *Response) Text(path string) string {
	r.tb.Helper()
	text, ok := r.Value(path).(string)
	if !ok {
		r.tb.Fatalf("%s %s: %d has no text %s\n%s", r.Method, r.Path, r.Status, path, head(string(r.Body)))
	}
	return text
}

// Time is a member that is an instant.
func (r *Response) Time(path string) time.Time {
	r.tb.Helper()
	at, err := time.Parse(time.RFC3339Nano, r.Text(path))
	if err != nil {
		r.tb.Fatalf("%s %s: %s: %v", r.Method, r.Path, path, err)
	}
	return at
}

// Members are the names of an object's members, at a path or, with an empty
// path, of the body.
func (r *Response) Members(path string) []string {
	r.tb.Helper()
	var value any = r.Object()
	if path != "" {
		value = r.Value(path)
	}
	object, ok := value.(M)
	if !ok {
		r.tb.Fatalf("%s %s: %s is no object", r.Method, r.Path, path)
	}
	var names []string
	for name := range object {
		names = append(names, name)
	}
	return names
}

// Next is the address of the next page, without the host; empty on the last.
func (r *Response) Next() string {
	r.tb.Helper()
	link := r.Header.Get("Link")
	if link == "" {
		return ""
	}
	address, parameters, found := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if !found || strings.TrimSpace(parameters) != `; rel="next"` {
		r.tb.Fatalf("%s %s: Link is %q", r.Method, r.Path, link)
	}
	if i := strings.Index(address, "/v1/"); i >= 0 {
		address = address[i:]
	}
	return address
}

// Masked is the whole answer without what differs between any two of them: the
// request's id, the time, and what is left of a rate limit. Two masked answers that are equal tell nothing
// apart.
func (r *Response) Masked() string {
	header := r.Header.Clone()
	id := header.Get("X-Request-Id")
	for _, name := range []string{"X-Request-Id", "Date", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"} {
		header.Del(name)
	}
	var text strings.Builder
	text.WriteString(strconv.Itoa(r.Status) + "\n")
	_ = header.Write(&text) // a builder takes everything
	body := string(r.Body)
	if id != "" {
		body = strings.ReplaceAll(body, id, "ID")
	}
	text.WriteString(body)
	return text.String()
}
