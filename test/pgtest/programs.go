package pgtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

var errNotInstalled = errors.New(`PostgreSQL was not found, neither on PATH nor below /usr/lib/postgresql; do one of
	make test                                     (installs it on Debian and Ubuntu)
	apt-get install postgresql                    (Debian, Ubuntu)
	dnf install postgresql-server                 (Fedora)
	brew install postgresql                       (macOS)
	export TEST_DATABASE_URL=postgres://…         (a server whose user may create databases)`)

// installed lists where packagers put the server's programs, which most of
// them keep off PATH so that several versions can live side by side.
var installed = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
}

// programs returns the directory that holds initdb and postgres.
func programs() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if directory := filepath.Dir(initdb); complete(directory) {
			return directory, nil
		}
	}
	for _, directory := range newestFirst(glob(installed)) {
		if complete(directory) {
			return directory, nil
		}
	}
	return "", errNotInstalled
}

// Program returns the path of one of PostgreSQL's own programs, such as pg_dump,
// from where the server's are, or else from PATH.
func Program(tb testing.TB, name string) string {
	tb.Helper()
	directory, err := programs()
	if err != nil {
		tb.Fatal(err)
	}
	path, err := locate(directory, name)
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// locate finds a program beside the server's own, where those really are, or on
// PATH.
func locate(directory, name string) (string, error) {
	places := []string{directory}
	if initdb, err := filepath.EvalSymlinks(filepath.Join(directory, "initdb")); err == nil {
		places = append(places, filepath.Dir(initdb))
	}
	for _, place := range places {
		path := filepath.Join(place, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return exec.LookPath(name)
}

func glob(patterns []string) []string {
	var found []string
	for _, pattern := range patterns {
		matches, _ := filepath.Glob(pattern) // fails on a malformed pattern only
		found = append(found, matches...)
	}
	return found
}

var versionInPath = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)

// newestFirst orders directories by the version in their path, as numbers:
// 9.6 is older than 15.
func newestFirst(directories []string) []string {
	version := func(directory string) float64 {
		number, _ := strconv.ParseFloat(versionInPath.FindString(directory), 64)
		return number
	}
	slices.SortStableFunc(directories, func(a, b string) int {
		switch newer := version(a) - version(b); {
		case newer > 0:
			return -1
		case newer < 0:
			return 1
		}
		return 0
	})
	return directories
}

func complete(directory string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		info, err := os.Stat(filepath.Join(directory, program))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}
