package arch

import (
	"go/ast"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// sideDoors are the ways to a grant that ask no membership, and the files that
// may take them. Tests may, too.
var sideDoors = map[string][]string{
	"Found":          {"app/founding.go", "ports/portstest/*.go"},
	"Invited":        {"app/invitations.go", "ports/portstest/*.go"},
	"OperateByToken": {"adapters/httpapi/credentials.go"},
}

const (
	fileBudget     = 400 // lines
	functionBudget = 60  // lines between the braces and their signature
)

// inner tells whether a file belongs to the rooms that get time and actor as
// parameters or from ports.
func inner(f file) bool {
	return !f.test() && (strings.HasPrefix(f.path, "domain/") || strings.HasPrefix(f.path, "app/"))
}

func sideDoorsTaken(files []file) []string {
	var violations []string
	for _, f := range files {
		if f.test() {
			continue
		}
		for door, allowed := range sideDoors {
			if anyMatches(allowed, f.path) {
				continue
			}
			for _, use := range f.uses(module+"/domain/access", door) {
				violations = append(violations, f.at(use,
					"access.%s passes the door that access.Authorize guards; sideDoors lists the exceptions", door))
			}
		}
	}
	return violations
}

func ownClock(files []file) []string {
	return forbidden(files, "time", []string{"Now", "Since", "Until"}, "time comes from ports.Clock")
}

func contextValues(files []file) []string {
	return forbidden(files, "context", []string{"WithValue"}, "pass what a function needs as a parameter")
}

func forbidden(files []file, imported string, names []string, instead string) []string {
	var violations []string
	for _, f := range files {
		if !inner(f) {
			continue
		}
		for _, use := range f.uses(imported, names...) {
			violations = append(violations, f.at(use, "%s is read here; %s", imported, instead))
		}
	}
	return violations
}

func taggedFields(files []file) []string {
	var violations []string
	for _, f := range files {
		if !strings.HasPrefix(f.path, "domain/") || f.test() {
			continue
		}
		ast.Inspect(f.syntax, func(node ast.Node) bool {
			field, isField := node.(*ast.Field)
			if !isField || field.Tag == nil {
				return true
			}
			text, err := strconv.Unquote(field.Tag.Value)
			for _, key := range []string{"json", "db"} {
				if _, found := reflect.StructTag(text).Lookup(key); found || err != nil {
					violations = append(violations, f.at(field,
						"the domain has no %s tags; shapes of the outside belong to adapters", key))
				}
			}
			return true
		})
	}
	return violations
}

func longFiles(files []file) []string {
	var violations []string
	for _, f := range files {
		if f.lines > fileBudget && !f.test() && !f.generated() {
			violations = append(violations, f.at(f.syntax, "%d lines, %d allowed", f.lines, fileBudget))
		}
	}
	return violations
}

func longFunctions(files []file) []string {
	var violations []string
	for _, f := range files {
		if f.test() || f.generated() {
			continue
		}
		for _, declared := range f.syntax.Decls {
			function, isFunction := declared.(*ast.FuncDecl)
			if !isFunction {
				continue
			}
			lines := f.line(function.End()) - f.line(function.Pos()) - 1
			if lines > functionBudget {
				violations = append(violations, f.at(function, "%s has %d lines, %d allowed",
					function.Name.Name, lines, functionBudget))
			}
		}
	}
	return violations
}

// The words are put together here so that this file has none of them in a row.
var promises = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b`)

func promised(files []file) []string {
	var violations []string
	for _, f := range files {
		for _, group := range f.syntax.Comments {
			for _, comment := range group.List {
				if word := promises.FindString(comment.Text); word != "" {
					violations = append(violations, f.at(comment, "%s: do it, or say what holds today", word))
				}
			}
		}
	}
	return violations
}
