package portstest

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

func newID[K any]() id.Of[K] { return id.Of[K](uuid.Must(uuid.NewV7())) }

func pointer[T any](value T) *T { return &value }

func newAccount(email string) account.Account {
	return account.Account{
		ID: newID[account.Account](), Email: account.StoredEmail(email), Name: naming.StoredName("Ada"),
		PasswordHash: account.StoredPasswordHash("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"),
		Version:      1, CreatedAt: start, UpdatedAt: start,
	}
}

func newOrganization(slug string) organization.Organization {
	return organization.Organization{
		ID: newID[organization.Organization](), Name: naming.StoredName("Acme"), Slug: naming.StoredSlug(slug),
		Version: 1, CreatedAt: start, UpdatedAt: start,
	}
}

func newMembership(org organization.ID, who account.ID, role membership.Role) membership.Membership {
	return membership.Membership{
		ID: newID[membership.Membership](), OrganizationID: org, AccountID: who, Role: role,
		Version: 1, CreatedAt: start, UpdatedAt: start,
	}
}

func newProject(org organization.ID, slug string) project.Project {
	return project.Project{
		ID: newID[project.Project](), OrganizationID: org, Name: naming.StoredName("Rocket"), Slug: naming.StoredSlug(slug),
		Version: 1, CreatedAt: start, UpdatedAt: start,
	}
}

func newEnvironment(p project.Project, slug string) environment.Environment {
	return environment.Environment{
		ID: newID[environment.Environment](), OrganizationID: p.OrganizationID, ProjectID: p.ID,
		Name: naming.StoredName("Staging"), Slug: naming.StoredSlug(slug), Kind: environment.Staging,
		Color: environment.StoredColor(environment.DefaultColor), Version: 1, CreatedAt: start, UpdatedAt: start,
	}
}

func newKey(e environment.Environment, maker *account.ID) apikey.Key {
	k := apikey.Key{
		ID: newID[apikey.Key](), OrganizationID: e.OrganizationID, EnvironmentID: e.ID, Name: naming.StoredName("CI"),
		Type: apikey.Server, Prefix: "sdk-staging-0123ab", Scopes: apikey.Scopes{}, CreatedBy: maker, CreatedAt: start,
	}
	k.Digest = sha256.Sum256(k.ID[:])
	return k
}

// calledFrom are uses of a key at the start.
func calledFrom(address string, uses int64) apikey.Callers {
	return apikey.Callers{{Address: address, UserAgent: "tests"}: {Uses: uses, LastUsedAt: start}}
}

func newSession(who account.ID, active *organization.ID) session.Session {
	return session.Session{
		ID: newID[session.Session](), AccountID: who, OrganizationID: active, Counter: 1, RotatedAt: start,
		AuthenticatedAt: start, CreatedAt: start, LastUsedAt: start, ExpiresAt: start.Add(24 * time.Hour),
	}
}

func newSecret(purpose ports.Purpose) ports.SealedSecret {
	return ports.SealedSecret{ID: uuid.Must(uuid.NewV7()), Purpose: purpose, Sealed: []byte("sealed"), CreatedAt: start}
}

func newInvitation(org organization.ID, email string, inviter *account.ID) membership.Invitation {
	return membership.Invitation{
		ID: newID[membership.Membership](), OrganizationID: org, Email: account.StoredEmail(email), Role: membership.Developer,
		InvitedBy: inviter, Version: 1, ExpiresAt: start.Add(7 * 24 * time.Hour), CreatedAt: start, UpdatedAt: start,
	}
}

func newLink(purpose link.Purpose, who account.Account) link.Link {
	random := newID[link.Link]()
	return link.Link{
		Digest: sha256.Sum256(random[:]), Purpose: purpose, AccountID: &who.ID, Email: who.Email,
		ExpiresAt: start.Add(24 * time.Hour), CreatedAt: start,
	}
}

