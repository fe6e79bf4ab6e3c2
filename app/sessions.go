package app

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// Sessions is logging in, staying in and getting out.
type Sessions struct {
	Dependencies
	settings Settings
	proof    *proof
	issuer   *issuer
}

// Login asks for a session.
type Login struct {
	Identifier string // an email address or, unless EmailOnly, a username
	EmailOnly  bool   // what is no address is refused as that, and names nobody
	Password   string
	Terms      session.Terms
	Client     Client
}

// LoggedIn is a new session with whom it is for.
type LoggedIn struct {
	Account account.Account
	Active  *ports.Affiliation // the oldest membership, nil when there is none
	Tokens  session.Tokens
}

// errJudgeAgain says that the password was changed while it was judged.
var errJudgeAgain = errors.New("the password was changed meanwhile")

// Login opens a session. Unknown, wrong, disabled and, where addresses have to be
// proven, unproven have one answer, by one way, in one time.
func (s *Sessions) Login(ctx context.Context, in Login) (LoggedIn, error) {
	begun, err := s.judge(ctx, in)
	s.Tally.Count(ports.Logins, loginResult(err), 1)
	return begun, err
}

// judge lets a password that was replaced meanwhile be judged once more.
func (s *Sessions) judge(ctx context.Context, in Login) (LoggedIn, error) {
	pw, err := parsePassword("password", in.Password)
	if err != nil {
		return LoggedIn{}, err
	}
	begun, err := s.login(ctx, in, pw)
	if errors.Is(err, errJudgeAgain) {
		begun, err = s.login(ctx, in, pw)
	}
	if errors.Is(err, errJudgeAgain) {
		err = account.ErrInvalidCredentials
	}
	return begun, err
}

func (s *Sessions) login(ctx context.Context, in Login, pw account.Password) (LoggedIn, error) {
	c, err := s.claimant(ctx, in)
	if err != nil {
		return LoggedIn{}, err
	}
	match, fresh, err := s.proof.verify(ctx, c, pw)
	if err != nil {
		return LoggedIn{}, err
	}
	if !match || !s.admits(*c.account) {
		if err := s.proof.failed(ctx, c); err != nil {
			return LoggedIn{}, err
		}
		return LoggedIn{}, account.ErrInvalidCredentials
	}
	return s.open(ctx, c, fresh, in.Terms)
}

// admits says whether an account may begin a session here.
func (s *Sessions) admits(a account.Account) bool {
	return a.MayLogIn() && (a.EmailVerified || !s.settings.EmailVerification)
}

