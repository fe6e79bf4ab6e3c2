package contracts

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// reader goes through a document line by line. Blocks may be followed by prose
// without a line break, as in the web pages that the documents were.
type reader struct {
	*document
	line     int    // of the text that is left
	endpoint string // that the text is about
	ahead    kind   // what the next JSON block is
	status   int    // of the answer ahead
	owed     *item  // an answer that was announced and has no block yet
}

func (d *document) read() error {
	d.mentions = map[string]int{}
	r := &reader{document: d, line: 1}
	for text := d.text; text != ""; {
		length, err := r.next(text)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", d.path(), r.line, err)
		}
		r.line += strings.Count(text[:length], "\n")
		text = text[length:]
	}
	r.settle()
	return nil
}

// next reads a block or a line from the text's beginning, and returns how long
// it is.
func (r *reader) next(text string) (int, error) {
	indent := len(text) - len(strings.TrimLeft(text, " \t"))
	rest := text[indent:]
	switch {
	case strings.HasPrefix(rest, "curl "):
		length, err := r.command(rest)
		return indent + length, err
	case strings.HasPrefix(rest, "{"), strings.HasPrefix(rest, "["), strings.HasPrefix(rest, `"`):
		length, err := r.block(rest)
		return indent + length, err
	}
	line, _, broken := strings.Cut(text, "\n")
	r.prose(strings.TrimSpace(line))
	if broken {
		return len(line) + 1, nil
	}
	return len(line), nil
}

var comment = regexp.MustCompile(`/\*.*?\*/`)

// block reads JSON, in which comments may stand.
func (r *reader) block(text string) (int, error) {
	blanked := comment.ReplaceAllStringFunc(text, func(c string) string { return strings.Repeat(" ", len(c)) })
	decoder := json.NewDecoder(strings.NewReader(blanked))
	found := &item{kind: r.ahead, status: r.status}
	if err := decoder.Decode(&found.json); err != nil && err != io.EOF {
		return 0, fmt.Errorf("what begins like JSON is none: %w", err)
	}
	length := int(decoder.InputOffset())
	found.text = text[:length]
	if r.ahead == "" {
		return 0, fmt.Errorf("nothing says what this block is")
	}
	r.owed = nil
	r.add(found)
	return length, nil
}

// command reads a curl. What it answers with comes after it, with or without a
// heading.
func (r *reader) command(text string) (int, error) {
	parsed, length, err := parseCurl(text)
	if err != nil {
		return 0, err
	}
	r.settle()
	path, ours := strings.CutPrefix(parsed.url, r.base)
	if !ours {
		return 0, fmt.Errorf("%s is at another address than %s", parsed.url, r.base)
	}
	path = strings.TrimPrefix(path, r.prefix)
	if !sameRoute(r.endpoint, parsed.method+" "+path) {
		r.endpoint = parsed.method + " " + path
	}
	r.add(&item{kind: command, text: text[:length], curl: parsed})
	r.ahead, r.status = answer, 0
	return length, nil
}

var slot = regexp.MustCompile(`^(?::\w+|\{.+\}|<.+>)$`)

// sameRoute compares methods and paths; names in slots may differ.
func sameRoute(a, b string) bool {
	x, y := strings.FieldsFunc(a, separates), strings.FieldsFunc(b, separates)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] != y[i] && (!slot.MatchString(x[i]) || !slot.MatchString(y[i])) {
			return false
		}
	}
	return true
}

func separates(c rune) bool { return c == ' ' || c == '/' }

// prose reads a line that is no block.
func (r *reader) prose(line string) {
	if m := find(r.mention, line); m != nil {
		r.mentioned(m[1] + " " + m[2])
		return
	}
	for _, m := range mentions.FindAllStringSubmatch(line, -1) {
		r.mentioned(m[1] + " " + m[2])
	}
	if m := heading.FindStringSubmatch(line); m != nil {
		r.settle()
		r.endpoint, r.ahead = m[1]+" "+m[2], ""
		return
	}
	switch {
	case find(r.general, line) != nil:
		r.settle()
		r.endpoint, r.ahead = "", ""
	case find(r.request, line) != nil:
		r.settle()
		r.ahead, r.status = body, 0
	case find(r.grammar.envelope, line) != nil:
		r.ahead, r.status = envelope, 0
	default:
		r.rows(line)
	}
}

