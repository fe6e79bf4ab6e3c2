package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// find looks for every barrier.
func find(root string) ([]mutant, error) {
	var all []mutant
	for _, search := range []struct {
		pattern string
		look    func(f source) []mutant
	}{
		{"adapters/sqlstore/*.go", predicates},
		{"app/*.go", checks}, {"domain/access/*.go", checks}, {"domain/apikey/*.go", checks}, {"adapters/httpapi/*.go", checks},
		{"domain/access/policy.go", rules},
		{"migrations/sqlite/*.sql", constraints},
	} {
		paths, err := filepath.Glob(filepath.Join(root, search.pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			f, err := read(root, path)
			if err != nil {
				return nil, err
			}
			if !strings.HasSuffix(path, "_test.go") && overall[f.name] == "" {
				all = append(all, search.look(f)...)
			}
		}
	}
	return numbered(all), nil
}

// overall are files that are about the whole installation, and why.
var overall = map[string]string{
	"adapters/sqlstore/inspector.go":  "the doctor looks at every tenant",
	"adapters/sqlstore/invariants.go": "the doctor looks at every tenant",
	"adapters/sqlstore/mover.go":      "moves every tenant",
	"adapters/sqlstore/catalog.go":    "moves every tenant",
}

// source is a file that is looked through.
type source struct {
	name, text string
	set        *token.FileSet
	tree       *ast.File // of Go
}

func read(root, path string) (source, error) {
	text, err := os.ReadFile(path) //nolint:gosec // a file of this repository
	if err != nil {
		return source{}, err
	}
	name, err := filepath.Rel(root, path)
	if err != nil {
		return source{}, err
	}
	f := source{name: filepath.ToSlash(name), text: string(text), set: token.NewFileSet()}
	if strings.HasSuffix(path, ".go") {
		f.tree, err = parser.ParseFile(f.set, path, text, parser.SkipObjectResolution)
	}
	return f, err
}

func (f source) offset(p token.Pos) int { return f.set.Position(p).Offset }

// piece is the text of a node.
func (f source) piece(n ast.Node) string { return f.text[f.offset(n.Pos()):f.offset(n.End())] }

// each goes through the declarations, with their names.
func (f source) each(visit func(within string, n ast.Node)) {
	for _, d := range f.tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			within := d.Name.Name
			if d.Recv != nil {
				within = strings.Trim(f.piece(d.Recv.List[0].Type), "*") + "." + within
			}
			inspect(within, d, visit)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if v, is := s.(*ast.ValueSpec); is {
					inspect(v.Names[0].Name, v, visit)
				}
			}
		}
	}
}

func inspect(within string, n ast.Node, visit func(string, ast.Node)) {
	ast.Inspect(n, func(n ast.Node) bool {
		if n != nil {
			visit(within, n)
		}
		return true
	})
}

func (f source) replace(within, class string, n ast.Node, with string) mutant {
	return mutant{file: f.name, within: within, class: class, old: f.piece(n), new: with, at: f.offset(n.Pos())}
}

// refusals are what says that somebody may not, or that there is nothing.
var refusals = []string{
	"ErrNotFound", "ErrForbidden", "ErrInsufficientScope", "ErrSessionRequired", "ErrReauthenticate", "ErrOperatorOnly", "ErrMismatch",
	"ErrAnotherAddress", "ErrEmailUnproven", "ErrInvalidToken", "ErrUnknown", "ErrWrongEnvironment", "ErrRevoked", "errCursor",
}

// guards are what refuses by its result.
var guards = []string{"inPerson", "inFreshPerson", "inScope", "enterOrganization", "mayTransfer", "Permits", "stillOperates", "Ceiling"}

// checks are the conditions behind which something is refused. A mutant's never
// holds.
func checks(f source) []mutant {
	var all []mutant
	f.each(func(within string, n ast.Node) {
		switch n := n.(type) {
		case *ast.IfStmt:
			if class := guarded(n); class != "" {
				all = append(all, f.replace(within, class, n.Cond, "false && ("+f.piece(n.Cond)+")"))
			}
		case *ast.SwitchStmt:
			if n.Tag != nil {
				return
			}
			for _, s := range n.Body.List {
				c := s.(*ast.CaseClause) //nolint:forcetypeassert // a switch has nothing else
				if len(c.List) == 1 && refuses(c.Body) {
					all = append(all, f.replace(within, "check", c.List[0], "false && ("+f.piece(c.List[0])+")"))
				}
			}
		}
	})
	return all
}

// guarded says what kind of check a statement is, if it is one.
func guarded(s *ast.IfStmt) string {
	if refuses(s.Body.List) {
		return "check"
	}
	init, is := s.Init.(*ast.AssignStmt)
	if !is || len(init.Rhs) != 1 {
		return ""
	}
	call, is := init.Rhs[0].(*ast.CallExpr)
	if !is {
		return ""
	}
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	ignored, is := init.Lhs[0].(*ast.Ident)
	switch {
	case slices.Contains(guards, name):
		return "guard"
	case is && ignored.Name == "_" && name == "Get":
		return "parent" // it is looked for, so that what hangs under it is its own
	}
	return ""
}

// refuses says whether all that is done is to refuse.
func refuses(body []ast.Stmt) bool {
	if len(body) != 1 {
		return false
	}
	switch body[0].(type) {
	case *ast.ReturnStmt, *ast.AssignStmt:
	default:
		return false
	}
	found := false
	ast.Inspect(body[0], func(n ast.Node) bool {
		name, is := n.(*ast.Ident)
		found = found || is && slices.Contains(refusals, name.Name)
		return true
	})
	return found
}

// weaker is the next lower role, and the scope that a mutant asks for instead.
var (
	weakerRole  = map[string]string{"membership.Owner": "membership.Admin", "membership.Admin": "membership.Developer", "membership.Developer": "membership.Viewer"}
	anotherWord = map[string]string{"accountkey.Keys": "accountkey.Write", "accountkey.Write": "accountkey.Keys"}
)

// rules are the lines of the table of permissions.
func rules(f source) []mutant {
	var all []mutant
	f.each(func(_ string, n ast.Node) {
		line, is := n.(*ast.CompositeLit)
		if !is || len(line.Elts) != 3 {
			return
		}
		role, scope := f.piece(line.Elts[1]), f.piece(line.Elts[2])
		within := f.piece(line.Elts[0])
		if to, lower := weakerRole[role]; lower {
			all = append(all, f.replace(within, "role", line.Elts[1], to))
		}
		if to, other := anotherWord[scope]; other {
			all = append(all, f.replace(within, "scope", line.Elts[2], to))
		}
	})
	return all
}
