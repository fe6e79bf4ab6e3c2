package fuzz

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// M is a JSON object.
type M = map[string]any

// raw is JSON, or what stands in its place, as it is sent.
type raw string

// member is one of an object, of which there may be two of a name.
type member struct {
	name  string
	value any
}

// written is a value as it is sent.
func written(value any) string {
	var text strings.Builder
	write(&text, value)
	return text.String()
}

func write(to *strings.Builder, value any) {
	switch v := value.(type) {
	case raw:
		to.WriteString(string(v))
	case []member:
		to.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				to.WriteByte(',')
			}
			write(to, m.name)
			to.WriteByte(':')
			write(to, m.value)
		}
		to.WriteByte('}')
	case []any:
		to.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				to.WriteByte(',')
			}
			write(to, item)
		}
		to.WriteByte(']')
	default:
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // there are no other kinds of values
		}
		to.Write(text)
	}
}

// pick is one of these.
func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// oneIn is true once in so many.
func oneIn(r *rand.Rand, n int) bool { return r.IntN(n) == 0 }

// words are texts that a careless reader stumbles over. None of them looks like
// what no answer may hold, since names are shown again.
var words = []string{
	"", " ", "\t", "\n", "\x00", "a\x00b", "a\r\nX-Injected: yes", "\u2028", "\ufeff", "\u200b", "\u202egnp", "e\u0301\u0301\u0301", "\U0001F468\u200d\U0001F469\u200d\U0001F467",
	"\u212aelvin", "\u0131", "\u017f", "\u00df", "\uff20", "a@b@c", "\"quoted\"@example.com", "ada@xn--80ak6aa92e.com", "ada@\u0435xample.com", "a@" + strings.Repeat("b", 260),
	"'; DROP TABLE projects; --", "' OR '1'='1", "1; --", "%s%n%d%x", "{{7*7}}", "${jndi:ldap://127.0.0.1/x}", "<script>alert(1)</script>", "../../etc/passwd", "..%2f..", "\\\\", "\\u0000",
	"null", "true", "undefined", "NaN", "Infinity", "-1", "0", "1e309", "0x10", "9223372036854775808", "=1+1", "+49", "admin", "owner", "OWNER", "root", "*", "%", "_", "\U0010FFFF", "\ufffe",
	"0000-00-00T00:00:00Z", "9999-12-31T23:59:60Z", "2026-01-31", "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "2026-01-31T12:00:00+99:00", "1970-01-01T00:00:00Z", "99999-01-01T00:00:00Z",
	"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "01890a5d-ac96-774b-bcce-b302099a8057",
}

// odd is a text that nobody expects.
func odd(r *rand.Rand) string {
	switch r.IntN(8) {
	case 0:
		return strings.Repeat(pick(r, []string{"a", "\u00e9", "\U0001F600", "-", ".", " "}), pick(r, []int{31, 32, 33, 63, 64, 100, 101, 255, 256, 257, 5000, 70000}))
	case 1:
		return letters(r, 1+r.IntN(40))
	case 2:
		return pick(r, words) + letters(r, 3)
	default:
		return pick(r, words)
	}
}

// letters are code points from everywhere.
func letters(r *rand.Rand, n int) string {
	var text strings.Builder
	for range n {
		c := rune(r.IntN(0x250))
		if oneIn(r, 6) {
			c = rune(r.IntN(0x110000)) // surrogates become U+FFFD
		}
		text.WriteRune(c)
	}
	return text.String()
}

// strange are values that are no text, or not one that JSON has.
func strange(r *rand.Rand) any {
	depth := pick(r, []int{3, 64, 100, 2000, 20000})
	return pick(r, []any{
		nil, true, false, 0, -1, 1.5, 2592001, raw("1e400"), raw("-0"), raw("9007199254740993"), raw("123456789012345678901234567890"), raw("1E+2"), raw("01"), raw("0x1"), raw("NaN"), raw("-"),
		raw(`"\ud800"`), raw(`"\udc00\ud800"`), raw("\"\xff\xfe\""), raw("\"\xed\xa0\x80\""), raw("\"\x00\""), raw(`"\u0000"`), raw(`"\x41"`), raw(`'a'`), raw(`"a`), raw(""), raw("/**/1"),
		[]any{}, []any{nil}, []any{"a", "a"}, []any{[]any{[]any{}}}, []any{1, "2", true}, slices.Repeat([]any{"scope"}, 33), slices.Repeat([]any{1}, 5000), []member{}, []member{{"a", 1}},
		raw(strings.Repeat("[", depth) + strings.Repeat("]", depth)), raw(strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)), raw(strings.Repeat("[", depth)),
	})
}

// spoiled is a JSON text with an accident.
func spoiled(r *rand.Rand, text string) string {
	at := r.IntN(len(text) + 1)
	switch r.IntN(14) {
	case 0:
		return text[:at]
	case 1:
		return text[:at] + string([]byte{byte(r.IntN(256))}) + text[at:]
	case 2:
		if at == len(text) {
			return text + "}"
		}
		return text[:at] + string([]byte{text[at] ^ 1<<r.IntN(8)}) + text[at+1:]
	case 3:
		return text + pick(r, []string{"{}", "x", "\x00", ",", "]", text, "\n\n", "//", "null"})
	case 4:
		return pick(r, []string{"\ufeff", "\xff\xfe", ")]}',\n", " ", "\x00", "{", "["}) + text
	case 5:
		return "[" + text + "]"
	case 6:
		return pick(r, []string{"", " ", "null", "true", "0", `""`, "[]", "{}", "{", "\"", "-", "\xf0\x9f", "a=1&b=2", "<a/>"})
	case 7:
		return strings.ReplaceAll(text, `"`, "'")
	case 8:
		return strings.Replace(text, ":", ": "+strings.Repeat(" \t\r\n", pick(r, []int{1, 100, 20000})), 1)
	case 9:
		return strings.Replace(text, "}", ",}", 1)
	case 10:
		return strings.ReplaceAll(text, "a", `\u0061`)
	case 11:
		return strings.ReplaceAll(text, "e", "\u0435")
	case 12:
		return fmt.Sprintf(`{"a":%s,"a":%s}`, text, text)
	default:
		return strings.ToUpper(text)
	}
}
