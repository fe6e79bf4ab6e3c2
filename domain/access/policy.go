package access

import "github.com/tenantry/tenantry/domain/membership"

// Action is something that a member may want to do in an organization.
type Action string

// Every action there is.
const (
	ReadOrganization   Action = "organization.read"
	UpdateOrganization Action = "organization.update"
	DeleteOrganization Action = "organization.delete"
	ReadProject        Action = "project.read"
	CreateProject      Action = "project.create"
	UpdateProject      Action = "project.update"
	DeleteProject      Action = "project.delete"
	ReadEnvironment    Action = "environment.read"
	CreateEnvironment  Action = "environment.create"
	UpdateEnvironment  Action = "environment.update"
	DeleteEnvironment  Action = "environment.delete"
	ReadKey            Action = "key.read"
	CreateKey          Action = "key.create"
	RevokeKey          Action = "key.revoke"
)

// Rule says which role an action needs, at least, and whether it changes
// anything.
type Rule struct {
	Action Action
	Least  membership.Role
	Writes bool
}

// Policy is the whole table. An action that does not stand in it is refused to
// everybody.
func Policy() []Rule {
	return []Rule{
		{ReadOrganization, membership.Viewer, false},
		{UpdateOrganization, membership.Owner, true},
		{DeleteOrganization, membership.Owner, true},
		{ReadProject, membership.Viewer, false},
		{CreateProject, membership.Developer, true},
		{UpdateProject, membership.Developer, true},
		{DeleteProject, membership.Admin, true},
		{ReadEnvironment, membership.Viewer, false},
		{CreateEnvironment, membership.Developer, true},
		{UpdateEnvironment, membership.Developer, true},
		{DeleteEnvironment, membership.Admin, true},
		{ReadKey, membership.Viewer, false},
		{CreateKey, membership.Admin, true},
		{RevokeKey, membership.Admin, true},
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
