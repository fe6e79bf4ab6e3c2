package portstest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

var racePromises = []promise{
	{"two units that each read both rows and change one come out as one after the other", noWriteSkew},
	{"two units that each find a list empty and add to it come out as one after the other", noPhantom},
	{"no change is lost among units that read and save one row", noLostUpdate},
	{"of many accounts with one address exactly one is added", oneAddressOneAccount},
	{"of many organizations with one slug exactly one is added", oneSlugOneOrganization},
	{"of many who claim the installation exactly one gets it", oneOperator},
	{"of many refreshes with one counter exactly one is kept", oneRefresh},
	{"of many attempts at once a throttle admits exactly the limit", throttleIsAtomic},
}

const (
	rounds     = 8
	contenders = 20
	// A unit waits so long for the other to come as far as itself. An engine
	// that lets one write at a time never brings them together.
	rendezvousPatience = 100 * time.Millisecond
)

// rendezvous brings two units of work to the same point, on their first
// attempts.
type rendezvous struct {
	arrived atomic.Int32
	both    chan struct{}
}

func newRendezvous() *rendezvous { return &rendezvous{both: make(chan struct{})} }

func (r *rendezvous) meet() {
	if r.arrived.Add(1) == 2 {
		close(r.both)
	}
	select {
	case <-r.both:
	case <-time.After(rendezvousPatience):
	}
}

// insist repeats a unit of work that contention kept from its turn: the store
// gives up after a while, the test does not.
func (w *world) insist(fn func(tx ports.Tx) error) error {
	for {
		err := w.store.Do(w.ctx, fn)
		if !errors.Is(err, fault.ErrBusy) || w.ctx.Err() != nil {
			return err
		}
	}
}

// contend runs fn that often at once and returns the errors, by contender.
func contend(n int, fn func(i int) error) []error {
	failures := make([]error, n)
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range n {
		done.Go(func() {
			start.Wait()
			failures[i] = fn(i)
		})
	}
	start.Done()
	done.Wait()
	return failures
}

func noWriteSkew(w *world) {
	for round := range rounds {
		pair := []account.Account{
			newAccount(fmt.Sprintf("ada-%d@example.com", round)), newAccount(fmt.Sprintf("grace-%d@example.com", round)),
		}
		w.do(func(tx ports.Tx) error {
			return errors.Join(tx.Accounts().Add(w.ctx, pair[0]), tx.Accounts().Add(w.ctx, pair[1]))
		})
		point := newRendezvous()
		failures := contend(2, func(i int) error { // the store's own attempts suffice for two
			return w.store.Do(w.ctx, func(tx ports.Tx) error {
				mine, err := tx.Accounts().Get(w.ctx, pair[i].ID)
				if err != nil {
					return err
				}
				other, err := tx.Accounts().Get(w.ctx, pair[1-i].ID)
				if err != nil {
					return err
				}
				point.meet()
				if other.Disabled {
					return nil // somebody has to stay
				}
				mine.Disabled = true
				return tx.Accounts().Save(w.ctx, mine)
			})
		})
		if err := errors.Join(failures...); err != nil {
			w.Fatalf("round %d: %v", round, err)
		}
		if first, second := w.accountByID(pair[0].ID), w.accountByID(pair[1].ID); first.Disabled == second.Disabled {
			w.Fatalf("round %d: disabled are %v and %v; one after the other leaves exactly one", round, first.Disabled, second.Disabled)
		}
	}
}

func noPhantom(w *world) {
	for round := range rounds {
		p := w.found("acme-" + strconv.Itoa(round))
		point := newRendezvous()
		failures := contend(2, func(i int) error {
			return w.store.Do(w.ctx, func(tx ports.Tx) error {
				projects, err := tx.Projects(p.grant()).List(w.ctx, ports.Page[project.ID]{Limit: whole})
				if err != nil {
					return err
				}
				point.meet()
				if len(projects) > 1 {
					return nil // there is a second one already
				}
				return tx.Projects(p.grant()).Add(w.ctx, newProject(p.org.ID, "second-"+strconv.Itoa(i)))
			})
		})
		if err := errors.Join(failures...); err != nil {
			w.Fatalf("round %d: %v", round, err)
		}
		projects := look(w, func(tx ports.Tx) ([]project.Project, error) {
			return tx.Projects(p.grant()).List(w.ctx, ports.Page[project.ID]{Limit: whole})
		})
		if len(projects) != 2 {
			w.Fatalf("round %d: %d projects; one after the other makes 2", round, len(projects))
		}
	}
}

