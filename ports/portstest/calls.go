package portstest

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// call is one use of one repository's method, aimed at a plot. Under the plot's
// own grant it reaches at least one row; rows says how many.
type call struct {
	method string // as the transaction's method and the repository's
	writes bool
	run    func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (rows int, err error)
}

func one(err error) (int, error) { return truth(err == nil, err) }

func truth(reached bool, err error) (int, error) {
	if err != nil || !reached {
		return 0, err
	}
	return 1, nil
}

func present[T any](value *T, err error) (int, error) { return truth(value != nil, err) }

func many[T any](rows []T, err error) (int, error) { return len(rows), err }

// calls has every method of every repository.
var calls = append(innerCalls, tenantCalls...)

// innerCalls are for what exists before anybody was authorized.
var innerCalls = []call{
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
		return one(tx.Accounts().LoggedIn(ctx, p.owner.ID, pointer(account.StoredPasswordHash("newer"))))
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
	{"Sessions.List", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return many(tx.Sessions().List(ctx, p.owner.ID))
	}},
	{"Sessions.Remove", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Sessions().Remove(ctx, p.owner.ID, p.session.ID))
	}},
	{"Sessions.RemoveAll", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return tx.Sessions().RemoveAll(ctx, p.owner.ID, session.ID{})
	}},
	{"Sessions.Sweep", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		return tx.Sessions().Sweep(ctx)
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
	{"Organizations.Add", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return truth(tx.Organizations().Add(ctx, p.next))
	}},
	{"KeyIndex.Find", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return present(tx.KeyIndex().Find(ctx, p.key.Digest))
	}},
	{"KeyIndex.Touch", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.KeyIndex().Touch(ctx, []ports.Use{{Organization: p.org.ID, Key: p.key.ID, At: start}}))
	}},
	{"Throttles.Take", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		wait, err := tx.Throttles().Take(ctx, p.uncounted(), 1, time.Hour)
		return truth(wait == 0, err)
	}},
	{"Throttles.Wait", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		wait, err := tx.Throttles().Wait(ctx, p.counted(), 1)
		return truth(wait > 0, err)
	}},
	{"Throttles.Forget", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Throttles().Forget(ctx, p.counted()))
	}},
	{"Throttles.Sweep", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		return tx.Throttles().Sweep(ctx)
	}},
	{"Keyring.Add", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Keyring().Add(ctx, newSecret(p.retired.Purpose)))
	}},
	{"Keyring.List", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return many(tx.Keyring().List(ctx, p.retired.Purpose))
	}},
}

// tenantCalls are for what is reached with a grant.
var tenantCalls = []call{
	{"Organization.Get", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		found, err := tx.Organization(g).Get(ctx)
		return truth(found.ID == p.org.ID, err)
	}},
	{"Organization.Save", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		p.org.Name = naming.StoredName("Saved")
		return one(tx.Organization(g).Save(ctx, p.org))
	}},
	{"Organization.Remove", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return truth(g.Organization() == p.org.ID, tx.Organization(g).Remove(ctx))
	}},
	{"Members.Add", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Members(g).Add(ctx, newMembership(p.org.ID, p.stranger.ID, membership.Viewer)))
	}},
	{"Projects.Add", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Projects(g).Add(ctx, newProject(p.org.ID, "added")))
	}},
	{"Projects.Get", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		found, err := tx.Projects(g).Get(ctx, p.project.ID)
		return truth(found.ID == p.project.ID, err)
	}},
	{"Projects.List", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		rows, err := tx.Projects(g).List(ctx, ports.Page[project.ID]{Limit: whole})
		reached := 0
		for _, row := range rows {
			if row.OrganizationID == p.org.ID || row.ID == p.project.ID {
				reached++
			}
		}
		return reached, err
	}},
	{"Projects.SlugTaken", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return truth(tx.Projects(g).SlugTaken(ctx, p.project.Slug))
	}},
	{"Projects.Save", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		p.project.Name = naming.StoredName("Saved")
		return one(tx.Projects(g).Save(ctx, p.project))
	}},
	{"Projects.Remove", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Projects(g).Remove(ctx, p.project.ID))
	}},
	{"Environments.Add", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Environments(g).Add(ctx, newEnvironment(p.project, "added")))
	}},
	{"Environments.Get", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		found, err := tx.Environments(g).Get(ctx, p.environment.ID)
		return truth(found.ID == p.environment.ID, err)
	}},
	{"Environments.List", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return many(tx.Environments(g).List(ctx, p.project.ID, ports.Page[environment.ID]{Limit: whole}))
	}},
	{"Environments.SlugTaken", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return truth(tx.Environments(g).SlugTaken(ctx, p.project.ID, p.environment.Slug))
	}},
	{"Environments.Save", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		p.environment.Name = naming.StoredName("Saved")
		return one(tx.Environments(g).Save(ctx, p.environment))
	}},
	{"Environments.Remove", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Environments(g).Remove(ctx, p.environment.ID))
	}},
	{"APIKeys.Add", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.APIKeys(g).Add(ctx, newKey(p.environment, nil)))
	}},
	{"APIKeys.Get", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		found, err := tx.APIKeys(g).Get(ctx, p.key.ID)
		return truth(found.ID == p.key.ID, err)
	}},
	{"APIKeys.List", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return many(tx.APIKeys(g).List(ctx, p.environment.ID, ports.Page[apikey.ID]{Limit: whole}))
	}},
	{"APIKeys.Revoke", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.APIKeys(g).Revoke(ctx, p.key.ID))
	}},
}
