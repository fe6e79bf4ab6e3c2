package app

import (
	"context"
	"strconv"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// Passwords is changing a password, and getting in without one.
type Passwords struct {
	Dependencies
	settings Settings
	proof    *proof
}

// noSession keeps none.
var noSession session.ID

// ChangePassword asks for another password.
type ChangePassword struct {
	Current string
	New     string
	Client  Client
}

// Change replaces the caller's password. Its other sessions end, links to a new
// password are void, and a mail tells of it.
func (p *Passwords) Change(ctx context.Context, actor access.Actor, in ChangePassword) error {
	var v fault.Validation
	current := required(&v, "current_password", in.Current, account.ParsePassword)
	next := required(&v, "new_password", in.New, p.settings.newPassword(p.Guess, wordsOf(actor.Account)))
	if err := v.Err(); err != nil {
		return err
	}
	if err := inPerson(actor); err != nil {
		return err
	}
	if err := p.proof.own(ctx, actor, current, in.Client); err != nil {
		return err
	}
	hash, err := p.Passwords.Hash(ctx, next)
	if err != nil {
		return err
	}
	return p.doMailing(ctx, func(tx ports.Tx) error {
		found, err := currentSession(ctx, tx, actor)
		if err != nil {
			return err
		}
		who := found.Account
		who.PasswordHash = hash
		ended, err := p.replace(ctx, tx, who, actor.Session.ID)
		if err != nil {
			return err
		}
		return p.record(ctx, tx, actor, audit.OfAccount(who.ID), passwordEvent(audit.PasswordChanged, who, ended))
	})
}

// Forgot asks for a link to a new password. The answer is the same, in content
// and time, for every address there can be.
func (p *Passwords) Forgot(ctx context.Context, email string, c Client) error {
	return p.wishFor(ctx, mail.ResetPassword, email, c)
}

// answer posts the link that was wished for, where there is an account.
func (p *Passwords) answer(ctx context.Context, tx ports.Tx, w wish) error {
	who, err := tx.Accounts().FindByEmail(ctx, account.StoredEmail(w.Email))
	if err != nil || who == nil || who.Disabled {
		return err
	}
	if err := p.sendReset(ctx, tx, *who); err != nil {
		return err
	}
	return p.recordFrom(ctx, tx, w.From.stranger(), audit.OfAccount(who.ID), audit.Event{
		Action: audit.PasswordResetRequested, ResourceType: accountResource, ResourceID: who.ID.String(),
	})
}

// sendReset posts a new link to a new password, and voids those before.
func (d Dependencies) sendReset(ctx context.Context, tx ports.Tx, who account.Account) error {
	if err := tx.Links().Void(ctx, who.ID, link.ResetPassword); err != nil {
		return err
	}
	kept, token, err := d.addLink(ctx, tx, link.Link{Purpose: link.ResetPassword, AccountID: &who.ID, Email: who.Email})
	if err != nil {
		return err
	}
	return d.post(ctx, tx, mail.Mail{
		Kind: mail.ResetPassword, To: who.Email, Name: who.Name.String(), Token: token.Reveal(), ExpiresAt: kept.ExpiresAt,
	})
}

// ResetPassword is a new password with the token that permits it.
type ResetPassword struct {
	Token  string
	New    string
	Client Client
}

// Reset sets a new password by a mailed link, once. It proves the address, too.
// Every session ends, and who planted an account under an address that was never
// proven loses all that it had there.
func (p *Passwords) Reset(ctx context.Context, in ResetPassword) error {
	if _, err := parsePassword("new_password", in.New); err != nil {
		return err
	}
	who, err := ports.Look(ctx, p.Store, func(tx ports.Tx) (account.Account, error) {
		who, _, err := p.redeem(ctx, tx, in.Token)
		return who, err
	})
	if err != nil {
		return err
	}
	var v fault.Validation
	next := required(&v, "new_password", in.New, p.settings.newPassword(p.Guess, wordsOf(who)))
	if err := v.Err(); err != nil {
		return err
	}
	hash, err := p.Passwords.Hash(ctx, next)
	if err != nil {
		return err
	}
	return p.doMailing(ctx, func(tx ports.Tx) error { return p.reset(ctx, tx, in, hash) })
}

// redeem finds whom a link to a new password is for. One that was mailed to an
// address which the account has left is void, and so are those of the disabled.
func (p *Passwords) redeem(ctx context.Context, tx ports.Tx, token string) (account.Account, link.Link, error) {
	found, err := findLink(ctx, tx, token, link.ResetPassword)
	if err != nil {
		return account.Account{}, link.Link{}, err
	}
	who, err := tx.Accounts().Get(ctx, *found.AccountID)
	if err == nil && (who.Email != found.Email || who.Disabled) {
		err = link.ErrInvalid
	}
	return who, found, err
}

func (p *Passwords) reset(ctx context.Context, tx ports.Tx, in ResetPassword, hash account.PasswordHash) error {
	who, found, err := p.redeem(ctx, tx, in.Token)
	if err != nil {
		return err
	}
	if err := spendLink(ctx, tx, found); err != nil {
		return err
	}
	if !who.EmailVerified {
		if err := evict(ctx, tx, who, nil); err != nil {
			return err
		}
	}
	who.PasswordHash, who.EmailVerified = hash, true
	ended, err := p.replace(ctx, tx, who, noSession)
	if err != nil {
		return err
	}
	if _, err := claimInstallation(ctx, tx, p.settings, who); err != nil {
		return err
	}
	if err := tx.Throttles().Forget(ctx, claimant{account: &who}.key()); err != nil {
		return err
	}
	return p.recordFrom(ctx, tx, in.Client.by(who.ID), audit.OfAccount(who.ID), passwordEvent(audit.PasswordReset, who, ended))
}

// replace keeps the account with its new password and ends what the old one had
// opened, but for one session. It says how many sessions ended.
func (p *Passwords) replace(ctx context.Context, tx ports.Tx, who account.Account, keep session.ID) (int, error) {
	who.UpdatedAt = tx.Now()
	if err := tx.Accounts().Save(ctx, who); err != nil {
		return 0, err
	}
	ended, err := tx.Sessions().RemoveAll(ctx, who.ID, keep)
	if err != nil {
		return 0, err
	}
	if err := tx.Links().Void(ctx, who.ID, link.ResetPassword, link.ChangeEmail); err != nil {
		return 0, err
	}
	return ended, p.post(ctx, tx, mail.Mail{Kind: mail.PasswordChanged, To: who.Email, Name: who.Name.String()})
}

func passwordEvent(action audit.Action, who account.Account, ended int) audit.Event {
	return audit.Event{
		Action: action, ResourceType: accountResource, ResourceID: who.ID.String(),
		Metadata: audit.State{"sessions_ended": strconv.Itoa(ended)},
	}
}

// wordsOf are the words that are too close to an account to be its password.
func wordsOf(a account.Account) []string {
	names := []string{a.Name.String()}
	if a.Username != nil {
		names = append(names, a.Username.String())
	}
	return account.ContextWords(a.Email, names...)
}
