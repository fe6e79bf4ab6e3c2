package rollout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// patience is for whatever must happen, on a machine that is busy.
const patience = 60 * time.Second

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(patience); !is(); <-ticker.C {
		if time.Now().After(end) {
			t.Fatalf("it does not come about that %s", what)
		}
	}
}

// published is a file of docs/deploy with what stands in it replaced, pair by
// pair, in a directory that other users can read.
func published(t *testing.T, directory, name string, replaced ...string) (path string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(t), "docs", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replaced); i += 2 {
		if !strings.Contains(string(text), replaced[i]) {
			t.Fatalf("%s has no %q", name, replaced[i])
		}
	}
	path = filepath.Join(directory, name)
	if err := os.WriteFile(path, []byte(strings.NewReplacer(replaced...).Replace(string(text))), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// count counts what is in a database.
func count(t *testing.T, d *harness.Database, query string) (n int) {
	t.Helper()
	if err := d.Open(t).QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
