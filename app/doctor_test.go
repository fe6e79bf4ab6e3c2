package app_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/adapters/sqlite"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/ports"
)

// elsewhere is an inspector whose database is on a machine with another clock.
type elsewhere struct {
	ports.Inspector
	now time.Time
}

func (e elsewhere) Now(context.Context) (time.Time, error) { return e.now, nil }

func TestAClockThatIsElsewhereIsTold(t *testing.T) {
	w := newWorld(t)
	inspector, err := sqlite.OpenInspector(t.Context(), w.path)
	must(t, err)
	t.Cleanup(func() { must(t, inspector.Close()) })
	schema, err := inspector.Schema(t.Context())
	must(t, err)
	for ahead, want := range map[time.Duration]string{
		0: "", time.Second: "", -time.Second: "",
		1100 * time.Millisecond: "ahead by 1.1s", -time.Minute: "behind by 1m0s",
	} {
		doctor := app.Doctor{
			Dependencies: app.Dependencies{Store: w.store, Clock: w.clock},
			Inspector:    elsewhere{inspector, w.clock.Now().Add(ahead)}, Schema: schema,
		}
		var told app.Diagnosis
		must(t, doctor.Examine(t.Context(), false, func(d app.Diagnosis) { told = d })) // the clocks come last
		if got := strings.Join(told.Examples, ""); !strings.HasSuffix(got, want) || (got == "") != (want == "") || !told.Sound() {
			t.Errorf("%v ahead: %q, want %q", ahead, got, want)
		}
	}
}
