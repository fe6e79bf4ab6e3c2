package tour

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

// request is one of requests.http, before its variables are filled in.
type request struct {
	title, name, status string
	method, address     string
	header              http.Header
	body                string
}

var (
	variable  = regexp.MustCompile(`(?m)^@(\w+) = (.+)$`)
	reference = regexp.MustCompile(`\{\{([\w.]+)\}\}`)
)

// requests cuts the file at its ### lines.
func requests(t *testing.T, text string) (variables map[string]string, list []request) {
	t.Helper()
	head, rest, _ := strings.Cut(text, "\n### ")
	variables = map[string]string{}
	for _, v := range variable.FindAllStringSubmatch(head, -1) {
		variables[v[1]] = v[2]
	}
	for _, part := range strings.Split(rest, "\n### ") {
		list = append(list, parseRequest(t, part))
	}
	return variables, list
}

func parseRequest(t *testing.T, text string) request {
	t.Helper()
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Scan()
	r := request{title: lines.Text(), header: http.Header{}}
	for lines.Scan() && lines.Text() != "" {
		line := lines.Text()
		if name, found := strings.CutPrefix(line, "# @name "); found {
			r.name = name
		} else if status, found := strings.CutPrefix(line, "# → "); found {
			r.status = status
		} else if name, value, found := strings.Cut(line, ": "); found {
			r.header.Set(name, value)
		} else if r.method, r.address, found = strings.Cut(line, " "); !found {
			t.Fatalf("%s: the line %q is not understood", r.title, line)
		}
	}
	for lines.Scan() {
		r.body += lines.Text() + "\n"
	}
	r.body = strings.TrimSpace(r.body)
	return r
}

func TestTheRequestsFileIsAnsweredAsItSays(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		sink := mailsink.Start(t, mailsink.Options{})
		sendAll(t, harness.Start(t, d, mailing(sink)).URL, sink)
	})
}

func sendAll(t *testing.T, base string, sink *mailsink.Sink) {
	t.Helper()
	variables, list := requests(t, contents(t, "requests.http"))
	variables["base"] = base
	answers := map[string]any{}
	client := &http.Client{Timeout: 10 * time.Second}
	for _, r := range list {
		fill := func(text string) string {
			return reference.ReplaceAllStringFunc(text, func(found string) string {
				name := strings.Trim(found, "{}")
				if variables[name] == "…" {
					variables[name] = mailedToken(t, sink, name, variables)
				}
				return lookUp(t, r.title, name, variables, answers)
			})
		}
		sent, err := http.NewRequestWithContext(t.Context(), r.method, fill(r.address), strings.NewReader(fill(r.body)))
		if err != nil {
			t.Fatalf("%s: %v", r.title, err)
		}
		for name := range r.header {
			sent.Header.Set(name, fill(r.header.Get(name)))
		}
		status, body := send(t, client, sent)
		if fmt.Sprint(status) != r.status {
			t.Fatalf("%s: %s %s answers %d, the file says %s\n%s", r.title, r.method, r.address, status, r.status, body)
		}
		if r.name != "" {
			var answer any
			if err := json.Unmarshal(body, &answer); err != nil {
				t.Fatalf("%s: %v", r.title, err)
			}
			answers[r.name] = answer
		}
	}
}

// mailedTokens says of each variable that a mail fills in, whose mail it is and
// what its subject says.
var mailedTokens = map[string]struct{ to, about string }{
	"verification": {"email", "Confirm your email address"},
	"invitation":   {"colleague", "invited you to {{organization}}"},
	"confirmation": {"new_email", "Confirm your new email address"},
	"reset":        {"new_email", "new password"},
}

// mailedToken reads the mail, as whoever sends the requests does.
func mailedToken(t *testing.T, sink *mailsink.Sink, name string, variables map[string]string) string {
	t.Helper()
	mail, known := mailedTokens[name]
	if !known {
		t.Fatalf("no mail fills in %s", name)
	}
	about := strings.ReplaceAll(mail.about, "{{organization}}", variables["organization"])
	return sink.Wait(t, variables[mail.to], about).Token()
}

func send(t *testing.T, client *http.Client, r *http.Request) (int, []byte) {
	t.Helper()
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// lookUp finds a variable, or a member of an earlier answer such as
// login.response.body.tokens.access_token.
func lookUp(t *testing.T, title, name string, variables map[string]string, answers map[string]any) string {
	t.Helper()
	if value, found := variables[name]; found {
		return value
	}
	earlier, path, _ := strings.Cut(name, ".response.body.")
	value := answers[earlier]
	for member := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[member]
	}
	text, found := value.(string)
	if !found {
		t.Fatalf("%s: nothing is known by the name of %s", title, name)
	}
	return text
}
