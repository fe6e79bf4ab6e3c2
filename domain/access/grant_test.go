package access_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
)

func member(role membership.Role) *membership.Membership {
	return &membership.Membership{
		ID: membership.ID(uuid.New()), OrganizationID: organization.ID(uuid.New()), AccountID: account.ID(uuid.New()), Role: role,
	}
}

func TestAnOutsiderLearnsNothing(t *testing.T) {
	for _, rule := range access.Policy() {
		grant, err := access.Authorize(nil, nil, rule.Action)
		if !errors.Is(err, fault.ErrNotFound) || !grant.IsZero() {
			t.Errorf("%s without a membership: %+v, %v", rule.Action, grant, err)
		}
	}
}

func TestAMemberIsGrantedWhatTheRoleAllows(t *testing.T) {
	for _, rule := range access.Policy() {
		for _, role := range membership.Roles() {
			m := member(role)
			grant, err := access.Authorize(m, nil, rule.Action)
			if !access.Allowed(role, rule.Action) {
				if !errors.Is(err, fault.ErrForbidden) || !grant.IsZero() {
					t.Errorf("%s as %s: %+v, %v; want a refusal", rule.Action, role, grant, err)
				}
				continue
			}
			if err != nil || grant.Organization() != m.OrganizationID || grant.Account() != m.AccountID ||
				grant.Writes() != rule.Writes() || grant.IsZero() {
				t.Errorf("%s as %s: %+v, %v", rule.Action, role, grant, err)
			}
		}
	}
}

func TestAMembershipWithoutARoleIsGrantedNothing(t *testing.T) {
	for _, role := range []membership.Role{membership.None, membership.Owner + 1} {
		grant, err := access.Authorize(member(role), nil, access.ReadOrganization)
		if !errors.Is(err, fault.ErrForbidden) || !grant.IsZero() {
			t.Errorf("role %d: %+v, %v", role, grant, err)
		}
	}
	if _, err := access.Authorize(member(membership.Owner), nil, "no such action"); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("an unknown action: %v", err)
	}
}

func TestAKeyDoesNoMoreThanItsScopes(t *testing.T) {
	owner := member(membership.Owner)
	for _, rule := range access.Policy() {
		for _, scope := range []accountkey.Scope{accountkey.Read, accountkey.Write, accountkey.Keys} {
			key := &accountkey.Key{Scopes: accountkey.Scopes{scope}}
			grant, err := access.Authorize(owner, key, rule.Action)
			if scope == rule.Scope && (err != nil || grant.IsZero()) {
				t.Errorf("%s by a key for %s: %v", rule.Action, scope, err)
			}
			if scope != rule.Scope && (!errors.Is(err, accountkey.ErrInsufficientScope) || !grant.IsZero()) {
				t.Errorf("%s by a key for %s: %+v, %v; want a refusal", rule.Action, scope, grant, err)
			}
		}
	}
}

func TestAKeyNeverRaisesARole(t *testing.T) {
	every := &accountkey.Key{Scopes: accountkey.Scopes{accountkey.Read, accountkey.Write, accountkey.Keys}}
	for _, rule := range access.Policy() {
		for _, role := range membership.Roles() {
			_, person := access.Authorize(member(role), nil, rule.Action)
			_, program := access.Authorize(member(role), every, rule.Action)
			if !errors.Is(program, person) {
				t.Errorf("%s as %s: a person %v, a key with every scope %v", rule.Action, role, person, program)
			}
		}
	}
}

func TestNobodyReachesAboveTheirRole(t *testing.T) {
	roles := append([]membership.Role{membership.None}, membership.Roles()...)
	for _, holder := range roles {
		for _, from := range roles {
			for _, to := range roles {
				err := access.Ceiling(holder, from, to)
				if above := from > holder || to > holder; above != errors.Is(err, fault.ErrForbidden) || !above && err != nil {
					t.Errorf("%s moves %s to %s: %v", holder, from, to, err)
				}
			}
		}
	}
}

func TestAnExplanationIsTheDecision(t *testing.T) {
	key := &accountkey.Key{Scopes: accountkey.Scopes{accountkey.Read}}
	for _, rule := range access.Policy() {
		for _, role := range membership.Roles() {
			for _, by := range []*accountkey.Key{nil, key} {
				_, err := access.Authorize(member(role), by, rule.Action)
				decision := access.Explain(role, by, rule.Action)
				if decision.Allowed != (err == nil) || decision.Rule != rule || decision.Role != role {
					t.Errorf("%s as %s: decided %v, explained %+v", rule.Action, role, err, decision)
				}
			}
		}
	}
	if d := access.Explain(membership.Owner, nil, "no such action"); d.Allowed || d.Rule != (access.Rule{}) {
		t.Errorf("an unknown action is explained by %+v", d)
	}
}

func TestTheZeroGrantOpensNothing(t *testing.T) {
	var none access.Grant
	if !none.IsZero() || none.Writes() || !none.Organization().IsZero() || !none.Account().IsZero() {
		t.Errorf("the zero grant is %+v", none)
	}
}

func TestAFounderMayFillTheNewOrganization(t *testing.T) {
	org, founder := organization.ID(uuid.New()), account.ID(uuid.New())
	grant := access.Found(org, founder)
	if grant.Organization() != org || grant.Account() != founder || !grant.Writes() {
		t.Errorf("Found = %+v", grant)
	}
}

func TestTheActiveOrganizationIsTheMemberships(t *testing.T) {
	if got := (access.Actor{}).Organization(); got != nil {
		t.Errorf("without a membership the organization is %v", got)
	}
	m := member(membership.Viewer)
	if got := (access.Actor{Membership: m}).Organization(); got == nil || *got != m.OrganizationID {
		t.Errorf("Organization() = %v, want %v", got, m.OrganizationID)
	}
}

func TestAReachIncludesWhatItNames(t *testing.T) {
	a, b, c := organization.ID(uuid.New()), organization.ID(uuid.New()), organization.ID(uuid.New())
	tests := []struct {
		name  string
		reach access.Reach
		want  [3]bool
	}{
		{"none", access.Reach{}, [3]bool{}},
		{"within nothing", access.Within(), [3]bool{}},
		{"within two", access.Within(a, b), [3]bool{true, true, false}},
		{"everywhere", access.Everywhere(), [3]bool{true, true, true}},
	}
	for _, test := range tests {
		if got := [3]bool{test.reach.Includes(a), test.reach.Includes(b), test.reach.Includes(c)}; got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
