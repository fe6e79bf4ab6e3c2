package contracts

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// M is a JSON object.
type M = harness.M

// run goes through a document on one server. Each part of the document is
// taken up once.
type run struct {
	*testing.T
	*document
	comparison
	server *harness.Server
	taken  map[*item]result
	asked  map[string]bool // endpoints
	// refused complains about a refusal that the document gives no body for.
	refused func(x exchange)
}

// begin opens a document for a server. When the test ends, everything in it has
// to have been taken up.
func begin(t *testing.T, file string, server *harness.Server) *run {
	t.Helper()
	d := open(t, file)
	r := &run{
		T: t, document: d, server: server, taken: map[*item]result{}, asked: map[string]bool{},
		comparison: comparison{extended: d.extended, example: map[string]*regexp.Regexp{}, abridged: map[string]bool{}},
		refused:    func(exchange) {},
	}
	t.Cleanup(r.end)
	return r
}

// end fails for what nobody took up, and keeps the results for the page.
func (r *run) end() {
	r.Helper()
	if r.Failed() {
		return
	}
	for _, omission := range r.omissions(exceptions) {
		r.Error(omission)
	}
	if !r.Failed() {
		keep(r)
	}
}

// omissions are parts of the document that nobody took up, endpoints that nobody
// asked, and exceptions that were never seen.
func (r *run) omissions(exceptions []exception) []string {
	var all []string
	for _, i := range r.items {
		if _, taken := r.taken[i]; !taken {
			all = append(all, fmt.Sprintf("%s is taken up by no test", i))
		}
	}
	for endpoint, line := range r.mentions {
		if !r.asked[endpoint] {
			all = append(all, fmt.Sprintf("%s:%d: %s was never asked", r.path(), line, endpoint))
		}
	}
	for n, e := range exceptions {
		for _, p := range e.places {
			if e.document == r.file && !slices.ContainsFunc(r.items, func(i *item) bool { return i.line == p.line && r.taken[i].isBut(n) }) {
				all = append(all, fmt.Sprintf("%s:%d: nothing there was looked at for the exception: %s", r.path(), p.line, e.reason))
			}
		}
	}
	return all
}

// take marks an item, once.
func (r *run) take(i *item, how result) {
	r.Helper()
	if _, taken := r.taken[i]; taken {
		r.Errorf("%s is taken up twice", i)
	}
	r.taken[i] = how
}

// next is the first item of the kinds, about an endpoint and a status, that
// nobody took up yet. Where all were, it is the first one again.
func (r *run) next(endpoint string, status int, kinds ...kind) (found *item, fresh bool) {
	for _, i := range r.items {
		if !slices.Contains(kinds, i.kind) || i.endpoint != endpoint || i.status != status {
			continue
		}
		if _, taken := r.taken[i]; !taken {
			return i, true
		}
		if found == nil {
			found = i
		}
	}
	return found, false
}

// exchange is a request and its answer.
type exchange struct {
	*harness.Response
	run      *run
	endpoint string
}

// ask sends the document's next example of a request, as it is written. The
// replacements are pairs: what is written, and what really belongs there.
func (r *run) ask(endpoint string, replacements ...string) exchange {
	r.Helper()
	example, fresh := r.next(endpoint, 0, body, command)
	if !fresh {
		r.Fatalf("%s has no further example of %s", r.path(), endpoint)
	}
	x := r.send(example, replacements)
	r.take(example, sent(x.Status))
	return x
}

// again sends the first example once more, changed by the replacements.
func (r *run) again(endpoint string, replacements ...string) exchange {
	r.Helper()
	for _, i := range r.items {
		if i.endpoint == endpoint && (i.kind == body || i.kind == command) {
			return r.send(i, replacements)
		}
	}
	r.Fatalf("%s has no example of %s", r.path(), endpoint)
	return exchange{}
}

func (r *run) send(example *item, replacements []string) exchange {
	r.Helper()
	for i := 0; i < len(replacements); i += 2 {
		if !strings.Contains(example.text, replacements[i]) {
			r.Fatalf("%s has no %q", example, replacements[i])
		}
	}
	fill := strings.NewReplacer(replacements...)
	client := r.server.Client(r)
	if example.kind == body {
		return r.do(example.endpoint, client, fill.Replace(example.text))
	}
	for _, h := range example.curl.headers {
		client = client.With(h[0], fill.Replace(h[1]))
	}
	var content any
	if example.curl.body != "" {
		content = fill.Replace(example.curl.body)
	}
	path := r.mount + fill.Replace(strings.TrimPrefix(example.curl.url, r.base))
	r.asked[example.endpoint] = true
	return exchange{client.Do(example.curl.method, path, content), r, example.endpoint}
}

// do asks an endpoint in the words of the test. The replacements fill the slots
// of its path.
func (r *run) do(endpoint string, client *harness.Client, content any, replacements ...string) exchange {
	r.Helper()
	r.asked[endpoint] = true
	method, path, _ := strings.Cut(endpoint, " ")
	path = strings.NewReplacer(replacements...).Replace(path)
	return exchange{client.Do(method, r.mount+r.prefix+path, content), r, endpoint}
}

