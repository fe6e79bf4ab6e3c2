package portstest

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// peopleCalls are for who there is, and how they prove it.
var peopleCalls = []call{
	{"Accounts.Add", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Accounts().Add(ctx, p.newcomer))
	}},
	{"Accounts.Get", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		found, err := tx.Accounts().Get(ctx, p.owner.ID)
		return truth(found.ID == p.owner.ID, err)
	}},
	{"Accounts.FindByEmail", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return present(tx.Accounts().FindByEmail(ctx, p.owner.Email))
	}},
	{"Accounts.FindByUsername", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return present(tx.Accounts().FindByUsername(ctx, *p.owner.Username))
	}},
	{"Accounts.Save", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		p.owner.Name = naming.StoredName("Saved")
		return one(tx.Accounts().Save(ctx, p.owner))
	}},
	{"Accounts.LoggedIn", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return present(tx.Accounts().LoggedIn(ctx, p.owner.ID, p.owner.PasswordHash, pointer(account.StoredPasswordHash("newer"))))
	}},
	{"Accounts.Remove", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Accounts().Remove(ctx, p.owner.ID))
	}},
	{"Accounts.ClaimInstallation", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return truth(tx.Accounts().ClaimInstallation(ctx, p.owner.ID))
	}},
	{"Sessions.Add", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Sessions().Add(ctx, newSession(p.owner.ID, nil)))
	}},
	{"Sessions.Find", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return present(tx.Sessions().Find(ctx, p.session.ID, &p.org.ID))
	}},
	{"Sessions.Save", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		before := p.session.Counter
		p.session.Counter++
		return one(tx.Sessions().Save(ctx, p.session, before))
	}},
	{"Sessions.Rotate", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return present(tx.Sessions().Rotate(ctx, p.session.ID, lives.Rotation(p.session.Counter, tx.Now())))
	}},
	{"Sessions.List", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return many(tx.Sessions().List(ctx, p.owner.ID, ports.Page[session.ID]{Limit: whole}))
	}},
	{"Sessions.Remove", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Sessions().Remove(ctx, p.owner.ID, p.session.ID))
	}},
	{"Sessions.RemoveAll", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return tx.Sessions().RemoveAll(ctx, p.owner.ID, session.ID{})
	}},
	{"Sessions.Inspect", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		found, err := tx.Sessions().Inspect(ctx, ports.Page[session.ID]{Limit: whole})
		return len(found.RunOut), err
	}},
	{"Sessions.Sweep", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return tx.Sessions().Sweep(ctx, []session.ID{p.session.ID, p.ended.ID})
	}},
	{"Memberships.Find", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return present(tx.Memberships().Find(ctx, p.org.ID, p.owner.ID))
	}},
	{"Memberships.List", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return many(tx.Memberships().List(ctx, p.owner.ID, ports.Page[membership.ID]{Limit: whole}))
	}},
	{"Memberships.ListSeenBy", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return many(tx.Memberships().ListSeenBy(ctx, p.owner.ID, p.owner.ID, ports.Page[membership.ID]{Limit: whole}))
	}},
	{"Memberships.SoleOwned", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return many(tx.Memberships().SoleOwned(ctx, p.owner.ID))
	}},
	{"Memberships.Sweep", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		return tx.Memberships().Sweep(ctx, long)
	}},
	{"Organizations.Add", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return truth(tx.Organizations().Add(ctx, p.next))
	}},
	{"Links.Add", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Links().Add(ctx, p.nextLink))
	}},
	{"Links.Find", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return present(tx.Links().Find(ctx, p.link.Digest))
	}},
	{"Links.Spend", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Links().Spend(ctx, p.link.Digest))
	}},
	{"Links.Void", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Links().Void(ctx, p.owner.ID, link.ChangeEmail, p.link.Purpose))
	}},
	{"Links.VoidSince", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Links().VoidSince(ctx, p.owner.ID, p.link.Purpose, start))
	}},
	{"Links.VoidInvitation", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Links().VoidInvitation(ctx, p.invitation.ID))
	}},
	{"Links.Sweep", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		return tx.Links().Sweep(ctx)
	}},
	{"AccountKeys.Add", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.AccountKeys().Add(ctx, newAccountKey(p.owner.ID, &p.org.ID)))
	}},
	{"AccountKeys.List", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return many(tx.AccountKeys().List(ctx, p.owner.ID, ports.Page[accountkey.ID]{Limit: whole}))
	}},
	{"AccountKeys.Remove", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.AccountKeys().Remove(ctx, p.owner.ID, p.accountKey.ID))
	}},
	{"AccountKeys.Find", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return present(tx.AccountKeys().Find(ctx, p.accountKey.Digest, &p.org.ID))
	}},
	{"AccountKeys.Touch", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.AccountKeys().Touch(ctx, []ports.AccountKeyUse{{Key: p.accountKey.ID, At: start}}))
	}},
	{"AccountKeys.Sweep", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		return tx.AccountKeys().Sweep(ctx, long)
	}},
	{"Directory.Accounts", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return many(tx.Directory().Accounts(ctx, p.owner.Email.String(), ports.Page[account.ID]{Limit: whole}))
	}},
	{"Directory.Organizations", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return many(tx.Directory().Organizations(ctx, p.org.Slug.String(), ports.Page[organization.ID]{Limit: whole}))
	}},
	{"Directory.Operators", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		return tx.Directory().Operators(ctx)
	}},
	{"Directory.Home", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		_, err := tx.Directory().Home(ctx)
		return one(err) // none is an answer, too
	}},
	{"Directory.Settle", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Directory().Settle(ctx, p.org.ID))
	}},
}
