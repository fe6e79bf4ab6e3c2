package jwt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// encoding takes no padding and no set bits behind the last byte, so that
// nothing has two spellings (RFC 4648, section 3.5).
var encoding = base64.RawURLEncoding.Strict()

var errMalformed = errors.New("jwt: malformed")

// lastSecond is the end of the year 9999. A time past it is no time of ours,
// and larger numbers would overflow in comparisons.
const lastSecond = 253402300799

// decode refuses the line breaks, too, that encoding/base64 passes over.
func decode(part string) ([]byte, error) {
	if strings.ContainsAny(part, "\r\n") {
		return nil, errMalformed
	}
	return encoding.DecodeString(part)
}

// readObject decodes a part of a token as a flat JSON object of strings and
// numbers. Unlike encoding/json it refuses a name that comes twice (RFC 8725,
// section 3.7, and RFC 7519, section 4) and bytes that are no UTF-8.
func readObject(part string) (map[string]any, error) {
	raw, err := decode(part)
	if err != nil || !utf8.Valid(raw) || !json.Valid(raw) {
		return nil, errMalformed
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if opening, err := d.Token(); err != nil || opening != json.Delim('{') {
		return nil, errMalformed
	}
	members := map[string]any{}
	for d.More() {
		name, nameErr := d.Token()
		value, valueErr := d.Token()
		text, isText := name.(string)
		if _, twice := members[text]; twice || !isText || nameErr != nil || valueErr != nil {
			return nil, errMalformed
		}
		switch value.(type) {
		case string, json.Number:
			members[text] = value
		default:
			return nil, errMalformed
		}
	}
	return members, nil
}

// reader takes members out of an object, one by one, and remembers whether any
// was missing or of another type.
type reader struct {
	members map[string]any
	failed  bool
}

func (r *reader) has(name string) bool {
	_, found := r.members[name]
	return found
}

func (r *reader) text(name string) string {
	text, ok := r.members[name].(string)
	r.taken(name, ok && text != "")
	return text
}

// instant reads seconds since 1970 in their plainest spelling: digits.
func (r *reader) instant(name string) time.Time {
	number, ok := r.members[name].(json.Number)
	seconds, err := strconv.ParseUint(number.String(), 10, 63)
	r.taken(name, ok && err == nil && seconds <= lastSecond)
	return time.Unix(int64(seconds), 0).UTC() //nolint:gosec // 63 bits at most
}

func (r *reader) taken(name string, well bool) {
	r.failed = r.failed || !well
	delete(r.members, name)
}

// complete says that nothing was missing and nothing is left.
func (r *reader) complete() bool { return !r.failed && len(r.members) == 0 }
