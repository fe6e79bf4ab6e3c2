package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// rule is one sentence about the repository and the function that checks it.
type rule struct {
	name  string
	check func([]file) []string
	// bad are files, by path, in each of which the check has to find
	// something; good are files in which it may find nothing.
	bad, good map[string]string
}

var rules = []rule{
	{
		name: "every package has a place", check: unplaced,
		bad: map[string]string{
			"util/strings.go": "package util", "main.go": "package main", "domain/domain.go": "package domain",
			"adapters/smtp/queue/queue.go": "package queue", "cmd/other/main.go": "package main",
		},
		good: map[string]string{
			"cmd/tenantry/main.go": "package main", "adapters/httpapi/compat/phy/phy.go": "package phy",
			"ports/portstest/a.go": "package portstest", "test/arch/arch_test.go": "package arch",
		},
	},
	{
		name: "imports point from cmd to the domain, and adapters do not see each other", check: wrongWay,
		bad: map[string]string{
			"domain/a/a.go":                  importing("ports"),
			"domain/b/b.go":                  importing("app"),
			"ports/a.go":                     importing("app"),
			"ports/portstest/a.go":           importing("app"),
			"app/a.go":                       importing("adapters/sqlite"),
			"app/b.go":                       importing("migrations"),
			"adapters/httpapi/a.go":          importing("adapters/sqlstore"),
			"adapters/sqlstore/a.go":         importing("adapters/postgres"),
			"adapters/postgres/a.go":         importing("adapters/sqlite"),
			"adapters/smtp/a.go":             importing("adapters/httpapi/compat/phy"),
			"adapters/httpapi/compat/x/a.go": importing("adapters/sqlite"),
			"adapters/httpapi/compat/y/a.go": importing("adapters/httpapi/compat/x"),
			"migrations/a.go":                importing("ports"),
			"docs/examples/a/a.go":           importing("domain/id"),
		},
		good: map[string]string{
			"domain/a/a.go":                  importing("domain/b"),
			"ports/a.go":                     importing("domain/b"),
			"ports/portstest/a.go":           importing("ports"),
			"app/a.go":                       importing("ports"),
			"app/a_test.go":                  importing("adapters/sqlite"),
			"adapters/sqlite/a.go":           importing("adapters/sqlstore"),
			"adapters/postgres/a.go":         importing("migrations"),
			"adapters/httpapi/a.go":          importing("app"),
			"adapters/httpapi/compat/x/a.go": importing("adapters/httpapi"),
			"cmd/tenantry/wire.go":           importing("adapters/sqlite"),
		},
	},
	{
		name: "domain, ports and app use the standard library and uuid alone, examples the former", check: foreign,
		bad: map[string]string{
			"domain/a/a.go":        `package a; import "github.com/jmoiron/sqlx"`,
			"ports/a.go":           `package ports; import "github.com/google/go-cmp/cmp"`,
			"ports/portstest/a.go": `package portstest; import "github.com/lib/pq"`,
			"app/a.go":             `package app; import "github.com/gin-gonic/gin"`,
			"docs/examples/a/a.go": `package a; import "github.com/google/uuid"`,
		},
		good: map[string]string{
			"domain/a/a.go":        `package a; import ("strings"; "github.com/google/uuid")`,
			"domain/a/a_test.go":   `package a; import "pgregory.net/rapid"`,
			"ports/portstest/a.go": `package portstest; import ("testing"; "github.com/google/go-cmp/cmp")`,
			"adapters/jwt/a.go":    `package jwt; import "github.com/golang-jwt/jwt/v5"`,
		},
	},
	{
		name: "the domain has no context and no way to the outside", check: effectful,
		bad: map[string]string{
			"domain/a/a.go": `package a; import "context"`, "domain/b/b.go": `package b; import "net/http"`,
			"domain/c/c.go": `package c; import "os/exec"`,
		},
		good: map[string]string{
			"domain/a/a.go": `package a; import ("net/mail"; "log/slog")`, "app/a.go": `package app; import "context"`,
			"domain/a/a_test.go": `package a; import "os"`,
		},
	},
	{
		name: "the program never imports tests or their libraries", check: testsInProgram,
		bad: map[string]string{
			"app/a.go":              importing("test/fake"),
			"cmd/tenantry/main.go":  importing("ports/portstest"),
			"adapters/jwt/jwt.go":   `package jwt; import "testing"`,
			"adapters/smtp/smtp.go": `package smtp; import "github.com/google/go-cmp/cmp"`,
		},
		good: map[string]string{
			"app/a_test.go": importing("test/fake"), "test/fake/fake.go": importing("test/pgtest"),
			"ports/portstest/a.go": `package portstest; import "testing"`,
		},
	},
	{
		name: "nothing imports cmd", check: commandImported,
		bad: map[string]string{
			"adapters/jwt/a.go": importing("cmd/tenantry"), "test/api/a_test.go": importing("cmd/tenantry"),
		},
		good: map[string]string{"cmd/tenantry/main.go": importing("app")},
	},
	{
		name: "only the listed files act without a member's leave", check: sideDoorsTaken,
		bad: map[string]string{
			"app/projects.go": using("domain/access", "var g = access.Invited(org, who)"),
			"app/hidden.go":   using("domain/access", "var open = access.Invited"),
			"app/renamed.go":  "package a; import door \"" + module + "/domain/access\"\nvar g = door.Invited(org, who)",
			"app/members.go":  using("domain/access", "var g = access.Found(org, founder)"),
			"app/dotted.go":   "package a; import . \"" + module + "/domain/access\"\nvar g = Invited(org, who)",
		},
		good: map[string]string{
			"app/invitations.go":   using("domain/access", "var g = access.Invited(org, who)"),
			"app/projects_test.go": using("domain/access", "var g = access.Invited(org, who)"),
			"ports/portstest/a.go": using("domain/access", "var g = access.Invited(org, who)"),
			"app/projects.go":      using("domain/access", "var g = access.Authorize(m, a)"),
			"app/founding.go":      using("domain/access", "var g = access.Found(org, founder)"),
			"app/other.go":         "package a\nvar g = operating.Invited()",
		},
	},
	{
		name: "domain and app ask a port for the time", check: ownClock,
		bad: map[string]string{
			"domain/a/a.go": "package a; import \"time\"\nvar t = time.Now()",
			"app/a.go":      "package a; import \"time\"\nvar clock = time.Now",
			"app/b.go":      "package a; import clock \"time\"\nvar d = clock.Since(start)",
		},
		good: map[string]string{
			"app/a.go":           "package a; import \"time\"\nvar d = 3 * time.Second",
			"app/a_test.go":      "package a; import \"time\"\nvar t = time.Now()",
			"adapters/jwt/a.go":  "package a; import \"time\"\nvar t = time.Now()",
			"domain/now/time.go": "package a\nvar t = time.Now()",
		},
	},
	{
		name: "domain and app hide nothing in a context", check: contextValues,
		bad:  map[string]string{"app/a.go": "package a; import \"context\"\nvar c = context.WithValue(p, k, v)"},
		good: map[string]string{"app/a.go": "package a; import \"context\"\nvar c = context.WithoutCancel(p)"},
	},
	{
		name: "the domain knows no wire and no column", check: taggedFields,
		bad: map[string]string{
			"domain/a/a.go": "package a\ntype T struct { Name string `json:\"name\"` }",
			"domain/b/b.go": "package b\ntype T struct { Name string `x:\"1\" db:\"name\"` }",
		},
		good: map[string]string{
			"domain/a/a.go":      "package a\ntype T struct { Name string `other:\"name\"` }",
			"adapters/jwt/a.go":  "package a\ntype T struct { Name string `json:\"name\"` }",
			"domain/a/a_test.go": "package a\ntype T struct { Name string `json:\"name\"` }",
		},
	},
	{
		name: "a file has at most 400 lines", check: longFiles,
		bad: map[string]string{"app/a.go": "package a" + strings.Repeat("\n", fileBudget+1)},
		good: map[string]string{
			"app/a.go":      "package a" + strings.Repeat("\n", fileBudget),
			"app/a_test.go": "package a" + strings.Repeat("\n", 2*fileBudget),
			"app/b.go":      "// Code generated by a program. DO NOT EDIT.\npackage a" + strings.Repeat("\n", 2*fileBudget),
		},
	},
	{
		name: "a function has at most 60 lines", check: longFunctions,
		bad: map[string]string{
			"app/a.go": "package a\nfunc f() {" + strings.Repeat("\n", functionBudget+2) + "}",
			"app/b.go": "package a\nfunc (T) f() {" + strings.Repeat("\n", functionBudget+2) + "}",
		},
		good: map[string]string{
			"app/a.go":      "package a\nfunc f() {" + strings.Repeat("\n", functionBudget+1) + "}",
			"app/a_test.go": "package a\nfunc f() {" + strings.Repeat("\n", 2*functionBudget) + "}",
		},
	},
	{
		name: "comments promise nothing for later", check: promised,
		bad: map[string]string{
			"app/a.go": "package a // TO" + "DO: later", "app/b_test.go": "/* FIX" + "ME */ package a",
		},
		good: map[string]string{"app/a.go": "package a\nvar s = \"TO" + "DO\" // a mastodon"},
	},
}

