package races

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/mail"
)

const (
	contenders = 4
	rounds     = 6
)

// once lets contenders do the same at once, meeting where each has found what
// only one can have. Exactly one may succeed; the others get one of the codes.
func (h *house) once(t *testing.T, codes []string, do func(i int) error) (winner int) {
	t.Helper()
	r := &round{behind: newMeeting(contenders)}
	h.pacer.round.Store(r)
	errs := make([]error, contenders)
	var done sync.WaitGroup
	for i := range contenders {
		done.Go(func() { errs[i] = do(i) })
	}
	done.Wait()
	h.pacer.round.Store(nil)
	won := 0
	for i, err := range errs {
		var f *fault.Error
		switch {
		case err == nil:
			winner, won = i, won+1
		case !errors.As(err, &f) || !slices.Contains(codes, f.Code):
			t.Errorf("a contender got %v, which is none of %v", err, codes)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d contenders succeeded: %v", won, contenders, errs)
	}
	return winner
}

// verified is a person whose address is proven.
func (h *house) verified(t *testing.T) person {
	t.Helper()
	p := h.register(t)
	if err := h.Emails.Verify(t.Context(), h.tokenOf(t, mail.VerifyEmail, p.account.Email), nil, app.Client{}); err != nil {
		t.Fatal(err)
	}
	p.account.EmailVerified = true
	return p
}

func (h *house) invite(t *testing.T, by person, email string) {
	t.Helper()
	if _, err := h.Invitations.Invite(t.Context(), h.actor(by, by.org.ID), app.Invite{Email: email}); err != nil {
		t.Fatal(err)
	}
}

func (h *house) joined(t *testing.T, p person) int {
	t.Helper()
	return h.count(t, "SELECT count(*) FROM audit_entries WHERE organization_id = $1 AND action = 'member.joined'", p.org.ID.UUID().String())
}

func TestAnInvitationIsAcceptedOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, h *house) {
		for range rounds {
			owner, guest := h.register(t), h.verified(t)
			h.invite(t, owner, guest.account.Email.String())
			token := h.tokenOf(t, mail.Invitation, guest.account.Email)
			h.once(t, []string{"INVITATION_NOT_FOUND"}, func(int) error {
				_, err := h.Invitations.Accept(t.Context(), h.actor(guest, guest.org.ID), app.Accept{Token: token})
				return err
			})
			members := h.count(t, "SELECT count(*) FROM memberships WHERE organization_id = $1", owner.org.ID.UUID().String())
			if joined := h.joined(t, owner); members != 2 || joined != 1 {
				t.Errorf("there are %d members, and the audit tells %d times of joining", members, joined)
			}
		}
	})
}

func TestAnInvitationMakesOneAccount(t *testing.T) {
	onEachEngine(t, func(t *testing.T, h *house) {
		for range rounds {
			owner, email := h.register(t), newEmail()
			h.invite(t, owner, email)
			token := h.tokenOf(t, mail.Invitation, storedEmail(email))
			h.once(t, []string{"INVITATION_NOT_FOUND", "ACCOUNT_EXISTS", "EMAIL_ALREADY_EXISTS"}, func(i int) error {
				_, err := h.Invitations.AcceptAsNew(t.Context(), app.AcceptAsNew{Token: token, Name: fmt.Sprint("Guest ", i), Password: password})
				return err
			})
			accounts := h.count(t, "SELECT count(*) FROM accounts WHERE email = $1", email)
			if joined := h.joined(t, owner); accounts != 1 || joined != 1 {
				t.Errorf("there are %d accounts, and the audit tells %d times of joining", accounts, joined)
			}
		}
	})
}

func TestAnInvitationIsAcceptedOrDeclinedAndNeverBoth(t *testing.T) {
	onEachEngine(t, func(t *testing.T, h *house) {
		for range rounds {
			owner, guest := h.register(t), h.verified(t)
			h.invite(t, owner, guest.account.Email.String())
			token := h.tokenOf(t, mail.Invitation, guest.account.Email)
			h.pacer.round.Store(&round{behind: newMeeting(2), before: newMeeting(2)})
			var accepted, declined error
			var done sync.WaitGroup
			done.Go(func() {
				_, accepted = h.Invitations.Accept(t.Context(), h.actor(guest, guest.org.ID), app.Accept{Token: token})
			})
			done.Go(func() { declined = h.Invitations.Decline(t.Context(), token, app.Client{}) })
			done.Wait()
			h.pacer.round.Store(nil)
			if (accepted == nil) == (declined == nil) {
				t.Errorf("accepted: %v, declined: %v", accepted, declined)
			}
			members := h.count(t, "SELECT count(*) FROM memberships WHERE organization_id = $1 AND status = 'active'", owner.org.ID.UUID().String())
			if want := map[bool]int{true: 2, false: 1}[accepted == nil]; members != want {
				t.Errorf("there are %d members, want %d", members, want)
			}
		}
	})
}

func TestALinkToANewPasswordWorksOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, h *house) {
		for range rounds {
			p := h.register(t)
			if err := h.Passwords.Forgot(t.Context(), p.account.Email.String(), app.Client{}); err != nil {
				t.Fatal(err)
			}
			token := h.tokenOf(t, mail.ResetPassword, p.account.Email)
			next := func(i int) string { return fmt.Sprint(password, " number ", i) }
			winner := h.once(t, []string{"INVALID_TOKEN_LINK"}, func(i int) error {
				return h.Passwords.Reset(t.Context(), app.ResetPassword{Token: token, New: next(i)})
			})
			for i := range contenders {
				_, err := h.Sessions.Login(t.Context(), app.Login{Identifier: p.account.Email.String(), Password: next(i)})
				if (err == nil) != (i == winner) {
					t.Errorf("contender %d of whom %d won logs in: %v", i, winner, err)
				}
			}
		}
	})
}

func TestAProofOfAnAddressCountsOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, h *house) {
		for range rounds {
			p := h.register(t)
			token := h.tokenOf(t, mail.VerifyEmail, p.account.Email)
			h.once(t, []string{"INVALID_TOKEN_LINK"}, func(int) error { return h.Emails.Verify(t.Context(), token, nil, app.Client{}) })
			told := h.count(t, "SELECT count(*) FROM audit_entries WHERE action = 'account.email_verified' AND resource_id = $1", p.account.ID.String())
			if told != 1 {
				t.Errorf("the audit tells %d times of the proof", told)
			}
		}
	})
}

func TestOneOfManyGetsAnAddress(t *testing.T) {
	onEachEngine(t, func(t *testing.T, h *house) {
		for range rounds {
			wanted := newEmail()
			var tokens []string
			for range contenders {
				p := h.session(t, h.register(t))
				if err := h.Emails.Change(t.Context(), p, wanted); err != nil {
					t.Fatal(err)
				}
				tokens = append(tokens, h.tokenOf(t, mail.ConfirmEmail, storedEmail(wanted)))
				h.forgetCounts(t)
			}
			h.once(t, []string{"EMAIL_ALREADY_EXISTS"}, func(i int) error { return h.Emails.Verify(t.Context(), tokens[i], nil, app.Client{}) })
			if n := h.count(t, "SELECT count(*) FROM accounts WHERE email = $1", wanted); n != 1 {
				t.Errorf("%d accounts have the address", n)
			}
		}
	})
}
