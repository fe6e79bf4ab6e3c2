package sqlstore

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var (
	limit      = regexp.MustCompile(`LIMIT [^\n]{0,40}`)
	calculated = regexp.MustCompile(`^LIMIT (1\)|1$|1` + "`" + `|(\$\d+|" ?\+ ?[\w.()]+ ?\+ ?") \+ 0)`)
)

// SQLite plans by the value of a bare parameter there: see unit.list.
func TestEveryLimitIsCalculated(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		if ok, _ := filepath.Match("*_test.go", name); ok || name == "unit.go" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range limit.FindAllString(string(text), -1) {
			found++
			if !calculated.MatchString(part) {
				t.Errorf("%s: %s", name, part)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d limits were found", found)
	}
}
