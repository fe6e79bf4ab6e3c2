package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/ports"
)

// Change asks to move the caller's account to another address. It takes effect
// when the link that is mailed there is followed. Nothing tells whether the
// address has an account already, until its holder follows the link.
func (e *Emails) Change(ctx context.Context, actor access.Actor, email string) error {
	var v fault.Validation
	to := required(&v, "email", email, e.parseEmail)
	if to == actor.Account.Email {
		v.Refuse("email", "is this account's address already")
	}
	if err := v.Err(); err != nil {
		return err
	}
	err := e.Store.View(ctx, func(tx ports.Tx) error { return inFreshPerson(ctx, tx, actor, e.settings.Sessions) })
	if err != nil {
		return err
	}
	asked, err := e.mayAsk(ctx, Client{Address: actor.Address})
	if err != nil {
		return err
	}
	return e.doMailing(ctx, func(tx ports.Tx) error {
		current, err := currentSession(ctx, tx, actor)
		if err != nil {
			return err
		}
		may, err := mayMail(ctx, tx, mail.ConfirmEmail, to)
		if err != nil || !may || !asked {
			return err
		}
		return e.request(ctx, tx, actor, current.Account, to)
	})
}

func (e *Emails) request(ctx context.Context, tx ports.Tx, actor access.Actor, who account.Account, to account.Email) error {
	if err := tx.Links().Void(ctx, who.ID, link.ChangeEmail); err != nil {
		return err
	}
	kept, token, err := e.addLink(ctx, tx, link.Link{Purpose: link.ChangeEmail, AccountID: &who.ID, Email: to})
	if err != nil {
		return err
	}
	err = e.post(ctx, tx, mail.Mail{
		Kind: mail.ConfirmEmail, To: to, Name: who.Name.String(), Token: token.Reveal(),
		Other: who.Email.String(), ExpiresAt: kept.ExpiresAt,
	})
	if err != nil {
		return err
	}
	return e.record(ctx, tx, actor, audit.OfAccount(who.ID), audit.Event{
		Action: audit.EmailChangeRequested, ResourceType: accountResource, ResourceID: who.ID.String(),
		Before: audit.State{"email": who.Email.String()}, After: audit.State{"email": to.String()},
	})
}

// confirm moves the account to the address that was proven. The old address
// gets a notice with the way back, and nothing else that was mailed there is
// good any more.
func (e *Emails) confirm(ctx context.Context, tx ports.Tx, who account.Account, l link.Link, c Client) error {
	old := who
	who.Email, who.EmailVerified, who.UpdatedAt = l.Email, true, tx.Now()
	who, err := e.save(ctx, tx, who)
	if err != nil {
		return err
	}
	if err := tx.Links().Void(ctx, who.ID, link.VerifyEmail, link.ResetPassword, link.ChangeEmail); err != nil {
		return err
	}
	kept, token, err := e.addLink(ctx, tx, link.Link{Purpose: link.UndoEmail, AccountID: &who.ID, Email: old.Email})
	if err != nil {
		return err
	}
	err = e.post(ctx, tx, mail.Mail{
		Kind: mail.EmailChanged, To: old.Email, Name: who.Name.String(), Token: token.Reveal(),
		Other: who.Email.String(), ExpiresAt: kept.ExpiresAt,
	})
	if err != nil {
		return err
	}
	return e.recordFrom(ctx, tx, c.by(who.ID), audit.OfAccount(who.ID), audit.Event{
		Action: audit.EmailChanged, ResourceType: accountResource, ResourceID: who.ID.String(),
		Before: accountState(old), After: accountState(who),
	})
}

// Undo takes a change of address back: whoever reads the old mailbox has the
// last word. Every session ends, and a link to a new password follows by mail,
// since who changed the address knew the old one. Undos of later changes are
// void, those of earlier ones are not: a thief cannot outrun the owner by
// changing twice.
func (e *Emails) Undo(ctx context.Context, token string, c Client) error {
	return e.doMailing(ctx, func(tx ports.Tx) error {
		found, err := findLink(ctx, tx, token, link.UndoEmail)
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
		return e.restore(ctx, tx, who, found, c)
	})
}

func (e *Emails) restore(ctx context.Context, tx ports.Tx, who account.Account, l link.Link, c Client) error {
	before := accountState(who)
	who.Email, who.EmailVerified, who.UpdatedAt = l.Email, true, tx.Now()
	who, err := e.save(ctx, tx, who)
	if err != nil {
		return err
	}
	if _, err := tx.Sessions().RemoveAll(ctx, who.ID, noSession); err != nil {
		return err
	}
	if err := tx.Links().VoidSince(ctx, who.ID, link.UndoEmail, l.CreatedAt); err != nil {
		return err
	}
	if err := tx.Links().Void(ctx, who.ID, link.VerifyEmail, link.ChangeEmail); err != nil {
		return err
	}
	if err := e.sendReset(ctx, tx, who); err != nil {
		return err
	}
	return e.recordFrom(ctx, tx, c.by(who.ID), audit.OfAccount(who.ID), audit.Event{
		Action: audit.EmailChangeUndone, ResourceType: accountResource, ResourceID: who.ID.String(),
		Before: before, After: accountState(who),
	})
}
