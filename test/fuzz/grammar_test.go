package fuzz

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// operation is one that can be called, with what its specification says.
type operation struct {
	harness.Operation
	body       any // the schema of the body; nil for none
	parameters []parameter
	schemes    []string // ways to say who is calling; none needs none
	of         *harness.Specification
}

type parameter struct {
	in, name string
	required bool
	schema   M
}

// grammar is every operation of the program and of its dialects.
type grammar []operation

// dialects are those that servers under test speak beside the program's own.
var dialects = []string{"phaseflag", "phy", "zylon", "username-keys"}

func newGrammar(t *testing.T) grammar {
	t.Helper()
	specs := []*harness.Specification{harness.Spec(t)}
	for _, name := range dialects {
		specs = append(specs, harness.Dialect(t, name))
	}
	var g grammar
	for _, spec := range specs {
		paths, _ := spec.Document["paths"].(M)
		for _, o := range spec.Operations {
			methods, _ := paths[o.Path].(M)
			node, _ := methods[strings.ToLower(o.Method)].(M)
			g = append(g, newOperation(o, node, spec))
		}
	}
	if len(g) < 60 {
		t.Fatalf("the grammar has %d operations", len(g))
	}
	return g
}

func newOperation(o harness.Operation, node M, spec *harness.Specification) operation {
	made := operation{Operation: o, of: spec}
	if body, takes := node["requestBody"].(M); takes {
		content, _ := body["content"].(M)
		media, _ := content["application/json"].(M)
		made.body = media["schema"]
	}
	list, _ := node["parameters"].([]any)
	for _, item := range list {
		said, _ := item.(M)
		p := parameter{required: said["required"] == true}
		p.in, _ = said["in"].(string)
		p.name, _ = said["name"].(string)
		p.schema, _ = said["schema"].(M)
		made.parameters = append(made.parameters, p)
	}
	security, _ := node["security"].([]any)
	for _, item := range security {
		way, _ := item.(M)
		for scheme := range way {
			made.schemes = append(made.schemes, scheme)
		}
	}
	slices.Sort(made.schemes)
	return made
}

// value is one that the schema of a member accepts: what the world has under
// that name, an example, or something of the type.
func (o *operation) value(r *rand.Rand, w *world, name string, schema any) any {
	rules, _ := schema.(M)
	if target, isReference := rules["$ref"].(string); isReference {
		return o.value(r, w, name, o.component(target))
	}
	if known, has := w.value(r, name); has {
		return known
	}
	if values, chosen := rules["enum"].([]any); chosen {
		return pick(r, values)
	}
	if examples, has := rules["examples"].([]any); has && len(examples) > 0 {
		return pick(r, examples)
	}
	kind := rules["type"]
	if kinds, several := kind.([]any); several {
		kind = pick(r, kinds)
	}
	switch kind {
	case "object":
		return o.object(r, w, rules)
	case "array":
		list := []any{}
		for range r.IntN(4) {
			list = append(list, o.value(r, w, name, rules["items"]))
		}
		return list
	case "integer", "number":
		return 1 + r.IntN(100)
	case "boolean":
		return oneIn(r, 2)
	case "null":
		return nil
	}
	return "text-" + harness.Unique()
}

func (o *operation) component(reference string) any {
	components, _ := o.of.Document["components"].(M)
	schemas, _ := components["schemas"].(M)
	return schemas[strings.TrimPrefix(reference, "#/components/schemas/")]
}

// object has what is required, and some of what is not.
func (o *operation) object(r *rand.Rand, w *world, rules M) []member {
	needed, _ := rules["required"].([]any)
	properties, _ := rules["properties"].(M)
	var names []string
	for name := range properties {
		names = append(names, name)
	}
	slices.Sort(names) // so that a seed means the same each time
	members := []member{}
	for _, name := range names {
		if slices.Contains(needed, any(name)) || oneIn(r, 2) {
			members = append(members, member{name, o.value(r, w, name, properties[name])})
		}
	}
	return members
}

// content is a body that the operation accepts; false for none.
func (o *operation) content(r *rand.Rand, w *world) ([]member, bool) {
	if o.body == nil {
		return nil, false
	}
	whole, _ := o.value(r, w, "", o.body).([]member)
	return whole, true
}

// mutated is the object with an accident in one of its members.
func mutated(r *rand.Rand, members []member) []member {
	changed := slices.Clone(members)
	unknown := member{pick(r, []string{"unknown", "role", "id", "org_id", "is_admin", "email_verified", "__proto__", "constructor", " ", "", "a.b", "$ref", "\u212aey", odd(r)}), 1}
	if len(changed) == 0 || oneIn(r, 6) {
		return append(changed, unknown)
	}
	i := r.IntN(len(changed))
	m := changed[i]
	switch r.IntN(8) {
	case 0:
		return slices.Delete(changed, i, i+1)
	case 1:
		return append(changed, member{m.name, odd(r)})
	case 2:
		changed[i].name = pick(r, []string{strings.ToUpper(m.name), m.name + " ", strings.ReplaceAll(m.name, "k", "\u212a"), strings.ReplaceAll(m.name, "s", "\u017f"), odd(r)})
	case 3, 4:
		changed[i].value = strange(r)
	case 5:
		if text, isText := m.value.(string); isText && text != "" {
			changed[i].value = text + pick(r, words)
			break
		}
		fallthrough
	default:
		changed[i].value = odd(r)
	}
	return changed
}
