package portstest

import (
	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

var repairPromises = []promise{
	{"what a removal should have taken from a session is taken, and nothing else", repairsSessions},
	{"sessions, links and mail that waits can be expelled, and nothing else", repairsExpel},
	{"what has no one way to be mended is refused", repairsRefuse},
}

func repairsSessions(w *world) {
	p := w.found("acme")
	w.do(func(tx ports.Tx) error { return tx.Sessions().Add(w.ctx, p.strayed) })
	for _, want := range []int{1, 0} {
		var mended int
		w.do(func(tx ports.Tx) (err error) {
			mended, err = tx.Repairs().Mend(w.ctx, ports.ActiveOrganizations)
			return err
		})
		w.same("how many were mended", want, mended)
		w.same("the member's session", p.session, w.sessionAsKept(p.session.ID))
		freed := p.strayed
		freed.OrganizationID = nil
		w.same("the stranger's session", freed, w.sessionAsKept(p.strayed.ID))
	}
}

func (w *world) sessionAsKept(id session.ID) session.Session {
	w.Helper()
	return look(w, func(tx ports.Tx) (session.Session, error) {
		actor, err := tx.Sessions().Find(w.ctx, id, nil)
		if err != nil || actor == nil {
			return session.Session{}, err
		}
		return actor.Session, nil
	})
}

func repairsRefuse(w *world) {
	for _, sentence := range []string{"every organization has an owner", "no such sentence", ""} {
		err := w.store.Do(w.ctx, func(tx ports.Tx) error {
			_, err := tx.Repairs().Mend(w.ctx, sentence)
			return err
		})
		if fault.KindOf(err) != fault.Internal {
			w.Errorf("mending %q: %v", sentence, err)
		}
	}
}

func repairsExpel(w *world) {
	p := w.found("acme")
	before := w.dump(p)
	for _, want := range []int{6, 0} { // two sessions, three links, one envelope
		var expelled int
		w.do(func(tx ports.Tx) (err error) {
			expelled, err = tx.Repairs().Expel(w.ctx)
			return err
		})
		w.same("how many were expelled", want, expelled)
	}
	after := w.dump(p)
	gone := []string{
		"session", "ended session", "owner's sessions", "the owner's link", "the owner's expired link",
		"the link to the invitation", "mail that is due",
	}
	for _, name := range gone {
		if before[name] == nil || cmp.Equal(before[name], after[name], exactly) {
			w.Errorf("expelled was not: %s", name)
		}
		delete(before, name)
		delete(after, name)
	}
	w.same("all else", before, after)
}
