package portstest

import (
	"time"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

var keyringPromises = []promise{
	{"every field comes back as it was kept, the oldest first", keyringOrder},
	{"a purpose has one current secret", keyringOneCurrent},
	{"a secret that is retired makes room for another, and one that is removed is gone", keyringTurns},
	{"a secret that is sealed anew is otherwise as it was", keyringResealed},
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

func keyringTurns(w *world) {
	old, current, another := newSecret(ports.Signing), newSecret(ports.Signing), newSecret(ports.Derivation)
	current.CreatedAt = start.Add(time.Minute)
	w.do(func(tx ports.Tx) error { return tx.Keyring().Add(w.ctx, old) })
	w.do(func(tx ports.Tx) error { return tx.Keyring().Add(w.ctx, another) })
	old.RetiredAt = pointer(start.Add(time.Hour)) // ahead
	w.do(func(tx ports.Tx) error {
		if err := tx.Keyring().Retire(w.ctx, old.ID, *old.RetiredAt); err != nil {
			return err
		}
		return tx.Keyring().Add(w.ctx, current)
	})
	w.same("the secrets after the turn", []ports.SealedSecret{old, current}, w.secrets(ports.Signing))
	w.do(func(tx ports.Tx) error { return tx.Keyring().Remove(w.ctx, old.ID) })
	w.same("the secrets after the removal", []ports.SealedSecret{current}, w.secrets(ports.Signing))
	w.same("the secret of another purpose", []ports.SealedSecret{another}, w.secrets(ports.Derivation))
	w.refused("to retire what is gone", w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Keyring().Retire(w.ctx, old.ID, start) }), fault.ErrNotFound)
	w.refused("to remove what is gone", w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Keyring().Remove(w.ctx, old.ID) }), fault.ErrNotFound)
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

func keyringResealed(w *world) {
	old, other := newSecret(ports.Signing), newSecret(ports.Derivation)
	old.RetiredAt = pointer(start)
	w.do(func(tx ports.Tx) error { return tx.Keyring().Add(w.ctx, old) })
	w.do(func(tx ports.Tx) error { return tx.Keyring().Add(w.ctx, other) })
	old.Sealed = []byte{0, 255, 1}
	w.do(func(tx ports.Tx) error { return tx.Keyring().Reseal(w.ctx, old.ID, old.Sealed) })
	w.same("the secret", []ports.SealedSecret{old}, w.secrets(ports.Signing))
	w.same("another", []ports.SealedSecret{other}, w.secrets(ports.Derivation))
	w.do(func(tx ports.Tx) error { return tx.Keyring().Remove(w.ctx, old.ID) })
	w.refuses("what is gone", func(tx ports.Tx) error { return tx.Keyring().Reseal(w.ctx, old.ID, nil) }, fault.ErrNotFound)
}
