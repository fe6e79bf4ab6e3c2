package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/ports"
)

// newcomers makes accounts: for who registers, and for who was invited.
type newcomers struct {
	Dependencies
	settings Settings
}

// draft is an account that was asked for and is not made yet.
type draft struct {
	account  account.Account
	password account.Password
}

// parse reads what every new account has but its address, and judges the
// password by the account's own words and the given ones.
func (n *newcomers) parse(v *fault.Validation, email account.Email, name, password string, words ...string) draft {
	d := draft{account: account.Account{Email: email}}
	d.account.Name = required(v, "name", name, naming.ParseName)
	known := account.ContextWords(email, append(words, d.account.Name.String())...)
	d.password = required(v, "password", password, n.settings.newPassword(n.Guess, known))
	return d
}

// newPassword parses and judges a password that is to be used from now on.
func (s Settings) newPassword(guess account.Guess, words []string) func(string) (account.Password, error) {
	return func(text string) (account.Password, error) {
		pw, err := account.ParsePassword(text)
		if err != nil {
			return pw, err
		}
		return pw, s.Passwords.Judge(pw, words, guess)
	}
}

// hash spends the work of hashing, which belongs outside of any unit of work,
// and gives the account its id.
func (n *newcomers) hash(ctx context.Context, d draft) (account.Account, error) {
	hash, err := n.Passwords.Hash(ctx, d.password)
	d.account.PasswordHash, d.account.ID = hash, account.ID(n.Random.ID())
	return d.account, err
}

// add keeps the account. The first of an installation becomes its operator;
// where addresses have to be proven, the first that did.
func (n *newcomers) add(ctx context.Context, tx ports.Tx, who account.Account, loggedIn bool) (account.Account, error) {
	now := tx.Now()
	who.Version, who.CreatedAt, who.UpdatedAt = 1, now, now
	if loggedIn {
		who.LastLoginAt = &now
	}
	if err := tx.Accounts().Add(ctx, who); err != nil {
		return who, err
	}
	return claimInstallation(ctx, tx, n.settings, who)
}

// registered tells the audit of a new account.
func registered(who account.Account) audit.Event {
	return audit.Event{
		Action: audit.AccountRegistered, ResourceType: accountResource, ResourceID: who.ID.String(), After: accountState(who),
	}
}

// claimInstallation makes the account the operator of an installation that has
// never had one, if it may be: after it was kept, and after it was proven where
// that is asked for.
func claimInstallation(ctx context.Context, tx ports.Tx, s Settings, who account.Account) (account.Account, error) {
	if s.EmailVerification && !who.EmailVerified {
		return who, nil
	}
	claimed, err := tx.Accounts().ClaimInstallation(ctx, who.ID)
	if claimed {
		who.Operator = true
		who.Version++
	}
	return who, err
}
