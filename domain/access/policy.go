package access

import (
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/membership"
)

// Action is something that a member may want to do in an organization.
type Action string

// Every action there is.
const (
	ReadOrganization     Action = "organization.read"
	UpdateOrganization   Action = "organization.update"
	DeleteOrganization   Action = "organization.delete"
	TransferOwnership    Action = "organization.transfer"
	LeaveOrganization    Action = "organization.leave"
	ReadMember           Action = "member.read"
	InviteMember         Action = "member.invite"
	ChangeMember         Action = "member.change"
	RemoveMember         Action = "member.remove"
	ReadAudit            Action = "audit.read"
	ExplainAccess        Action = "access.explain"
	ReadProject          Action = "project.read"
	CreateProject        Action = "project.create"
	UpdateProject        Action = "project.update"
	DeleteProject        Action = "project.delete"
	ReadEnvironment      Action = "environment.read"
	CreateEnvironment    Action = "environment.create"
	UpdateEnvironment    Action = "environment.update"
	DeleteEnvironment    Action = "environment.delete"
	ProtectEnvironment   Action = "environment.protect"
	UnprotectEnvironment Action = "environment.unprotect"
	ReadKey              Action = "key.read"
	CreateKey            Action = "key.create"
	RotateKey            Action = "key.rotate"
	RevokeKey            Action = "key.revoke"
)

// Rule says which role an action needs, at least, and which scope an account
// key needs that does it.
type Rule struct {
	Action Action
	Least  membership.Role
	Scope  accountkey.Scope
}

// Writes says whether the action may change anything.
func (r Rule) Writes() bool { return r.Scope != accountkey.Read }

// Policy is the whole table. An action that does not stand in it is refused to
// everybody.
func Policy() []Rule {
	return []Rule{
		{ReadOrganization, membership.Viewer, accountkey.Read},
		{UpdateOrganization, membership.Owner, accountkey.Write},
		{DeleteOrganization, membership.Owner, accountkey.Write},
		{TransferOwnership, membership.Owner, accountkey.Write},
		{LeaveOrganization, membership.Viewer, accountkey.Write},
		{ReadMember, membership.Viewer, accountkey.Read},
		{InviteMember, membership.Admin, accountkey.Write},
		{ChangeMember, membership.Admin, accountkey.Write},
		{RemoveMember, membership.Admin, accountkey.Write},
		{ReadAudit, membership.Admin, accountkey.Read},
		{ExplainAccess, membership.Admin, accountkey.Read},
		{ReadProject, membership.Viewer, accountkey.Read},
		{CreateProject, membership.Developer, accountkey.Write},
		{UpdateProject, membership.Developer, accountkey.Write},
		{DeleteProject, membership.Admin, accountkey.Write},
		{ReadEnvironment, membership.Viewer, accountkey.Read},
		{CreateEnvironment, membership.Developer, accountkey.Write},
		{UpdateEnvironment, membership.Developer, accountkey.Write},
		{DeleteEnvironment, membership.Admin, accountkey.Write},
		{ProtectEnvironment, membership.Admin, accountkey.Write},
		{UnprotectEnvironment, membership.Owner, accountkey.Write},
		{ReadKey, membership.Viewer, accountkey.Read},
		{CreateKey, membership.Admin, accountkey.Keys},
		{RotateKey, membership.Admin, accountkey.Keys},
		{RevokeKey, membership.Admin, accountkey.Keys},
	}
}

var rules = index(Policy())

func index(policy []Rule) map[Action]Rule {
	byAction := make(map[Action]Rule, len(policy))
	for _, r := range policy {
		byAction[r.Action] = r
	}
	return byAction
}

// Allowed says whether the role may do the action. A number that is no role may
// do nothing.
func Allowed(role membership.Role, action Action) bool {
	rule, known := rules[action]
	return known && role != membership.None && role >= rule.Least && role <= membership.Owner
}

// Decision is an answer of the policy with the rule behind it.
type Decision struct {
	Allowed bool
	Rule    Rule            // zero where no rule names the action
	Role    membership.Role // that was judged, None for an outsider
	Key     *accountkey.Key // that was judged, nil for a person
}

// Explain decides as Authorize does, and shows by which rule.
func Explain(role membership.Role, key *accountkey.Key, action Action) Decision {
	rule := rules[action]
	inScope := key == nil || key.Scopes.Has(rule.Scope)
	return Decision{Allowed: Allowed(role, action) && inScope, Rule: rule, Role: role, Key: key}
}
