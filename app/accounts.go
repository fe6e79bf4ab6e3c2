package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// Accounts is the life of an account.
type Accounts struct {
	Dependencies
	settings  Settings
	proof     *proof
	issuer    *issuer
	founding  *founding
	departure *departure
	newcomers *newcomers
	emails    *Emails
}

// Profile is an account as its owner sees it.
type Profile struct {
	Account account.Account
	Active  *ports.Affiliation // the active organization, nil when there is none
	All     []ports.Affiliation
}

// shownOrganizations bounds the list inside a profile; the list of
// organizations itself is paged.
const shownOrganizations = 100

// Profile returns the caller's account and organizations, as far as its key
// reaches where a key calls.
func (a *Accounts) Profile(ctx context.Context, actor access.Actor) (Profile, error) {
	if err := inScope(actor, accountkey.Read); err != nil {
		return Profile{}, err
	}
	return ports.Look(ctx, a.Store, func(tx ports.Tx) (Profile, error) {
		// Logins elsewhere are in no memory of credentials.
		who, err := tx.Accounts().Get(ctx, actor.Account.ID)
		if fault.KindOf(err) == fault.NotFound {
			err = session.ErrInvalidToken // deleted since the request was authenticated
		}
		if err != nil {
			return Profile{}, err
		}
		all, err := affiliations(ctx, tx, actor, ports.Page[membership.ID]{Limit: shownOrganizations})
		if err != nil {
			return Profile{}, err
		}
		active, err := activeAffiliation(ctx, tx, actor)
		return Profile{who, active, all}, err
	})
}

func activeAffiliation(ctx context.Context, tx ports.Tx, actor access.Actor) (*ports.Affiliation, error) {
	if actor.Membership == nil {
		return nil, nil
	}
	grant, err := reader(actor).may(access.ReadOrganization)
	if err != nil {
		return nil, err
	}
	o, err := tx.Organization(grant).Get(ctx)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil // deleted since the request was authenticated
	}
	return &ports.Affiliation{Organization: o, Membership: *actor.Membership}, err
}

// UpdateProfile changes what is not nil.
type UpdateProfile struct {
	Name     *string
	Username *string
}

// UpdateProfile changes the caller's name or username.
func (a *Accounts) UpdateProfile(ctx context.Context, actor access.Actor, in UpdateProfile) (account.Account, error) {
	var v fault.Validation
	name := optional(&v, "name", in.Name, naming.ParseName)
	username := optional(&v, "username", in.Username, account.ParseUsername)
	if err := v.Err(); err != nil {
		return account.Account{}, err
	}
	if err := inPerson(actor); err != nil {
		return account.Account{}, err
	}
	return ports.Run(ctx, a.Store, func(tx ports.Tx) (account.Account, error) {
		who, err := tx.Accounts().Get(ctx, actor.Account.ID)
		if err != nil {
			return account.Account{}, err
		}
		before := accountState(who)
		replace(&who.Name, name)
		if username != nil {
			who.Username = username
		}
		who.UpdatedAt = tx.Now()
		if err := tx.Accounts().Save(ctx, who); err != nil {
			return account.Account{}, err
		}
		who.Version++
		return who, a.record(ctx, tx, actor, audit.OfAccount(who.ID), audit.Event{
			Action: audit.AccountUpdated, ResourceType: accountResource, ResourceID: who.ID.String(),
			Before: before, After: accountState(who),
		})
	})
}

// Delete removes the caller's account with its sessions and memberships, and
// the organizations in which nobody else is: its personal one and those that
// it has for itself. It asks for a fresh login and the password, and refuses
// while others would be left without an owner.
func (a *Accounts) Delete(ctx context.Context, actor access.Actor, password string, c Client) error {
	pw, err := parsePassword("password", password)
	if err != nil {
		return err
	}
	err = a.Store.View(ctx, func(tx ports.Tx) error { return inFreshPerson(ctx, tx, actor, a.settings.Sessions) })
	if err != nil {
		return err
	}
	if err := a.proof.own(ctx, actor, pw, c); err != nil {
		return err
	}
	return a.Store.Do(ctx, func(tx ports.Tx) error {
		return a.departure.depart(ctx, tx, leaver{
			who: actor.Account.ID, by: actor.Origin(), left: audit.MemberLeft,
			over: func(m membership.Membership, action access.Action) (access.Grant, error) {
				return access.Authorize(&m, actor.Key, action)
			},
		})
	})
}
