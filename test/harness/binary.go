package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
		directory := whole.TempDir()
		built.path = filepath.Join(directory, "tenantry")
		arguments := []string{"build", "-buildvcs=false", "-ldflags", "-X main.version=" + Version, "-o", built.path}
		if Racing {
			arguments = append(arguments, "-race")
		}
		build := exec.Command("go", append(arguments, "./cmd/tenantry")...)
		build.Dir = root
		output, err := build.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("build the program: %w\n%s", err, output)
		}
		built.err = err
	})
	if built.err != nil {
		tb.Fatal(built.err)
	}
	return built.path
}

// Version is what the program under test was told to call itself.
const Version = "v0.0.0-test"
