package usernamekeys

import (
	"net/http"
	"time"

	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/session"
)

// The forms of ids, by kind.
var (
	userID = id.FormOf[account.Account]("user_", id.Hexadecimal)
	keyID  = id.FormOf[accountkey.Key]("key_", id.Hexadecimal)
)

type refusedBody struct {
	Error string `json:"error" example:"Authentication required" doc:"One sentence for people"`
}

// sentences are those that the document fixes, by code.
var sentences = map[string]string{
	account.ErrInvalidCredentials.Code: "Invalid credentials",
	session.ErrInvalidRefresh.Code:     "Invalid or expired refresh token",
}

func refusal(r httpapi.Refusal) any {
	fixed, known := sentences[r.Code]
	switch {
	case known:
		r.Sentence = fixed
	case r.Status == http.StatusUnauthorized:
		r.Sentence = "Authentication required"
	}
	return refusedBody{r.Sentence}
}

// TokenBody is exported, because huma passes over embedded fields of unexported
// types.
type TokenBody struct {
	Token     string `json:"token" doc:"A JWT; send it as Authorization: Bearer"`
	ExpiresIn int64  `json:"expires_in" example:"3600" doc:"Seconds that the token lives"`
	Refresh   string `json:"refreshToken,omitempty" doc:"Opaque. A login gives it; a refresh only where it is replaced, which is in sessions that began elsewhere"`
}

func showToken(t session.Tokens) TokenBody {
	return TokenBody{t.Access, int64(t.ExpiresIn / time.Second), t.Refresh.Reveal()}
}

type loggedInBody struct {
	TokenBody
	User userBody `json:"user"`
}

type userBody struct {
	ID       string `json:"id" example:"user_01890a5dac96774bbcceb302099a8057"`
	Username string `json:"username" example:"ada.lovelace" doc:"By which the user logs in: the email, where none was chosen"`
	Email    string `json:"email" example:"ada@example.com"`
}

func showUser(a account.Account) userBody {
	shown := userBody{userID.Text(a.ID), a.Email.String(), a.Email.String()}
	if a.Username != nil {
		shown.Username = a.Username.String()
	}
	return shown
}

type saidBody struct {
	Message string `json:"message" example:"Successfully logged out"`
}

type keyBody struct {
	ID        string     `json:"keyId" example:"key_01890a5dac96774bbcceb302099a8057"`
	Name      string     `json:"name" example:"Deploy script"`
	CreatedAt time.Time  `json:"createdAt" example:"2026-01-31T12:00:00Z"`
	LastUsed  *time.Time `json:"lastUsed" example:"2026-01-31T12:00:00Z" doc:"Null before the first use; written in batches, so up to a minute late"`
}

func showKey(k accountkey.Key) keyBody {
	shown := keyBody{ID: keyID.Text(k.ID), Name: k.Name.String(), CreatedAt: k.CreatedAt.Truncate(time.Second)}
	if k.LastUsedAt != nil {
		at := k.LastUsedAt.Truncate(time.Second)
		shown.LastUsed = &at
	}
	return shown
}

type newKeyBody struct {
	ID        string    `json:"keyId" example:"key_01890a5dac96774bbcceb302099a8057"`
	Key       string    `json:"apiKey" example:"sk_live_00000000000000000000000000000000000000" doc:"The key itself, shown this once"`
	Name      string    `json:"name" example:"Deploy script"`
	CreatedAt time.Time `json:"createdAt" example:"2026-01-31T12:00:00Z"`
}

func showNewKey(made app.CreatedAccountKey) newKeyBody {
	shown := showKey(made.Key)
	return newKeyBody{shown.ID, made.Secret.Reveal(), shown.Name, shown.CreatedAt}
}