// claimant finds the account that an identifier names. What is neither an
// address nor a username names nobody, like an account that does not exist.
func (s *Sessions) claimant(ctx context.Context, in Login) (claimant, error) {
	c := claimant{name: strings.TrimSpace(in.Identifier), client: in.Client}
	email, notAddress := account.ParseEmail(in.Identifier, s.ToASCII)
	if in.EmailOnly && notAddress != nil {
		return c, fault.ErrInvalid.WithField("email", notAddress.Error())
	}
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

// open begins the session. The account is read again: a password that was
// replaced, or an account that was disabled, while the password was judged opens
// nothing, and is not overwritten by an upgrade of the old hash.
func (s *Sessions) open(ctx context.Context, c claimant, fresh *account.PasswordHash, terms session.Terms) (LoggedIn, error) {
	var opened session.Session
	in, err := ports.Run(ctx, s.Store, func(tx ports.Tx) (LoggedIn, error) {
		who, err := tx.Accounts().LoggedIn(ctx, c.account.ID, c.account.PasswordHash, fresh)
		if err != nil {
			return LoggedIn{}, err
		}
		if who == nil || !s.admits(*who) {
			return LoggedIn{}, errJudgeAgain
		}
		if err := tx.Throttles().Forget(ctx, c.key()); err != nil {
			return LoggedIn{}, err
		}
		oldest, err := tx.Memberships().List(ctx, who.ID, ports.Page[membership.ID]{Limit: 1})
		if err != nil {
			return LoggedIn{}, err
		}
		in := LoggedIn{Account: *who}
		var active *organization.ID
		if len(oldest) > 0 {
			in.Active, active = &oldest[0], &oldest[0].Organization.ID
		}
		if opened, err = s.issuer.begin(ctx, tx, who.ID, active, terms, c.client); err != nil {
			return in, err
		}
		return in, s.recordFrom(ctx, tx, c.client.by(who.ID), audit.OfAccount(who.ID), sessionEvent(audit.SessionBegun, opened.ID))
	})
	if err != nil {
		return LoggedIn{}, err
	}
	in.Tokens, err = s.issuer.tokens(opened)
	return in, err
}

func sessionEvent(action audit.Action, id session.ID) audit.Event {
	return audit.Event{Action: action, ResourceType: sessionResource, ResourceID: id.String()}
}

// Authenticate says who holds the access token, by what Credentials know of
// session, account and membership. org, where it is not nil, replaces the token's
// active organization for this request; a caller who is no member there has no
// membership. The token says who, never what they may do.
func (s *Sessions) Authenticate(ctx context.Context, token string, org *organization.ID, c Client) (access.Actor, error) {
	now := s.Clock.Now()
	claims, err := s.AccessTokens.Verify(token, now)
	if err != nil {
		return access.Actor{}, err
	}
	if org == nil {
		org = claims.OrganizationID
	}
	actor, err := s.Credentials.Session(ctx, claims.SessionID, org)
	if err != nil {
		return access.Actor{}, err
	}
	if actor == nil || actor.Account.ID != claims.AccountID || actor.Session.Ended(now) || !actor.Account.MayLogIn() {
		return access.Actor{}, session.ErrInvalidToken
	}
	return c.actor(*actor), nil
}

// Logout ends the caller's session: its access and refresh tokens are dead.
func (s *Sessions) Logout(ctx context.Context, actor access.Actor) error {
	return s.End(ctx, actor, actor.Session.ID)
}

// LogoutBy ends the session of a refresh token, for clients that hold nothing
// else. Any token that the session ever had will do: a replaced one, presented
// to be refreshed, would end it, too. One without a live session is
// session.ErrInvalidRefresh.
func (s *Sessions) LogoutBy(ctx context.Context, token string, c Client) error {
	id, _, err := s.RefreshTokens.Parse(token)
	if err != nil {
		return err
	}
	return s.Store.Do(ctx, func(tx ports.Tx) error {
		found, err := tx.Sessions().Find(ctx, id, nil)
		if err != nil {
			return err
		}
		if found == nil || found.Session.Ended(tx.Now()) {
			return session.ErrInvalidRefresh
		}
		who := found.Account.ID
		if err := tx.Sessions().Remove(ctx, who, id); err != nil {
			return err
		}
		return s.recordFrom(ctx, tx, c.by(who), audit.OfAccount(who), sessionEvent(audit.SessionEnded, id))
	})
}

// List returns the caller's sessions, oldest first.
func (s *Sessions) List(ctx context.Context, actor access.Actor, page ports.Page[session.ID]) (Listed[session.Session], error) {
	if err := inPerson(actor); err != nil {
		return Listed[session.Session]{}, err
	}
	return ports.Look(ctx, s.Store, func(tx ports.Tx) (Listed[session.Session], error) {
		return listed(page, func(page ports.Page[session.ID]) ([]session.Session, error) {
			return tx.Sessions().List(ctx, actor.Account.ID, page)
		})
	})
}

// End ends one of the caller's sessions.
func (s *Sessions) End(ctx context.Context, actor access.Actor, id session.ID) error {
	if err := inPerson(actor); err != nil {
		return err
	}
	return s.Store.Do(ctx, func(tx ports.Tx) error {
		if err := tx.Sessions().Remove(ctx, actor.Account.ID, id); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, audit.OfAccount(actor.Account.ID), sessionEvent(audit.SessionEnded, id))
	})
}

// EndOthers ends every session of the caller but this one.
func (s *Sessions) EndOthers(ctx context.Context, actor access.Actor) error {
	if err := inPerson(actor); err != nil {
		return err
	}
	return s.Store.Do(ctx, func(tx ports.Tx) error {
		n, err := tx.Sessions().RemoveAll(ctx, actor.Account.ID, actor.Session.ID)
		if err != nil || n == 0 {
			return err
		}
		return s.record(ctx, tx, actor, audit.OfAccount(actor.Account.ID), audit.Event{
			Action: audit.SessionEnded, ResourceType: accountResource, ResourceID: actor.Account.ID.String(),
			Metadata: audit.State{"sessions_ended": strconv.Itoa(n), "kept": actor.Session.ID.String()},
		})
	})
}

