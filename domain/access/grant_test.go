package access_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
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
		grant, err := access.Authorize(nil, rule.Action)
		if !errors.Is(err, fault.ErrNotFound) || !grant.IsZero() {
			t.Errorf("%s without a membership: %+v, %v", rule.Action, grant, err)
		}
	}
}

func TestAMemberIsGrantedWhatTheRoleAllows(t *testing.T) {
	for _, rule := range access.Policy() {
		for _, role := range membership.Roles() {
			m := member(role)
			grant, err := access.Authorize(m, rule.Action)
			if !access.Allowed(role, rule.Action) {
				if !errors.Is(err, fault.ErrForbidden) || !grant.IsZero() {
					t.Errorf("%s as %s: %+v, %v; want a refusal", rule.Action, role, grant, err)
				}
				continue
			}
			if err != nil || grant.Organization() != m.OrganizationID || grant.Account() != m.AccountID ||
				grant.Writes() != rule.Writes || grant.IsZero() {
				t.Errorf("%s as %s: %+v, %v", rule.Action, role, grant, err)
			}
		}
	}
}

func TestAMembershipWithoutARoleIsGrantedNothing(t *testing.T) {
	for _, role := range []membership.Role{membership.None, membership.Owner + 1} {
		grant, err := access.Authorize(member(role), access.ReadOrganization)
		if !errors.Is(err, fault.ErrForbidden) || !grant.IsZero() {
			t.Errorf("role %d: %+v, %v", role, grant, err)
		}
	}
	if _, err := access.Authorize(member(membership.Owner), "no such action"); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("an unknown action: %v", err)
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
