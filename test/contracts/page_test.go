package contracts

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

var update = flag.Bool("update", false, "write docs/compatibility.md")

// result is how an item fared.
type result struct {
	words string
	buts  []but
}

// but is an exception that applies, by its place in the table.
type but struct {
	exception int
	member    string
}

var holds = result{words: "as documented"}

var (
	unlike = result{words: "**differs**"}
	absent = result{words: "**not served**"}
)

func sent(status int) result { return result{words: fmt.Sprintf("sent as written: %d", status)} }

func (r result) but(n int, member string) result {
	if member == "" && r.words == holds.words {
		r = unlike
	}
	return result{r.words, append(slices.Clone(r.buts), but{n, member})}
}

func (r result) isBut(n int) bool {
	return slices.ContainsFunc(r.buts, func(b but) bool { return b.exception == n })
}

// kept are the results of this run, by document and engine, in the order of the
// documents' items.
var kept = struct {
	sync.Mutex
	results map[string]map[harness.Engine][]result
	read    map[string]*document
}{results: map[string]map[harness.Engine][]result{}, read: map[string]*document{}}

func keep(r *run) {
	var all []result
	for _, i := range r.items {
		all = append(all, r.taken[i])
	}
	kept.Lock()
	defer kept.Unlock()
	if kept.results[r.file] == nil {
		kept.results[r.file] = map[harness.Engine][]result{}
	}
	kept.results[r.file][r.server.Database.Engine] = all
	kept.read[r.file] = r.document
}

func TestMain(m *testing.M) { os.Exit(harness.Main(m, compatibility)) }

// compatibility is called after a whole run that passed. The page must be what
// such a run gives.
func compatibility() int {
	page, err := render()
	if err == nil {
		err = compareWith(page)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "docs/compatibility.md:", err)
		return 1
	}
	return 0
}

func compareWith(page string) error {
	path := filepath.Join("..", "..", "docs", "compatibility.md")
	if *update {
		return os.WriteFile(path, []byte(page), 0o644)
	}
	committed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if string(committed) != page {
		return fmt.Errorf("this run gives another page: make compatibility")
	}
	return nil
}

const introduction = `# Compatibility

Five published API documents are served: their clients change the base URL and nothing else. Each example in them is sent
as it is written to the running program, on SQLite and on PostgreSQL, and the answer is compared with the documented one in
its members, types, forms and fixed texts. Errors, members, settings and what the documents promise are tried, too.

This page is printed from such a run, which fails while the page says something else: ` + "`make compatibility`" + `. "As
documented" means that it was tried and holds; a number leads to what differs, below the table.
`

func render() (string, error) {
	var page strings.Builder
	page.WriteString(introduction)
	for _, g := range grammars {
		engines := kept.results[g.file]
		if len(engines) != len(harness.Engines()) {
			return "", fmt.Errorf("%s was tried on %d engines", g.file, len(engines))
		}
		results := engines[harness.SQLite]
		for engine, others := range engines {
			for i := range others {
				if fmt.Sprint(others[i]) != fmt.Sprint(results[i]) {
					return "", fmt.Errorf("%s: %s on %s, %s on %s", kept.read[g.file].items[i], results[i].words, harness.SQLite, others[i].words, engine)
				}
			}
		}
		section(&page, kept.read[g.file], results)
	}
	return page.String(), nil
}

func section(page *strings.Builder, d *document, results []result) {
	_, _ = fmt.Fprintf(page, "\n## %s\n\nDocument: [%s.txt](../test/contracts/%s). Base URL: %s.\n\n| Line | Endpoint | What | Result |\n| --- | --- | --- | --- |\n",
		d.name, d.file, d.path(), baseURL(d))
	var numbers []int // of exceptions, in the order of their appearance
	for i, it := range d.items {
		result := results[i].words
		for _, b := range results[i].buts {
			if !slices.Contains(numbers, b.exception) {
				numbers = append(numbers, b.exception)
			}
			number := slices.Index(numbers, b.exception) + 1
			if b.member == "" {
				result = fmt.Sprintf("%s (%d)", result, number)
			} else {
				result += fmt.Sprintf(", but for %s (%d)", code(b.member), number)
			}
		}
		_, _ = fmt.Fprintf(page, "| %d | %s | %s | %s |\n", it.line, code(endpoint(it)), what(it), result)
	}
	if len(numbers) > 0 {
		page.WriteString("\nWhat differs:\n\n")
		for i, n := range numbers {
			_, _ = fmt.Fprintf(page, "%d. %s\n", i+1, exceptions[n].reason)
		}
	}
	separator := "\n"
	for _, n := range notes {
		if n.document == d.file {
			_, _ = fmt.Fprintf(page, "%s- %s\n", separator, n.text)
			separator = ""
		}
	}
}

func baseURL(d *document) string {
	if d.base == "" {
		return code("https://HOST" + d.mount)
	}
	return fmt.Sprintf("%s instead of %s", code("https://HOST"+d.mount), code(d.base))
}

// endpoint is what the item is about; settings concern none.
func endpoint(i *item) string {
	if i.kind == setting {
		return ""
	}
	return i.endpoint
}

// what says what stands at the line, in a few words.
func what(i *item) string {
	switch i.kind {
	case body, command:
		return "example of a request"
	case answer:
		if i.status == 0 {
			return "answer"
		}
		return fmt.Sprintf("answer %d", i.status)
	case refusal:
		return fmt.Sprintf("error %d", i.status)
	case field:
		return fmt.Sprintf("member %s: %s, required: %s, %s", code(i.row.name), i.row.sort, i.row.required, i.row.text)
	case setting:
		return fmt.Sprintf("setting %s: %s", code(i.row.name), i.row.text)
	case envelope:
		return "the envelope"
	}
	said := strings.TrimLeft(strings.TrimRight(i.text, " |:("), "•- ")
	return `"` + strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(said) + `"`
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(text, "|", `\|`) + "`"
}
