package environment_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
)

func TestWhatIsProtectedIsConfirmedByItsSlug(t *testing.T) {
	slug := naming.StoredSlug("production")
	for _, test := range []struct {
		protected    bool
		confirmation string
		want         bool
	}{
		{true, "production", true}, {true, "", false}, {true, "Production", false}, {true, "production ", false}, {true, "prod", false},
		{false, "production", true}, {false, "", true}, {false, "staging", false},
	} {
		err := environment.Confirmed(test.protected, slug, test.confirmation)
		if (err == nil) != test.want {
			t.Errorf("protected %v, confirmed by %q: %v", test.protected, test.confirmation, err)
		}
		if err == nil {
			continue
		}
		if f := fault.Of(err); !errors.Is(err, environment.ErrConfirmation) || len(f.Fields) != 1 || !strings.Contains(f.Fields[0].Message, "production") {
			t.Errorf("it does not say what is wanted: %+v", f)
		}
	}
}
