package app_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/ports"
)

var anyKey = regexp.MustCompile(apikey.Pattern)

// change is one act of the owner of a company with the entry that it leaves.
type change struct {
	action audit.Action
	do     func() error
}

func changes(c *company) []change {
	ctx := c.t.Context()
	owner := func() person { return c.in(c.owner, c.owner.org()) }
	var (
		made    app.CreatedProject
		stage   environment.Environment
		key     app.CreatedAPIKey
		asked   ports.Member
		program app.CreatedAccountKey
	)
	return []change{
		{audit.OrganizationUpdated, func() error {
			_, err := c.Organizations.Update(ctx, owner().Actor, c.owner.org(), app.UpdateOrganization{Name: ptr("New")})
			return err
		}},
		{audit.ProjectCreated, func() (err error) {
			made, err = c.Projects.Create(ctx, owner().Actor, app.CreateProject{Name: "Shop"})
			return err
		}},
		{audit.ProjectUpdated, func() error {
			_, err := c.Projects.Update(ctx, owner().Actor, made.Project.ID, app.UpdateProject{Name: ptr("Store")})
			return err
		}},
		{audit.EnvironmentCreated, func() (err error) {
			stage, err = c.Environments.Create(ctx, owner().Actor, made.Project.ID, app.CreateEnvironment{Name: "QA"})
			return err
		}},
		{audit.EnvironmentUpdated, func() error {
			_, err := c.Environments.Update(ctx, owner().Actor, stage.ID, app.UpdateEnvironment{Name: ptr("Quality")})
			return err
		}},
		{audit.KeyCreated, func() (err error) {
			key, err = c.APIKeys.Create(ctx, owner().Actor, stage.ID, app.CreateAPIKey{Name: "backend"})
			return err
		}},
		{audit.KeyRotated, func() error {
			_, err := c.APIKeys.Rotate(ctx, owner().Actor, key.Key.ID, app.RotateAPIKey{})
			return err
		}},
		{audit.KeyRevoked, func() error { return c.APIKeys.Revoke(ctx, owner().Actor, key.Key.ID) }},
		{audit.EnvironmentDeleted, func() error { return c.Environments.Delete(ctx, owner().Actor, app.DeleteEnvironment{ID: stage.ID}) }},
		{audit.ProjectDeleted, func() error { return c.Projects.Delete(ctx, owner().Actor, made.Project.ID, "shop") }},
		{audit.MemberInvited, func() (err error) {
			asked, err = c.Invitations.Invite(ctx, owner().Actor, app.Invite{Email: address("guest")})
			return err
		}},
		{audit.InvitationResent, func() error { return c.Invitations.Resend(ctx, owner().Actor, asked.ID) }},
		{audit.MemberRoleChanged, func() error { return c.Members.ChangeRole(ctx, owner().Actor, asked.ID, "viewer") }},
		{audit.InvitationRevoked, func() error { return c.Members.Remove(ctx, owner().Actor, asked.ID) }},
		{audit.MemberRoleChanged, func() error { return c.Members.ChangeRole(ctx, owner().Actor, c.viewer.member(), "admin") }},
		{audit.MemberRemoved, func() error { return c.Members.Remove(ctx, owner().Actor, c.developer.member()) }},
		{audit.AccountUpdated, func() error {
			_, err := c.Accounts.UpdateProfile(ctx, owner().Actor, app.UpdateProfile{Name: ptr("Olivia")})
			return err
		}},
		{audit.AccountKeyCreated, func() (err error) {
			program, err = c.AccountKeys.Create(ctx, owner().Actor, app.CreateAccountKey{Name: "deploy"})
			return err
		}},
		{audit.AccountKeyDeleted, func() error { return c.AccountKeys.Delete(ctx, owner().Actor, program.Key.ID) }},
		{audit.EmailChangeRequested, func() error { return c.Emails.Change(ctx, owner().Actor, address("liv")) }},
		{audit.SessionReauthenticated, func() error { return c.Sessions.Reauthenticate(ctx, owner().Actor, password, client) }},
		{audit.SessionSwitched, func() error {
			_, err := c.Sessions.SwitchOrganization(ctx, owner().Actor, c.owner.org())
			return err
		}},
		{audit.OwnershipTransferred, func() error { return c.Members.Transfer(ctx, owner().Actor, c.owner.org(), c.viewer.member()) }},
		{audit.MemberLeft, func() error { return c.Members.Leave(ctx, owner().Actor, c.owner.org()) }},
		{audit.OrganizationCreated, func() error {
			_, err := c.Organizations.Create(ctx, c.owner.Actor, app.CreateOrganization{Name: "Next"})
			return err
		}},
		{audit.SessionEnded, func() error { return c.Sessions.Logout(ctx, c.owner.Actor) }},
	}
}

func TestEveryChangeIsRecordedOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	for _, change := range changes(c) {
		actions := c.recorded(func() {
			if err := change.do(); err != nil {
				t.Fatalf("%s: %v", change.action, err)
			}
		})
		if diff := cmp.Diff([]audit.Action{change.action}, actions); diff != "" {
			t.Errorf("%s: %s", change.action, diff)
		}
	}
	for _, e := range append(c.chain(c.owner.chain()), c.chain(audit.OfAccount(c.owner.Account.ID))...) {
		if e.Origin.Address != client.Address || e.Origin.RequestID != client.RequestID || e.ResourceID == "" {
			t.Errorf("%s does not tell where it came from: %+v", e.Action, e)
		}
		for _, text := range []string{e.Before, e.After, e.Metadata} {
			if text != "" && !json.Valid([]byte(text)) {
				t.Errorf("%s kept %q", e.Action, text)
			}
			if strings.Contains(text, password) || strings.Contains(text, "$quick$") || anyKey.MatchString(text) {
				t.Errorf("%s kept a secret: %s", e.Action, text)
			}
		}
	}
	c.eachChain(func(chain audit.ChainID) {
		if found, err := c.Audit.Verify(t.Context(), chain); err != nil || found.Broken != nil {
			t.Errorf("the chain %s: %+v, %v", chain, found, err)
		}
	})
}

func TestARefusedChangeIsNotRecorded(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	actions := c.recorded(func() {
		refused(t, c.Members.Remove(ctx, c.viewer.Actor, c.developer.member()), fault.ErrForbidden)
		refused(t, c.Members.Leave(ctx, c.owner.Actor, c.owner.org()), membership.ErrLastOwner)
		_, err := c.Projects.Create(ctx, c.viewer.Actor, app.CreateProject{Name: "x"})
		refused(t, err, fault.ErrForbidden)
		refused(t, c.Emails.Verify(ctx, link.NewToken(make([]byte, 32)).Reveal(), nil, client), link.ErrInvalid)
	})
	if len(actions) != 0 {
		t.Errorf("recorded was %v", actions)
	}
}

func TestAKeysActNamesTheKeyAndItsAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.verified("ada")
	key := w.key(ada)
	_, err := w.Projects.Create(t.Context(), key, app.CreateProject{Name: "Shop"})
	must(t, err)
	entries := w.chain(ada.chain())
	last := entries[len(entries)-1]
	var about audit.State
	must(t, json.Unmarshal([]byte(last.Metadata), &about))
	if last.Origin.ActorType != audit.Key || last.Origin.ActorID != key.Key.ID.String() ||
		about["account_id"] != ada.Account.ID.String() || about["key_name"] != "program" {
		t.Errorf("the entry is %+v", last)
	}
}

func TestAReusedRefreshTokenIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ada := w.register("ada")
	_, err := w.Sessions.Refresh(ctx, ada.tokens.Refresh.Reveal(), client)
	must(t, err)
	w.clock.Advance(11e9)
	actions := w.recorded(func() {
		if _, err := w.Sessions.Refresh(ctx, ada.tokens.Refresh.Reveal(), client); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("a stolen token: %v", err)
		}
	})
	if diff := cmp.Diff([]audit.Action{audit.SessionReused}, actions); diff != "" {
		t.Error(diff)
	}
}

func TestTheAuditIsForAdmins(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	list := func(p person, page ports.AuditPage) (app.Listed[audit.Entry], error) {
		return c.Audit.List(ctx, p.Actor, ports.AuditFilter{}, page)
	}
	_, err := list(c.developer, ports.AuditPage{Limit: 5})
	refused(t, err, fault.ErrForbidden)
	outside := c.stranger
	outside.Membership = nil
	_, err = list(outside, ports.AuditPage{Limit: 5})
	refused(t, err, fault.ErrNotFound)
	first, err := list(c.admin, ports.AuditPage{Limit: 2})
	must(t, err)
	if len(first.Items) != 2 || !first.More || first.Items[0].Sequence != first.Items[1].Sequence+1 {
		t.Errorf("the first page is %+v", first)
	}
	next, err := list(c.admin, ports.AuditPage{Limit: 2, Before: first.Items[1].Sequence})
	must(t, err)
	if next.Items[0].Sequence != first.Items[1].Sequence-1 {
		t.Errorf("the next page begins with %d", next.Items[0].Sequence)
	}
	if _, err := list(c.admin, ports.AuditPage{Limit: 2, Offset: 10_001}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a far offset: %v", err)
	}
}

