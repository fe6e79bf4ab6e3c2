package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/organization"
)

// Claims is what an access token says: who is calling, never what they may do.
type Claims struct {
	AccountID      account.ID
	SessionID      ID
	OrganizationID *organization.ID
	TokenID        string
	IssuedAt       time.Time
	ExpiresAt      time.Time
}

// Tokens is a pair as it is handed to a client.
type Tokens struct {
	Access      string
	Refresh     RefreshToken
	KeptRefresh bool      // Refresh is the one that the session had from its beginning
	ExpiresAt   time.Time // of the access token
	ExpiresIn   time.Duration
}

const (
	refreshPrefix = "rt_"
	counterSize   = 8
	macSize       = sha256.Size
	refreshSize   = 16 + counterSize + macSize
	redacted      = "[redacted]"
)

// RefreshToken is opaque to clients: the session's id, the counter and a MAC
// over both. It shows itself to nobody.
type RefreshToken struct{ text string }

// Deriver makes and checks refresh tokens with a secret of the installation,
// which it shows to nobody.
type Deriver struct{ secret []byte }

// NewDeriver wraps the secret, at least 32 random bytes.
func NewDeriver(secret []byte) Deriver { return Deriver{secret} }

// Token derives the refresh token of a session at a counter.
func (d Deriver) Token(session ID, counter int64) RefreshToken {
	raw := make([]byte, 0, refreshSize)
	u := session.UUID()
	raw = append(raw, u[:]...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(counter)) //nolint:gosec // counters start at 1 and only grow
	raw = append(raw, d.mac(raw)...)
	return RefreshToken{refreshPrefix + base64.RawURLEncoding.EncodeToString(raw)}
}

// Parse reads a presented token. Decoding is strict, so that a token has
// exactly one spelling.
func (d Deriver) Parse(s string) (ID, int64, error) {
	encoded, ok := strings.CutPrefix(s, refreshPrefix)
	if !ok || len(encoded) != base64.RawURLEncoding.EncodedLen(refreshSize) || strings.ContainsAny(encoded, "\r\n") {
		return ID{}, 0, ErrInvalidRefresh
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return ID{}, 0, ErrInvalidRefresh
	}
	signed, mac := raw[:refreshSize-macSize], raw[refreshSize-macSize:]
	if !hmac.Equal(mac, d.mac(signed)) {
		return ID{}, 0, ErrInvalidRefresh
	}
	counter := int64(binary.BigEndian.Uint64(signed[16:])) //nolint:gosec // only what Token wrote passes the MAC
	return ID(uuid.UUID(signed[:16])), counter, nil
}

func (d Deriver) mac(signed []byte) []byte {
	h := hmac.New(sha256.New, d.secret)
	h.Write(signed)
	return h.Sum(nil)
}

func (Deriver) String() string               { return redacted }
func (Deriver) GoString() string             { return redacted }
func (Deriver) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Deriver) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Reveal returns the token, for the answer that carries it.
func (t RefreshToken) Reveal() string { return t.text }

func (RefreshToken) String() string               { return redacted }
func (RefreshToken) GoString() string             { return redacted }
func (RefreshToken) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (RefreshToken) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
