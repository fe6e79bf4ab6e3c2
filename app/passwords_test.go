package app_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/mail"
)

func TestAChangedPasswordEndsWhatTheOldOneOpened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ada := w.verified("ada")
	other, err := w.login("ada", password)
	must(t, err)
	must(t, w.Passwords.Forgot(ctx, ada.email(), client))
	reset := w.mail(mail.ResetPassword, ada.email()).Token
	actions := w.recorded(func() {
		must(t, w.Passwords.Change(ctx, ada.Actor, app.ChangePassword{Current: password, New: another, Client: client}))
	})
	if diff := cmp.Diff([]audit.Action{audit.PasswordChanged}, actions); diff != "" {
		t.Error(diff)
	}
	if !w.alive(ada) || w.alive(other) {
		t.Error("the caller's session ended, or the other did not")
	}
	refused(t, w.Passwords.Reset(ctx, app.ResetPassword{Token: reset, New: password, Client: client}), link.ErrInvalid)
	w.mail(mail.PasswordChanged, ada.email())
	_, err = w.login("ada", password)
	refused(t, err, account.ErrInvalidCredentials)
	_, err = w.login("ada", another)
	must(t, err)
}

func TestAPasswordIsChangedByWhoKnowsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ada := w.verified("ada")
	change := func(current, next string) error {
		return w.Passwords.Change(ctx, ada.Actor, app.ChangePassword{Current: current, New: next, Client: client})
	}
	refused(t, change(another, another+"!"), account.ErrWrongPassword)
	for _, weak := range []string{"short", "password", "ada@example.com"} {
		if err := change(password, weak); fault.KindOf(err) != fault.Invalid {
			t.Errorf("the new password %q: %v", weak, err)
		}
	}
	for range 3 {
		_ = change(another, another+"!")
	}
	refused(t, change(password, another), account.ErrTooManyAttempts)
}

func TestASessionThatEndedChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ada := w.verified("ada")
	must(t, w.Sessions.Logout(ctx, ada.Actor))
	if err := w.Passwords.Change(ctx, ada.Actor, app.ChangePassword{Current: password, New: another}); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("an ended session changes the password: %v", err)
	}
	if err := w.Emails.Change(ctx, ada.Actor, address("new")); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("an ended session changes the address: %v", err)
	}
}

func TestAForgottenPasswordIsSetAnewOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ada := w.register("ada")
	for range 4 {
		_, _ = w.login("ada", another) // locked out
	}
	must(t, w.Passwords.Forgot(ctx, "ADA@example.com", client))
	w.deliver()
	must(t, w.Passwords.Forgot(ctx, ada.email(), client))
	links := w.mails(mail.ResetPassword, ada.email())
	refused(t, w.Passwords.Reset(ctx, app.ResetPassword{Token: links[0].Token, New: another, Client: client}), link.ErrInvalid)
	var won atomic.Int32
	actions := w.recorded(func() {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if w.Passwords.Reset(ctx, app.ResetPassword{Token: links[1].Token, New: another, Client: client}) == nil {
					won.Add(1)
				}
			})
		}
		all.Wait()
	})
	if diff := cmp.Diff([]audit.Action{audit.PasswordReset}, actions); diff != "" || won.Load() != 1 {
		t.Errorf("%d resets succeeded: %s", won.Load(), diff)
	}
	if w.alive(ada) {
		t.Error("a session outlived the reset")
	}
	in, err := w.login("ada", another)
	must(t, err)
	if !in.Account.EmailVerified {
		t.Error("the mailed link did not prove the address")
	}
	w.mail(mail.PasswordChanged, ada.email())
}

func TestForgettingTellsNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	_, err := c.Operators.SetDisabled(ctx, c.operates(), c.viewer.Account.ID, true)
	must(t, err)
	for _, name := range []string{"nobody", "vera"} {
		must(t, c.Passwords.Forgot(ctx, address(name), client))
		if got := len(c.mails(mail.ResetPassword, address(name))); got != 0 {
			t.Errorf("%d mails went to %s", got, name)
		}
	}
	for range 5 {
		must(t, c.Passwords.Forgot(ctx, c.admin.email(), client))
	}
	if got := len(c.mails(mail.ResetPassword, c.admin.email())); got != 3 {
		t.Errorf("%d mails went out", got)
	}
}

func TestAWeakPasswordLeavesTheLinkGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ada := w.verified("ada")
	must(t, w.Passwords.Forgot(ctx, ada.email(), client))
	token := w.mail(mail.ResetPassword, ada.email()).Token
	for _, weak := range []string{"", "password"} {
		if err := w.Passwords.Reset(ctx, app.ResetPassword{Token: token, New: weak, Client: client}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("the new password %q: %v", weak, err)
		}
	}
	must(t, w.Passwords.Reset(ctx, app.ResetPassword{Token: token, New: another, Client: client}))
}

func TestALinkThatWasMailedBeforeAnAccountWasDisabledIsVoid(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	must(t, c.Passwords.Forgot(ctx, c.viewer.email(), client))
	token := c.mail(mail.ResetPassword, c.viewer.email()).Token
	_, err := c.Operators.SetDisabled(ctx, c.operates(), c.viewer.Account.ID, true)
	must(t, err)
	refused(t, c.Passwords.Reset(ctx, app.ResetPassword{Token: token, New: another, Client: client}), link.ErrInvalid)
}
