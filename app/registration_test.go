package app_test

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/session"
)

func mustVerify(s *app.Settings) { s.EmailVerification = true }

func registration(name string) app.Register {
	return app.Register{Email: address(name), Password: password, Name: name, Organization: name + " ltd", Client: client}
}

func TestARegistrationMakesEverythingOrNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ada person
	actions := w.recorded(func() { ada = w.register("ada") })
	if diff := cmp.Diff([]audit.Action{audit.AccountRegistered, audit.OrganizationCreated}, actions); diff != "" {
		t.Error(diff)
	}
	if !ada.Account.Operator || ada.Account.EmailVerified {
		t.Errorf("the first account is %+v", ada.Account)
	}
	if bob := w.register("bob"); bob.Account.Operator {
		t.Error("the second account is an operator, too")
	}
	actions = w.recorded(func() {
		_, err := w.Accounts.Register(t.Context(), registration("ada"))
		refused(t, err, account.ErrEmailTaken)
	})
	if len(actions) != 0 {
		t.Errorf("a refused registration recorded %v", actions)
	}
	if got := len(w.mails(mail.VerifyEmail, address("ada"))); got != 1 {
		t.Errorf("%d mails went out", got)
	}
}

func TestWhereAddressesAreProvenRegistrationsLookAlike(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, mustVerify)
	ctx := t.Context()
	first, err := w.Accounts.Register(ctx, registration("ada"))
	must(t, err)
	actions := w.recorded(func() {
		second, err := w.Accounts.Register(ctx, registration("ada"))
		must(t, err)
		if first.Account.ID == second.Account.ID {
			t.Error("the second registration tells the first one's id")
		}
		second.Account.ID = first.Account.ID
		if !reflect.DeepEqual(first, second) {
			t.Errorf("a new address is answered %+v, a known one %+v", first, second)
		}
		shown := account.Account{
			ID: first.Account.ID, Email: first.Account.Email, Name: first.Account.Name, Username: first.Account.Username,
			CreatedAt: w.clock.Now(), UpdatedAt: w.clock.Now(),
		}
		if want := (app.Registered{Accepted: true, Account: shown}); !reflect.DeepEqual(first, want) {
			t.Errorf("what is answered has more than it should: %+v", first)
		}
	})
	if len(actions) != 0 {
		t.Errorf("the second registration recorded %v", actions)
	}
	if proof, reminder := len(w.mails(mail.VerifyEmail, address("ada"))), len(w.mails(mail.AlreadyMember, address("ada"))); proof != 1 || reminder != 1 {
		t.Errorf("%d links and %d reminders went out", proof, reminder)
	}
	found, err := w.Operators.Accounts(ctx, byToken, "", accountPage)
	must(t, err)
	if len(found.Items) != 1 {
		t.Errorf("there are %d accounts", len(found.Items))
	}
}

func TestAUsernameIsRefusedForKnownAndNewAddressesAlike(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, mustVerify)
	in := registration("ada")
	in.Username = ptr("ada")
	_, err := w.Accounts.Register(t.Context(), in)
	must(t, err)
	for _, name := range []string{"ada", "bob"} {
		again := registration(name)
		again.Username = ptr("ADA")
		_, err := w.Accounts.Register(t.Context(), again)
		refused(t, err, account.ErrUsernameTaken)
	}
}

func TestLoginWaitsForTheProof(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, mustVerify)
	ctx := t.Context()
	for _, name := range []string{"ada", "bob"} {
		_, err := w.Accounts.Register(ctx, registration(name))
		must(t, err)
	}
	_, err := w.login("bob", password)
	refused(t, err, account.ErrInvalidCredentials)
	must(t, w.Emails.Verify(ctx, w.mail(mail.VerifyEmail, address("bob")).Token, nil, client))
	bob, err := w.login("bob", password)
	must(t, err)
	if !bob.Account.Operator {
		t.Error("the first proven account is not the operator")
	}
	must(t, w.Emails.Verify(ctx, w.mail(mail.VerifyEmail, address("ada")).Token, nil, client))
	ada, err := w.login("ada", password)
	must(t, err)
	if ada.Account.Operator {
		t.Error("the second proven account is an operator, too")
	}
}

func TestManyRegistrationsOfOneAddressMakeOneAccount(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*app.Settings){"off": func(*app.Settings) {}, "required": mustVerify} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, change)
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					_, err := w.Accounts.Register(t.Context(), registration("ada"))
					if kind := fault.KindOf(err); err != nil && kind != fault.Conflict && kind != fault.Unavailable {
						t.Error(err)
					}
				})
			}
			all.Wait()
			found, err := w.Operators.Accounts(t.Context(), byToken, "", accountPage)
			must(t, err)
			if len(found.Items) != 1 {
				t.Errorf("there are %d accounts", len(found.Items))
			}
			if got := len(w.mails(mail.AlreadyMember, address("ada"))); got > 3 {
				t.Errorf("%d reminders went out", got)
			}
		})
	}
}

func TestALoginIsRecordedAndAFailureIsNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register("ada")
	actions := w.recorded(func() {
		_, err := w.login("ada", another)
		refused(t, err, account.ErrInvalidCredentials)
		_, err = w.login("nobody", another)
		refused(t, err, account.ErrInvalidCredentials)
		_, err = w.login("ada", password)
		must(t, err)
	})
	if diff := cmp.Diff([]audit.Action{audit.SessionBegun}, actions); diff != "" {
		t.Error(diff)
	}
}

func TestManyFailuresAreToldOnceADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register("ada")
	for range 8 {
		_, _ = w.login("ada", another)
		_, _ = w.login("nobody", another)
	}
	w.deliver()
	if got := len(w.mails(mail.ManyFailures, address("ada"))); got != 1 {
		t.Errorf("%d notices went out", got)
	}
	if got := len(w.mails(mail.ManyFailures, address("nobody"))); got != 0 {
		t.Errorf("%d notices went to nobody", got)
	}
	w.clock.Advance(24 * time.Hour)
	for range 4 {
		_, _ = w.login("ada", another)
	}
	if got := len(w.mails(mail.ManyFailures, address("ada"))); got != 2 {
		t.Errorf("after a day %d notices went out", got)
	}
}

func TestAnAccountDeletedSinceItWasAuthenticatedHasNoProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("root") // operates the installation
	ada := w.verified("ada")
	must(t, w.Accounts.Delete(t.Context(), ada.Actor, password, client))
	_, err := w.Accounts.Profile(t.Context(), ada.Actor)
	refused(t, err, session.ErrInvalidToken)
}
