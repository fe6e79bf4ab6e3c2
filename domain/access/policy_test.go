package access_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/membership"
)

// published is the table of roles as clients read it in the description of the
// API, action by action.
var published = []struct {
	action access.Action
	roles  string
	scope  accountkey.Scope
}{
	{access.ReadOrganization, "viewer developer admin owner", accountkey.Read},
	{access.UpdateOrganization, "owner", accountkey.Write},
	{access.DeleteOrganization, "owner", accountkey.Write},
	{access.TransferOwnership, "owner", accountkey.Write},
	{access.LeaveOrganization, "viewer developer admin owner", accountkey.Write},
	{access.ReadMember, "viewer developer admin owner", accountkey.Read},
	{access.InviteMember, "admin owner", accountkey.Write},
	{access.ChangeMember, "admin owner", accountkey.Write},
	{access.RemoveMember, "admin owner", accountkey.Write},
	{access.ReadAudit, "admin owner", accountkey.Read},
	{access.ExplainAccess, "admin owner", accountkey.Read},
	{access.ReadProject, "viewer developer admin owner", accountkey.Read},
	{access.CreateProject, "developer admin owner", accountkey.Write},
	{access.UpdateProject, "developer admin owner", accountkey.Write},
	{access.DeleteProject, "admin owner", accountkey.Write},
	{access.ReadEnvironment, "viewer developer admin owner", accountkey.Read},
	{access.CreateEnvironment, "developer admin owner", accountkey.Write},
	{access.UpdateEnvironment, "developer admin owner", accountkey.Write},
	{access.DeleteEnvironment, "admin owner", accountkey.Write},
	{access.ProtectEnvironment, "admin owner", accountkey.Write},
	{access.UnprotectEnvironment, "owner", accountkey.Write},
	{access.ReadKey, "viewer developer admin owner", accountkey.Read},
	{access.CreateKey, "admin owner", accountkey.Keys},
	{access.RotateKey, "admin owner", accountkey.Keys},
	{access.RevokeKey, "admin owner", accountkey.Keys},
}

func TestThePolicyIsThePublishedTable(t *testing.T) {
	policy := access.Policy()
	if len(policy) != len(published) {
		t.Errorf("the policy has %d rules, %d are published", len(policy), len(published))
	}
	for _, row := range published {
		var allowed []string
		for _, role := range membership.Roles() {
			if access.Allowed(role, row.action) {
				allowed = append(allowed, role.String())
			}
		}
		if got := strings.Join(allowed, " "); got != row.roles {
			t.Errorf("%s is allowed to %q, published is %q", row.action, got, row.roles)
		}
		index := slices.IndexFunc(policy, func(r access.Rule) bool { return r.Action == row.action })
		if index < 0 || policy[index].Scope != row.scope {
			t.Errorf("%s: the policy says %+v", row.action, policy[max(index, 0)])
		}
	}
}

// declaredActions reads the constants of type Action in the source.
func declaredActions(t *testing.T) map[access.Action]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "policy.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	actions := map[access.Action]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Action" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil || actions[access.Action(text)] != "" {
				t.Fatalf("%s = %s: %v", spec.Names[0], text, err)
			}
			actions[access.Action(text)] = spec.Names[0].Name
		}
		return true
	})
	return actions
}

func TestEveryActionStandsInThePolicyOnce(t *testing.T) {
	declared := declaredActions(t)
	if len(declared) < len(published) {
		t.Fatalf("only %d actions were found in the source", len(declared))
	}
	seen := map[access.Action]bool{}
	for _, rule := range access.Policy() {
		if declared[rule.Action] == "" || seen[rule.Action] {
			t.Errorf("%s is not declared, or stands there twice", rule.Action)
		}
		if !slices.Contains(membership.Roles(), rule.Least) {
			t.Errorf("%s needs the role %d", rule.Action, rule.Least)
		}
		seen[rule.Action] = true
	}
	for action, name := range declared {
		if !seen[action] {
			t.Errorf("%s does not stand in the policy", name)
		}
	}
}

func TestAHigherRoleMayAllThatALowerMay(t *testing.T) {
	roles := membership.Roles()
	for _, rule := range access.Policy() {
		for i := 1; i < len(roles); i++ {
			if access.Allowed(roles[i-1], rule.Action) && !access.Allowed(roles[i], rule.Action) {
				t.Errorf("%s: %s may, %s may not", rule.Action, roles[i-1], roles[i])
			}
		}
		if !access.Allowed(membership.Owner, rule.Action) {
			t.Errorf("%s: not even an owner may", rule.Action)
		}
	}
}

func TestWhatIsNoRoleOrNoActionIsRefused(t *testing.T) {
	for _, role := range []membership.Role{membership.None, membership.Owner + 1, 255} {
		for _, rule := range access.Policy() {
			if access.Allowed(role, rule.Action) {
				t.Errorf("role %d may %s", role, rule.Action)
			}
		}
	}
	for _, role := range membership.Roles() {
		for _, action := range []access.Action{"", "project", "Project.read", "project.read ", "*"} {
			if access.Allowed(role, action) {
				t.Errorf("%s may %q", role, action)
			}
		}
	}
}

func TestActionsThatReadSayThatTheyChangeNothing(t *testing.T) {
	for _, rule := range access.Policy() {
		reads := strings.HasSuffix(string(rule.Action), ".read") || rule.Action == access.ExplainAccess
		if reads == rule.Writes() {
			t.Errorf("%s: Writes = %v", rule.Action, rule.Writes())
		}
	}
}