func importing(directory string) string { return using(directory, "") }

func using(directory, code string) string {
	return fmt.Sprintf("package a; import %q\n%s", module+"/"+directory, code)
}

func TestRules(t *testing.T) {
	t.Parallel()
	files := repository(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			tryExamples(t, r)
			for _, violation := range r.check(files) {
				t.Error(violation)
			}
		})
	}
}

// tryExamples shows that the rule has power and does not overreach.
func tryExamples(t *testing.T, r rule) {
	t.Helper()
	if len(r.bad) == 0 || len(r.good) == 0 {
		t.Error("a rule needs an example of both kinds")
	}
	for _, path := range slices.Sorted(maps.Keys(r.bad)) {
		if len(r.check(example(t, path, r.bad[path]))) == 0 {
			t.Errorf("the bad example %s passes:\n%s", path, r.bad[path])
		}
	}
	for _, path := range slices.Sorted(maps.Keys(r.good)) {
		for _, violation := range r.check(example(t, path, r.good[path])) {
			t.Errorf("the good example %s is refused: %s", path, violation)
		}
	}
}

func example(t *testing.T, path, source string) []file {
	t.Helper()
	parsed, err := parse(path, source)
	if err != nil {
		t.Fatalf("the example %s: %v", path, err)
	}
	return []file{parsed}
}

func TestTheRepositoryIsRead(t *testing.T) {
	t.Parallel()
	var paths []string
	for _, f := range repository(t) {
		paths = append(paths, f.path)
	}
	for _, expected := range []string{"test/arch/doc.go", "test/arch/arch_test.go"} {
		if !slices.Contains(paths, expected) {
			t.Errorf("%s is not among the %d files that the rules see", expected, len(paths))
		}
	}
}
