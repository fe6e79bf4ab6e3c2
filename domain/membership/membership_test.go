package membership_test

import (
	"slices"
	"testing"

	"github.com/tenantry/tenantry/domain/membership"
)

func TestEveryRoleReadsBackAsItself(t *testing.T) {
	names := map[membership.Role]string{
		membership.Viewer: "viewer", membership.Developer: "developer", membership.Admin: "admin", membership.Owner: "owner",
	}
	roles := membership.Roles()
	if len(roles) != len(names) || !slices.IsSorted(roles) {
		t.Fatalf("Roles() = %v", roles)
	}
	for _, role := range roles {
		read, err := membership.ParseRole(role.String())
		if err != nil || read != role || role.String() != names[role] {
			t.Errorf("%d is written %q and read as %d, %v", role, role, read, err)
		}
	}
}

func TestOnlyExactNamesAreRoles(t *testing.T) {
	for _, s := range []string{"", "none", "Owner", "OWNER", " owner", "owner\n", "member", "root", "4", "\u00f6wner"} {
		if role, err := membership.ParseRole(s); err == nil || role != membership.None {
			t.Errorf("ParseRole(%q) = %v, %v", s, role, err)
		}
	}
}

func TestWhatIsNoRoleHasNoName(t *testing.T) {
	for _, role := range []membership.Role{membership.None, membership.Owner + 1, 255} {
		if role.String() != "" {
			t.Errorf("%d is written %q", role, role)
		}
	}
}
