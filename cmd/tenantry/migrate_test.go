package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// said runs migrate with somebody at the terminal, or nobody, and returns what
// was said and whether it failed.
func said(t *testing.T, terminal bool, answer string, words ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := migrate(t.Context(), command{args: words, stdin: strings.NewReader(answer), terminal: terminal, stdout: &out})
	return out.String(), err
}

func TestAStepIsTakenBackWhenSomebodySaysYesAndNotOtherwise(t *testing.T) {
	t.Setenv("DATABASE_URL", "sqlite:"+filepath.Join(t.TempDir(), "tenantry.db"))
	if _, err := said(t, false, "", "up"); err != nil {
		t.Fatal(err)
	}
	before, err := said(t, false, "", "status")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		terminal bool
		answer   string
	}{{true, "y\n"}, {true, "\n"}, {true, ""}, {true, "no\n"}, {true, "yes"}, {false, "yes\n"}} {
		out, err := said(t, test.terminal, test.answer, "down")
		if err == nil || !strings.Contains(err.Error(), "--yes") || !strings.Contains(out, "It drops the ") {
			t.Errorf("terminal %t, %q: %v\n%s", test.terminal, test.answer, err, out)
		}
		if now, _ := said(t, false, "", "status"); now != before {
			t.Fatalf("terminal %t, %q took the step back:\n%s", test.terminal, test.answer, now)
		}
	}
	for _, words := range [][]string{{"down"}, {"down", "--yes"}} {
		out, err := said(t, len(words) == 1, "yes\n", words...)
		if err != nil || !strings.Contains(out, "took back") {
			t.Errorf("%v: %v\n%s", words, err, out)
		}
	}
}
