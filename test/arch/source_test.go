package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the import path under which the repository's packages live.
const module = "github.com/tenantry/tenantry"

// file is one Go file of the repository; its path is relative to the root.
type file struct {
	path   string
	set    *token.FileSet
	syntax *ast.File
	lines  int
}

func parse(path, source string) (file, error) {
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, path, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return file{}, err
	}
	return file{path: path, set: set, syntax: syntax, lines: strings.Count(source, "\n")}, nil
}

// room is the directory of the file's package.
func (f file) room() string { return path.Dir(f.path) }

func (f file) test() bool      { return strings.HasSuffix(f.path, "_test.go") }
func (f file) generated() bool { return ast.IsGenerated(f.syntax) }

// at words a violation so that an editor can jump to it.
func (f file) at(node ast.Node, format string, arguments ...any) string {
	return fmt.Sprintf("%s:%d: %s", f.path, f.line(node.Pos()), fmt.Sprintf(format, arguments...))
}

func (f file) line(position token.Pos) int { return f.set.Position(position).Line }

// imports returns the file's import declarations by import path.
func (f file) imports() map[string]*ast.ImportSpec {
	found := map[string]*ast.ImportSpec{}
	for _, declared := range f.syntax.Imports {
		if imported, err := strconv.Unquote(declared.Path.Value); err == nil {
			found[imported] = declared
		}
	}
	return found
}

// uses returns where the file mentions one of a package's names, called or
// not: a function handed on as a value is called by somebody else.
func (f file) uses(imported string, names ...string) []ast.Node {
	declared, found := f.imports()[imported]
	if !found {
		return nil
	}
	local := path.Base(imported)
	if declared.Name != nil {
		local = declared.Name.Name
	}
	if local == "." {
		return []ast.Node{declared} // its names cannot be told from the file's own
	}
	var nodes []ast.Node
	ast.Inspect(f.syntax, func(node ast.Node) bool {
		selector, isSelector := node.(*ast.SelectorExpr)
		if !isSelector {
			return true
		}
		name, isName := selector.X.(*ast.Ident)
		if isName && name.Name == local && slices.Contains(names, selector.Sel.Name) {
			nodes = append(nodes, selector)
		}
		return true
	})
	return nodes
}

// repository reads every Go file, whatever its build constraints.
func repository(t *testing.T) []file {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatalf("this is not the repository's root: %v", err)
	}
	var files []file
	err = fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if skipped(entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		parsed, err := parse(name, string(source))
		files = append(files, parsed)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// skipped tells which directories the Go tools do not look into either.
func skipped(name string) bool {
	return name == "testdata" || name == "vendor" || name == "node_modules" ||
		name != "." && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_"))
}
