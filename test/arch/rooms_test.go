package arch

import (
	"go/ast"
	"path"
	"slices"
	"strings"
)

// rooms are the places for packages. A star stands for one name.
var rooms = []string{
	"cmd/tenantry", "cmd/generate",
	"domain/*",
	"ports", "ports/portstest",
	"app",
	"adapters/*", "adapters/httpapi/compat/*",
	"migrations",
	"test/*",
	"docs/examples/*",
}

// house is what a room may import of the repository, by patterns as above. A
// room that no key matches may import what it likes: the tests, and cmd, which
// puts everything together. The longest key that matches counts.
var house = map[string][]string{
	"domain/*":                  {"domain/*"},
	"ports":                     {"domain/*"},
	"ports/portstest":           {"domain/*", "ports"},
	"app":                       {"domain/*", "ports"},
	"adapters/*":                {"domain/*", "ports", "app", "migrations"},
	"adapters/postgres":         {"domain/*", "ports", "app", "migrations", "adapters/sqlstore"},
	"adapters/sqlite":           {"domain/*", "ports", "app", "migrations", "adapters/sqlstore"},
	"adapters/httpapi/compat/*": {"domain/*", "ports", "app", "adapters/httpapi"},
	"migrations":                {},
	"docs/examples/*":           {},
}

// outside is what the rooms that are kept free of technology may import of
// other modules: uuid, because ids are values, and examples nothing, so that one
// can copy them. Other rooms choose for themselves.
var outside = map[string][]string{
	"domain/*":        {"github.com/google/uuid"},
	"ports":           {"github.com/google/uuid"},
	"ports/portstest": append([]string{"github.com/google/uuid"}, testLibraries...),
	"app":             {"github.com/google/uuid"},
	"docs/examples/*": {},
}

// testLibraries belong into tests, not into the program.
var testLibraries = []string{
	"testing", "testing/*", "net/http/httptest",
	"github.com/google/go-cmp/*", "pgregory.net/rapid", "go.uber.org/goleak",
	"github.com/getkin/kin-openapi/*", "github.com/emersion/go-smtp",
}

// effects are the packages by which a decision would reach for the world.
var effects = []string{"context", "os", "os/*", "io/fs", "net", "net/http", "database/sql"}

// roomOf returns the longest pattern that matches a package's directory.
func roomOf(directory string, patterns []string) (string, bool) {
	best, found := "", false
	for _, pattern := range patterns {
		if matched, _ := path.Match(pattern, directory); matched && (!found || longer(pattern, best)) {
			best, found = pattern, true
		}
	}
	return best, found
}

// longer prefers a name to a star, and more of a path to less.
func longer(a, b string) bool {
	return strings.Count(a, "*") < strings.Count(b, "*") || len(a) > len(b)
}

func anyMatches(patterns []string, name string) bool {
	_, found := roomOf(name, patterns)
	return found
}

func keys[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	return names
}

// own returns the directory of one of the repository's packages.
func own(imported string) (string, bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// standard tells whether a package comes with Go: only other modules have a
// dot in the first part of their path.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func inTests(f file) bool {
	return f.test() || strings.HasPrefix(f.path, "test/") || f.room() == "ports/portstest"
}

func unplaced(files []file) []string {
	var violations []string
	for _, f := range files {
		if !anyMatches(rooms, f.room()) {
			violations = append(violations, f.at(f.syntax, "nobody placed the package %s; rooms are %s",
				f.room(), strings.Join(rooms, ", ")))
		}
	}
	return violations
}

// eachImport judges the imports of the files that a rule concerns.
func eachImport(files []file, concerns func(file) bool, judge func(f file, imported string) string) []string {
	var violations []string
	for _, f := range files {
		if !concerns(f) {
			continue
		}
		for imported, declared := range f.imports() {
			if problem := judge(f, imported); problem != "" {
				violations = append(violations, f.at(ast.Node(declared), "%s", problem))
			}
		}
	}
	slices.Sort(violations)
	return violations
}

func program(f file) bool { return !f.test() }

func wrongWay(files []file) []string {
	return eachImport(files, program, func(f file, imported string) string {
		room, bounded := roomOf(f.room(), keys(house))
		directory, ours := own(imported)
		if !bounded || !ours || anyMatches(house[room], directory) {
			return ""
		}
		if room == "adapters/*" && anyMatches([]string{"adapters/*", "adapters/httpapi/compat/*"}, directory) {
			return f.room() + " imports another adapter, " + directory + "; let both be wired in cmd/tenantry"
		}
		return f.room() + " imports " + directory + "; imports point cmd → adapters → app → ports → domain"
	})
}

func foreign(files []file) []string {
	return eachImport(files, program, func(f file, imported string) string {
		room, bounded := roomOf(f.room(), keys(outside))
		_, ours := own(imported)
		if !bounded || ours || standard(imported) || matchesBelow(outside[room], imported) {
			return ""
		}
		return f.room() + " imports " + imported + "; technology belongs into an adapter"
	})
}

func effectful(files []file) []string {
	concerns := func(f file) bool { return program(f) && strings.HasPrefix(f.path, "domain/") }
	return eachImport(files, concerns, func(f file, imported string) string {
		if !matchesBelow(effects, imported) {
			return ""
		}
		return f.room() + " imports " + imported + "; the domain decides, and does nothing"
	})
}

func testsInProgram(files []file) []string {
	concerns := func(f file) bool { return !inTests(f) }
	return eachImport(files, concerns, func(_ file, imported string) string {
		directory, ours := own(imported)
		switch {
		case ours && (strings.HasPrefix(directory, "test/") || directory == "ports/portstest"):
			return "the program imports " + directory + ", which is for tests"
		case !ours && matchesBelow(testLibraries, imported):
			return "the program imports " + imported + ", which is for tests"
		}
		return ""
	})
}

func commandImported(files []file) []string {
	everything := func(file) bool { return true }
	return eachImport(files, everything, func(f file, imported string) string {
		directory, ours := own(imported)
		if !ours || !strings.HasPrefix(directory, "cmd/") {
			return ""
		}
		return f.room() + " imports " + directory + "; nothing depends on the program's outermost room"
	})
}

// matchesBelow matches import paths; here a star at the end stands for any
// number of names.
func matchesBelow(patterns []string, imported string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return imported == pattern || open && strings.HasPrefix(imported, prefix)
	})
}
