package httpapi

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tenantry/tenantry/domain/fault"
)

// Documented bodies are flatter and have fewer parts. A mebibyte of empty lists
// would otherwise cost many times its size in memory.
const (
	maxDepth  = 16
	maxTokens = 1000
)

// checkJSON refuses what encoding/json would let through and two readers could
// understand differently: repeated members, lone surrogates, NUL, bytes that
// are no UTF-8, anything after the value, and a value that is no object
// (RFC 8259, sections 4, 8.1 and 8.2; RFC 7493).
func checkJSON(body []byte) error {
	switch {
	case !utf8.Valid(body):
		return malformed("body", "must be UTF-8")
	case bytes.HasPrefix(body, []byte("\ufeff")):
		return malformed("body", "must not begin with a byte order mark")
	case !json.Valid(body):
		return malformed("body", "must be one JSON object and nothing after it")
	}
	w := &walker{decoder: json.NewDecoder(bytes.NewReader(body)), body: body}
	if first, err := w.next("body"); err != nil {
		return err
	} else if first != json.Delim('{') {
		return malformed("body", "must be a JSON object")
	}
	return w.object("", 1)
}

func malformed(name, message string) error {
	return fault.ErrInvalid.WithField(shortened(name), message)
}

// walker reads valid JSON token by token.
type walker struct {
	decoder *json.Decoder
	body    []byte
	tokens  int
}

// next reads a token and checks its text as it was written, escapes and all.
func (w *walker) next(path string) (json.Token, error) {
	if w.tokens++; w.tokens > maxTokens {
		return nil, malformed("body", "has too many parts")
	}
	start := w.decoder.InputOffset()
	token, err := w.decoder.Token()
	if err != nil {
		return nil, malformed(path, "has a number out of range") // all else was valid
	}
	if _, isText := token.(string); isText {
		if message := wrongEscape(w.body[start:w.decoder.InputOffset()]); message != "" {
			return nil, malformed(path, message)
		}
	}
	return token, nil
}

func (w *walker) object(path string, depth int) error {
	seen := map[string]bool{}
	for w.decoder.More() {
		parent := path
		if parent == "" {
			parent = "body"
		}
		key, err := w.next(parent)
		if err != nil {
			return err
		}
		name := key.(string)
		child := strings.TrimPrefix(path+"."+name, ".")
		if seen[name] {
			return malformed(child, "appears more than once")
		}
		seen[name] = true
		if err := w.value(child, depth); err != nil {
			return err
		}
	}
	_, err := w.next(path)
	return err
}

func (w *walker) array(path string, depth int) error {
	for i := 0; w.decoder.More(); i++ {
		if err := w.value(path+"["+strconv.Itoa(i)+"]", depth); err != nil {
			return err
		}
	}
	_, err := w.next(path)
	return err
}

func (w *walker) value(path string, depth int) error {
	token, err := w.next(path)
	if err != nil {
		return err
	}
	if depth == maxDepth && (token == json.Delim('{') || token == json.Delim('[')) {
		return malformed(path, "is nested too deeply")
	}
	switch token {
	case json.Delim('{'):
		return w.object(path, depth+1)
	case json.Delim('['):
		return w.array(path, depth+1)
	}
	return nil
}

// wrongEscape looks at a string as it was written: the decoder turns half a
// surrogate pair silently into another character, and NUL is no text for a
// database.
func wrongEscape(raw []byte) string {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		if raw[i] != 'u' {
			continue
		}
		unit := hex4(raw[i+1:])
		i += 4
		switch {
		case unit == 0:
			return "must not have the character NUL"
		case !utf16.IsSurrogate(unit):
		case bytes.HasPrefix(raw[i+1:], []byte(`\u`)) && utf16.DecodeRune(unit, hex4(raw[i+3:])) != utf8.RuneError:
			i += 6
		default:
			return "must not have half a surrogate pair"
		}
	}
	return ""
}

// hex4 reads the four digits of an escape that is known to be well formed.
func hex4(raw []byte) rune {
	n, _ := strconv.ParseUint(string(raw[:4]), 16, 16)
	return rune(n)
}
