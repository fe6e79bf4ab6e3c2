package tour

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// page is a written page by its path from the root.
type page struct{ path, text string }

// pages reads every Markdown page of the repository.
func pages(t *testing.T) []page {
	t.Helper()
	return files(t, ".md")
}

// files reads every file of the repository whose name ends so.
func files(t *testing.T, ending string) []page {
	t.Helper()
	var found []page
	err := fs.WalkDir(os.DirFS(harness.Root(t)), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && (name == "node_modules" || name == "testdata" || name != "." && strings.HasPrefix(name, ".")) {
			return fs.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(name, ending) {
			found = append(found, page{path, contents(t, path)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("there are no files *%s", ending)
	}
	return found
}

// contents reads a file by its path from the root.
func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(t), path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
