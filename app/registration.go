package app

import (
	"context"
	"errors"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/mail"
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
	Keep         Keep[Registered]
}

// Registered is everything that a registration makes, in one transaction.
type Registered struct {
	// Accepted says that addresses have to be proven here: a mail tells the rest.
	// Nothing else is set but what Account would be if the address were new. For a
	// known one it is nobody, under an id that nothing has; the two look alike.
	Accepted bool
	Founded
	Account account.Account
	Tokens  session.Tokens
}

// Register makes an account, its organization with the default project and
// environments, and the first session: all of it or nothing. The first account
// of an installation becomes its operator.
func (a *Accounts) Register(ctx context.Context, in Register) (Registered, error) {
	var v fault.Validation
	email := required(&v, "email", in.Email, a.parseEmail)
	draft := a.newcomers.parse(&v, email, in.Name, in.Password, in.Organization)
	draft.account.Username = optional(&v, "username", in.Username, account.ParseUsername)
	charter := charter{name: required(&v, "org_name", in.Organization, naming.ParseName)}
	if err := v.Err(); err != nil {
		return Registered{}, err
	}
	return a.register(ctx, entry{draft: draft, charter: charter, client: in.Client, keep: in.Keep}, true)
}

// SignUp asks for an account with a personal organization.
type SignUp struct {
	Email    string
	Password string
	Name     *string // nil or empty: what stands before the @ of the address
	Client   Client
	Keep     Keep[Registered]
}

// SignUp makes an account with a personal organization and no session.
func (a *Accounts) SignUp(ctx context.Context, in SignUp) (Registered, error) {
	var v fault.Validation
	email := required(&v, "email", in.Email, a.parseEmail)
	draft := a.newcomers.parse(&v, email, nameOrLocalPart(in.Name, email), in.Password)
	if err := v.Err(); err != nil {
		return Registered{}, err
	}
	return a.register(ctx, entry{draft: draft, charter: charter{name: draft.account.Name, personal: true}, client: in.Client, keep: in.Keep}, false)
}

func nameOrLocalPart(name *string, email account.Email) string {
	if name != nil && *name != "" {
		return *name
	}
	if email.LocalPart() == "" {
		return "-" // never kept: the address is refused
	}
	return email.LocalPart()
}

func (d Dependencies) parseEmail(text string) (account.Email, error) {
	return account.ParseEmail(text, d.ToASCII)
}

// entry is a registration that was asked for, of either form.
type entry struct {
	draft   draft
	charter charter
	client  Client
	keep    Keep[Registered]
	asked   bool // whether the client may ask for mail
}

// register makes the account, at once or, where addresses have to be proven, in
// such a way that nobody can tell a new address from a known one.
func (a *Accounts) register(ctx context.Context, e entry, logIn bool) (Registered, error) {
	who, err := a.newcomers.hash(ctx, e.draft)
	if err != nil {
		return Registered{}, err
	}
	if e.asked, err = a.mayAsk(ctx, e.client); err != nil {
		return Registered{}, err
	}
	if !a.settings.EmailVerification {
		return a.create(ctx, who, e, logIn)
	}
	now := a.Clock.Now()
	quiet := Registered{Accepted: true, Account: account.Account{
		ID: who.ID, Email: who.Email, Name: who.Name, Username: who.Username, CreatedAt: now, UpdatedAt: now,
	}}
	keep := e.keep
	if keep != nil {
		e.keep = func(ctx context.Context, tx ports.Tx, _ Registered) error { return keep(ctx, tx, quiet) }
	}
	_, err = a.create(ctx, who, e, false)
	if errors.Is(err, account.ErrEmailTaken) {
		err = a.remind(ctx, who.Email, e)
	}
	if err != nil {
		return Registered{}, err
	}
	return quiet, nil
}

// create makes everything in one unit of work, and opens a session with it where
// that is asked for. For a known address, where nobody may notice, the same work
// is done for a ghost and taken back.
func (a *Accounts) create(ctx context.Context, who account.Account, e entry, logIn bool) (Registered, error) {
	losses := -1
	return mailing(ctx, a.Dependencies, func(tx ports.Tx) (Registered, error) {
		losses++
		who, known, err := a.ghostOf(ctx, tx, who)
		if err != nil {
			return Registered{}, err
		}
		made, err := keeping(ctx, e.keep, func(tx ports.Tx) (Registered, error) {
			return a.make(ctx, tx, who, e, logIn, losses)
		})(tx)
		if err == nil && known {
			err = account.ErrEmailTaken
		}
		return made, err
	})
}

func (a *Accounts) make(ctx context.Context, tx ports.Tx, who account.Account, e entry, logIn bool, losses int) (made Registered, err error) {
	if made.Account, err = a.newcomers.add(ctx, tx, who, logIn); err != nil {
		return made, err
	}
	if made.Founded, err = a.founding.organization(ctx, tx, made.Account.ID, e.charter, losses); err != nil {
		return made, err
	}
	if logIn {
		if made.Tokens, err = a.issuer.admit(ctx, tx, made.Account.ID, made.Organization.ID, e.client); err != nil {
			return made, err
		}
	}
	return made, a.welcome(ctx, tx, made, e)
}

// ghostOf returns the account as it is, or, where addresses have to be proven
// and this one is known, under an address that nobody has.
func (a *Accounts) ghostOf(ctx context.Context, tx ports.Tx, who account.Account) (account.Account, bool, error) {
	if !a.settings.EmailVerification {
		return who, false, nil
	}
	found, err := tx.Accounts().FindByEmail(ctx, who.Email)
	if err != nil || found == nil {
		return who, false, err
	}
	who.Email = account.StoredEmail(who.ID.String() + "@ghost.invalid")
	return who, true, nil
}

// welcome posts the mail by which the address is proven, where the client may ask
// for one, and records what was made in both chains.
func (a *Accounts) welcome(ctx context.Context, tx ports.Tx, made Registered, e entry) error {
	may, err := mayMail(ctx, tx, mail.VerifyEmail, made.Account.Email)
	if err != nil {
		return err
	}
	if may && e.asked {
		if err := a.emails.sendFirstProof(ctx, tx, made.Account); err != nil {
			return err
		}
	}
	by := e.client.by(made.Account.ID)
	return tx.Audit().Begin(ctx,
		a.told(tx, by, audit.OfAccount(made.Account.ID), registered(made.Account)),
		a.told(tx, by, audit.OfOrganization(made.Organization.ID), founded(made.Founded)))
}

// remind tells the holder of a known address that it has an account.
func (a *Accounts) remind(ctx context.Context, email account.Email, e entry) error {
	_, err := mailing(ctx, a.Dependencies, keeping(ctx, e.keep, func(tx ports.Tx) (Registered, error) {
		may, err := mayMail(ctx, tx, mail.AlreadyMember, email)
		if err != nil || !may || !e.asked {
			return Registered{}, err
		}
		return Registered{}, a.post(ctx, tx, mail.Mail{Kind: mail.AlreadyMember, To: email})
	}))
	return err
}
