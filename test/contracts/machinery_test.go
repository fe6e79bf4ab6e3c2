package contracts

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// leftovers are signs of examples that the reader did not see as such.
var leftovers = regexp.MustCompile(`curl |"\w+"\s*:|(?m)^\s*[{\[]`)

func TestEveryExampleInTheDocumentsIsRead(t *testing.T) {
	t.Parallel()
	blocks := map[string]int{"featuresignals": 9, "phaseflag": 12, "phy": 14, "username-and-keys": 10, "zylon": 6}
	for _, g := range grammars {
		d := open(t, g.file)
		rest, found := d.text, 0
		for _, i := range d.items {
			if i.json == nil && i.kind != command {
				continue
			}
			found++
			before, after, there := strings.Cut(rest, i.text)
			if !there {
				t.Errorf("%s is not the document's text:\n%s", i, i.text)
			}
			rest = before + "\n" + after
		}
		if left := leftovers.FindString(rest); left != "" {
			t.Errorf("%s: an example with %q is not read", d.path(), left)
		}
		if found != blocks[g.file] {
			t.Errorf("%s: %d blocks and commands were read, it has %d", d.path(), found, blocks[g.file])
		}
	}
}

func TestWhatTheReaderDoesNotUnderstandIsToldWithItsLine(t *testing.T) {
	t.Parallel()
	g := grammar{
		file: "sample", base: "https://a.example",
		request: regexp.MustCompile(`^Request$`), answer: regexp.MustCompile(`^Response (\d{3})`),
	}
	for text, told := range map[string]string{
		"POST /a\n{\"a\": 1}":                           ":2: nothing says what this block is",
		"POST /a\nRequest\n\n{\"a\": 1,,}":              ":4: what begins like JSON is none",
		"POST /a\nRequest\n[1":                          ":3: what begins like JSON is none",
		"GET /a\ncurl -k https://a.example/a -H 'A: b'": ":2: curl with -k is not understood",
		"GET /a\ncurl https://b.example/a":              ":2: https://b.example/a is at another address",
		"GET /a\ncurl https://a.example/a -H":           ":2: -H has no value",
		"GET /a\ncurl -X POST":                          ":2: curl has no address",
	} {
		d := &document{grammar: g, text: text}
		if err := d.read(); err == nil || !strings.Contains(err.Error(), told) {
			t.Errorf("%q: %v, want %s", text, err, told)
		}
	}
}

func TestACommandEndsWhereProseBegins(t *testing.T) {
	t.Parallel()
	g := grammar{file: "sample", base: "https://a.example", answer: regexp.MustCompile(`^Response (\d{3})`)}
	d := &document{grammar: g, text: "POST /a\ncurl -X POST \"https://a.example/a\" \\\n  -H \"A: b c\" \\\n-d '{\n\"a\": \"x\"}'Response 200\n{\n\"b\": 2\n}Response 204\nGET /b"}
	if err := d.read(); err != nil {
		t.Fatal(err)
	}
	var read []string
	for _, i := range d.items {
		read = append(read, i.String())
	}
	want := []string{
		"documents/sample.txt:2: the curl POST /a",
		"documents/sample.txt:6: the answer POST /a 200",
		"documents/sample.txt:8: the answer POST /a 204",
	}
	if !slices.Equal(read, want) {
		t.Errorf("read %q", read)
	}
	c := d.items[0].curl
	if c.method != "POST" || c.body != "{\n\"a\": \"x\"}" || len(c.headers) != 1 || c.headers[0] != [2]string{"A", "b c"} {
		t.Errorf("the command is %+v", c)
	}
}

func TestADifferenceFromTheDocumentIsNoticed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ shown, got, path string }{
		{`{"error": "invalid credentials"}`, `{"error": "Invalid credentials"}`, "error"},
		{`{"a": 1, "b": "x"}`, `{"a": 1}`, "b"},
		{`{"a": 1}`, `{"a": 1, "b": 2}`, "b"},
		{`{"a": 3600}`, `{"a": "3600"}`, "a"},
		{`{"a": 3600}`, `{"a": 3601}`, "a"},
		{`{"a": 1711929600}`, `{"a": 1711929600}`, "a"},
		{`{"a": 1711929600}`, `{"a": 4102444800000}`, "a"},
		{`{"a": null}`, `{"a": ""}`, "a"},
		{`{"a": "x"}`, `{"a": null}`, "a"},
		{`{"a": true}`, `{"a": false}`, "a"},
		{`{"a": {"id": "uuid"}}`, `{"a": {"id": "usr_01HXKQ4R9C2BVNZFM5T7WE6J8D"}}`, "a.id"},
		{`{"id": "usr_01HXKQ4R9C2BVNZFM5T7WE6J8D"}`, `{"id": "usr_01HXKQ4R9C2BVNZFM5T7WE6J8U"}`, "id"},
		{`{"id": "usr_01HXKQ4R9C2BVNZFM5T7WE6J8D"}`, `{"id": "usr_81HXKQ4R9C2BVNZFM5T7WE6J8D"}`, "id"},
		{`{"at": "2026-04-01T00:00:00Z"}`, `{"at": "2026-04-01T00:00:00+02:00"}`, "at"},
		{`{"t": "eyJ..."}`, `{"t": "rt_01HXKR7M2P3QNZFVM6T8WE9J0E"}`, "t"},
		{`[{"a": "x"}]`, `[]`, "[]"},
		{`[{"a": "x"}]`, `[{"a": "x"}, {"a": "x"}]`, "[]"},
		{`[{"a": "x"}, {"a": "y"}]`, `[{"a": "x"}, {"a": "x"}]`, "[].a"},
		{`{"l": [{"a": "x"}]}`, `{"l": [{"a": "z"}]}`, "l[].a"},
		{`"ok"`, `"OK"`, ""},
	} {
		found := comparison{}.compare(parsed(t, test.shown), parsed(t, test.got), "")
		if len(found) != 1 || found[0].path != test.path {
			t.Errorf("%s for %s: %v, want one at %q", test.got, test.shown, found, test.path)
		}
	}
}

