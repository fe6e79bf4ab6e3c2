package app

import (
	"strconv"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

// The types of resources that the audit tells of. The names of a state's members
// are those by which clients know them.
const (
	accountResource      = "account"
	accountKeyResource   = "account_key"
	sessionResource      = "session"
	organizationResource = "organization"
	memberResource       = "member"
	projectResource      = "project"
	environmentResource  = "environment"
	keyResource          = "key"
)

func accountState(a account.Account) audit.State {
	s := audit.State{
		"email": a.Email.String(), "email_verified": strconv.FormatBool(a.EmailVerified), "name": a.Name.String(),
		"operator": strconv.FormatBool(a.Operator), "disabled": strconv.FormatBool(a.Disabled),
	}
	if a.Username != nil {
		s["username"] = a.Username.String()
	}
	return s
}

func accountKeyState(k accountkey.Key) audit.State {
	s := audit.State{"name": k.Name.String(), "key_prefix": k.Prefix, "scopes": k.Scopes.String()}
	note(s, "organization_id", k.OrganizationID)
	noteTime(s, "expires_at", k.ExpiresAt)
	return s
}

func organizationState(o organization.Organization) audit.State {
	return audit.State{"name": o.Name.String(), "slug": o.Slug.String(), "is_personal_account": strconv.FormatBool(o.Personal)}
}

func membershipState(m membership.Membership) audit.State {
	return audit.State{"user_id": m.AccountID.String(), "role": m.Role.String(), "status": string(membership.Active)}
}

func invitationState(i membership.Invitation) audit.State {
	s := audit.State{"email": i.Email.String(), "role": i.Role.String(), "status": string(membership.Invited)}
	note(s, "invited_by", i.InvitedBy)
	noteTime(s, "expires_at", &i.ExpiresAt)
	return s
}

func memberState(m ports.Member) audit.State {
	s := audit.State{"email": m.Email.String(), "role": m.Role.String(), "status": string(m.Status)}
	note(s, "user_id", m.AccountID)
	note(s, "invited_by", m.InvitedBy)
	noteTime(s, "expires_at", m.ExpiresAt)
	return s
}

func projectState(p project.Project) audit.State {
	return audit.State{"name": p.Name.String(), "slug": p.Slug.String()}
}

func environmentState(e environment.Environment) audit.State {
	return audit.State{
		"project_id": e.ProjectID.String(), "name": e.Name.String(), "slug": e.Slug.String(), "kind": string(e.Kind),
		"color": e.Color.String(), "protected": strconv.FormatBool(e.Protected),
	}
}

func keyState(k apikey.Key) audit.State {
	s := audit.State{
		"env_id": k.EnvironmentID.String(), "name": k.Name.String(), "type": string(k.Type),
		"key_prefix": k.Prefix, "scopes": k.Scopes.String(),
	}
	noteTime(s, "expires_at", k.ExpiresAt)
	noteTime(s, "revoked_at", k.RevokedAt)
	noteTime(s, "ends_at", k.EndsAt)
	return s
}

// note adds a member that may be absent.
func note[ID interface{ String() string }](s audit.State, name string, id *ID) {
	if id != nil {
		s[name] = (*id).String()
	}
}

func noteTime(s audit.State, name string, at *time.Time) {
	if at != nil {
		s[name] = at.UTC().Format(time.RFC3339Nano)
	}
}
