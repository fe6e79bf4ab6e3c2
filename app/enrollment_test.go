package app_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

func enroll(local, role string) app.Enroll {
	return app.Enroll{Email: address(local), Password: password, Role: role}
}

func TestOnlyOperatorsEnroll(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	before := len(c.organizations())
	_, err := c.Operators.Enroll(t.Context(), access.Installation{}, enroll("grace", "viewer"))
	refused(t, err, access.ErrOperatorOnly)
	_, err = c.Operators.Enroll(t.Context(), access.Installation{}, app.Enroll{}) // nobody learns what is wrong with it
	refused(t, err, access.ErrOperatorOnly)
	by := c.operates()
	must(t, c.store.Do(t.Context(), func(tx ports.Tx) error {
		who, err := tx.Accounts().Get(t.Context(), c.operator.Account.ID)
		if err != nil {
			return err
		}
		who.Operator = false
		return tx.Accounts().Save(t.Context(), who)
	}))
	_, err = c.Operators.Enroll(t.Context(), by, enroll("grace", "viewer"))
	refused(t, err, access.ErrOperatorOnly)
	if after := len(c.organizations()); after != before {
		t.Errorf("a refused enrollment founded a home: %d organizations became %d", before, after)
	}
}

func (w *world) organizations() []organization.Organization {
	w.t.Helper()
	found, err := w.Operators.Organizations(w.t.Context(), byToken, "", ports.Page[organization.ID]{Limit: 50})
	must(w.t, err)
	return found.Items
}

func TestAnEnrolledAccountIsInTheHomeAndNowhereElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := []audit.Action{audit.AccountRegistered, audit.AccountRegistered, audit.OrganizationCreated, audit.MemberJoined}
	for i, role := range []string{"viewer", "owner", "admin", "developer"} {
		var made app.Profile
		actions := w.recorded(func() {
			var err error
			made, err = w.Operators.Enroll(t.Context(), byToken, enroll("guest-"+role, role))
			must(t, err)
		})
		want := map[audit.Action]int{audit.AccountRegistered: 1, audit.MemberJoined: 1}
		if i == 0 {
			want = count(first)
		}
		if diff := cmp.Diff(want, count(actions)); diff != "" {
			t.Error(diff)
		}
		found, err := w.Operators.Account(t.Context(), byToken, made.Account.ID)
		must(t, err)
		if len(made.All) != 1 || len(found.All) != 1 || made.All[0].Organization.ID != found.All[0].Organization.ID {
			t.Fatalf("enrolled in %+v, found in %+v", made.All, found.All)
		}
		if m := found.All[0].Membership; m != made.All[0].Membership || m.Role.String() != role {
			t.Errorf("enrolled as %+v, found as %+v", made.All, m)
		}
		if found.Account.Operator != (i == 0) || len(w.organizations()) != 1 {
			t.Errorf("account %d operates: %v; there are %d organizations", i, found.Account.Operator, len(w.organizations()))
		}
		if len(w.mails(mail.VerifyEmail, address("guest-"+role))) != 1 {
			t.Errorf("%s got no mail", role)
		}
	}
	w.eachChain(func(chain audit.ChainID) {
		if found, err := w.Audit.Verify(t.Context(), chain); err != nil || found.Broken != nil {
			t.Errorf("the chain %s: %+v, %v", chain, found, err)
		}
	})
}

func TestTheKeeperIsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.Operators.Enroll(t.Context(), byToken, enroll("grace", "viewer"))
	must(t, err)
	found, err := w.Operators.Accounts(t.Context(), byToken, "keeper.invalid", accountPage)
	must(t, err)
	if len(found.Items) != 1 {
		t.Fatalf("there are %d keepers", len(found.Items))
	}
	keeper := found.Items[0]
	if !keeper.Disabled || keeper.Operator || keeper.EmailVerified || !keeper.PasswordHash.IsNone() {
		t.Errorf("the keeper is %+v", keeper)
	}
	_, err = w.Sessions.Login(t.Context(), app.Login{Identifier: keeper.Email.String(), Password: password, Client: client})
	refused(t, err, account.ErrInvalidCredentials)
	must(t, w.Passwords.Forgot(t.Context(), keeper.Email.String(), client))
	if sent := w.mails(mail.ResetPassword, keeper.Email.String()); len(sent) != 0 {
		t.Error("a link to a new password went to the keeper")
	}
}

