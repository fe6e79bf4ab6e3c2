package app

import (
	"context"
	"strings"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// Sessions is logging in, staying in and getting out.
type Sessions struct {
	Dependencies
	policy session.Policy
	proof  *proof
	issuer *issuer
}

// Login asks for a session.
type Login struct {
	Identifier string // an email address or a username
	Password   string
	Client     Client
}

// LoggedIn is a new session with whom it is for.
type LoggedIn struct {
	Account account.Account
	Active  *ports.Affiliation // the oldest membership, nil when there is none
	Tokens  session.Tokens
}

// Login opens a session. Unknown, wrong and disabled have one answer, by one
// way, in one time.
func (s *Sessions) Login(ctx context.Context, in Login) (LoggedIn, error) {
	pw, err := parsePassword("password", in.Password)
	if err != nil {
		return LoggedIn{}, err
	}
	c, err := s.claimant(ctx, in)
	if err != nil {
		return LoggedIn{}, err
	}
	match, fresh, err := s.proof.verify(ctx, c, pw)
	if err != nil {
		return LoggedIn{}, err
	}
	if !match || !c.account.MayLogIn() {
		if err := s.proof.failed(ctx, c); err != nil {
			return LoggedIn{}, err
		}
		return LoggedIn{}, account.ErrInvalidCredentials
	}
	return s.open(ctx, c, fresh)
}

// claimant finds the account that an identifier names. What is neither an
// address nor a username names nobody, like an account that does not exist.
func (s *Sessions) claimant(ctx context.Context, in Login) (claimant, error) {
	c := claimant{name: strings.TrimSpace(in.Identifier), client: in.Client}
	email, notAddress := account.ParseEmail(in.Identifier, s.ToASCII)
	username, notUsername := account.ParseUsername(c.name)
	var err error
	c.account, err = ports.Look(ctx, s.Store, func(tx ports.Tx) (*account.Account, error) {
		switch {
		case notAddress == nil:
			c.name = email.String()
			return tx.Accounts().FindByEmail(ctx, email)
		case notUsername == nil:
			c.name = username.String()
			return tx.Accounts().FindByUsername(ctx, username)
		}
		return nil, nil
	})
	return c, err
}

func (s *Sessions) open(ctx context.Context, c claimant, fresh *account.PasswordHash) (LoggedIn, error) {
	var opened session.Session
	in, err := ports.Run(ctx, s.Store, func(tx ports.Tx) (LoggedIn, error) {
		who := *c.account
		if err := tx.Throttles().Forget(ctx, c.key()); err != nil {
			return LoggedIn{}, err
		}
		if err := tx.Accounts().LoggedIn(ctx, who.ID, fresh); err != nil {
			return LoggedIn{}, err
		}
		now := tx.Now()
		who.LastLoginAt = &now
		oldest, err := tx.Memberships().List(ctx, who.ID, ports.Page[membership.ID]{Limit: 1})
		if err != nil {
			return LoggedIn{}, err
		}
		in := LoggedIn{Account: who}
		var active *organization.ID
		if len(oldest) > 0 {
			in.Active, active = &oldest[0], &oldest[0].Organization.ID
		}
		opened, err = s.issuer.begin(ctx, tx, who.ID, active, c.client)
		return in, err
	})
	if err != nil {
		return LoggedIn{}, err
	}
	in.Tokens, err = s.issuer.tokens(opened)
	return in, err
}

// Authenticate says who holds the access token, looked up live: session,
// account and membership, in one statement. org, where it is not nil, replaces
// the token's active organization for this request; a caller who is no member
// there has no membership. The token says who, never what they may do.
func (s *Sessions) Authenticate(ctx context.Context, token string, org *organization.ID) (access.Actor, error) {
	now := s.Clock.Now()
	claims, err := s.AccessTokens.Verify(token, now)
	if err != nil {
		return access.Actor{}, err
	}
	if org == nil {
		org = claims.OrganizationID
	}
	actor, err := ports.Look(ctx, s.Store, func(tx ports.Tx) (*access.Actor, error) {
		return tx.Sessions().Find(ctx, claims.SessionID, org)
	})
	if err != nil {
		return access.Actor{}, err
	}
	if actor == nil || actor.Account.ID != claims.AccountID || actor.Session.Ended(now) || !actor.Account.MayLogIn() {
		return access.Actor{}, session.ErrInvalidToken
	}
	return *actor, nil
}

// Logout ends the caller's session: its access and refresh tokens are dead.
func (s *Sessions) Logout(ctx context.Context, actor access.Actor) error {
	return s.End(ctx, actor, actor.Session.ID)
}

// List returns the caller's sessions, oldest first.
func (s *Sessions) List(ctx context.Context, actor access.Actor) ([]session.Session, error) {
	return ports.Look(ctx, s.Store, func(tx ports.Tx) ([]session.Session, error) {
		return tx.Sessions().List(ctx, actor.Account.ID)
	})
}

// End ends one of the caller's sessions.
func (s *Sessions) End(ctx context.Context, actor access.Actor, id session.ID) error {
	return s.Store.Do(ctx, func(tx ports.Tx) error {
		return tx.Sessions().Remove(ctx, actor.Account.ID, id)
	})
}

// EndOthers ends every session of the caller but this one.
func (s *Sessions) EndOthers(ctx context.Context, actor access.Actor) error {
	return s.Store.Do(ctx, func(tx ports.Tx) error {
		_, err := tx.Sessions().RemoveAll(ctx, actor.Account.ID, actor.Session.ID)
		return err
	})
}

// Reauthenticate proves the caller's password again, so that the session counts
// as fresh for a while.
func (s *Sessions) Reauthenticate(ctx context.Context, actor access.Actor, password string, c Client) error {
	pw, err := parsePassword("password", password)
	if err != nil {
		return err
	}
	if err := s.proof.own(ctx, actor, pw, c); err != nil {
		return err
	}
	return s.Store.Do(ctx, func(tx ports.Tx) error {
		current, err := s.current(ctx, tx, actor)
		if err != nil {
			return err
		}
		current.AuthenticatedAt = tx.Now()
		return tx.Sessions().Save(ctx, current, current.Counter)
	})
}

// current reads the caller's session inside a unit of work.
func (s *Sessions) current(ctx context.Context, tx ports.Tx, actor access.Actor) (session.Session, error) {
	found, err := tx.Sessions().Find(ctx, actor.Session.ID, nil)
	if err != nil {
		return session.Session{}, err
	}
	if found == nil {
		return session.Session{}, session.ErrInvalidToken
	}
	return found.Session, nil
}

// SwitchOrganization makes another of the caller's organizations the active
// one. It rotates like a refresh.
func (s *Sessions) SwitchOrganization(ctx context.Context, actor access.Actor, org organization.ID) (session.Tokens, error) {
	switched, err := ports.Run(ctx, s.Store, func(tx ports.Tx) (session.Session, error) {
		if _, err := enterOrganization(ctx, tx, actor, org); err != nil {
			return session.Session{}, err
		}
		current, err := s.current(ctx, tx, actor)
		if err != nil {
			return session.Session{}, err
		}
		next, _ := current.Refresh(current.Counter, tx.Now(), s.policy)
		next.OrganizationID = &org
		return next, tx.Sessions().Save(ctx, next, current.Counter)
	})
	if err != nil {
		return session.Tokens{}, err
	}
	return s.issuer.tokens(switched)
}

// refreshed is what came of a refresh: the session, and whether the token was
// a stolen copy, so that the session had to end.
type refreshed struct {
	session session.Session
	reused  bool
}

// Refresh trades a refresh token for new tokens.
func (s *Sessions) Refresh(ctx context.Context, token string, c Client) (session.Tokens, error) {
	id, counter, err := s.RefreshTokens.Parse(token)
	if err != nil {
		return session.Tokens{}, err
	}
	r, err := ports.Run(ctx, s.Store, func(tx ports.Tx) (refreshed, error) { return s.refresh(ctx, tx, id, counter, c) })
	if err != nil {
		return session.Tokens{}, err
	}
	if r.reused {
		s.Logger.WarnContext(ctx, "a replaced refresh token was presented; its session has ended",
			"session_id", id.String(), "account_id", r.session.AccountID.String(), "address", c.Address)
		return session.Tokens{}, session.ErrInvalidRefresh
	}
	return s.issuer.tokens(r.session)
}

func (s *Sessions) refresh(ctx context.Context, tx ports.Tx, id session.ID, counter int64, c Client) (refreshed, error) {
	found, err := tx.Sessions().Find(ctx, id, nil)
	if err != nil {
		return refreshed{}, err
	}
	if found == nil || found.Session.Ended(tx.Now()) || !found.Account.MayLogIn() {
		return refreshed{}, session.ErrInvalidRefresh
	}
	next, outcome := found.Session.Refresh(counter, tx.Now(), s.policy)
	if found.Membership == nil {
		next.OrganizationID = nil // left or removed since
	}
	switch outcome {
	case session.Repeated:
		return refreshed{session: next}, nil
	case session.Reused:
		return refreshed{next, true}, tx.Sessions().Remove(ctx, next.AccountID, next.ID)
	}
	next.Address, next.UserAgent = c.Address, c.UserAgent
	err = tx.Sessions().Save(ctx, next, found.Session.Counter)
	return refreshed{session: next}, err
}