func newInvitationLink(i membership.Invitation) link.Link {
	l := newLink(link.Invitation, account.Account{Email: i.Email})
	l.AccountID, l.OrganizationID, l.MembershipID = nil, &i.OrganizationID, &i.ID
	return l
}

func newAccountKey(who account.ID, bound *organization.ID) accountkey.Key {
	k := accountkey.Key{
		ID: newID[accountkey.Key](), AccountID: who, OrganizationID: bound, Name: naming.StoredName("CLI"),
		Prefix: "sk_live_0123ab", Scopes: accountkey.DefaultScopes(), CreatedAt: start,
	}
	k.Digest = sha256.Sum256(k.ID[:])
	return k
}

func newEnvelope() ports.Envelope {
	return ports.Envelope{ID: newID[mail.Mail](), Sealed: []byte("sealed"), DueAt: start, CreatedAt: start}
}

func newEntry(chain audit.ChainID) audit.Entry {
	return audit.Entry{
		ID: newID[audit.Entry](), Chain: chain, Origin: audit.Origin{ActorType: audit.System},
		Action: audit.OrganizationUpdated, ResourceType: "organization", ResourceID: chain.String(), CreatedAt: start,
	}
}

// plot is a tenant with one of everything, and what goes with it outside.
type plot struct {
	owner       account.Account
	stranger    account.Account // belongs nowhere, and operates the installation
	session     session.Session
	ended       session.Session // has run out
	org         organization.Organization
	member      membership.Membership
	project     project.Project
	environment environment.Environment
	guarded     environment.Environment // is protected
	key         apikey.Key
	rotated     apikey.Key // of the guarded environment, and was used
	successor   apikey.Key // of rotated
	retired     ports.SealedSecret
	invitation  membership.Invitation
	invited     link.Link // to the invitation
	link        link.Link // the owner's, to reset the password
	expired     link.Link // the owner's, has run out
	accountKey  accountkey.Key
	envelope    ports.Envelope // due
	entry       audit.Entry    // not sealed yet
	answer      ports.Answer
	stale       ports.Answer // has run out
	// These are not kept yet.
	newcomer     account.Account
	strayed      session.Session // the stranger's, in an organization that it is no member of
	next         organization.Organization
	nextLink     link.Link
	nextEnvelope ports.Envelope
	nextAnswer   ports.Answer
}

// long is when all that the plot has is over for long, if it ever is.
var long = start.Add(365 * 24 * time.Hour)

func (p plot) grant() access.Grant { return access.Found(p.org.ID, p.owner.ID) }

// reader is a grant of the same organization that permits no change.
func (p plot) reader() access.Grant {
	grant, err := access.Authorize(&p.member, nil, access.ReadProject)
	if err != nil {
		panic(err)
	}
	return grant
}

// Keys of throttles: an hour's count of one, a count that is over, and none.
func (p plot) counted() string   { return "counted:" + p.org.Slug.String() }
func (p plot) forgotten() string { return "forgotten:" + p.org.Slug.String() }
func (p plot) uncounted() string { return "uncounted:" + p.org.Slug.String() }

