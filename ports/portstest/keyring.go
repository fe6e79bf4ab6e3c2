package portstest

import (
	"time"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

var keyringPromises = []promise{
	{"every field comes back as it was kept, the oldest first", keyringOrder},
	{"a purpose has one current secret", keyringOneCurrent},
	{"replicas that start at once agree on one secret", keyringRace},
}

func (w *world) secrets(p ports.Purpose) []ports.SealedSecret {
	w.Helper()
	return look(w, func(tx ports.Tx) ([]ports.SealedSecret, error) { return tx.Keyring().List(w.ctx, p) })
}

func keyringOrder(w *world) {
	empty(w, "a new keyring", func(tx ports.Tx) ([]ports.SealedSecret, error) { return tx.Keyring().List(w.ctx, ports.Signing) })
	current, old, older := newSecret(ports.Signing), newSecret(ports.Signing), newSecret(ports.Signing)
	for i := range 256 {
		current.Sealed = append(current.Sealed, byte(i))
	}
	old.CreatedAt, old.RetiredAt = start.Add(-time.Hour), pointer(start.Add(-time.Microsecond))
	older.CreatedAt, older.RetiredAt = start.Add(-2*time.Hour), pointer(start.Add(-time.Hour))
	another := newSecret(ports.Derivation)
	for _, s := range []ports.SealedSecret{current, another, older, old} { // not in the order of their ages
		w.do(func(tx ports.Tx) error { return tx.Keyring().Add(w.ctx, s) })
	}
	w.same("the secrets that sign", []ports.SealedSecret{older, old, current}, w.secrets(ports.Signing))
	w.same("the secret to derive from", []ports.SealedSecret{another}, w.secrets(ports.Derivation))
}

func keyringOneCurrent(w *world) {
	first, second := newSecret(ports.Signing), newSecret(ports.Signing)
	w.do(func(tx ports.Tx) error { return tx.Keyring().Add(w.ctx, first) })
	err := w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Keyring().Add(w.ctx, second) })
	if fault.KindOf(err) != fault.Conflict {
		w.Errorf("a second current secret: %v; want a conflict", err)
	}
	w.same("the secrets", []ports.SealedSecret{first}, w.secrets(ports.Signing))
}

func keyringRace(w *world) {
	failures := contend(contenders, func(int) error {
		mine := newSecret(ports.Derivation)
		err := w.insist(func(tx ports.Tx) error {
			kept, err := tx.Keyring().List(w.ctx, ports.Derivation)
			if err != nil || len(kept) > 0 {
				return lostUnless(false, err)
			}
			return tx.Keyring().Add(w.ctx, mine)
		})
		if err != nil && fault.KindOf(err) == fault.Conflict {
			return errLost
		}
		return err
	})
	if won := w.outcomes(failures, errLost); won != 1 || len(w.secrets(ports.Derivation)) != 1 {
		w.Errorf("%d replicas made a secret, %d are kept", won, len(w.secrets(ports.Derivation)))
	}
}