// rows reads a line that stands for itself, or announces an answer.
func (r *reader) rows(line string) {
	if m := find(r.grammar.answer, line); m != nil {
		r.settle()
		r.ahead, r.status = answer, number(m[1])
		r.owed = &item{line: r.line, kind: answer, endpoint: r.endpoint, status: r.status, text: line}
		return
	}
	if m := find(r.grammar.refusal, line); m != nil {
		for _, status := range m[1:] {
			if status != "" {
				r.add(&item{kind: refusal, status: number(status), text: line})
			}
		}
		return
	}
	if m := find(r.grammar.field, line); m != nil {
		r.add(&item{kind: field, text: line, row: row{name: m[1], sort: m[2], required: m[3], text: m[4]}})
		return
	}
	if m := find(r.grammar.setting, line); m != nil {
		r.add(&item{kind: setting, text: line, row: row{name: m[3], text: m[2]}})
		return
	}
	if find(r.state, line) != nil {
		r.add(&item{kind: statement, text: line})
	}
}

// settle keeps an answer that was announced and turned out to have no body.
func (r *reader) settle() {
	if r.owed != nil {
		r.owed.document = r.document
		r.items = append(r.items, r.owed)
		r.owed = nil
	}
}

func (r *reader) add(i *item) {
	i.document, i.line = r.document, r.line
	if i.endpoint == "" {
		i.endpoint = r.endpoint
	}
	r.items = append(r.items, i)
}

// mentioned notes an endpoint; a sentence may end with it.
func (r *reader) mentioned(endpoint string) {
	endpoint = strings.TrimRight(endpoint, ".:,")
	if _, known := r.mentions[endpoint]; !known {
		r.mentions[endpoint] = r.line
	}
}

func find(pattern *regexp.Regexp, line string) []string {
	if pattern == nil {
		return nil
	}
	return pattern.FindStringSubmatch(line)
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err) // the pattern lets digits pass alone
	}
	return n
}

// curl is a command that sends a request.
type curl struct {
	method, url, body string
	headers           [][2]string
}

// parseCurl reads a command from the text's beginning, over lines that end in
// a backslash. A quote that ends where prose begins ends the command, too.
func parseCurl(text string) (curl, int, error) {
	words, length := shellWords(text)
	c := curl{method: "GET"}
	for i := 1; i < len(words); i++ {
		flag := words[i]
		if !strings.HasPrefix(flag, "-") {
			c.url = flag
			continue
		}
		if i++; i == len(words) {
			return c, 0, fmt.Errorf("%s has no value", flag)
		}
		switch flag {
		case "-X":
			c.method = words[i]
		case "-d":
			c.body = words[i]
		case "-H":
			name, value, _ := strings.Cut(words[i], ": ")
			c.headers = append(c.headers, [2]string{name, value})
		default:
			return c, 0, fmt.Errorf("curl with %s is not understood", flag)
		}
	}
	if c.url == "" {
		return c, 0, fmt.Errorf("curl has no address")
	}
	return c, length, nil
}

// shellWords splits a command and returns how long it is.
func shellWords(text string) (words []string, length int) {
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case '\n':
			return words, i
		case ' ', '\\':
			i++
			if c == '\\' && i < len(text) && text[i] == '\n' {
				i++
			}
		case '\'', '"':
			end := strings.IndexByte(text[i+1:], c)
			if end < 0 {
				return words, len(text) // the test finds no such document
			}
			words = append(words, text[i+1:i+1+end])
			i += end + 2
			if i < len(text) && !strings.ContainsRune(" \\\n", rune(text[i])) {
				return words, i
			}
		default:
			end := strings.IndexAny(text[i:], " \n")
			if end < 0 {
				end = len(text) - i
			}
			words = append(words, text[i:i+end])
			i += end
		}
	}
	return words, len(text)
}
