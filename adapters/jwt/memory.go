package jwt

import (
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/domain/session"
)

// content is what a token says, once its signature and form were checked.
type content struct {
	claims    session.Claims
	notBefore time.Time // zero without nbf
	key       string    // that signed it, empty for the secret
}

// at judges the times.
func (c *content) at(now time.Time, leeway time.Duration) (session.Claims, error) {
	latest := now.Add(leeway)
	switch {
	case !now.Before(c.claims.ExpiresAt):
		return session.Claims{}, invalid("has run out")
	case c.claims.IssuedAt.After(latest) || c.notBefore.After(latest):
		return session.Claims{}, invalid("is of the future")
	}
	claims := c.claims
	if claims.OrganizationID != nil { // a copy: what is remembered is shared by all requests
		org := *claims.OrganizationID
		claims.OrganizationID = &org
	}
	return claims, nil
}

// places bounds the memory to about 1 MB.
const places = 4096

// memory remembers the content of tokens that were found good, so that a
// client which sends one token with each request costs one signature check, of
// 50 microseconds, and not one for each. A token has one spelling, so what was
// good stays good but for the times and the key, which are asked again. Each digest
// has one place, the latest token wins it, and only good tokens get there:
// strangers cannot push anything out.
type memory [places]atomic.Pointer[remembered]

type remembered struct {
	digest [sha256.Size]byte
	content
}

func (m *memory) place(digest [sha256.Size]byte) *atomic.Pointer[remembered] {
	return &m[binary.BigEndian.Uint16(digest[:])%places]
}

func (m *memory) recall(digest [sha256.Size]byte) *content {
	if r := m.place(digest).Load(); r != nil && r.digest == digest {
		return &r.content
	}
	return nil
}

func (m *memory) keep(digest [sha256.Size]byte, c *content) {
	m.place(digest).Store(&remembered{digest, *c})
}