func TestAnExportHasEveryEntryOnceAndStopsWithTheRole(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	must(t, c.store.Do(ctx, func(tx ports.Tx) error {
		for n := range 600 {
			err := tx.Audit().Append(ctx, audit.Entry{ID: audit.ID{byte(n >> 8), byte(n), 1}, Chain: c.owner.chain(), Action: audit.ProjectUpdated, CreatedAt: tx.Now()})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	seen, last := 0, int64(0)
	must(t, c.Audit.Export(ctx, c.admin.Actor, ports.AuditFilter{}, func(page []audit.Entry) error {
		for _, e := range page {
			if last != 0 && e.Sequence != last-1 {
				t.Errorf("%d follows %d", e.Sequence, last)
			}
			last = e.Sequence
			seen++
		}
		return nil
	}))
	if want := len(c.chain(c.owner.chain())); seen != want {
		t.Errorf("%d of %d entries were exported", seen, want)
	}
	err := c.Audit.Export(ctx, c.admin.Actor, ports.AuditFilter{}, func([]audit.Entry) error {
		return c.Members.ChangeRole(ctx, c.owner.Actor, c.admin.member(), "viewer")
	})
	refused(t, err, fault.ErrForbidden)
}

func TestTamperingShows(t *testing.T) {
	t.Parallel()
	for name, attack := range map[string]struct {
		sql  string
		want app.Why
	}{
		"a changed entry":  {"UPDATE audit_entries SET actor_id = 'nobody' WHERE sequence = 2", app.EntryChanged},
		"a later time":     {"UPDATE audit_entries SET created_at = '2030-01-01 00:00:00.000000+00:00' WHERE sequence = 2", app.EntryChanged},
		"a missing entry":  {"DELETE FROM audit_entries WHERE sequence = 2", app.EntryMissing},
		"a missing tail":   {"DELETE FROM audit_entries WHERE sequence > 2", app.TailMissing},
		"a swapped entry":  {"UPDATE audit_entries SET sequence = sequence - 5 WHERE sequence IN (2, 3); UPDATE audit_entries SET sequence = -sequence WHERE sequence < 0", app.EntryChanged},
		"another head":     {"UPDATE audit_heads SET hash = zeroblob(32)", app.HeadChanged},
		"a shortened head": {"UPDATE audit_heads SET sequence = 1", app.HeadChanged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ada := w.register("ada")
			for _, slug := range []string{"a", "b", "c"} {
				_, err := w.Projects.Create(t.Context(), ada.Actor, app.CreateProject{Name: slug})
				must(t, err)
			}
			before, err := w.Audit.Verify(t.Context(), ada.chain())
			must(t, err)
			if before.Broken != nil || before.Entries != 4 {
				t.Fatalf("before: %+v", before)
			}
			if head, err := w.Audit.Head(t.Context(), ada.chain()); err != nil || head != before.Head {
				t.Errorf("the head is %+v, %v", head, err)
			}
			w.tamper(attack.sql)
			after, err := w.Audit.Verify(t.Context(), ada.chain())
			must(t, err)
			if after.Broken == nil || after.Broken.Why != attack.want {
				t.Errorf("the verification found %+v", after.Broken)
			}
		})
	}
}

func TestAnAccountHasAChainOfItsOwnThatOutlivesIt(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	ada, grace := c.register("ada"), c.register("grace")
	_, err := c.Sessions.Login(ctx, app.Login{Identifier: ada.email(), Password: password, Client: client})
	must(t, err)
	must(t, c.Operators.Delete(ctx, c.operates(), grace.Account.ID, false))
	for who, want := range map[account.ID][]audit.Action{
		ada.Account.ID:   {audit.AccountRegistered, audit.SessionBegun},
		grace.Account.ID: {audit.AccountRegistered, audit.AccountDeleted},
	} {
		var actions []audit.Action
		for _, e := range c.chain(audit.OfAccount(who)) {
			actions = append(actions, e.Action)
		}
		if diff := cmp.Diff(want, actions); diff != "" {
			t.Error(diff)
		}
		if found, err := c.Audit.Verify(ctx, audit.OfAccount(who)); err != nil || found.Broken != nil || found.Entries != 2 {
			t.Errorf("the chain of %s: %+v, %v", who, found, err)
		}
	}
	if entries := c.chain(audit.ChainID{}); len(entries) != 0 {
		t.Errorf("the installation's chain has %+v", entries)
	}
}
