package contracts

import (
	"embed"
	"fmt"
	"regexp"
	"testing"
)

//go:embed documents/*.txt
var files embed.FS

// kind is what a part of a document is.
type kind string

const (
	body      kind = "request"   // the JSON body of a request
	command   kind = "curl"      // a request as a command
	answer    kind = "answer"    // an answer, with its JSON body or without one
	refusal   kind = "refusal"   // a status in a list of errors
	field     kind = "field"     // a row about a request's member
	setting   kind = "setting"   // a row about an environment variable
	statement kind = "statement" // a bullet, or a row that explains
	envelope  kind = "envelope"  // the shape that answers have in common
)

// item is a part of a document that says something which can be tried.
type item struct {
	document *document
	line     int
	kind     kind
	endpoint string // method and path as the document writes them; may be empty
	status   int    // of an answer or a refusal; 0 where the document gives none
	text     string // the line or the block as it is written
	json     any    // of a block
	curl     curl   // of a command
	row      row    // of a field or a setting
}

// row is a line of a table.
type row struct{ name, sort, required, text string }

func (i *item) String() string {
	return fmt.Sprintf("%s:%d: the %s %s", i.document.path(), i.line, i.kind, i.name())
}

// name is how the page and the table of exceptions call the item.
func (i *item) name() string {
	switch {
	case i.kind == field:
		return i.endpoint + " " + i.row.name
	case i.kind == setting:
		return i.row.name
	case i.kind == statement:
		return i.text
	case i.status != 0:
		return fmt.Sprintf("%s %d", i.endpoint, i.status)
	}
	return i.endpoint
}

// document is one of the five, read.
type document struct {
	grammar
	text     string
	items    []*item
	mentions map[string]int // endpoints that the prose names, each with a line
}

func (d *document) path() string { return "documents/" + d.file + ".txt" }

// open reads a document.
func open(t *testing.T, file string) *document {
	t.Helper()
	for _, g := range grammars {
		if g.file != file {
			continue
		}
		d := &document{grammar: g}
		content, err := files.ReadFile(d.path())
		if err != nil {
			t.Fatal(err)
		}
		d.text = string(content)
		if err := d.read(); err != nil {
			t.Fatal(err)
		}
		return d
	}
	t.Fatalf("nobody wrote down how %s is written", file)
	return nil
}

// grammar is how one document is written. Its patterns are tried on lines of
// prose; a pattern that is nil matches none.
type grammar struct {
	file   string
	name   string // what the page calls it
	mount  string // the address on this server that clients are given
	base   string // what stands before paths in its commands
	prefix string // what its headings leave out between the base and the path
	// extended says that answers may have further members: it is our own dialect.
	extended bool

	request  *regexp.Regexp // the body of a request comes next
	answer   *regexp.Regexp // an answer comes next; its group is the status
	envelope *regexp.Regexp // what answers have in common comes next
	general  *regexp.Regexp // what follows is about no endpoint
	refusal  *regexp.Regexp // a status that can be answered; its groups are statuses
	field    *regexp.Regexp // name, type, required, description
	setting  *regexp.Regexp // what, default, name
	mention  *regexp.Regexp // method and path; beside headings and sentences
	state    *regexp.Regexp // a bullet or a row that says something
}

var (
	heading  = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE) (/\S+)$`)
	mentions = regexp.MustCompile(`\b(GET|POST|PUT|PATCH|DELETE) (/[A-Za-z0-9_/{}:-]+)`)
	tableRow = regexp.MustCompile(`^(\w+) \| (\w+) \| (Yes|No) \| (.+) \|$`)
)

var grammars = []grammar{
	{
		file: "featuresignals", name: "FeatureSignals", base: "http://localhost:8080", extended: true,
		request: regexp.MustCompile(`^Request$`), answer: regexp.MustCompile(`^(?:Response|Error) (\d{3}) `),
		field: tableRow, setting: regexp.MustCompile(`^\| (.+) \| (.+) \| ([A-Z_]+) \|$`), state: regexp.MustCompile(`^(?:default )?- .+$`),
	},
	{
		file: "phaseflag", name: "PhaseFlag", mount: "/compat/phaseflag", base: "https://api.phaseflag.com", prefix: "/api/v1",
		answer: regexp.MustCompile(`^(?:Response|//) (\d{3}) `), field: tableRow,
		mention: regexp.MustCompile(`^(GET|POST) \| (/\S+) \| .+ \|$`), state: regexp.MustCompile(`^(?:- .+|\w+ \| [^|]+ \|)$`),
	},
	{
		file: "phy", name: "PHY", mount: "/compat/phy", base: "https://phy.engineering",
		request: regexp.MustCompile(`^Body$`), answer: regexp.MustCompile(`^Success response \((\d{3})\)$`),
		envelope: regexp.MustCompile(`^Response envelope$`), refusal: regexp.MustCompile(`^• (\d{3}) .+ — .+$`),
		state: regexp.MustCompile(`^(?:• .+|Authentication: .+)$`),
	},
	{
		file: "username-and-keys", name: "Username and keys", mount: "/compat/username-keys",
		answer: regexp.MustCompile(`^(?:Success|Error) Response \((\d{3}) .+\):$`), field: regexp.MustCompile(`^(\w+) (String) (Yes|No) (.+)$`),
		state: regexp.MustCompile(`^Requires authentication\..*$`),
	},
	{
		file: "zylon", name: "Zylon", mount: "/compat/zylon", base: "https://{BASE_URL}",
		general: regexp.MustCompile(`^Errors and edge cases$`), refusal: regexp.MustCompile(`^• (\d{3})(?:/(\d{3}))?: .+$`),
	},
}
