package phy

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// envelope is how everything that succeeds is answered.
type envelope[T any] struct {
	Success bool   `json:"success" enum:"true"`
	Message string `json:"message" doc:"For people"`
	Data    T      `json:"data"`
}

type answer[T any] struct{ Body envelope[T] }

func answering[T any](message string, data T) *answer[T] {
	return &answer[T]{envelope[T]{true, message, data}}
}

// list is the envelope of several things of a kind.
type list[T any] struct {
	Body struct {
		Success bool   `json:"success" enum:"true"`
		Message string `json:"message" example:"Retrieved 2 organizations" doc:"For people"`
		Data    []T    `json:"data" nullable:"false" doc:"At most 1,000"`
		Count   int    `json:"count" example:"2" doc:"How many there are in data"`
	}
}

// listing answers with what show makes of each. The form of the message is the
// document's, for one organization too.
func listing[T any](message string, all []ports.Affiliation, show func(ports.Affiliation) T) *list[T] {
	var l list[T]
	l.Body.Success, l.Body.Count, l.Body.Data = true, len(all), make([]T, 0, len(all))
	l.Body.Message = fmt.Sprintf(message, len(all))
	for _, a := range all {
		l.Body.Data = append(l.Body.Data, show(a))
	}
	return &l
}

type refusedBody struct {
	Success bool   `json:"success" enum:"false"`
	Message string `json:"message" example:"Not Found" doc:"What the status means"`
	Error   string `json:"error" example:"There is no such thing, or none that you can see." doc:"One sentence for people"`
}

func refusal(r httpapi.Refusal) any {
	return refusedBody{Message: http.StatusText(r.Status), Error: r.Sentence}
}

type userBody struct {
	ID        string    `json:"id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	Email     string    `json:"email" example:"ada@example.com"`
	CreatedAt time.Time `json:"created_at" example:"2026-01-31T12:00:00Z"`
}

func showUser(a account.Account) userBody {
	return userBody{a.ID.String(), a.Email.String(), a.CreatedAt.Truncate(time.Second)}
}

type signedUpBody struct {
	User userBody `json:"user"`
}

// showSignedUp shows alike who is new and who is known, where addresses have to
// be proven by mail: it is what the account would be.
func showSignedUp(made app.Registered) envelope[signedUpBody] {
	return envelope[signedUpBody]{true, authenticated, signedUpBody{showUser(made.Account)}}
}

type tokensBody struct {
	Access    string   `json:"access_token" doc:"A JWT; send it as Authorization: Bearer"`
	Refresh   string   `json:"refresh_token" doc:"Opaque; a refresh replaces it"`
	ExpiresAt int64    `json:"expires_at" example:"1735689600" doc:"When the access token ends, in Unix seconds"`
	ExpiresIn int64    `json:"expires_in,omitempty" example:"3600" doc:"Seconds that the access token lives; a login tells them, a refresh does not"`
	User      userBody `json:"user"`
}

func showTokens(t session.Tokens, a account.Account) tokensBody {
	return tokensBody{Access: t.Access, Refresh: t.Refresh.Reveal(), ExpiresAt: t.ExpiresAt.Unix(), User: showUser(a)}
}

// OrganizationBody is where an account belongs, and as what. It is exported,
// because huma passes over embedded fields of unexported types.
type OrganizationBody struct {
	ID       string `json:"id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	Name     string `json:"name" example:"Analytical Engines"`
	Personal bool   `json:"is_personal_account"`
	Role     string `json:"role" enum:"OWNER,ADMIN,DEVELOPER,VIEWER"`
}

func showOrganization(a ports.Affiliation) OrganizationBody {
	o := a.Organization
	return OrganizationBody{o.ID.String(), o.Name.String(), o.Personal, strings.ToUpper(a.Membership.Role.String())}
}

type userOrganizationBody struct {
	OrganizationBody
	UserID      string `json:"user_id" format:"uuid" doc:"Whose organization it is"`
	RequestedBy string `json:"requested_by" format:"uuid" doc:"Who asked"`
}
