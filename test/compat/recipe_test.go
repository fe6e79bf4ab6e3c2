package compat

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

var (
	linked = regexp.MustCompile(`\]\(([^)#:"]+)\)`)
	asked  = regexp.MustCompile("`(httpapi|app|id|Tokens|Registered)\\.([A-Z][A-Za-z]+)")
)

func source(t *testing.T, directory string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(harness.Root(t), directory, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s has no source: %v", directory, err)
	}
	var all strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path) //nolint:gosec // the repository's own
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func TestEveryStepOfTheRecipeExists(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(harness.Root(t), "docs/recipes")
	text, err := os.ReadFile(filepath.Join(directory, "add-a-dialect.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range linked.FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat(filepath.Join(directory, found[1])); err != nil {
			t.Errorf("the recipe leads to %s: %v", found[1], err)
		}
	}
	rooms := map[string]string{
		"httpapi": source(t, "adapters/httpapi"), "app": source(t, "app"), "id": source(t, "domain/id"),
		"Tokens": source(t, "domain/session"), "Registered": source(t, "app"),
	}
	names := asked.FindAllStringSubmatch(string(text), -1)
	for _, found := range names {
		if !regexp.MustCompile(`(?m)^(func |type |\t|\t?var )` + found[2] + `\b`).MatchString(rooms[found[1]]) {
			t.Errorf("the recipe uses %s.%s, which there is not", found[1], found[2])
		}
	}
	if len(names) < 8 {
		t.Errorf("the recipe names only %d things", len(names))
	}
	commands := source(t, "cmd/tenantry")
	for _, name := range dialects(t) {
		folder := "adapters/httpapi/compat/" + name
		if !strings.Contains(commands, folder+`"`) {
			t.Errorf("cmd/tenantry does not know %s", folder)
		}
		if !strings.Contains(source(t, folder), "//go:generate go run ../../../../cmd/tenantry openapi openapi.json "+name+"\n") {
			t.Errorf("%s does not generate its specification", folder)
		}
		if !strings.Contains(string(contents(t, "docs/dialects.md")), "`COMPAT="+name+"`") {
			t.Errorf("docs/dialects.md has no section about %s", name)
		}
	}
}

func contents(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(t), path)) //nolint:gosec // the repository's own
	if err != nil {
		t.Fatal(err)
	}
	return text
}
