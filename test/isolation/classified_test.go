package isolation

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// harmless are the names of parameters and members that cannot name a thing of a
// tenant.
var harmless = map[string][]string{
	"words that people choose": {"name", "slug", "color", "kind", "username", "email", "org_name", "q"},
	"closed lists":             {"type", "scopes", "role", "status", "format", "action", "resource_type", "resource.type", "protected", "is_personal_account", "disabled", "delete_organizations"},
	"numbers and times":        {"limit", "offset", "overlap_seconds", "expires_at", "from", "to"},
	"secrets of the caller's":  {"password", "current_password", "new_password", "token", "refresh_token", "api_key"},
	"confirmations":            {"confirm"},
	"cursors, which TestIsolation tries by themselves":   {"after"},
	"what leads to members":                              {"resource"},
	"the SDK plane, which TestIsolation tries by itself": {"environment", "scope", "key"},
	"files": {"asset"},
}

func isHarmless(name string) bool {
	for _, names := range harmless {
		if slices.Contains(names, name) {
			return true
		}
	}
	return false
}

// A route that nobody has placed, or a member of one, could lead anywhere.
func TestEveryRouteAndEveryPlaceForAnIDIsClassified(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, o := range harness.Spec(t).Operations {
		name := o.Name()
		seen[name] = true
		r, known := routes[name]
		if _, other := others[name]; known == other {
			t.Errorf("%s is classified in neither of routes and others, or in both", name)
		}
		for _, taken := range accepted(t, o) {
			placed := slices.ContainsFunc(r.places, func(p place) bool { return p.in == taken.in && p.name == taken.name })
			if !placed && (!isHarmless(taken.name) || taken.isID) {
				t.Errorf("%s takes %q in the %s, which the matrix does not aim at and nobody has called harmless", name, taken.name, taken.in)
			}
		}
	}
	for name := range routes {
		if !seen[name] {
			t.Errorf("%s is classified, but not served", name)
		}
	}
	for name := range others {
		if !seen[name] {
			t.Errorf("%s is classified, but not served", name)
		}
	}
}

// taken is a parameter, or a member of the body at any depth.
type taken struct {
	in, name string
	isID     bool
}

func accepted(t *testing.T, o harness.Operation) []taken {
	t.Helper()
	document := harness.Spec(t).Document
	node := document["paths"].(M)[o.Path].(M)[strings.ToLower(o.Method)].(M)
	var all []taken
	parameters, _ := node["parameters"].([]any)
	for _, p := range parameters {
		p := followed(document, p.(M))
		if p["in"] == "header" {
			continue // X-Organization-ID is tried on every route, Idempotency-Key belongs to the caller
		}
		schema, _ := p["schema"].(M)
		all = append(all, taken{p["in"].(string), p["name"].(string), schema["format"] == "uuid"})
	}
	if body, has := node["requestBody"].(M); has {
		content, _ := body["content"].(M)
		media, _ := content["application/json"].(M)
		schema, _ := media["schema"].(M)
		all = append(all, members(document, schema, "")...)
	}
	return all
}

func followed(document, node M) M {
	for {
		reference, _ := node["$ref"].(string)
		if reference == "" {
			return node
		}
		node = document
		for step := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
			node, _ = node[step].(M)
		}
	}
}

func members(document, schema M, prefix string) []taken {
	schema = followed(document, schema)
	var all []taken
	properties, _ := schema["properties"].(M)
	for name, p := range properties {
		member := followed(document, p.(M))
		all = append(all, taken{"body", prefix + name, member["format"] == "uuid"})
		all = append(all, members(document, member, prefix+name+".")...)
	}
	for _, combined := range []string{"anyOf", "oneOf", "allOf"} {
		parts, _ := schema[combined].([]any)
		for _, p := range parts {
			all = append(all, members(document, p.(M), prefix)...)
		}
	}
	if items, has := schema["items"].(M); has {
		all = append(all, members(document, items, prefix)...)
	}
	return all
}