func TestWhatMayDifferIsNoDifference(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		c          comparison
		shown, got string
	}{
		{comparison{}, `[{"a": "x"}, {"a": "y"}]`, `[{"a": "y"}, {"a": "x"}]`},
		{comparison{}, `{"id": "usr_01HXKQ4R9C2BVNZFM5T7WE6J8D"}`, `{"id": "usr_7ZZZZZZZZZZZZZZZZZZZZZZZZZ"}`},
		{comparison{}, `{"id": "8b4cdb8d-..."}`, `{"id": "01890a5d-ac96-774b-bcce-b302099a8057"}`},
		{comparison{extended: true}, `{"a": {"b": 1}}`, `{"a": {"b": 1, "c": 2}, "d": 3}`},
		{comparison{abridged: map[string]bool{"[]": true}}, `[{"a": "x"}]`, `[{"a": "z"}, {"a": "x"}]`},
		{comparison{example: map[string]*regexp.Regexp{"a": regexp.MustCompile(`^\w+$`)}}, `{"a": "Sasha"}`, `{"a": "Grace"}`},
	} {
		if found := test.c.compare(parsed(t, test.shown), parsed(t, test.got), ""); len(found) > 0 {
			t.Errorf("%s for %s: %v", test.got, test.shown, found)
		}
	}
}

func TestNothingInADocumentCanBeForgotten(t *testing.T) {
	t.Parallel()
	d := open(t, "zylon")
	r := &run{document: d, taken: map[*item]result{}, asked: map[string]bool{}}
	for _, i := range d.items {
		r.taken[i] = holds
	}
	for endpoint := range d.mentions {
		r.asked[endpoint] = true
	}
	if all := r.omissions(nil); len(all) != 0 {
		t.Errorf("everything was taken up, yet %v", all)
	}
	for _, i := range d.items {
		delete(r.taken, i)
		if all := r.omissions(nil); len(all) != 1 || !strings.Contains(all[0], i.String()) {
			t.Errorf("without %s: %v", i, all)
		}
		r.taken[i] = holds
	}
	unseen := []exception{{"zylon", []place{{7, ""}}, "a reason"}, {"phy", []place{{7, ""}}, "another"}}
	if all := r.omissions(unseen); len(all) != 1 || !strings.Contains(all[0], "zylon.txt:7") {
		t.Errorf("an exception that was never seen: %v", all)
	}
	clear(r.asked)
	if all := r.omissions(nil); len(all) != 1 || !strings.Contains(all[0], "POST /api/v1/auth/register was never asked") {
		t.Errorf("nothing was asked: %v", all)
	}
}

func TestAnExceptionCoversItsMemberAndHasToBeOne(t *testing.T) {
	t.Parallel()
	i := &item{document: &document{grammar: grammar{file: "sample"}}, line: 3}
	known := []exception{{"other", []place{{3, "a"}}, "x"}, {"sample", []place{{3, "a"}}, "y"}, {"sample", []place{{4, "b"}}, "z"}}
	if how, problems := weigh(known, i, []difference{{"a", "differs"}}); len(problems) != 0 || !how.isBut(1) || how.isBut(0) || how.isBut(2) {
		t.Errorf("a known difference: %v %v", how, problems)
	}
	if _, problems := weigh(known, i, []difference{{"a", "differs"}, {"b", "differs"}}); len(problems) != 1 || !strings.Contains(problems[0], `"b" differs`) {
		t.Errorf("another difference besides: %v", problems)
	}
	if _, problems := weigh(known, i, nil); len(problems) != 1 || !strings.Contains(problems[0], `"a" is as documented`) {
		t.Errorf("an exception that holds: %v", problems)
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}
