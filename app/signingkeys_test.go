package app_test

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/adapters/seal"
	"github.com/tenantry/tenantry/adapters/system"
	"github.com/tenantry/tenantry/app"
)

func (w *world) signingKeys(t *testing.T) (*app.SigningKeys, func() []app.SigningKey) {
	t.Helper()
	sealer, err := seal.New(make([]byte, 32))
	must(t, err)
	_, err = app.LoadKeyring(t.Context(), w.store, sealer, system.NewRandom())
	must(t, err)
	keys := &app.SigningKeys{Dependencies: app.Dependencies{Store: w.store, Clock: w.clock, Random: system.NewRandom(), Sealer: sealer}}
	return keys, func() []app.SigningKey {
		t.Helper()
		all, err := keys.List(t.Context())
		must(t, err)
		return all
	}
}

func TestAKeyIsKeptUntilItsLastTokenHasRunOut(t *testing.T) {
	w := newWorld(t)
	keys, list := w.signingKeys(t)
	must(t, keys.Rotate(t.Context(), time.Hour))
	w.clock.Advance(time.Hour)
	for _, step := range []struct {
		later time.Duration
		kept  int
	}{{0, 2}, {24*time.Hour + 59*time.Second, 2}, {time.Second, 1}, {1000 * time.Hour, 1}} {
		w.clock.Advance(step.later)
		must(t, w.Housekeeping.Sweep(t.Context()))
		if got := list(); len(got) != step.kept || !got[len(got)-1].Term.RetiredAt.IsZero() {
			t.Errorf("%v later %d keys are kept, want %d", step.later, len(got), step.kept)
		}
	}
}

func TestKeysThatAreRotatedAgainBeforeTheirTurnSignOneAfterTheOther(t *testing.T) {
	w := newWorld(t)
	keys, list := w.signingKeys(t)
	must(t, keys.Rotate(t.Context(), time.Hour))
	w.clock.Advance(time.Minute)
	must(t, keys.Rotate(t.Context(), 0)) // less than anybody could know in time
	all := list()
	if len(all) != 3 {
		t.Fatalf("%d keys", len(all))
	}
	now := w.clock.Now()
	if all[0].Term.RetiredAt != now.Add(59*time.Minute) || all[1].Term.RetiredAt != now.Add(app.LeastNotice) || !all[2].Term.RetiredAt.IsZero() {
		t.Errorf("the terms are %v, %v, %v", all[0].Term, all[1].Term, all[2].Term)
	}
	must(t, keys.Revoke(t.Context()))
	if left := list(); len(left) != 1 || left[0].ID == all[2].ID {
		t.Error("a revocation leaves an old key")
	}
}

func TestUnknownKeysMakeUsAskTheStoreOnceASecond(t *testing.T) {
	w := newWorld(t)
	keys, _ := w.signingKeys(t)
	asked := 0
	keys.Use = func([]app.SigningKey) error { asked++; return nil }
	for range 100 {
		keys.Unknown()
	}
	w.clock.Advance(time.Second)
	keys.Unknown()
	if asked != 2 {
		t.Errorf("the store was asked %d times in a second", asked)
	}
}
