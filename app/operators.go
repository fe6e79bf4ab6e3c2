package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// Operators is the care of the whole installation.
type Operators struct {
	Dependencies
	departure *departure
	newcomers *newcomers
	founding  *founding
	emails    *Emails
}

// Accounts returns the accounts whose address, name or username has the text in
// it.
func (o *Operators) Accounts(ctx context.Context, by access.Installation, text string, page ports.Page[account.ID]) (Listed[account.Account], error) {
	if err := by.Permits(); err != nil {
		return Listed[account.Account]{}, err
	}
	if err := searchable("q", text); err != nil {
		return Listed[account.Account]{}, err
	}
	return ports.Look(ctx, o.Store, func(tx ports.Tx) (Listed[account.Account], error) {
		return listed(page, func(page ports.Page[account.ID]) ([]account.Account, error) {
			return tx.Directory().Accounts(ctx, text, page)
		})
	})
}

// Organizations returns the organizations whose name or slug has the text in it.
func (o *Operators) Organizations(ctx context.Context, by access.Installation, text string, page ports.Page[organization.ID]) (Listed[organization.Organization], error) {
	if err := by.Permits(); err != nil {
		return Listed[organization.Organization]{}, err
	}
	if err := searchable("q", text); err != nil {
		return Listed[organization.Organization]{}, err
	}
	return ports.Look(ctx, o.Store, func(tx ports.Tx) (Listed[organization.Organization], error) {
		return listed(page, func(page ports.Page[organization.ID]) ([]organization.Organization, error) {
			return tx.Directory().Organizations(ctx, text, page)
		})
	})
}

// Account returns an account with the organizations that it is in, at most a
// hundred of them.
func (o *Operators) Account(ctx context.Context, by access.Installation, id account.ID) (Profile, error) {
	if err := by.Permits(); err != nil {
		return Profile{}, err
	}
	return ports.Look(ctx, o.Store, func(tx ports.Tx) (Profile, error) {
		who, err := tx.Accounts().Get(ctx, id)
		if err != nil {
			return Profile{}, err
		}
		all, err := tx.Memberships().List(ctx, id, ports.Page[membership.ID]{Limit: shownOrganizations})
		return Profile{Account: who, All: all}, err
	})
}

// SetDisabled disables an account, which ends its sessions and stops its keys at
// once, or enables it again. Memberships stay as they are. What is so already
// changes nothing.
func (o *Operators) SetDisabled(ctx context.Context, by access.Installation, id account.ID, disabled bool) (account.Account, error) {
	return ports.Run(ctx, o.Store, func(tx ports.Tx) (account.Account, error) {
		who, err := o.find(ctx, tx, by, id)
		if err != nil || who.Disabled == disabled {
			return who, err
		}
		if err := spareLastOperator(ctx, tx, who); err != nil {
			return account.Account{}, err
		}
		before, action := accountState(who), audit.AccountEnabled
		who.Disabled, who.UpdatedAt = disabled, tx.Now()
		if err := tx.Accounts().Save(ctx, who); err != nil {
			return account.Account{}, err
		}
		who.Version++
		if disabled {
			action = audit.AccountDisabled
			if _, err := tx.Sessions().RemoveAll(ctx, who.ID, noSession); err != nil {
				return account.Account{}, err
			}
		}
		return who, o.recordFrom(ctx, tx, by.Origin(), audit.OfAccount(who.ID), audit.Event{
			Action: action, ResourceType: accountResource, ResourceID: who.ID.String(),
			Before: before, After: accountState(who),
		})
	})
}

// Delete removes an account with the organizations in which nobody else is.
// Where others are in one that it alone owns, deleteOrganizations decides: true
// deletes that, too, false refuses and names it.
func (o *Operators) Delete(ctx context.Context, by access.Installation, id account.ID, deleteOrganizations bool) error {
	return o.Store.Do(ctx, func(tx ports.Tx) error {
		who, err := o.find(ctx, tx, by, id)
		if err != nil {
			return err
		}
		return o.departure.depart(ctx, tx, leaver{
			who: who.ID, by: by.Origin(), left: audit.MemberRemoved, takeAlong: deleteOrganizations,
			over: func(m membership.Membership, _ access.Action) (access.Grant, error) {
				return by.Over(m.OrganizationID), nil
			},
		})
	})
}

func (o *Operators) find(ctx context.Context, tx ports.Tx, by access.Installation, id account.ID) (account.Account, error) {
	if err := stillOperates(ctx, tx, by); err != nil {
		return account.Account{}, err
	}
	return tx.Accounts().Get(ctx, id)
}

// stillOperates asks again, inside the unit of work, whether the operator still
// is one.
func stillOperates(ctx context.Context, tx ports.Tx, by access.Installation) error {
	own := by.Operator()
	if err := by.Permits(); err != nil || own == nil {
		return err
	}
	operator, err := tx.Accounts().Get(ctx, *own)
	if err != nil {
		return err
	}
	_, err = access.Operate(access.Actor{Account: operator})
	return err
}