func TestAnEnrollmentIsRefusedAsARegistrationIs(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(s *app.Settings) { s.EmailVerification = true })
	_, err := w.Operators.Enroll(t.Context(), byToken, enroll("grace", "admin"))
	must(t, err)
	_, err = w.Operators.Enroll(t.Context(), byToken, enroll("grace", "owner"))
	refused(t, err, account.ErrEmailTaken)
	for field, change := range map[string]func(*app.Enroll){
		"email":    func(in *app.Enroll) { in.Email = "no address" },
		"password": func(in *app.Enroll) { in.Password = "grace" },
		"role":     func(in *app.Enroll) { in.Role = "root" },
		"name":     func(in *app.Enroll) { in.Name = ptr(strings.Repeat("x", 101)) },
	} {
		in := enroll("hopper", "admin")
		change(&in)
		_, err := w.Operators.Enroll(t.Context(), byToken, in)
		if f := fault.Of(err); err == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != field {
			t.Errorf("a wrong %s: %v", field, err)
		}
	}
	_, err = w.login("grace", password)
	refused(t, err, account.ErrInvalidCredentials)
}

func TestAnyTokenThatASessionHadEndsIt(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	old, err := c.login("olivia", password)
	must(t, err)
	next, err := c.Sessions.Refresh(ctx, old.tokens.Refresh.Reveal(), client)
	must(t, err)
	c.clock.Advance(time.Minute)
	if got := c.recorded(func() { must(t, c.Sessions.LogoutBy(ctx, old.tokens.Refresh.Reveal(), client)) }); !cmp.Equal(got, []audit.Action{audit.SessionEnded}) {
		t.Errorf("the audit says %v", got)
	}
	_, err = c.Sessions.Refresh(ctx, next.Refresh.Reveal(), client)
	refused(t, err, session.ErrInvalidRefresh)
	for _, none := range []string{old.tokens.Refresh.Reveal(), next.Refresh.Reveal(), "", "rt_", next.Access} {
		refused(t, c.Sessions.LogoutBy(ctx, none, client), session.ErrInvalidRefresh)
	}
	late, err := c.login("olivia", password)
	must(t, err)
	c.clock.Advance(8 * 24 * time.Hour)
	if err := c.Sessions.LogoutBy(ctx, late.tokens.Refresh.Reveal(), client); !errors.Is(err, session.ErrInvalidRefresh) {
		t.Errorf("a session that has run out: %v", err)
	}
}

func TestTheHomeKeepsAnOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	made, err := w.Operators.Enroll(ctx, byToken, enroll("olga", "owner"))
	must(t, err)
	olga, err := w.login("olga", password)
	must(t, err)
	home := made.All[0].Organization.ID
	members, err := w.Members.List(ctx, olga.Actor, app.ListMembers{Role: ptr("owner")}, ports.Page[membership.ID]{Limit: 5})
	must(t, err)
	for _, m := range members.Items {
		if m.ID != made.All[0].Membership.ID {
			must(t, w.Members.Remove(ctx, olga.Actor, m.ID))
		}
	}
	refused(t, w.Members.Leave(ctx, olga.Actor, home), membership.ErrLastOwner)
	next, err := w.Operators.Enroll(ctx, byToken, enroll("otto", "owner"))
	must(t, err)
	if next.All[0].Organization.ID != home {
		t.Error("the home moved when its keeper left")
	}
	must(t, w.Members.Leave(ctx, olga.Actor, home))
}
