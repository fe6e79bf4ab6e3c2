package audit_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/domain/audit"
)

func TestEveryDeclaredActionIsListedOnce(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("action.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared []audit.Action
	for _, found := range regexp.MustCompile(`Action = "([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		declared = append(declared, audit.Action(found[1]))
	}
	if len(declared) < 30 {
		t.Fatalf("only %d actions were found in the source", len(declared))
	}
	if diff := cmp.Diff(declared, audit.Actions()); diff != "" {
		t.Error(diff)
	}
}