// answered holds the answer against the document's next one of this status.
func (x exchange) answered(status int) exchange {
	x.run.Helper()
	x.Want(status)
	documented, fresh := x.run.next(x.endpoint, status, answer)
	if documented == nil {
		documented, fresh = x.run.next(x.endpoint, 0, answer) // a document may leave the status out
	}
	if documented == nil {
		x.run.Fatalf("%s documents no answer %d of %s", x.run.path(), status, x.endpoint)
	}
	how := x.run.judge(documented, x.Response)
	if fresh {
		x.run.take(documented, how)
	}
	return x
}

// is wants a status that a list of errors has, or that no answer documents.
func (x exchange) is(status int) exchange {
	x.run.Helper()
	x.Want(status)
	if status/100 != 2 {
		x.run.refused(x)
	}
	if listed, fresh := x.run.next(x.endpoint, status, refusal); fresh {
		x.run.take(listed, holds)
	}
	return x
}

// judge compares an answer with the documented one, and returns how they fit.
func (r *run) judge(documented *item, got *harness.Response) result {
	r.Helper()
	if documented.json == nil {
		if len(got.Body) > 0 {
			r.Errorf("%s has no body, the answer has one:\n%s", documented, got.Body)
		}
		return holds
	}
	if media := got.Header.Get("Content-Type"); media != r.media(got) {
		r.Errorf("%s: Content-Type is %q", documented, media)
	}
	var value any
	if err := json.Unmarshal(got.Body, &value); err != nil {
		r.Errorf("%s: %v\n%s", documented, err, got.Body)
	}
	return r.except(documented, r.compare(documented.json, value, ""))
}

// media is application/json; refusals of our own dialect are problems.
func (r *run) media(got *harness.Response) string {
	if r.extended && got.Status/100 != 2 {
		return "application/problem+json"
	}
	return "application/json"
}

// except fails for the differences that are not known as exceptions.
func (r *run) except(i *item, found []difference) result {
	r.Helper()
	how, problems := weigh(exceptions, i, found)
	for _, problem := range problems {
		r.Error(problem)
	}
	return how
}

// weigh takes the differences that are known, with their reasons, from those
// that were found. The rest are problems, and so is a difference that is known
// and was not found.
func weigh(exceptions []exception, i *item, found []difference) (how result, problems []string) {
	how = holds
	for n, e := range exceptions {
		for _, p := range e.places {
			if e.document != i.document.file || p.line != i.line {
				continue
			}
			rest := slices.DeleteFunc(slices.Clone(found), func(d difference) bool { return d.path == p.member })
			if len(rest) == len(found) {
				problems = append(problems, fmt.Sprintf("%s: %q is as documented, and an exception says that it is not", i, p.member))
			}
			found, how = rest, how.but(n, p.member)
		}
	}
	for _, d := range found {
		problems = append(problems, fmt.Sprintf("%s: %q %s", i, d.path, d.text))
	}
	return how, problems
}

// unserved is an endpoint that this server does not have, which is an exception
// to the example of a request.
func (x exchange) unserved() {
	x.run.Helper()
	x.Want(http.StatusNotFound)
	x.run.refused(x)
	example, fresh := x.run.next(x.endpoint, 0, body, command)
	if fresh {
		x.run.Fatalf("%s was not sent", example)
	}
	x.run.taken[example] = result{absent.words, x.run.except(example, []difference{{"", "is not served"}}).buts}
}

// says takes a statement up, by its whole line; the caller tries it.
func (r *run) says(line string) {
	r.Helper()
	for _, i := range r.items {
		if _, taken := r.taken[i]; i.kind == statement && i.text == line && !taken {
			r.take(i, holds)
			return
		}
	}
	r.Errorf("%s does not say %q, or not once more", r.path(), line)
}

// setting finds one whose documented default is this.
func (r *run) setting(name, documented string) *item {
	r.Helper()
	for _, i := range r.items {
		if i.kind == setting && i.row.name == name && i.row.text == documented {
			return i
		}
	}
	r.Fatalf("%s has no setting %s with the default %s", r.path(), name, documented)
	return nil
}

// fields tries every member that the document lists for an endpoint. send sends
// a body that is in order but for the changes, and wants success.
func (r *run) fields(endpoint string, success, refused int, send func(changes M) exchange) {
	r.Helper()
	for _, i := range r.items {
		if i.kind != field || i.endpoint != endpoint {
			continue
		}
		name := i.row.name
		for _, wrong := range []any{1, true, []any{"text"}, M{}} {
			send(M{name: wrong}).is(refused)
		}
		without := send(M{name: harness.Unset})
		if i.row.required == "Yes" {
			without.is(refused)
		} else {
			without.Want(success)
		}
		switch text := strings.ToLower(i.row.text); {
		case strings.Contains(text, "email"):
			send(M{name: "no address"}).is(refused)
		case text == "minimum 8 characters":
			send(M{name: "x7#Kq9!"}).is(refused)
			send(M{name: "x7#Kq9!z"}).Want(success)
		}
		r.take(i, holds)
	}
}

// with is the body with the changes; a member that is harness.Unset is left out.
func with(content, changes M) M {
	changed := maps.Clone(content)
	for name, value := range changes {
		if changed[name] = value; value == harness.Unset {
			delete(changed, name)
		}
	}
	return changed
}
