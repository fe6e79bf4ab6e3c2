package httpapi

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestThePublishedSpecificationIsWhatTheRoutesSay(t *testing.T) {
	t.Parallel()
	generated, err := Specification()
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(string(published), string(generated)); difference != "" {
		t.Errorf("openapi.json has drifted; run make generate:\n%s", difference)
	}
}
