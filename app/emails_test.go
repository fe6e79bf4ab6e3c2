package app_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/session"
)

// alive says whether the session still opens.
func (w *world) alive(p person) bool {
	w.t.Helper()
	_, err := w.Sessions.Authenticate(w.t.Context(), p.tokens.Access, nil, client)
	if err != nil && !errors.Is(err, session.ErrInvalidToken) {
		w.t.Fatal(err)
	}
	return err == nil
}

func TestAnAddressIsProvenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ada := w.register("ada")
	token := w.mail(mail.VerifyEmail, ada.email()).Token
	actions := w.recorded(func() { must(t, w.Emails.Verify(ctx, token, &ada.Actor, client)) })
	if diff := cmp.Diff([]audit.Action{audit.EmailVerified}, actions); diff != "" {
		t.Error(diff)
	}
	if !w.again(ada).Account.EmailVerified {
		t.Error("the address is not proven")
	}
	refused(t, w.Emails.Verify(ctx, token, &ada.Actor, client), link.ErrInvalid)
}

func TestALinkDoesOneThingUntilItEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ada := w.register("ada")
	verification := w.mail(mail.VerifyEmail, ada.email()).Token
	must(t, w.Passwords.Forgot(ctx, ada.email(), client))
	reset := w.mail(mail.ResetPassword, ada.email()).Token
	refused(t, w.Emails.Verify(ctx, reset, nil, client), link.ErrInvalid)
	refused(t, w.Emails.Undo(ctx, verification, client), link.ErrInvalid)
	refused(t, w.Passwords.Reset(ctx, app.ResetPassword{Token: verification, New: another, Client: client}), link.ErrInvalid)
	w.clock.Advance(time.Hour)
	refused(t, w.Passwords.Reset(ctx, app.ResetPassword{Token: reset, New: another, Client: client}), link.ErrInvalid)
	w.clock.Advance(23 * time.Hour)
	refused(t, w.Emails.Verify(ctx, verification, nil, client), link.ErrInvalid)
}

func TestTheTokenTellsWhoseAddressIsMeant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, eve := w.register("ada"), w.register("eve")
	must(t, w.Emails.Verify(t.Context(), w.mail(mail.VerifyEmail, ada.email()).Token, &eve.Actor, client))
	if w.again(eve).Account.EmailVerified {
		t.Error("somebody else's token proved the caller's address")
	}
}

func TestWhoeverPlantedAnAccountIsThrownOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	thief := w.register("victim")
	key, err := w.AccountKeys.Create(ctx, thief.Actor, app.CreateAccountKey{Name: "back door"})
	must(t, err)
	must(t, w.Emails.Change(ctx, thief.Actor, address("thief")))
	way := w.mail(mail.ConfirmEmail, address("thief")).Token

	must(t, w.Emails.Verify(ctx, w.mail(mail.VerifyEmail, address("victim")).Token, nil, client))
	if w.alive(thief) {
		t.Error("the planted session lives on")
	}
	_, err = w.AccountKeys.Authenticate(ctx, key.Secret.Reveal(), nil, client)
	refused(t, err, accountkey.ErrInvalid)
	refused(t, w.Emails.Verify(ctx, way, nil, client), link.ErrInvalid)

	_, err = w.login("victim", password)
	refused(t, err, account.ErrInvalidCredentials)
	must(t, w.Passwords.Reset(ctx, app.ResetPassword{Token: w.mail(mail.ResetPassword, address("victim")).Token, New: another, Client: client}))
	_, err = w.login("victim", another)
	must(t, err)
}

func TestWhoProvesTheOwnAddressKeepsThePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.register("ada")
	must(t, w.Emails.Verify(t.Context(), w.mail(mail.VerifyEmail, ada.email()).Token, &ada.Actor, client))
	if !w.alive(ada) {
		t.Error("the prover was thrown out")
	}
	_, err := w.login("ada", password)
	must(t, err)
}

func TestResendingTellsNothingAndIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.verified("ada")
	w.register("bob")
	for range 10 {
		for _, name := range []string{"ada", "bob", "nobody"} {
			must(t, w.Emails.SendVerification(ctx, address(name), client))
		}
	}
	for name, most := range map[string]int{"ada": 1, "bob": 3, "nobody": 0} {
		if got := len(w.mails(mail.VerifyEmail, address(name))); got != most {
			t.Errorf("%d mails went to %s", got, name)
		}
	}
	first := w.mails(mail.VerifyEmail, address("bob"))[0].Token
	refused(t, w.Emails.Verify(ctx, first, nil, client), link.ErrInvalid)
	if err := w.Emails.SendVerification(ctx, "bob@", client); fault.KindOf(err) != fault.Invalid {
		t.Errorf("what is no address: %v", err)
	}
	w.clock.Advance(time.Hour)
	must(t, w.Emails.SendVerification(ctx, address("bob"), client))
	if got := len(w.mails(mail.VerifyEmail, address("bob"))); got != 4 {
		t.Errorf("after an hour %d mails went out", got)
	}
}

