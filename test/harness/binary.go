package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Root is the repository's directory.
func Root(tb testing.TB) string {
	tb.Helper()
	directory, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			tb.Fatal("the tests do not run inside the repository")
		}
		directory = parent
	}
}

var built struct {
	once sync.Once
	path string
	err  error
}

// given names a program that was built elsewhere, to be tested in place of this
// repository's: test/mutants does.
const given = "TENANTRY_TEST_BINARY"

// Binary returns the program, built once a test process.
func Binary(tb testing.TB) string {
	tb.Helper()
	if path := os.Getenv(given); path != "" {
		return path
	}
	root := Root(tb)
	built.once.Do(func() {
		built.err = errors.New("the build panicked")
		built.path, built.err = build(root, whole.TempDir())
	})
	if built.err != nil {
		tb.Fatal(built.err)
	}
	return built.path
}

// Broken returns the program with an accident in one of its files: what stands
// there once is replaced. A test that shows its power needs one.
func Broken(tb testing.TB, file, what, with string) string {
	tb.Helper()
	root := Root(tb)
	source := filepath.Join(root, filepath.FromSlash(file))
	text, err := os.ReadFile(source) //nolint:gosec // a file of the repository
	if err != nil {
		tb.Fatal(err)
	}
	if strings.Count(string(text), what) != 1 {
		tb.Fatalf("%q stands %d times in %s", what, strings.Count(string(text), what), file)
	}
	return BinaryWith(tb, map[string]string{file: strings.Replace(string(text), what, with, 1)})
}

// BinaryWith returns the program with other files in place of its own, or
// besides, by their paths in the repository: the next release, for one. It stays
// for as long as the test process.
func BinaryWith(tb testing.TB, files map[string]string) string {
	tb.Helper()
	root, directory := Root(tb), whole.TempDir()
	contents, replaced := map[string]string{}, map[string]string{}
	for file, text := range files {
		there := filepath.Join(directory, strings.ReplaceAll(file, "/", "-"))
		contents[there], replaced[filepath.Join(root, filepath.FromSlash(file))] = text, there
	}
	said, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		tb.Fatal(err)
	}
	overlay := filepath.Join(directory, "overlay.json")
	contents[overlay] = string(said)
	for path, content := range contents {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	path, err := build(root, directory, "-overlay", overlay)
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

func build(root, directory string, flags ...string) (path string, err error) {
	path = filepath.Join(directory, "tenantry")
	arguments := append([]string{"build", "-buildvcs=false", "-ldflags", "-X main.version=" + Version, "-o", path}, flags...)
	if Racing {
		arguments = append(arguments, "-race")
	}
	command := exec.Command("go", append(arguments, "./cmd/tenantry")...) //nolint:gosec // our own program
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, output)
	}
	return path, nil
}

// Version is what the program under test was told to call itself.
const Version = "v0.0.0-test"
