package ports

import (
	"time"

	"github.com/tenantry/tenantry/domain/session"
)

// AccessTokens signs access tokens and reads them back.
type AccessTokens interface {
	Sign(c session.Claims) (string, error)
	// Verify returns what the token says, or session.ErrInvalidToken for any
	// token that is not ours, not an access token, or not valid at now.
	Verify(token string, now time.Time) (session.Claims, error)
}