// Reauthenticate proves the caller's password again, so that the session counts
// as fresh for a while.
func (s *Sessions) Reauthenticate(ctx context.Context, actor access.Actor, password string, c Client) error {
	pw, err := parsePassword("password", password)
	if err != nil {
		return err
	}
	if err := inPerson(actor); err != nil {
		return err
	}
	if err := s.proof.own(ctx, actor, pw, c); err != nil {
		return err
	}
	return s.Store.Do(ctx, func(tx ports.Tx) error {
		found, err := currentSession(ctx, tx, actor)
		if err != nil {
			return err
		}
		current := found.Session
		current.AuthenticatedAt = tx.Now()
		if err := tx.Sessions().Save(ctx, current, current.Counter); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, audit.OfAccount(actor.Account.ID), sessionEvent(audit.SessionReauthenticated, current.ID))
	})
}

// currentSession reads the caller's session and account inside a unit of work: a
// session that was ended meanwhile finishes nothing.
func currentSession(ctx context.Context, tx ports.Tx, actor access.Actor) (access.Actor, error) {
	found, err := tx.Sessions().Find(ctx, actor.Session.ID, nil)
	if err != nil {
		return access.Actor{}, err
	}
	if found == nil || !found.Account.MayLogIn() {
		return access.Actor{}, session.ErrInvalidToken
	}
	return *found, nil
}

// SwitchOrganization makes another of the caller's organizations the active
// one. It rotates like a refresh.
func (s *Sessions) SwitchOrganization(ctx context.Context, actor access.Actor, org organization.ID) (session.Tokens, error) {
	if err := inPerson(actor); err != nil {
		return session.Tokens{}, err
	}
	switched, err := ports.Run(ctx, s.Store, func(tx ports.Tx) (session.Session, error) {
		if _, err := enterOrganization(ctx, tx, actor, org); err != nil {
			return session.Session{}, err
		}
		found, err := currentSession(ctx, tx, actor)
		if err != nil {
			return session.Session{}, err
		}
		current := found.Session
		next := current.Switch(org, tx.Now(), s.settings.Sessions)
		if err := tx.Sessions().Save(ctx, next, current.Counter); err != nil {
			return session.Session{}, err
		}
		event := sessionEvent(audit.SessionSwitched, next.ID)
		event.Before, event.After = audit.State{}, audit.State{"organization_id": org.String()}
		note(event.Before, "organization_id", current.OrganizationID)
		return next, s.record(ctx, tx, actor, audit.OfAccount(actor.Account.ID), event)
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

// Refresh trades a refresh token for new tokens: mostly by one statement, and
// where that finds anything to decide, in a unit of work. Where the session's
// terms keep the refresh token, it is among them.
func (s *Sessions) Refresh(ctx context.Context, token string, c Client) (session.Tokens, error) {
	id, counter, err := s.RefreshTokens.Parse(token)
	if err != nil {
		return session.Tokens{}, err
	}
	rotated, err := ports.RunAlone(ctx, s.Store, func(tx ports.Tx) (*session.Session, error) {
		r := s.settings.Sessions.Rotation(counter, tx.Now())
		r.Address, r.UserAgent = c.Address, c.UserAgent
		return tx.Sessions().Rotate(ctx, id, r)
	})
	if err != nil {
		return session.Tokens{}, err
	}
	if rotated != nil {
		return s.issuer.tokens(*rotated)
	}
	r, err := ports.Run(ctx, s.Store, func(tx ports.Tx) (refreshed, error) { return s.refresh(ctx, tx, id, counter, c) })
	if err != nil {
		return session.Tokens{}, err
	}
	if r.reused {
		s.Tally.Count(ports.Reuses, sessionEnded, 1)
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
	next, outcome := found.Session.Refresh(counter, tx.Now(), s.settings.Sessions)
	if found.Membership == nil {
		next.OrganizationID = nil // left or removed since
	}
	switch outcome {
	case session.Repeated:
		return refreshed{next, false}, nil
	case session.Reused:
		return refreshed{next, true}, s.endReused(ctx, tx, next, c)
	}
	next.Address, next.UserAgent = c.Address, c.UserAgent
	err = tx.Sessions().Save(ctx, next, found.Session.Counter)
	return refreshed{next, false}, err
}

// endReused ends a session of which a replaced refresh token was presented: one
// of its two holders is a thief.
func (s *Sessions) endReused(ctx context.Context, tx ports.Tx, stolen session.Session, c Client) error {
	if err := tx.Sessions().Remove(ctx, stolen.AccountID, stolen.ID); err != nil {
		return err
	}
	event := sessionEvent(audit.SessionReused, stolen.ID)
	event.Metadata = audit.State{"account_id": stolen.AccountID.String()}
	return s.recordFrom(ctx, tx, c.stranger(), audit.OfAccount(stolen.AccountID), event)
}