func noLostUpdate(w *world) {
	counter := named(newAccount("counter@example.com"), "0")
	w.do(func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, counter) })
	failures := contend(contenders, func(int) error {
		return w.insist(func(tx ports.Tx) error {
			read, err := tx.Accounts().Get(w.ctx, counter.ID)
			if err != nil {
				return err
			}
			n, err := strconv.Atoi(read.Name.String())
			if err != nil {
				return err
			}
			return tx.Accounts().Save(w.ctx, named(read, strconv.Itoa(n+1)))
		})
	})
	if err := errors.Join(failures...); err != nil {
		w.Errorf("counting failed: %v", err)
	}
	want := named(counter, strconv.Itoa(contenders))
	want.Version += contenders
	w.same("the count", &want, w.accountByID(counter.ID))
}

// outcomes counts how many of the contenders had no error, and fails for every
// error but the one that the others are to have.
func (w *world) outcomes(failures []error, lost *fault.Error) (won int) {
	w.Helper()
	for _, err := range failures {
		if err == nil {
			won++
		} else {
			w.refused("who came too late", err, lost)
		}
	}
	return won
}

func oneAddressOneAccount(w *world) {
	for round := range rounds {
		address := fmt.Sprintf("ada-%d@example.com", round)
		failures := contend(contenders, func(int) error {
			mine := newAccount(address)
			return w.insist(func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, mine) })
		})
		if won := w.outcomes(failures, account.ErrEmailTaken); won != 1 {
			w.Fatalf("round %d: %d accounts were added", round, won)
		}
	}
}

// errLost is what a contender says who was told that another won.
var errLost = &fault.Error{Kind: fault.Conflict, Code: "LOST", Public: "Another one won."}

func lostUnless(won bool, err error) error {
	if err == nil && !won {
		return errLost
	}
	return err
}

func oneSlugOneOrganization(w *world) {
	for round := range rounds {
		slug := "acme-" + strconv.Itoa(round)
		failures := contend(contenders, func(i int) error {
			mine, second := newOrganization(slug), newOrganization(slug+"-"+strconv.Itoa(i))
			added := false
			err := w.insist(func(tx ports.Tx) (err error) {
				if added, err = tx.Organizations().Add(w.ctx, mine); err != nil || added {
					return err
				}
				other, err := tx.Organizations().Add(w.ctx, second) // the unit of work goes on
				return lostUnless(other, err)
			})
			return lostUnless(added, err)
		})
		if won := w.outcomes(failures, errLost); won != 1 {
			w.Fatalf("round %d: %d organizations were added", round, won)
		}
	}
}

func oneOperator(w *world) {
	accounts := make([]account.Account, contenders)
	for i := range accounts {
		accounts[i] = newAccount(fmt.Sprintf("ada-%d@example.com", i))
		w.do(func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, accounts[i]) })
	}
	failures := contend(contenders, func(i int) error {
		claimed := false
		err := w.insist(func(tx ports.Tx) (err error) {
			claimed, err = tx.Accounts().ClaimInstallation(w.ctx, accounts[i].ID)
			return err
		})
		return lostUnless(claimed, err)
	})
	if won := w.outcomes(failures, errLost); won != 1 {
		w.Errorf("%d claimed the installation", won)
	}
	for i, a := range accounts {
		if operator := w.accountByID(a.ID).Operator; operator != (failures[i] == nil) {
			w.Errorf("account %d is an operator: %v, and was told %v", i, operator, failures[i])
		}
	}
}

func oneRefresh(w *world) {
	ada := newAccount("ada@example.com")
	s := newSession(ada.ID, nil)
	w.do(func(tx ports.Tx) error {
		return errors.Join(tx.Accounts().Add(w.ctx, ada), tx.Sessions().Add(w.ctx, s))
	})
	policy := session.Policy{RefreshTTL: time.Hour, MaxAge: time.Hour}
	failures := contend(contenders, func(int) error {
		return w.insist(func(tx ports.Tx) error {
			next, _ := s.Refresh(s.Counter, tx.Now(), policy) // as everybody read it before
			return tx.Sessions().Save(w.ctx, next, s.Counter)
		})
	})
	if won := w.outcomes(failures, fault.ErrStale); won != 1 {
		w.Errorf("%d refreshes were kept", won)
	}
}

func throttleIsAtomic(w *world) {
	const attempts, limit = 50, 10
	failures := contend(attempts, func(int) error {
		admitted := false
		err := w.insist(func(tx ports.Tx) error {
			wait, err := tx.Throttles().Take(w.ctx, "login:ada", limit, time.Hour)
			admitted = wait == 0
			return err
		})
		return lostUnless(admitted, err)
	})
	if won := w.outcomes(failures, errLost); won != limit {
		w.Errorf("%d of %d attempts were admitted, the limit is %d", won, attempts, limit)
	}
}

// named is a, called otherwise.
func named(a account.Account, name string) account.Account {
	a.Name = naming.StoredName(name)
	return a
}
