package app_test

import (
	"testing"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
)

func TestAnAdminIsToldWhyNot(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	ask := func(in app.Explain) access.Decision {
		t.Helper()
		d, err := c.Access.Explain(ctx, c.admin.Actor, in)
		must(t, err)
		return d
	}
	if d := ask(app.Explain{Action: "organization.delete"}); d.Allowed || d.Rule.Least != membership.Owner || d.Role != membership.Admin {
		t.Errorf("of the caller: %+v", d)
	}
	if d := ask(app.Explain{Action: "project.create", Member: ptr(c.developer.member())}); !d.Allowed || d.Role != membership.Developer {
		t.Errorf("of a developer: %+v", d)
	}
	if d := ask(app.Explain{Action: "project.fly"}); d.Allowed || d.Rule.Action != "" {
		t.Errorf("of what nobody can: %+v", d)
	}
	key := c.key(c.owner, "read")
	key.Membership = c.owner.Membership
	d, err := c.Access.Explain(ctx, key, app.Explain{Action: "project.create"})
	must(t, err)
	if d.Allowed || d.Key == nil {
		t.Errorf("of a key that only reads: %+v", d)
	}
}

func TestAnExplanationKnowsItsOrganizationOnly(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	_, err := c.Access.Explain(ctx, c.developer.Actor, app.Explain{Action: "project.read"})
	refused(t, err, fault.ErrForbidden)
	outside := c.stranger.Actor
	outside.Membership = nil
	_, err = c.Access.Explain(ctx, outside, app.Explain{Action: "project.read"})
	refused(t, err, fault.ErrNotFound)
	_, err = c.Access.Explain(ctx, c.admin.Actor, app.Explain{Action: "project.read", Member: ptr(c.stranger.member())})
	refused(t, err, fault.ErrNotFound)
	foreign, err := c.Projects.Create(ctx, c.stranger.Actor, app.CreateProject{Name: "x"})
	must(t, err)
	own, err := c.Projects.Create(ctx, c.developer.Actor, app.CreateProject{Name: "x"})
	must(t, err)
	for id, want := range map[string]error{
		foreign.Project.ID.String(): fault.ErrNotFound, own.Project.ID.String(): nil, "nonsense": fault.ErrInvalid,
	} {
		in := app.Explain{Action: "project.read", Resource: &app.Resource{Type: "project", ID: id}}
		_, err := c.Access.Explain(ctx, c.admin.Actor, in)
		refused(t, err, want)
	}
}
