// Package session has a login on one device: what keeps it alive, what ends it
// and the tokens that stand for it.
package session

import (
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/organization"
)

// ID identifies a session.
type ID = id.Of[Session]

// Session is one login. One row suffices for all its refresh tokens: they are
// derived from the id and the counter.
type Session struct {
	ID              ID
	AccountID       account.ID
	OrganizationID  *organization.ID // the active organization; nil when none is left
	Counter         int64            // of the refresh token that is current
	RotatedAt       time.Time        // when Counter last moved
	AuthenticatedAt time.Time        // when the password was last proven
	Address         string           // the client's, at the last login or refresh
	UserAgent       string
	CreatedAt       time.Time
	LastUsedAt      time.Time
	ExpiresAt       time.Time
	Terms           Terms
}

// Terms are what a session's tokens were promised when it began, by the API that
// it began through. They hold wherever the tokens are presented later. The zero
// Terms are our own: refresh tokens rotate, and access tokens live as the policy
// says.
type Terms struct {
	// KeepsRefresh lets a refresh token serve until the session ends. A copy in
	// foreign hands then cannot be noticed: it is for clients that never take a
	// new one.
	KeepsRefresh bool
	// AccessTTL is how long an access token lives, in whole seconds; zero for the
	// policy's.
	AccessTTL time.Duration
}

// Faults of sessions and their tokens.
var (
	ErrInvalidToken   = fault.Declare(fault.Unauthenticated, "INVALID_TOKEN", "The access token is not valid, or its session has ended.")
	ErrNoCredentials  = fault.Declare(fault.Unauthenticated, "CREDENTIALS_REQUIRED", "This needs an access token.")
	ErrInvalidRefresh = fault.Declare(fault.Unauthenticated, "INVALID_REFRESH_TOKEN", "The refresh token is not valid, or its session has ended.")
	ErrReauthenticate = fault.Declare(fault.Forbidden, "REAUTH_REQUIRED", "This needs a fresh login: send the password to /v1/auth/reauthenticate first.")
)

// Policy is how long things live.
type Policy struct {
	AccessTTL  time.Duration // of an access token, where the session has no terms of its own
	RefreshTTL time.Duration // of a session without a refresh
	MaxAge     time.Duration // of a session, refreshed or not
	Grace      time.Duration // in which the previous refresh token still answers
	FreshFor   time.Duration // in which a proven password permits sensitive acts
}

// Ended says whether the session has run out.
func (s Session) Ended(now time.Time) bool { return !now.Before(s.ExpiresAt) }

// Fresh says whether the password was proven recently enough for a sensitive
// act. A refresh does not count as a proof.
func (s Session) Fresh(now time.Time, p Policy) bool {
	return now.Before(s.AuthenticatedAt.Add(p.FreshFor))
}

// AccessEnds is when an access token that is given out now ends: in whole
// seconds, and never after its session.
func (s Session) AccessEnds(now time.Time, p Policy) time.Time {
	ttl := p.AccessTTL
	if s.Terms.AccessTTL != 0 {
		ttl = s.Terms.AccessTTL
	}
	ends := now.Add(ttl)
	if s.ExpiresAt.Before(ends) {
		ends = s.ExpiresAt
	}
	return ends.Truncate(time.Second)
}

// FirstCounter is the counter of a session that was never refreshed.
const FirstCounter = 1

// Begin sets a new session's times.
func (s Session) Begin(now time.Time, p Policy) Session {
	s.CreatedAt, s.RotatedAt, s.AuthenticatedAt = now, now, now
	return s.used(now, p)
}

func (s Session) used(now time.Time, p Policy) Session {
	s.LastUsedAt = now
	s.ExpiresAt = now.Add(p.RefreshTTL)
	if end := s.CreatedAt.Add(p.MaxAge); end.Before(s.ExpiresAt) {
		s.ExpiresAt = end
	}
	return s
}

// Outcome is what presenting a refresh token comes to.
type Outcome int

// The outcomes of Refresh.
const (
	Rotated  Outcome = iota // the session moved on
	Kept                    // the session moved on, and its one token stays
	Repeated                // the previous token, within the grace: the same successor again
	Reused                  // a token that was long replaced, or never given out: a theft
)

// Refresh presents the refresh token with the counter. A client that lost an
// answer, or two tabs of one browser, repeat the previous token within the
// grace and get the same successor; anything older is a copy in foreign hands
// and must end the session (RFC 9700, section 4.14.2). Where the terms keep the
// token, it is always the current one.
func (s Session) Refresh(counter int64, now time.Time, p Policy) (Session, Outcome) {
	switch {
	case counter == s.Counter && s.Terms.KeepsRefresh:
		return s.used(now, p), Kept
	case counter == s.Counter:
		s.Counter++
		s.RotatedAt = now
		return s.used(now, p), Rotated
	case counter == s.Counter-1 && now.Before(s.RotatedAt.Add(p.Grace)):
		return s, Repeated
	}
	return s, Reused
}

// Rotation is a refresh of a session that need not be read before, since nothing
// has to be decided: its counter is Counter, its refresh tokens rotate, it has
// not ended by At, and it was created no earlier than CreatedFrom, so that its
// greatest age does not bound it. What Refresh makes of such a session is the
// same for all.
type Rotation struct {
	Counter     int64
	At          time.Time
	CreatedFrom time.Time
	ExpiresAt   time.Time // from then on
	Address     string
	UserAgent   string
}

// Rotation is the refresh with the token of that counter at that time.
func (p Policy) Rotation(counter int64, now time.Time) Rotation {
	expires := now.Add(p.RefreshTTL)
	return Rotation{Counter: counter, At: now, CreatedFrom: expires.Add(-p.MaxAge), ExpiresAt: expires}
}

// Switch makes another organization the active one. It moves the counter on as
// a refresh does, but only once within the grace: of two tabs that switch at
// once, neither must make the other's token look stolen. A kept token stays.
func (s Session) Switch(org organization.ID, now time.Time, p Policy) Session {
	if s.Counter == FirstCounter || !now.Before(s.RotatedAt.Add(p.Grace)) {
		s, _ = s.Refresh(s.Counter, now, p)
	}
	s.OrganizationID = &org
	return s
}
