package phaseflag

import (
	"time"

	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// The forms of ids, by kind.
var (
	userID         = id.FormOf[account.Account]("usr_", id.Crockford)
	organizationID = id.FormOf[organization.Organization]("org_", id.Crockford)
)

// The words of PhaseFlag's two roles.
const (
	admin  = "admin"
	member = "member"
)

type refusedBody struct {
	Error reasonBody `json:"error"`
}

type reasonBody struct {
	Code    string `json:"code" example:"NOT_FOUND" doc:"Stable; this is what programs branch on"`
	Message string `json:"message" example:"There is no such thing, or none that you can see." doc:"One sentence for people"`
}

// sentences are those that the document fixes, by code.
var sentences = map[string]string{
	account.ErrEmailTaken.Code:         "An account with this email address already exists.",
	account.ErrInvalidCredentials.Code: "The email or password you provided is incorrect.",
}

func refusal(r httpapi.Refusal) any {
	if fixed, known := sentences[r.Code]; known {
		r.Sentence = fixed
	}
	return refusedBody{reasonBody{r.Code, r.Sentence}}
}

// UserBody is exported, because huma passes over embedded fields of unexported
// types.
type UserBody struct {
	ID        string    `json:"id" example:"usr_01H455VB4PEX5VSKNK084SN02Q"`
	Email     string    `json:"email" example:"ada@example.com"`
	FullName  string    `json:"full_name" example:"Ada Lovelace"`
	Role      string    `json:"role" enum:"admin,member" doc:"admin for an operator of the installation"`
	CreatedAt time.Time `json:"created_at" example:"2026-01-31T12:00:00Z"`
}

func showUser(a account.Account) UserBody {
	role := member
	if a.Operator {
		role = admin
	}
	return UserBody{
		ID: userID.Text(a.ID), Email: a.Email.String(), FullName: a.Name.String(), Role: role,
		CreatedAt: a.CreatedAt.Truncate(time.Second),
	}
}

type profileBody struct {
	UserBody
	LastLoginAt   *time.Time         `json:"last_login_at" example:"2026-01-31T12:00:00Z" doc:"Null before the first"`
	Organizations []organizationBody `json:"organizations" doc:"At most 100"`
}

type organizationBody struct {
	ID   string `json:"id" example:"org_01H455VB4PEX5VSKNK084SN02Q"`
	Name string `json:"name" example:"Analytical Engines"`
	Role string `json:"role" enum:"admin,member" doc:"admin for its owners and admins"`
}

func showProfile(a account.Account, places []ports.Affiliation) profileBody {
	shown := profileBody{UserBody: showUser(a), Organizations: []organizationBody{}}
	if a.LastLoginAt != nil {
		at := a.LastLoginAt.Truncate(time.Second)
		shown.LastLoginAt = &at
	}
	for _, p := range places {
		role := member
		if p.Membership.Role >= membership.Admin {
			role = admin
		}
		shown.Organizations = append(shown.Organizations, organizationBody{
			ID: organizationID.Text(p.Organization.ID), Name: p.Organization.Name.String(), Role: role,
		})
	}
	return shown
}

type tokensBody struct {
	Access    string `json:"access_token" doc:"A JWT; send it as Authorization: Bearer"`
	Type      string `json:"token_type" enum:"bearer"`
	ExpiresIn int64  `json:"expires_in" example:"86400" doc:"Seconds that the access token lives"`
	Refresh   string `json:"refresh_token,omitempty" doc:"Opaque. A login gives it; a refresh only where it is replaced, which is in sessions that began elsewhere"`
}

func showTokens(t session.Tokens) tokensBody {
	return tokensBody{Access: t.Access, Type: "bearer", ExpiresIn: int64(t.ExpiresIn / time.Second), Refresh: t.Refresh.Reveal()}
}
