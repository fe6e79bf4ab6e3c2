package zylon

import (
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// The forms of ids, by kind. What Zylon calls a user is a membership.
var (
	accountID      = id.FormOf[account.Account]("acct_", id.Hexadecimal)
	userID         = id.FormOf[membership.Membership]("user_", id.Hexadecimal)
	organizationID = id.FormOf[organization.Organization]("org_", id.Hexadecimal)
)

// role is one of ours, and Zylon's word for it.
type role struct {
	word string
	is   membership.Role
}

// roles are all there are, the highest first.
var roles = []role{
	{"AppOwner", membership.Owner},
	{"AppAdmin", membership.Admin},
	{"AppUser", membership.Developer},
	{"AppViewer", membership.Viewer},
}

// highest is the one of the words that includes the others, None for no word.
func highest(words []string) membership.Role {
	for _, r := range roles {
		if slices.Contains(words, r.word) {
			return r.is
		}
	}
	return membership.None
}

// worded are the words of those roles that has finds.
func worded(has func(membership.Role) bool) []string {
	words := []string{}
	for _, r := range roles {
		if has(r.is) {
			words = append(words, r.word)
		}
	}
	return words
}

type refusedBody struct {
	Error string `json:"error" example:"This needs the installation's ADMIN_API_TOKEN as a bearer token." doc:"One sentence for people"`
	Code  string `json:"code" example:"ADMIN_TOKEN_REQUIRED" doc:"Stable; this is what programs branch on"`
}

func refusal(r httpapi.Refusal) any { return refusedBody{r.Sentence, r.Code} }

type accountBody struct {
	ID         string     `json:"id" example:"acct_01890a5dac96774bbcceb302099a8057"`
	Email      string     `json:"email" example:"ada@example.com"`
	Name       string     `json:"name" example:"Ada Lovelace"`
	GivenName  string     `json:"given_name" example:"Ada" doc:"The name's first word"`
	FamilyName string     `json:"family_name" example:"Lovelace" doc:"The name's other words"`
	Provider   string     `json:"provider" enum:"Credentials"`
	Users      []userBody `json:"users" doc:"What the account is in organizations, the oldest membership first, at most 100"`
	Roles      []string   `json:"roles" enum:"AppOwner,AppAdmin,AppUser,AppViewer" doc:"What the account is in the organization into which accounts are registered here; nothing for an account that is not in it"`
}

type userBody struct {
	ID             string    `json:"id" example:"user_01890a5dac96774bbcceb302099a8057" doc:"Of the membership"`
	OrganizationID string    `json:"org_id" example:"org_01890a5dac96774bbcceb302099a8057"`
	AccountID      string    `json:"account_id" example:"acct_01890a5dac96774bbcceb302099a8057"`
	Name           string    `json:"name" example:"Ada Lovelace"`
	Email          string    `json:"email" example:"ada@example.com"`
	State          string    `json:"state" enum:"Active"`
	Roles          []string  `json:"roles" enum:"AppOwner,AppAdmin,AppUser,AppViewer" doc:"Always one"`
	CreatedAt      time.Time `json:"created_at" example:"2026-01-31T12:00:00Z" doc:"When the account joined the organization"`
}

// showAccount tells as the account's own roles those that it has at home: whoever
// founds an organization elsewhere is its owner, and must not be taken for one
// here.
func showAccount(p app.Profile, home *organization.ID) accountBody {
	a := p.Account
	given, family, _ := strings.Cut(a.Name.String(), " ")
	shown := accountBody{
		ID: accountID.Text(a.ID), Email: a.Email.String(), Name: a.Name.String(), GivenName: given, FamilyName: strings.TrimSpace(family),
		Provider: "Credentials", Users: []userBody{},
		Roles: worded(func(r membership.Role) bool {
			return slices.ContainsFunc(p.All, func(in ports.Affiliation) bool {
				return home != nil && in.Organization.ID == *home && in.Membership.Role == r
			})
		}),
	}
	for _, in := range p.All {
		shown.Users = append(shown.Users, showUser(a, in.Membership))
	}
	return shown
}

// showEnrolled is for an account that has just been made: the home is its only
// organization.
func showEnrolled(p app.Profile) accountBody { return showAccount(p, &p.All[0].Organization.ID) }

func showUser(a account.Account, m membership.Membership) userBody {
	return userBody{
		ID: userID.Text(m.ID), OrganizationID: organizationID.Text(m.OrganizationID), AccountID: accountID.Text(a.ID),
		Name: a.Name.String(), Email: a.Email.String(), State: "Active",
		Roles:     worded(func(r membership.Role) bool { return r == m.Role }),
		CreatedAt: m.CreatedAt.Truncate(time.Second),
	}
}
