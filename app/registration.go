package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// Register asks for an account with an organization of its own.
type Register struct {
	Email        string
	Password     string
	Name         string
	Organization string  // its name
	Username     *string // nil for none
	Client       Client
}

// Registered is everything that a registration makes, in one transaction.
type Registered struct {
	Founded
	Account account.Account
	Tokens  session.Tokens
}

// Register makes an account, its organization with the default project and
// environments, and the first session: all of it or nothing. The first account
// of an installation becomes its operator.
func (a *Accounts) Register(ctx context.Context, in Register) (Registered, error) {
	var v fault.Validation
	draft := a.draft(&v, in.Email, in.Name, in.Password, in.Organization)
	draft.account.Username = optional(&v, "username", in.Username, account.ParseUsername)
	charter := charter{name: required(&v, "org_name", in.Organization, naming.ParseName)}
	if err := v.Err(); err != nil {
		return Registered{}, err
	}
	made, opened, err := a.create(ctx, draft, charter, &in.Client)
	if err != nil {
		return Registered{}, err
	}
	made.Tokens, err = a.issuer.tokens(opened)
	return made, err
}

// SignUp asks for an account with a personal organization.
type SignUp struct {
	Email    string
	Password string
	Name     *string // nil or empty: what stands before the @ of the address
}

// SignUp makes an account with a personal organization and no session.
func (a *Accounts) SignUp(ctx context.Context, in SignUp) (Registered, error) {
	var v fault.Validation
	draft := a.draft(&v, in.Email, a.nameOrLocalPart(in), in.Password)
	if err := v.Err(); err != nil {
		return Registered{}, err
	}
	made, _, err := a.create(ctx, draft, charter{name: draft.account.Name, personal: true}, nil)
	return made, err
}

func (a *Accounts) nameOrLocalPart(in SignUp) string {
	if in.Name != nil && *in.Name != "" {
		return *in.Name
	}
	email, err := account.ParseEmail(in.Email, a.ToASCII)
	if err != nil {
		return "-" // never kept: the address is refused
	}
	return email.LocalPart()
}

// draft is an account that was asked for and is not made yet.
type draft struct {
	account  account.Account
	password account.Password
}

// draft parses what every new account has, and judges the password by the
// account's own words and the given ones.
func (a *Accounts) draft(v *fault.Validation, email, name, password string, words ...string) draft {
	d := draft{}
	d.account.Email = required(v, "email", email, func(s string) (account.Email, error) {
		return account.ParseEmail(s, a.ToASCII)
	})
	d.account.Name = required(v, "name", name, naming.ParseName)
	d.password = required(v, "password", password, func(s string) (account.Password, error) {
		pw, err := account.ParsePassword(s)
		if err != nil {
			return pw, err
		}
		known := account.ContextWords(d.account.Email, append(words, d.account.Name.String())...)
		return pw, a.settings.Passwords.Judge(pw, known, a.Guess)
	})
	return d
}

// create hashes the password in its lane, outside of any transaction, and then
// makes everything in one. With a client it opens a session, too.
func (a *Accounts) create(ctx context.Context, d draft, c charter, client *Client) (Registered, session.Session, error) {
	hash, err := a.Passwords.Hash(ctx, d.password)
	if err != nil {
		return Registered{}, session.Session{}, err
	}
	d.account.PasswordHash = hash
	d.account.ID = account.ID(a.Random.ID())
	losses := -1
	var opened session.Session
	made, err := ports.Run(ctx, a.Store, func(tx ports.Tx) (Registered, error) {
		losses++
		made := Registered{Account: d.account}
		if err := a.addAccount(ctx, tx, &made.Account, client != nil); err != nil {
			return made, err
		}
		founded, err := a.founding.organization(ctx, tx, made.Account.ID, c, losses)
		if err != nil || client == nil {
			made.Founded = founded
			return made, err
		}
		made.Founded = founded
		opened, err = a.issuer.begin(ctx, tx, made.Account.ID, &founded.Organization.ID, *client)
		return made, err
	})
	return made, opened, err
}

func (a *Accounts) addAccount(ctx context.Context, tx ports.Tx, who *account.Account, loggedIn bool) error {
	now := tx.Now()
	who.Version, who.CreatedAt, who.UpdatedAt = 1, now, now
	if loggedIn {
		who.LastLoginAt = &now
	}
	if err := tx.Accounts().Add(ctx, *who); err != nil {
		return err
	}
	var err error
	who.Operator, err = tx.Accounts().ClaimInstallation(ctx, who.ID)
	return err
}
