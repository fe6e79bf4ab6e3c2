package mail_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/domain/mail"
)

func TestEveryDeclaredKindIsListedOnce(t *testing.T) {
	source, err := os.ReadFile("mail.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared []mail.Kind
	for _, found := range regexp.MustCompile(`Kind += "([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		declared = append(declared, mail.Kind(found[1]))
	}
	if diff := cmp.Diff(declared, mail.Kinds()); diff != "" {
		t.Errorf("declared (-) and listed (+) differ:\n%s", diff)
	}
	if unique := slices.Compact(slices.Sorted(slices.Values(declared))); len(unique) != len(declared) || len(declared) < 8 {
		t.Errorf("the kinds are %v", declared)
	}
}
