package harness

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// validator checks JSON against JSON Schema 2020-12, as far as the
// specification uses it. A keyword that it does not know is a violation, so
// that nothing goes unchecked for want of understanding.
type validator struct{ schemas M } // #/components/schemas

const schemaPrefix = "#/components/schemas/"

// annotations say nothing of what is valid.
var annotations = []string{
	"title", "description", "examples", "example", "default", "deprecated", "readOnly", "writeOnly", "$schema", "$comment", "contentEncoding",
}

type keyword func(v validator, schema M, rule, value any, at string) string

var keywords map[string]keyword

func init() { // init, since applicators refer back to check
	keywords = map[string]keyword{
		"$ref": reference, "type": ofType, "enum": oneOfValues, "const": constant, "format": format,
		"properties": properties, "required": required, "additionalProperties": additional,
		"items": items, "minItems": bound, "maxItems": bound, "minLength": bound, "maxLength": bound,
		"minimum": bound, "maximum": bound, "pattern": pattern,
		"anyOf": anyOf, "oneOf": oneOf, "allOf": allOf,
	}
}

// check returns the first violation, or nothing.
func (v validator) check(schema, value any, at string) string {
	if allowed, isBool := schema.(bool); isBool {
		if allowed {
			return ""
		}
		return at + " may not be there"
	}
	rules, ok := schema.(M)
	if !ok {
		return at + ": the schema is no schema"
	}
	for name, rule := range rules {
		if slices.Contains(annotations, name) {
			continue
		}
		check, known := keywords[name]
		if !known {
			return fmt.Sprintf("%s: the schema has the keyword %q, which the tests do not know", at, name)
		}
		if name == "minItems" || name == "maxItems" || name == "minLength" || name == "maxLength" || name == "minimum" || name == "maximum" {
			rule = [2]any{name, rule}
		}
		if problem := check(v, rules, rule, value, at); problem != "" {
			return problem
		}
	}
	return ""
}

func reference(v validator, _ M, rule, value any, at string) string {
	name, _ := rule.(string)
	schema, found := v.schemas[strings.TrimPrefix(name, schemaPrefix)]
	if !found || !strings.HasPrefix(name, schemaPrefix) {
		return fmt.Sprintf("%s: there is no schema %s", at, name)
	}
	return v.check(schema, value, at)
}

func typeOf(value any) string {
	switch n := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case M:
		return "object"
	case float64:
		if n == math.Trunc(n) {
			return "integer"
		}
	}
	return "number"
}

func ofType(_ validator, _ M, rule, value any, at string) string {
	names, several := rule.([]any)
	if !several {
		names = []any{rule}
	}
	is := typeOf(value)
	if slices.Contains(names, any(is)) || is == "integer" && slices.Contains(names, any("number")) {
		return ""
	}
	return fmt.Sprintf("%s is of type %s, want %v", at, is, rule)
}

func oneOfValues(_ validator, _ M, rule, value any, at string) string {
	values, _ := rule.([]any)
	if slices.ContainsFunc(values, func(v any) bool { return equal(v, value) }) {
		return ""
	}
	return fmt.Sprintf("%s is %v, want one of %v", at, value, values)
}

func constant(_ validator, _ M, rule, value any, at string) string {
	if equal(rule, value) {
		return ""
	}
	return fmt.Sprintf("%s is %v, want %v", at, value, rule)
}

func equal(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// UUIDv7 is the form of every id.
var UUIDv7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// format is an assertion here: what the specification says of a form holds.
func format(_ validator, _ M, rule, value any, at string) string {
	text, isText := value.(string)
	var valid bool
	switch rule {
	case "uuid":
		valid = UUIDv7.MatchString(text)
	case "date-time":
		at, err := time.Parse(time.RFC3339Nano, text)
		valid = err == nil && at.Location() == time.UTC && strings.HasSuffix(text, "Z")
	case "uri":
		u, err := url.Parse(text)
		valid = err == nil && u.Scheme != ""
	case "int32", "int64", "double", "float", "email":
		return ""
	default:
		return fmt.Sprintf("%s: the schema has the format %q, which the tests do not know", at, rule)
	}
	if isText && !valid {
		return fmt.Sprintf("%s is %q, which is no %s", at, text, rule)
	}
	return ""
}

func properties(v validator, _ M, rule, value any, at string) string {
	members, _ := rule.(M)
	object, _ := value.(M)
	for name, schema := range members {
		if member, there := object[name]; there {
			if problem := v.check(schema, member, at+"."+name); problem != "" {
				return problem
			}
		}
	}
	return ""
}

func required(_ validator, _ M, rule, value any, at string) string {
	names, _ := rule.([]any)
	object, isObject := value.(M)
	for _, name := range names {
		if _, there := object[fmt.Sprint(name)]; isObject && !there {
			return fmt.Sprintf("%s has no member %v", at, name)
		}
	}
	return ""
}

func additional(v validator, schema M, rule, value any, at string) string {
	known, _ := schema["properties"].(M)
	object, _ := value.(M)
	for name, member := range object {
		if _, there := known[name]; !there {
			if problem := v.check(rule, member, at+"."+name); problem != "" {
				return problem
			}
		}
	}
	return ""
}

func items(v validator, _ M, rule, value any, at string) string {
	list, _ := value.([]any)
	for i, item := range list {
		if problem := v.check(rule, item, fmt.Sprintf("%s[%d]", at, i)); problem != "" {
			return problem
		}
	}
	return ""
}

// bound is every keyword that limits a number, a length or a count.
func bound(_ validator, _ M, rule, value any, at string) string {
	named, _ := rule.([2]any)
	name, _ := named[0].(string)
	limit, _ := named[1].(float64)
	var size float64
	switch v := value.(type) {
	case float64:
		size = v
	case string:
		size = float64(utf8.RuneCountInString(v))
	case []any:
		size = float64(len(v))
	default:
		return ""
	}
	if strings.HasPrefix(name, "min") && size < limit || strings.HasPrefix(name, "max") && size > limit {
		return fmt.Sprintf("%s is %v, %s is %v", at, value, name, limit)
	}
	return ""
}

func pattern(_ validator, _ M, rule, value any, at string) string {
	text, isText := value.(string)
	form, err := regexp.Compile(fmt.Sprint(rule))
	if err != nil {
		return fmt.Sprintf("%s: %v", at, err)
	}
	if isText && !form.MatchString(text) {
		return fmt.Sprintf("%s is %q, want %s", at, text, rule)
	}
	return ""
}

// matching returns how many of the schemas accept the value, and what the last
// one that did not says.
func matching(v validator, rule, value any, at string) (n int, total int, problem string) {
	schemas, _ := rule.([]any)
	for _, schema := range schemas {
		if p := v.check(schema, value, at); p != "" {
			problem = p
		} else {
			n++
		}
	}
	return n, len(schemas), problem
}

func anyOf(v validator, _ M, rule, value any, at string) string {
	if n, _, problem := matching(v, rule, value, at); n == 0 {
		return problem
	}
	return ""
}

func oneOf(v validator, _ M, rule, value any, at string) string {
	if n, _, problem := matching(v, rule, value, at); n != 1 {
		return fmt.Sprintf("%s fits %d of oneOf %s", at, n, problem)
	}
	return ""
}

func allOf(v validator, _ M, rule, value any, at string) string {
	if n, total, problem := matching(v, rule, value, at); n != total {
		return problem
	}
	return ""
}
