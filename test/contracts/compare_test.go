package contracts

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// form is a way in which documents write a value that differs each time, and
// what stands there in an answer.
type form struct {
	name     string
	written  *regexp.Regexp
	accepted *regexp.Regexp
}

const crockford = `[0-7][0-9A-HJKMNP-TV-Z]{25}` // 128 bits

// forms are tried in their order. Text in none of them is meant literally.
var forms = []form{
	{"a UUID", regexp.MustCompile(`^(?:uuid|[0-9a-f]{8}-\.\.\.)$`),
		regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)},
	{"an instant (RFC 3339, UTC)", regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`),
		regexp.MustCompile(`^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$`)},
	{"a JWT", regexp.MustCompile(`^eyJ`), regexp.MustCompile(`^eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)},
	{"a refresh token", regexp.MustCompile(`^rt_`), regexp.MustCompile(`^rt_[A-Za-z0-9_-]{26,}$`)},
	{"usr_ and 128 bits in Crockford base 32", regexp.MustCompile(`^usr_[0-9A-Z]{26}$`), regexp.MustCompile(`^usr_` + crockford + `$`)},
	{"org_ and 128 bits in Crockford base 32", regexp.MustCompile(`^org_[0-9A-Z]{26}$`), regexp.MustCompile(`^org_` + crockford + `$`)},
	{"acct_ and 128 bits in hex", regexp.MustCompile(`^acct_[0-9a-f]{16}$`), regexp.MustCompile(`^acct_[0-9a-f]{32}$`)},
	{"user_ and 128 bits in hex", regexp.MustCompile(`^user_[0-9a-f]{16}$`), regexp.MustCompile(`^user_[0-9a-f]{32}$`)},
	{"org_ and 128 bits in hex", regexp.MustCompile(`^org_[0-9a-f]{16}$`), regexp.MustCompile(`^org_[0-9a-f]{32}$`)},
	{"an account key", regexp.MustCompile(`^sk_live_x+$`), regexp.MustCompile(`^sk_live_[0-9A-Za-z]{38}$`)},
	{"user_ and letters or digits", regexp.MustCompile(`^user_123$`), regexp.MustCompile(`^user_[0-9A-Za-z]+$`)},
	{"key_ and letters or digits", regexp.MustCompile(`^key_[a-z0-9]+$`), regexp.MustCompile(`^key_[0-9A-Za-z]+$`)},
	{"opaque text", regexp.MustCompile(`^\.\.\.$`), regexp.MustCompile(`^\S{20,}$`)},
}

// Numbers from here on are Unix seconds.
const firstSecond = 1e9

// difference is where an answer is not what its document shows.
type difference struct{ path, text string }

// comparison is how an answer is held against a document.
type comparison struct {
	extended bool // further members are no difference
	// example are members whose text belongs to the example, by their paths: the
	// answer has other data there, of this form.
	example map[string]*regexp.Regexp
	// abridged are lists of which the document shows a part.
	abridged map[string]bool
}

// compare returns every difference, in the order of the members' names.
func (c comparison) compare(shown, got any, path string) []difference {
	differ := func(format string, arguments ...any) []difference {
		return []difference{{path, fmt.Sprintf(format, arguments...)}}
	}
	if own := c.example[path]; own != nil {
		if text, isText := got.(string); !isText || !own.MatchString(text) {
			return differ("is %s, want text like %s", inJSON(got), own)
		}
		return nil
	}
	if kindOf(shown) != kindOf(got) {
		return differ("is %s, documented is %s", inJSON(got), inJSON(shown))
	}
	switch shown := shown.(type) {
	case map[string]any:
		return c.objects(shown, got.(map[string]any), path)
	case []any:
		return c.lists(shown, got.([]any), path)
	case string:
		if problem := likeText(shown, got.(string)); problem != "" {
			return differ("%s", problem)
		}
	case float64:
		if problem := likeNumber(shown, got.(float64)); problem != "" {
			return differ("%s", problem)
		}
	default:
		if shown != got {
			return differ("is %v, documented is %v", got, shown)
		}
	}
	return nil
}

func (c comparison) objects(shown, got map[string]any, path string) []difference {
	var all []difference
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		value, there := got[name]
		if !there {
			all = append(all, difference{join(path, name), "is missing"})
			continue
		}
		all = append(all, c.compare(shown[name], value, join(path, name))...)
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, documented := shown[name]; !documented && !c.extended {
			all = append(all, difference{join(path, name), "is not documented"})
		}
	}
	return all
}

// lists finds for each documented item one that is like it: documents promise
// no order. Items that are left over have to look like the first one's shape.
func (c comparison) lists(shown, got []any, path string) []difference {
	path += "[]"
	if len(shown) != len(got) && !c.abridged[path] {
		return []difference{{path, fmt.Sprintf("has %d items, documented are %d", len(got), len(shown))}}
	}
	left := slices.Clone(got)
	var all []difference
	for _, item := range shown {
		if len(left) == 0 {
			return append(all, difference{path, "has too few items"})
		}
		best, fewest := 0, c.compare(item, left[0], path)
		for i, candidate := range left {
			if found := c.compare(item, candidate, path); len(found) < len(fewest) {
				best, fewest = i, found
			}
		}
		all = append(all, fewest...)
		left = slices.Delete(left, best, best+1)
	}
	for _, item := range left {
		if names, want := namesOf(item), namesOf(shown[0]); !slices.Equal(names, want) {
			all = append(all, difference{path, fmt.Sprintf("has an item with %v, documented are %v", names, want)})
		}
	}
	return all
}

func namesOf(value any) []string {
	object, _ := value.(map[string]any)
	return slices.Sorted(maps.Keys(object))
}

func likeText(shown, got string) string {
	for _, f := range forms {
		if !f.written.MatchString(shown) {
			continue
		}
		if !f.accepted.MatchString(got) {
			return fmt.Sprintf("is %q, which is not %s", got, f.name)
		}
		return ""
	}
	if shown != got {
		return fmt.Sprintf("is %q, documented is %q", got, shown)
	}
	return ""
}

// likeNumber takes whole seconds of the near future for any instant.
func likeNumber(shown, got float64) string {
	if shown < firstSecond {
		if shown != got {
			return fmt.Sprintf("is %v, documented is %v", got, shown)
		}
		return ""
	}
	ends := time.Until(time.Unix(int64(got), 0))
	if got != math.Trunc(got) || ends < 0 || ends > 31*24*time.Hour {
		return fmt.Sprintf("is %v, which are not the Unix seconds of an instant to come", got)
	}
	return ""
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

func inJSON(value any) string {
	text, err := json.Marshal(value)
	return cmp.Or(string(text), fmt.Sprint(err))
}
