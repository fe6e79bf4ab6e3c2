package portstest

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/ports"
)

// tenantCalls are for what is reached with a grant.
var tenantCalls = []call{
	{"Organization.Get", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		found, err := tx.Organization(g).Get(ctx)
		return truth(found.ID == p.org.ID, err)
	}},
	{"Organization.Save", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		p.org.Name = naming.StoredName("Saved")
		return one(tx.Organization(g).Save(ctx, p.org))
	}},
	{"Organization.Remove", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return truth(g.Organization() == p.org.ID, tx.Organization(g).Remove(ctx))
	}},
	{"Members.Add", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Members(g).Add(ctx, newMembership(p.org.ID, p.stranger.ID, membership.Viewer)))
	}},
	{"Members.Get", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		found, err := tx.Members(g).Get(ctx, p.member.ID)
		return truth(found.ID == p.member.ID, err)
	}},
	{"Members.Show", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		found, err := tx.Members(g).Show(ctx, p.invitation.ID)
		return truth(found.ID == p.invitation.ID, err)
	}},
	{"Members.List", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		rows, err := tx.Members(g).List(ctx, ports.MemberFilter{}, ports.Page[membership.ID]{Limit: whole})
		return among(rows, func(m ports.Member) bool { return m.OrganizationID == p.org.ID || m.ID == p.member.ID }), err
	}},
	{"Members.FindByEmail", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return present(tx.Members(g).FindByEmail(ctx, p.owner.Email))
	}},
	{"Members.Lock", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return truth(g.Organization() == p.org.ID, tx.Members(g).Lock(ctx))
	}},
	{"Members.Owners", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		n, err := tx.Members(g).Owners(ctx)
		return truth(g.Organization() == p.org.ID && n == 1, err)
	}},
	{"Members.Save", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		p.member.Role = membership.Viewer
		return one(tx.Members(g).Save(ctx, p.member))
	}},
	{"Members.Remove", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Members(g).Remove(ctx, p.member))
	}},
	{"Invitations.Add", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Invitations(g).Add(ctx, newInvitation(p.org.ID, p.stranger.Email.String(), &p.owner.ID)))
	}},
	{"Invitations.Get", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		found, err := tx.Invitations(g).Get(ctx, p.invitation.ID)
		return truth(found.ID == p.invitation.ID, err)
	}},
	{"Invitations.Save", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		p.invitation.Role = membership.Admin
		return one(tx.Invitations(g).Save(ctx, p.invitation))
	}},
	{"Invitations.Accept", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Invitations(g).Accept(ctx, p.invitation, p.stranger.ID))
	}},
	{"Invitations.Remove", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Invitations(g).Remove(ctx, p.invitation.ID))
	}},
	{"AuditLog.List", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		rows, err := tx.AuditLog(g).List(ctx, ports.AuditFilter{}, ports.AuditPage{Limit: whole})
		return among(rows, func(e audit.Entry) bool { return e.Chain == audit.OfOrganization(p.org.ID) }), err
	}},
	{"Projects.Add", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Projects(g).Add(ctx, newProject(p.org.ID, "added")))
	}},
	{"Projects.Get", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		found, err := tx.Projects(g).Get(ctx, p.project.ID)
		return truth(found.ID == p.project.ID, err)
	}},
	{"Projects.List", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		rows, err := tx.Projects(g).List(ctx, ports.Page[project.ID]{Limit: whole})
		return among(rows, func(row project.Project) bool { return row.OrganizationID == p.org.ID || row.ID == p.project.ID }), err
	}},
	{"Projects.SlugTaken", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return truth(tx.Projects(g).SlugTaken(ctx, p.project.Slug))
	}},
	{"Projects.Save", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		p.project.Name = naming.StoredName("Saved")
		return one(tx.Projects(g).Save(ctx, p.project))
	}},
	{"Projects.Remove", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Projects(g).Remove(ctx, p.project.ID))
	}},
	{"Environments.Add", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Environments(g).Add(ctx, newEnvironment(p.project, "added")))
	}},
	{"Environments.Get", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		found, err := tx.Environments(g).Get(ctx, p.environment.ID)
		return truth(found.ID == p.environment.ID, err)
	}},
	{"Environments.List", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return many(tx.Environments(g).List(ctx, p.project.ID, ports.Page[environment.ID]{Limit: whole}))
	}},
	{"Environments.SlugTaken", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return truth(tx.Environments(g).SlugTaken(ctx, p.project.ID, p.environment.Slug))
	}},
	{"Environments.Protected", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return truth(tx.Environments(g).Protected(ctx, p.project.ID))
	}},
	{"Environments.Save", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		p.environment.Name = naming.StoredName("Saved")
		return one(tx.Environments(g).Save(ctx, p.environment))
	}},
	{"Environments.Remove", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.Environments(g).Remove(ctx, p.environment.ID))
	}},
	{"APIKeys.Add", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.APIKeys(g).Add(ctx, newKey(p.environment, nil)))
	}},
	{"APIKeys.Get", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		found, err := tx.APIKeys(g).Get(ctx, p.key.ID)
		return truth(found.ID == p.key.ID, err)
	}},
	{"APIKeys.List", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return many(tx.APIKeys(g).List(ctx, p.environment.ID, ports.Page[apikey.ID]{Limit: whole}))
	}},
	{"APIKeys.Revoke", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return one(tx.APIKeys(g).Revoke(ctx, p.key.ID))
	}},
	{"APIKeys.ListUsed", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		return many(tx.APIKeys(g).ListUsed(ctx, p.project.ID, nil, start, whole))
	}},
	{"APIKeys.Rotate", true, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		p.key.EndsAt = pointer(start.Add(time.Hour))
		return one(tx.APIKeys(g).Rotate(ctx, p.key, newKey(p.environment, nil)))
	}},
	{"APIKeys.Lineage", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		found, err := tx.APIKeys(g).Lineage(ctx, p.rotated.ID)
		return truth(found.Key.ID == p.rotated.ID && *found.Successor == p.successor.ID, err)
	}},
	{"APIKeys.Callers", false, func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (int, error) {
		callers, err := tx.APIKeys(g).Callers(ctx, p.rotated.ID)
		return len(callers), err
	}},
}
