package membership_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
)

func TestAnInvitationEndsAtTheVeryInstant(t *testing.T) {
	end := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)
	i := membership.Invitation{ExpiresAt: end}
	if i.Expired(end.Add(-time.Nanosecond)) || !i.Expired(end) || !i.Expired(end.Add(time.Hour)) {
		t.Error("an invitation does not end when it was said")
	}
}

func TestAcceptingKeepsWhatWasOffered(t *testing.T) {
	made := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)
	now, who := made.Add(time.Hour), account.ID(uuid.New())
	i := membership.Invitation{
		ID: membership.ID(uuid.New()), OrganizationID: organization.ID(uuid.New()), Role: membership.Admin,
		Version: 3, CreatedAt: made, UpdatedAt: made, ExpiresAt: made.Add(2 * time.Hour),
	}
	want := membership.Membership{
		ID: i.ID, OrganizationID: i.OrganizationID, AccountID: who, Role: membership.Admin,
		Version: 3, CreatedAt: made, UpdatedAt: now,
	}
	if got := i.Accept(who, now); got != want {
		t.Errorf("the membership is %+v, want %+v", got, want)
	}
}

func TestOnlyExactNamesAreStatuses(t *testing.T) {
	for _, s := range []membership.Status{membership.Active, membership.Invited} {
		if got, err := membership.ParseStatus(string(s)); err != nil || got != s {
			t.Errorf("ParseStatus(%q) = %q, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "Active", "invited ", "pending", "disabled"} {
		if got, err := membership.ParseStatus(s); err == nil || got != "" {
			t.Errorf("ParseStatus(%q) = %q, %v", s, got, err)
		}
	}
}
