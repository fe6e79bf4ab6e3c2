package fault_test

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	_ "github.com/tenantry/tenantry/domain/account"
	_ "github.com/tenantry/tenantry/domain/apikey"
	_ "github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	_ "github.com/tenantry/tenantry/domain/membership"
	_ "github.com/tenantry/tenantry/domain/organization"
	_ "github.com/tenantry/tenantry/domain/project"
	_ "github.com/tenantry/tenantry/domain/session"
)

func TestAFaultIsRecognizedByItsCode(t *testing.T) {
	cause := errors.New("row has moved on")
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"itself", fault.ErrStale, true},
		{"with a cause", fault.ErrStale.With(cause), true},
		{"with a field", fault.ErrStale.WithField("name", "no"), true},
		{"with a time to wait", fault.ErrStale.After(time.Second), true},
		{"wrapped", fmt.Errorf("saving: %w", fault.ErrStale), true},
		{"as the cause of another", fault.ErrInternal.With(fault.ErrStale), true},
		{"another of the same kind", &fault.Error{Kind: fault.Conflict, Code: "OTHER"}, false},
		{"an error that is no fault", errors.New("STALE"), false},
	}
	for _, test := range tests {
		if got := errors.Is(test.err, fault.ErrStale); got != test.want {
			t.Errorf("%s: Is(ErrStale) = %v", test.name, got)
		}
	}
	if !errors.Is(fault.ErrStale.With(cause), cause) {
		t.Error("the cause is not found in the chain")
	}
	if errors.Is(cause, fault.ErrStale) {
		t.Error("the cause alone passes for the fault")
	}
}

func TestCopiesLeaveTheDeclaredFaultAlone(t *testing.T) {
	before := *fault.ErrUnavailable
	with := fault.ErrUnavailable.With(io.ErrUnexpectedEOF).After(3*time.Second).WithField("a", "1")
	again := with.WithField("b", "2")
	if diff := cmp.Diff(before, *fault.ErrUnavailable); diff != "" {
		t.Errorf("the declared fault changed:\n%s", diff)
	}
	if with.RetryAfter != 3*time.Second || len(with.Fields) != 1 || len(again.Fields) != 2 {
		t.Errorf("copies are %+v and %+v", with, again)
	}
	three := again.WithField("c", "3") // appending may have left room for a fourth
	left, right := three.WithField("left", "4"), three.WithField("right", "4")
	if left.Fields[3].Name != "left" || right.Fields[3].Name != "right" {
		t.Error("two copies share the memory of their fields")
	}
}

func TestTheCauseIsLoggedAndTheSentenceIsShown(t *testing.T) {
	if got := fault.ErrStale.Error(); got != "STALE: "+fault.ErrStale.Public {
		t.Errorf("without a cause: %q", got)
	}
	withCause := fault.ErrStale.With(io.ErrUnexpectedEOF)
	if got := withCause.Error(); got != "STALE: unexpected EOF" {
		t.Errorf("with a cause: %q", got)
	}
	if withCause.Public != fault.ErrStale.Public {
		t.Errorf("the cause changed what is shown: %q", withCause.Public)
	}
}

func TestWhatNobodyClassifiedIsInternal(t *testing.T) {
	plain := errors.New("pq: deadlock detected")
	f := fault.Of(plain)
	if f.Kind != fault.Internal || f.Code != "INTERNAL" || !errors.Is(f, plain) || f.Public != fault.ErrInternal.Public {
		t.Errorf("Of(plain) = %+v", f)
	}
	if got := fault.KindOf(plain); got != fault.Internal {
		t.Errorf("KindOf(plain) = %v", got)
	}
	if got := fault.KindOf(fmt.Errorf("reading: %w", fault.ErrNotFound)); got != fault.NotFound {
		t.Errorf("KindOf(wrapped not-found) = %v", got)
	}
	if fault.Of(nil) != nil {
		t.Error("Of(nil) is something")
	}
	var zero fault.Kind
	if zero != fault.Internal {
		t.Error("the zero kind is not Internal")
	}
}

func TestEveryKindHasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{"": true}
	for _, k := range fault.Kinds() {
		if seen[k.String()] {
			t.Errorf("kind %d is named %q", k, k)
		}
		seen[k.String()] = true
	}
	if beyond := fault.Kind(len(fault.Kinds())); beyond.String() != "" {
		t.Errorf("Kinds leaves %v out", beyond)
	}
}

func TestEveryDeclaredFaultIsFitToBeShown(t *testing.T) {
	code := regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)
	all := fault.Declared()
	if len(all) < 20 {
		t.Fatalf("only %d faults are declared", len(all))
	}
	for i, f := range all {
		if !code.MatchString(f.Code) {
			t.Errorf("code %q is not in SCREAMING_SNAKE", f.Code)
		}
		if f.Public == "" || f.Err != nil || f.Fields != nil || f.RetryAfter != 0 {
			t.Errorf("%s is declared as %+v", f.Code, f)
		}
		if f.Kind.String() == "" || f.Kind == fault.Internal && f.Code != "INTERNAL" {
			t.Errorf("%s has kind %d", f.Code, f.Kind)
		}
		if i > 0 && all[i-1].Code >= f.Code {
			t.Errorf("%s stands after %s", f.Code, all[i-1].Code)
		}
	}
}

func TestACodeCannotBeDeclaredTwice(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("STALE was declared a second time")
		}
	}()
	_ = fault.Declare(fault.Conflict, "STALE", "Again.")
}

func TestValidationTellsAllRefusedFieldsAtOnce(t *testing.T) {
	var v fault.Validation
	v.Check("slug", nil)
	if err := v.Err(); err != nil {
		t.Fatalf("nothing refused, yet %v", err)
	}
	v.Check("name", errors.New("must have 1 to 100 characters"))
	v.Check("id", fmt.Errorf("reading: %w", fault.ErrNotFound.With(io.ErrUnexpectedEOF)))
	v.Refuse("color", "must be a color")
	err := v.Err()
	if !errors.Is(err, fault.ErrInvalid) || fault.KindOf(err) != fault.Invalid {
		t.Fatalf("Err() = %v", err)
	}
	want := []fault.Field{
		{Name: "name", Message: "must have 1 to 100 characters"},
		{Name: "id", Message: fault.ErrNotFound.Public},
		{Name: "color", Message: "must be a color"},
	}
	if diff := cmp.Diff(want, fault.Of(err).Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if fault.ErrInvalid.Fields != nil {
		t.Error("the declared fault took the fields")
	}
}
