package portstest

import (
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/ports"
)

// exactly compares all fields, hidden ones too, and times with their zone: a
// time that is not in UTC is not the one that was kept.
var exactly = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b time.Time) bool {
		return a.Equal(b) && a.Location() == time.UTC && b.Location() == time.UTC
	}),
}

// same fails unless got is exactly want.
func (w *world) same(what string, want, got any) {
	w.Helper()
	if diff := cmp.Diff(want, got, exactly); diff != "" {
		w.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// refused fails unless err is one of the faults.
func (w *world) refused(what string, err error, want ...*fault.Error) {
	w.Helper()
	if !slices.ContainsFunc(want, func(f *fault.Error) bool { return errors.Is(err, f) }) {
		w.Errorf("%s: %v; want %v", what, err, want)
	}
}

// refuses runs a unit of work that fails as refused says.
func (w *world) refuses(what string, fn func(tx ports.Tx) error, want ...*fault.Error) {
	w.Helper()
	w.refused(what, w.store.Do(w.ctx, fn), want...)
}

// unavailable fails unless err tells to try again later.
func (w *world) unavailable(what string, err error) {
	w.Helper()
	if fault.KindOf(err) != fault.Unavailable || err == nil {
		w.Errorf("%s: %v; want a fault that is unavailable", what, err)
	}
}

// paged fails unless pages of every size hold exactly the rows with these ids,
// ascending, and unless what follows the last is an empty list.
func paged[K, Row any](w *world, want []id.Of[K], rowID func(Row) id.Of[K], list func(tx ports.Tx, page ports.Page[id.Of[K]]) ([]Row, error)) {
	w.Helper()
	want = slices.Clone(want)
	slices.SortFunc(want, func(a, b id.Of[K]) int { return slices.Compare(a[:], b[:]) })
	for _, limit := range []int{1, 2, 3, len(want), len(want) + 1} {
		var got []id.Of[K]
		for page := (ports.Page[id.Of[K]]{Limit: limit}); ; {
			rows := look(w, func(tx ports.Tx) ([]Row, error) { return list(tx, page) })
			if rows == nil || len(rows) > limit {
				w.Fatalf("a page of %d: %d rows, nil: %v", limit, len(rows), rows == nil)
			}
			if len(rows) == 0 {
				break
			}
			for _, row := range rows {
				got = append(got, rowID(row))
			}
			page.After = got[len(got)-1]
			if len(got) > 2*len(want) {
				w.Fatalf("pages of %d never end: %v", limit, got)
			}
		}
		if !slices.Equal(want, got) {
			w.Errorf("pages of %d hold %v, want %v", limit, got, want)
		}
	}
}

// empty fails unless the list is empty and not nil.
func empty[Row any](w *world, what string, list func(tx ports.Tx) ([]Row, error)) {
	w.Helper()
	if rows := look(w, list); rows == nil || len(rows) != 0 {
		w.Errorf("%s: %d rows, nil: %v; want an empty list", what, len(rows), rows == nil)
	}
}

// edits fails unless of two changes of what both read, the first is kept and
// the other, made to the version that was read before or to one to come, is
// stale. Edited is what was read, with a name and so many versions later.
func edits[M any](w *world, edited func(name string, later int64) M, save func(tx ports.Tx, edited M) error, read func() M) {
	w.Helper()
	w.do(func(tx ports.Tx) error { return save(tx, edited("First", 0)) })
	for name, stale := range map[string]M{"the version read before": edited("Late", 0), "a version to come": edited("Early", 2)} {
		w.refuses(name, func(tx ports.Tx) error { return save(tx, stale) }, fault.ErrStale)
	}
	w.same("what was saved", edited("First", 1), read())
}
