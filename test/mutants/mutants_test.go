package main

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// What "make mutants" builds is not built here; that it finds the barriers, each
// under a name of its own, and weaves them into files that are Go, is seen at
// once.
func TestEveryBarrierIsFoundAndWoven(t *testing.T) {
	t.Parallel()
	root := harness.Root(t)
	all, err := find(root)
	if err != nil {
		t.Fatal(err)
	}
	names, classes := map[string]bool{}, map[string]int{}
	for _, m := range all {
		if names[m.name()] {
			t.Errorf("two mutants are called %s", m.name())
		}
		names[m.name()] = true
		classes[m.class]++
	}
	for _, class := range []string{"predicate", "foreign key", "unique", "composite unique", "composite key", "check", "guard", "parent", "role", "scope"} {
		if classes[class] < 3 {
			t.Errorf("only %d mutants are of the class %s", classes[class], class)
		}
	}
	for name := range alike {
		if !names[name] {
			t.Errorf("a mutant is said to be like the program, and there is none such: %s", name)
		}
	}
	woven, err := weave(root, all)
	if err != nil {
		t.Fatal(err)
	}
	chosen := 0
	for name, text := range woven {
		if _, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution); err != nil {
			t.Errorf("%s is no Go any more: %v", name, err)
		}
		if !strings.HasSuffix(name, "mutants_woven.go") {
			chosen += strings.Count(text, "mutantIs(") + strings.Count(text, "mutantEither(") + strings.Count(text, "[3]string{")
		}
	}
	inGo := 0
	for _, m := range all {
		if m.inGo() {
			inGo++
		}
	}
	if chosen != inGo {
		t.Errorf("%d of %d mutants were woven", chosen, inGo)
	}
}
