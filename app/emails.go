package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// Emails is the proof of addresses, and their change.
type Emails struct {
	Dependencies
	settings Settings
}

// SendVerification asks for the mail that proves an address. The answer is the
// same, in content and time, for every address there can be.
func (e *Emails) SendVerification(ctx context.Context, email string, c Client) error {
	return e.wishFor(ctx, mail.VerifyEmail, email, c)
}

// wishFor leaves a wish concerning an address, as often as anybody may.
func (d Dependencies) wishFor(ctx context.Context, kind mail.Kind, email string, c Client) error {
	var v fault.Validation
	to := required(&v, "email", email, d.parseEmail)
	if err := v.Err(); err != nil {
		return err
	}
	asked, err := d.mayAsk(ctx, c)
	if err != nil {
		return err
	}
	return d.doMailing(ctx, func(tx ports.Tx) error {
		may, err := mayMail(ctx, tx, kind, to)
		if err != nil || !may || !asked {
			return err
		}
		return d.ask(ctx, tx, wish{Kind: kind, Email: to.String(), From: c})
	})
}

// answer posts the mail that was wished for, where there is an unproven address.
func (e *Emails) answer(ctx context.Context, tx ports.Tx, w wish) error {
	who, err := tx.Accounts().FindByEmail(ctx, account.StoredEmail(w.Email))
	if err != nil || who == nil || who.EmailVerified || who.Disabled {
		return err
	}
	return e.sendProof(ctx, tx, *who)
}

// sendProof posts a new link that proves the account's address, and voids those
// before.
func (e *Emails) sendProof(ctx context.Context, tx ports.Tx, who account.Account) error {
	if err := tx.Links().Void(ctx, who.ID, link.VerifyEmail); err != nil {
		return err
	}
	return e.sendFirstProof(ctx, tx, who)
}

// sendFirstProof is sendProof for an account that has no such link yet.
func (e *Emails) sendFirstProof(ctx context.Context, tx ports.Tx, who account.Account) error {
	kept, token, err := e.addLink(ctx, tx, link.Link{Purpose: link.VerifyEmail, AccountID: &who.ID, Email: who.Email})
	if err != nil {
		return err
	}
	return e.post(ctx, tx, mail.Mail{
		Kind: mail.VerifyEmail, To: who.Email, Name: who.Name.String(), Token: token.Reveal(), ExpiresAt: kept.ExpiresAt,
	})
}

// Verify takes a mailed token as the proof of an address: of the account's own,
// or of the one that it wants to change to. by is who is logged in, nil for
// nobody; it is the token that tells whose address is meant.
func (e *Emails) Verify(ctx context.Context, token string, by *access.Actor, c Client) error {
	return e.doMailing(ctx, func(tx ports.Tx) error {
		found, err := findLink(ctx, tx, token, link.VerifyEmail, link.ChangeEmail)
		if err != nil {
			return err
		}
		who, err := tx.Accounts().Get(ctx, *found.AccountID)
		if err != nil {
			return err
		}
		if err := spendLink(ctx, tx, found); err != nil {
			return err
		}
		if found.Purpose == link.ChangeEmail {
			return e.confirm(ctx, tx, who, found, c)
		}
		return e.prove(ctx, tx, who, found, by, c)
	})
}

// prove marks the account's own address as proven. Until then, anybody may have
// made the account and be logged in as it: whoever is not the one that proves
// goes out, and so does the password, for which a link to a new one follows.
func (e *Emails) prove(ctx context.Context, tx ports.Tx, who account.Account, l link.Link, by *access.Actor, c Client) error {
	if l.Email != who.Email {
		return link.ErrInvalid
	}
	before := accountState(who)
	planted := !who.EmailVerified && !isPerson(by, who.ID)
	if !who.EmailVerified {
		if err := evict(ctx, tx, who, by); err != nil {
			return err
		}
	}
	// Where verification is required, nobody could log in by the password yet,
	// and its maker waits for this proof. Elsewhere it may be a stranger's trap.
	planted = planted && !e.settings.EmailVerification
	if planted {
		who.PasswordHash = account.NoPassword()
	}
	who.EmailVerified, who.UpdatedAt = true, tx.Now()
	who, err := e.save(ctx, tx, who)
	if err != nil {
		return err
	}
	if planted {
		if err := e.sendReset(ctx, tx, who); err != nil {
			return err
		}
	}
	return e.recordFrom(ctx, tx, c.by(who.ID), audit.OfAccount(who.ID), audit.Event{
		Action: audit.EmailVerified, ResourceType: accountResource, ResourceID: who.ID.String(),
		Before: before, After: accountState(who),
	})
}

// save keeps an account whose address was just proven. The first of them claims
// the installation.
func (e *Emails) save(ctx context.Context, tx ports.Tx, who account.Account) (account.Account, error) {
	if err := tx.Accounts().Save(ctx, who); err != nil {
		return who, err
	}
	who.Version++
	return claimInstallation(ctx, tx, e.settings, who)
}

// isPerson says whether the caller is logged in as the account.
func isPerson(by *access.Actor, who account.ID) bool {
	return by != nil && by.Key == nil && by.Account.ID == who
}

// evict throws out of a never proven account whoever planted it: its sessions
// but the prover's own, its keys, and what it has under way.
func evict(ctx context.Context, tx ports.Tx, who account.Account, by *access.Actor) error {
	var keep session.ID
	if isPerson(by, who.ID) {
		keep = by.Session.ID
	}
	if _, err := tx.Sessions().RemoveAll(ctx, who.ID, keep); err != nil {
		return err
	}
	if err := tx.Links().Void(ctx, who.ID, link.VerifyEmail, link.ResetPassword, link.ChangeEmail); err != nil {
		return err
	}
	if !keep.IsZero() {
		return nil // the account's own maker: its keys are its own
	}
	keys, err := everyAccountKey(ctx, tx, who.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := tx.AccountKeys().Remove(ctx, who.ID, k.ID); err != nil {
			return err
		}
	}
	return nil
}

func everyAccountKey(ctx context.Context, tx ports.Tx, owner account.ID) ([]accountkey.Key, error) {
	return every(func(page ports.Page[accountkey.ID]) ([]accountkey.Key, error) {
		return tx.AccountKeys().List(ctx, owner, page)
	}, func(k accountkey.Key) accountkey.ID { return k.ID })
}
