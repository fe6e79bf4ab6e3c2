package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// keeperName is what the home is called at first, and the account that keeps it.
const keeperName = "Installation"

// Enroll asks for an account in the installation's home.
type Enroll struct {
	Email    string
	Password string
	Name     *string // nil or empty: what stands before the @ of the address
	Role     string  // in the home
	Keep     Keep[Profile]
}

// Enroll makes an account that is a member of the installation's home, the one
// organization that all who are enrolled share, and of no other. Who operates the
// installation stands above every role there. An address that is known is
// account.ErrEmailTaken even where addresses have to be proven: operators see all
// accounts anyway. A login waits for the proof there as ever.
func (o *Operators) Enroll(ctx context.Context, by access.Installation, in Enroll) (Profile, error) {
	if err := by.Permits(); err != nil {
		return Profile{}, err
	}
	var v fault.Validation
	email := required(&v, "email", in.Email, o.parseEmail)
	draft := o.newcomers.parse(&v, email, nameOrLocalPart(in.Name, email), in.Password)
	role := required(&v, "role", in.Role, membership.ParseRole)
	if err := v.Err(); err != nil {
		return Profile{}, err
	}
	who, err := o.newcomers.hash(ctx, draft)
	if err != nil {
		return Profile{}, err
	}
	losses := -1
	return mailing(ctx, o.Dependencies, keeping(ctx, in.Keep, func(tx ports.Tx) (Profile, error) {
		losses++
		return o.enroll(ctx, tx, by, who, role, losses)
	}))
}

func (o *Operators) enroll(ctx context.Context, tx ports.Tx, by access.Installation, who account.Account, role membership.Role, losses int) (Profile, error) {
	if err := stillOperates(ctx, tx, by); err != nil {
		return Profile{}, err
	}
	made, err := o.newcomers.add(ctx, tx, who, false)
	if err != nil {
		return Profile{}, err
	}
	if err := o.introduce(ctx, tx, by, made); err != nil {
		return Profile{}, err
	}
	home, err := o.home(ctx, tx, by, losses)
	if err != nil {
		return Profile{}, err
	}
	joined, err := o.admit(ctx, tx, by, home, made.ID, role)
	return Profile{Account: made, All: []ports.Affiliation{{Organization: home, Membership: joined}}}, err
}

// introduce posts the mail by which the address is proven, and records the new
// account. It counts against no network: no stranger asks for it.
func (o *Operators) introduce(ctx context.Context, tx ports.Tx, by access.Installation, who account.Account) error {
	may, err := mayMail(ctx, tx, mail.VerifyEmail, who.Email)
	if err != nil {
		return err
	}
	if may {
		if err := o.emails.sendFirstProof(ctx, tx, who); err != nil {
			return err
		}
	}
	return o.recordFrom(ctx, tx, by.Origin(), audit.OfAccount(who.ID), registered(who))
}

// home returns the installation's home, and founds it where there is none.
func (o *Operators) home(ctx context.Context, tx ports.Tx, by access.Installation, losses int) (organization.Organization, error) {
	home, err := tx.Directory().Home(ctx)
	if err != nil {
		return organization.Organization{}, err
	}
	if home != nil {
		return tx.Organization(by.Over(*home)).Get(ctx)
	}
	return o.settle(ctx, tx, by, losses)
}

// Home is the organization into which accounts are enrolled, nil before the first.
func (o *Operators) Home(ctx context.Context, by access.Installation) (*organization.ID, error) {
	if err := by.Permits(); err != nil {
		return nil, err
	}
	return ports.Look(ctx, o.Store, func(tx ports.Tx) (*organization.ID, error) { return tx.Directory().Home(ctx) })
}

// settle founds the home. Every organization has an owner, and nobody was asked
// to be this one's: an account keeps it that can neither log in nor be written to.
// It claims nothing, so that the first person operates the installation.
func (o *Operators) settle(ctx context.Context, tx ports.Tx, by access.Installation, losses int) (organization.Organization, error) {
	id := account.ID(o.Random.ID())
	keeper := account.Account{
		ID: id, Email: account.StoredEmail(id.String() + "@keeper.invalid"), Name: naming.StoredName(keeperName),
		PasswordHash: account.NoPassword(), Disabled: true,
		Version: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
	}
	if err := tx.Accounts().Add(ctx, keeper); err != nil {
		return organization.Organization{}, err
	}
	made, err := o.founding.organization(ctx, tx, id, charter{name: keeper.Name}, losses)
	if err != nil {
		return organization.Organization{}, err
	}
	home := made.Organization
	if err := tx.Directory().Settle(ctx, home.ID); err != nil {
		return organization.Organization{}, err
	}
	if err := o.recordFrom(ctx, tx, by.Origin(), audit.OfAccount(id), registered(keeper)); err != nil {
		return organization.Organization{}, err
	}
	return home, o.recordFrom(ctx, tx, by.Origin(), audit.OfOrganization(home.ID), founded(made))
}

func (o *Operators) admit(ctx context.Context, tx ports.Tx, by access.Installation, home organization.Organization, who account.ID, role membership.Role) (membership.Membership, error) {
	m := membership.Membership{
		ID: membership.ID(o.Random.ID()), OrganizationID: home.ID, AccountID: who, Role: role,
		Version: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
	}
	if err := tx.Members(by.Over(home.ID)).Add(ctx, m); err != nil {
		return membership.Membership{}, err
	}
	return m, o.recordFrom(ctx, tx, by.Origin(), audit.OfOrganization(home.ID), audit.Event{
		Action: audit.MemberJoined, ResourceType: memberResource, ResourceID: m.ID.String(), After: membershipState(m),
	})
}
