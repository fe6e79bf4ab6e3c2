package app

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// issuer begins sessions and writes the tokens that stand for them.
type issuer struct {
	Dependencies
	policy session.Policy
}

// begin opens a session with a new id, never one that the client brought.
func (i *issuer) begin(ctx context.Context, tx ports.Tx, who account.ID, org *organization.ID, terms session.Terms, c Client) (session.Session, error) {
	s := session.Session{
		ID: session.ID(i.Random.ID()), AccountID: who, OrganizationID: org, Counter: session.FirstCounter,
		Terms: terms, Address: c.Address, UserAgent: c.UserAgent,
	}.Begin(tx.Now(), i.policy)
	return s, tx.Sessions().Add(ctx, s)
}

// admit opens a newcomer's first session, with its tokens: they are a part of what
// is kept of a creating request, and so are signed inside its unit of work.
func (i *issuer) admit(ctx context.Context, tx ports.Tx, who account.ID, org organization.ID, c Client) (session.Tokens, error) {
	s, err := i.begin(ctx, tx, who, &org, session.Terms{}, c)
	if err != nil {
		return session.Tokens{}, err
	}
	return i.tokens(s)
}

// tokens signs an access token for the session as it stands, and derives the
// refresh token of its counter.
func (i *issuer) tokens(s session.Session) (session.Tokens, error) {
	now := i.Clock.Now()
	expires := s.AccessEnds(now, i.policy)
	access, err := i.AccessTokens.Sign(session.Claims{
		AccountID: s.AccountID, SessionID: s.ID, OrganizationID: s.OrganizationID,
		TokenID: i.Random.ID().String(), IssuedAt: now.Truncate(time.Second), ExpiresAt: expires,
	})
	if err != nil {
		return session.Tokens{}, err
	}
	return session.Tokens{
		Access: access, Refresh: i.RefreshTokens.Token(s.ID, s.Counter), KeptRefresh: s.Terms.KeepsRefresh,
		ExpiresAt: expires, ExpiresIn: expires.Sub(now.Truncate(time.Second)),
	}, nil
}