func TestAnAddressChangesWhenTheNewOneIsProven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ada := w.verified("ada")
	must(t, w.Passwords.Forgot(ctx, ada.email(), client))
	reset := w.mail(mail.ResetPassword, ada.email()).Token
	must(t, w.Emails.Change(ctx, ada.Actor, address("countess")))
	if w.again(ada).email() != address("ada") {
		t.Error("the address changed before it was proven")
	}
	must(t, w.Emails.Verify(ctx, w.mail(mail.ConfirmEmail, address("countess")).Token, nil, client))
	if got := w.again(ada).Account; got.Email.String() != address("countess") || !got.EmailVerified {
		t.Errorf("the account is %+v", got)
	}
	refused(t, w.Passwords.Reset(ctx, app.ResetPassword{Token: reset, New: another, Client: client}), link.ErrInvalid)
	if told := w.mail(mail.EmailChanged, address("ada")); told.Other != address("countess") || told.Token == "" {
		t.Errorf("the old address was told %+v", told)
	}
}

func TestAStaleSessionDoesNotChangeTheAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.verified("ada")
	w.clock.Advance(10 * time.Minute)
	refused(t, w.Emails.Change(t.Context(), ada.Actor, address("countess")), session.ErrReauthenticate)
	if err := w.Emails.Change(t.Context(), ada.Actor, address("ada")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a change to the same address: %v", err)
	}
}

func TestTheOldMailboxTakesAChangeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	thief := w.verified("ada")
	move := func(to string) string {
		from := thief.email()
		must(t, w.Emails.Change(ctx, thief.Actor, address(to)))
		must(t, w.Emails.Verify(ctx, w.mail(mail.ConfirmEmail, address(to)).Token, nil, client))
		thief = w.again(thief)
		return w.mail(mail.EmailChanged, from).Token
	}
	own, foreign := move("thief"), move("thief2")
	w.clock.Advance(72*time.Hour - time.Microsecond)
	must(t, w.Emails.Undo(ctx, own, client))
	if w.alive(thief) {
		t.Error("a session outlived the undoing")
	}
	refused(t, w.Emails.Undo(ctx, foreign, client), link.ErrInvalid)
	refused(t, w.Emails.Undo(ctx, own, client), link.ErrInvalid)
	must(t, w.Passwords.Reset(ctx, app.ResetPassword{Token: w.mail(mail.ResetPassword, address("ada")).Token, New: another, Client: client}))
	_, err := w.login("ada", another)
	must(t, err)
}

func TestAThiefCannotOutrunTheOwnersUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	thief := w.verified("ada")
	var undos []string
	for _, to := range []string{"thief", "thief2"} {
		from := thief.email()
		must(t, w.Emails.Change(ctx, thief.Actor, address(to)))
		must(t, w.Emails.Verify(ctx, w.mail(mail.ConfirmEmail, address(to)).Token, nil, client))
		thief = w.again(thief)
		undos = append(undos, w.mail(mail.EmailChanged, from).Token)
		w.clock.Advance(time.Second)
	}
	must(t, w.Emails.Undo(ctx, undos[1], client)) // by the thief
	must(t, w.Emails.Undo(ctx, undos[0], client)) // by the owner
	found, err := w.Operators.Account(ctx, byToken, thief.Account.ID)
	must(t, err)
	if found.Account.Email.String() != address("ada") {
		t.Errorf("the address is %s", found.Account.Email)
	}
}

func TestOneOfTwoGetsAFreeAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	people := []person{w.verified("ada"), w.verified("eve")}
	tokens := make([]string, len(people))
	for i, p := range people {
		must(t, w.Emails.Change(ctx, p.Actor, address("free")))
		tokens[i] = w.mail(mail.ConfirmEmail, address("free")).Token
	}
	errs := make([]error, len(tokens))
	var both sync.WaitGroup
	for i, token := range tokens {
		both.Go(func() { errs[i] = w.Emails.Verify(ctx, token, nil, client) })
	}
	both.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), account.ErrEmailTaken) {
		t.Errorf("the answers are %v", errs)
	}
}
