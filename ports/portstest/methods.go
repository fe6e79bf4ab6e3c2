package portstest

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/ports"
)

var methodPromises = []promise{
	{"is called by this package", everyMethodIsCalled},
	{"reaches the rows of its own organization", callsReachTheirRows},
	{"that changes something is refused inside a view", viewRefusesChanges},
	{"that changes something is refused under a grant that permits none", readGrantRefusesChanges},
	{"of a tenant does nothing under the zero grant", zeroGrantDoesNothing},
	{"that changes something is undone with its unit of work", changesAreUndone},
	{"is unavailable once the context has ended", callsEndWithTheContext},
	{"fails after the end of the unit of work", callsFailAfterTheEnd},
}

// repositories are the transaction's methods that lead to repositories; true
// says that a grant is asked for.
func repositories() map[reflect.Method]bool {
	found := map[reflect.Method]bool{}
	tx := reflect.TypeFor[ports.Tx]()
	for i := range tx.NumMethod() {
		if m := tx.Method(i); m.Type.NumOut() == 1 && m.Type.Out(0).Kind() == reflect.Interface {
			found[m] = m.Type.NumIn() == 1 && m.Type.In(0) == reflect.TypeFor[access.Grant]()
		}
	}
	return found
}

// uncalled returns the methods of repositories that none of the calls names.
func uncalled(calls []call, tenant bool) []string {
	var missing []string
	for repository, granted := range repositories() {
		methods := repository.Type.Out(0)
		for i := range methods.NumMethod() {
			name := repository.Name + "." + methods.Method(i).Name
			named := slices.ContainsFunc(calls, func(c call) bool { return c.method == name })
			if granted == tenant && !named {
				missing = append(missing, name)
			}
		}
	}
	slices.Sort(missing)
	return missing
}

func everyMethodIsCalled(w *world) {
	for _, missing := range append(uncalled(innerCalls, false), uncalled(tenantCalls, true)...) {
		w.Errorf("no call is registered for %s", missing)
	}
}

func callsReachTheirRows(w *world) {
	for _, c := range calls {
		p := w.found(slugOf(c))
		before := w.dump(p)
		rows := 0
		err := w.store.Do(w.ctx, func(tx ports.Tx) (err error) {
			rows, err = c.run(w.ctx, tx, p.grant(), p)
			return err
		})
		if err != nil || rows < 1 {
			w.Errorf("%s reached %d rows, %v", c.method, rows, err)
		}
		changed := !cmp.Equal(before, w.dump(p), exactly)
		if changed != (c.writes && !slices.Contains(unseen, c.method)) {
			w.Errorf("%s changed what is stored: %v", c.method, changed)
		}
	}
}

// unseen change what shows nowhere but in their own answer: counts that are over
// and answers that have run out.
var unseen = []string{"Throttles.Sweep", "Answers.Sweep"}

// slugOf names a plot after a method.
func slugOf(c call) string { return strings.ToLower(strings.ReplaceAll(c.method, ".", "-")) }

func viewRefusesChanges(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	for _, c := range calls {
		rows := 0
		err := w.store.View(w.ctx, func(tx ports.Tx) (err error) {
			rows, err = c.run(w.ctx, tx, p.grant(), p)
			return err
		})
		if c.writes == (err == nil) || !c.writes && rows < 1 {
			w.Errorf("%s inside a view reached %d rows, %v", c.method, rows, err)
		}
		w.unchanged(c.method+" inside a view", p, before)
	}
}

func readGrantRefusesChanges(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	for _, c := range tenantCalls {
		rows, err := 0, error(nil)
		_ = w.store.Do(w.ctx, func(tx ports.Tx) error {
			rows, err = c.run(w.ctx, tx, p.reader(), p)
			return nil // what was done after all is to be seen
		})
		if c.writes == (err == nil) || !c.writes && rows < 1 {
			w.Errorf("%s under a grant to read reached %d rows, %v", c.method, rows, err)
		}
		w.unchanged(c.method+" under a grant to read", p, before)
	}
}

func zeroGrantDoesNothing(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	for _, c := range tenantCalls {
		rows, err := 0, error(nil)
		_ = w.store.Do(w.ctx, func(tx ports.Tx) error {
			rows, err = c.run(w.ctx, tx, access.Grant{}, p)
			return nil
		})
		if c.writes && err == nil || rows > 0 {
			w.Errorf("%s without a grant reached %d rows, %v", c.method, rows, err)
		}
		w.unchanged(c.method+" without a grant", p, before)
	}
}

func changesAreUndone(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	for _, c := range calls {
		for range 2 { // the second time shows what a dump does not
			rows := 0
			err := w.store.Do(w.ctx, func(tx ports.Tx) (err error) {
				if rows, err = c.run(w.ctx, tx, p.grant(), p); err != nil {
					return err
				}
				return errAbandoned
			})
			if rows < 1 || err == nil {
				w.Errorf("%s reached %d rows and was abandoned with %v", c.method, rows, err)
			}
		}
		w.unchanged(c.method+", abandoned,", p, before)
	}
}

func callsEndWithTheContext(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	ended, cancel := context.WithCancel(w.ctx)
	cancel()
	for _, c := range calls {
		err := w.store.Do(w.ctx, func(tx ports.Tx) error {
			_, err := c.run(ended, tx, p.grant(), p)
			w.unavailable(c.method, err)
			return nil
		})
		if err == nil {
			w.Errorf("%s under a context that had ended was swallowed", c.method)
		}
	}
	w.unchanged("a context that had ended", p, before)
}

func callsFailAfterTheEnd(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	var escaped []ports.Tx
	keep := func(tx ports.Tx) error { escaped = append(escaped, tx); return nil }
	w.do(keep)
	if err := w.store.View(w.ctx, keep); err != nil {
		w.Fatal(err)
	}
	_ = w.store.Do(w.ctx, func(tx ports.Tx) error { _ = keep(tx); return errAbandoned })
	for _, c := range calls {
		for _, tx := range escaped {
			if rows, err := c.run(w.ctx, tx, p.grant(), p); err == nil {
				w.Errorf("%s after the end reached %d rows", c.method, rows)
			}
		}
	}
	w.unchanged("a unit of work that was over", p, before)
}