// found keeps a new plot and returns it as it is stored. A minute has passed
// since.
func (w *world) found(slug string) plot {
	w.Helper()
	p := plot{
		owner: newAccount(slug + "@example.com"), stranger: newAccount("stranger-" + slug + "@example.com"),
		org: newOrganization(slug),
	}
	p.owner.Username = pointer(account.StoredUsername("owner." + slug))
	p.member = newMembership(p.org.ID, p.owner.ID, membership.Owner)
	p.project = newProject(p.org.ID, "rocket-of-"+slug)
	p.environment = newEnvironment(p.project, "staging")
	p.key = newKey(p.environment, &p.owner.ID)
	p.guarded = newEnvironment(p.project, "guarded")
	p.guarded.Protected = true
	p.rotated, p.successor = newKey(p.guarded, nil), newKey(p.guarded, nil)
	p.rotated.EndsAt, p.rotated.LastUsedAt = pointer(start.Add(24*time.Hour)), pointer(start)
	p.session = newSession(p.owner.ID, &p.org.ID)
	p.ended = newSession(p.owner.ID, nil)
	p.ended.ExpiresAt = start.Add(-time.Hour)
	p.strayed = newSession(p.stranger.ID, &p.org.ID)
	p.retired = newSecret(ports.Purpose(slug))
	p.retired.RetiredAt = &p.retired.CreatedAt
	p.stranger.Operator = true
	p.invitation = newInvitation(p.org.ID, "invited-"+slug+"@example.com", &p.owner.ID)
	p.invited = newInvitationLink(p.invitation)
	p.link, p.expired = newLink(link.ResetPassword, p.owner), newLink(link.VerifyEmail, p.owner)
	p.expired.ExpiresAt = start
	p.accountKey = newAccountKey(p.owner.ID, nil)
	p.accountKey.ExpiresAt = pointer(start.Add(24 * time.Hour))
	p.envelope, p.entry = newEnvelope(), newEntry(audit.OfOrganization(p.org.ID))
	p.nextLink, p.nextEnvelope = newLink(link.ChangeEmail, p.owner), newEnvelope()
	p.answer, p.stale, p.nextAnswer = newAnswer(), newAnswer(), newAnswer()
	p.stale.ExpiresAt = start
	p.newcomer = newAccount("newcomer-" + slug + "@example.com")
	p.next = newOrganization("next-" + slug)
	w.do(func(tx ports.Tx) error { return p.keep(w.ctx, tx) })
	p.org = look(w, func(tx ports.Tx) (organization.Organization, error) { return tx.Organization(p.grant()).Get(w.ctx) })
	w.clock.Advance(time.Minute)
	return p
}

func (p plot) keep(ctx context.Context, tx ports.Tx) error {
	g := p.grant()
	steps := []func() error{
		func() error { return tx.Accounts().Add(ctx, p.owner) },
		func() error { return tx.Accounts().Add(ctx, p.stranger) },
		func() error { _, err := tx.Organizations().Add(ctx, p.org); return err },
		func() error { return tx.Members(g).Add(ctx, p.member) },
		func() error { return tx.Projects(g).Add(ctx, p.project) },
		func() error { return tx.Environments(g).Add(ctx, p.environment) },
		func() error { return tx.APIKeys(g).Add(ctx, p.key) },
		func() error { return tx.Environments(g).Add(ctx, p.guarded) },
		func() error { return tx.APIKeys(g).Add(ctx, p.rotated) },
		func() error { return tx.APIKeys(g).Rotate(ctx, p.rotated, p.successor) },
		func() error {
			return tx.KeyIndex().Count(ctx, []ports.CallerUse{{Organization: p.org.ID, Key: p.rotated.ID, Callers: calledFrom("192.0.2.1", 1)}})
		},
		func() error { return tx.Sessions().Add(ctx, p.session) },
		func() error { return tx.Sessions().Add(ctx, p.ended) },
		func() error { return tx.Keyring().Add(ctx, p.retired) },
		func() error { return tx.Invitations(g).Add(ctx, p.invitation) },
		func() error { return tx.Links().Add(ctx, p.invited) },
		func() error { return tx.Links().Add(ctx, p.link) },
		func() error { return tx.Links().Add(ctx, p.expired) },
		func() error { return tx.AccountKeys().Add(ctx, p.accountKey) },
		func() error { return tx.Outbox().Add(ctx, p.envelope) },
		func() error { return tx.Audit().Append(ctx, p.entry) },
		func() error { return tx.Answers().Add(ctx, p.answer) },
		func() error { return tx.Answers().Add(ctx, p.stale) },
		func() error { _, err := tx.Throttles().Take(ctx, p.counted(), 1, time.Hour); return err },
		func() error { _, err := tx.Throttles().Take(ctx, p.forgotten(), 1, time.Second); return err },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
