package sqlstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

// forget is the smallest change.
func forget(ctx context.Context, tx ports.Tx) error { return tx.Throttles().Forget(ctx, "key") }

func do(t *testing.T, e *engine) error {
	t.Helper()
	return e.store(t).Do(t.Context(), func(tx ports.Tx) error { return forget(t.Context(), tx) })
}

func TestAUnitThatLostIsTriedAgain(t *testing.T) {
	for name, e := range map[string]*engine{
		"at its begin":     {begin: until(3, errConflict)},
		"at a statement":   {exec: until(3, errConflict)},
		"at its commit":    {commit: until(3, errConflict)},
		"to a dead socket": {begin: until(3, errBad)},
	} {
		t.Run(name, func(t *testing.T) {
			if err := do(t, e); err != nil {
				t.Fatal(err)
			}
			if e.committed == 0 {
				t.Error("nothing was committed")
			}
		})
	}
}

func TestAUnitMayLoseManyTimesInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if err := do(t, &engine{commit: until(30, errConflict)}); err != nil {
			t.Error(err)
		}
	})
}

func TestAUnitThatKeepsLosingIsBusyOnceItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &engine{commit: always(errConflict)}
		start := time.Now()
		err := do(t, e)
		if !errors.Is(err, fault.ErrBusy) || fault.Of(err).RetryAfter == 0 {
			t.Errorf("got %v, want BUSY with a time to come back", err)
		}
		if took := time.Since(start); took < retryLimit || took > retryLimit+longPause {
			t.Errorf("it took %v, want %v", took, retryLimit)
		}
		if e.committed < int(retryLimit/longPause) || e.committed > 300 {
			t.Errorf("%d attempts", e.committed)
		}
	})
}

func TestACommitOfUnknownOutcomeIsNotRepeated(t *testing.T) {
	e := &engine{commit: always(errLost)}
	if err := do(t, e); !errors.Is(err, fault.ErrUnavailable) || !errors.Is(err, errUnknown) {
		t.Errorf("got %v, want UNAVAILABLE", err)
	}
	if e.committed != 1 {
		t.Errorf("%d commits, want 1", e.committed)
	}
}

func TestASwallowedFailureSpoilsTheUnit(t *testing.T) {
	e := &engine{exec: until(2, errTaken)}
	err := e.store(t).Do(t.Context(), func(tx ports.Tx) error {
		if err := tx.Accounts().Add(t.Context(), account.Account{}); !errors.Is(err, account.ErrEmailTaken) {
			t.Errorf("got %v, want the constraint's fault", err)
		}
		if err := forget(t.Context(), tx); err == nil {
			t.Error("a spoiled unit ran another statement")
		}
		return nil
	})
	if fault.KindOf(err) != fault.Internal {
		t.Errorf("got %v, want an internal fault", err)
	}
	if e.executed != 1 || e.committed != 0 || e.rolledBack != 1 {
		t.Errorf("executed %d, committed %d, rolled back %d", e.executed, e.committed, e.rolledBack)
	}
}

func TestASwallowedConflictIsTriedAgain(t *testing.T) {
	e := &engine{exec: until(2, errConflict)}
	err := e.store(t).Do(t.Context(), func(tx ports.Tx) error {
		_ = forget(t.Context(), tx)
		return nil
	})
	if err != nil || e.committed != 1 || e.rolledBack != 1 {
		t.Errorf("got %v, %d commits, %d rollbacks", err, e.committed, e.rolledBack)
	}
}

func TestAPanicRollsBackAndGoesOn(t *testing.T) {
	e := &engine{}
	store := e.store(t)
	defer func() {
		if recovered := recover(); recovered != "boom" {
			t.Errorf("recovered %v", recovered)
		}
		if e.committed != 0 || e.rolledBack != 1 {
			t.Errorf("committed %d, rolled back %d", e.committed, e.rolledBack)
		}
	}()
	_ = store.Do(t.Context(), func(ports.Tx) error { panic("boom") })
}

func TestEachAttemptHasOneTimeOfItsOwn(t *testing.T) {
	e := &engine{commit: until(2, errConflict)}
	var times []time.Time
	err := e.store(t).Do(t.Context(), func(tx ports.Tx) error {
		times = append(times, tx.Now(), tx.Now())
		return nil
	})
	if err != nil || len(times) != 4 || !times[0].Equal(times[1]) || times[1].Equal(times[2]) {
		t.Errorf("got %v and %v", times, err)
	}
}

func TestAnEndedContextRunsNothing(t *testing.T) {
	e := &engine{}
	store := e.store(t)
	ended, cancel := context.WithCancel(t.Context())
	err := store.Do(t.Context(), func(tx ports.Tx) error {
		cancel()
		return forget(ended, tx)
	})
	if !errors.Is(err, fault.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want UNAVAILABLE that says why", err)
	}
	if e.executed != 0 || e.committed != 0 {
		t.Errorf("executed %d, committed %d", e.executed, e.committed)
	}
}

func TestAUnitIsOfNoUseAfterItsEnd(t *testing.T) {
	e := &engine{}
	var kept ports.Tx
	_ = e.store(t).View(t.Context(), func(tx ports.Tx) error {
		kept = tx
		return nil
	})
	if _, err := kept.Throttles().Wait(t.Context(), "key", 1); fault.KindOf(err) != fault.Internal || e.executed != 0 {
		t.Errorf("got %v after %d statements", err, e.executed)
	}
}

func TestNothingChangesWithoutLeave(t *testing.T) {
	org := organization.ID{1}
	reading, err := access.Authorize(&membership.Membership{OrganizationID: org, Role: membership.Owner}, nil, access.ReadProject)
	if err != nil {
		t.Fatal(err)
	}
	founding := access.Found(org, account.ID{2})
	row := project.Project{OrganizationID: org}
	foreign := project.Project{OrganizationID: organization.ID{9}}
	for name, try := range map[string]func(ports.Tx) error{
		"without a grant":       func(tx ports.Tx) error { return tx.Projects(access.Grant{}).Add(t.Context(), project.Project{}) },
		"under a grant to read": func(tx ports.Tx) error { return tx.Projects(reading).Add(t.Context(), row) },
		"by an invitation": func(tx ports.Tx) error {
			return tx.Invitations(reading).Add(t.Context(), membership.Invitation{OrganizationID: org})
		},
		"for another organization":    func(tx ports.Tx) error { return tx.Projects(founding).Add(t.Context(), foreign) },
		"for a removal without leave": func(tx ports.Tx) error { return tx.Organization(reading).Remove(t.Context()) },
		"for a reading without a grant": func(tx ports.Tx) error {
			_, err := tx.Projects(access.Grant{}).Get(t.Context(), project.ID{3})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := &engine{}
			err := e.store(t).Do(t.Context(), try)
			if fault.KindOf(err) != fault.Internal || e.executed != 0 {
				t.Errorf("got %v after %d statements", err, e.executed)
			}
		})
	}
}

func TestAViewRefusesEveryChange(t *testing.T) {
	e := &engine{}
	err := e.store(t).View(t.Context(), func(tx ports.Tx) error { return forget(t.Context(), tx) })
	if fault.KindOf(err) != fault.Internal || e.executed != 0 {
		t.Errorf("got %v after %d statements", err, e.executed)
	}
	err = e.store(t).View(t.Context(), func(tx ports.Tx) error {
		_, err := tx.Throttles().Take(t.Context(), "key", 1, time.Minute)
		return err
	})
	if fault.KindOf(err) != fault.Internal || e.executed != 0 {
		t.Errorf("got %v after %d statements", err, e.executed)
	}
}
