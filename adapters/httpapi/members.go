package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// memberBody is somebody in an organization, or asked in.
type memberBody struct {
	ID        string     `json:"id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057" doc:"The same before and after an invitation is accepted"`
	OrgID     string     `json:"org_id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	UserID    *string    `json:"user_id" format:"uuid" doc:"Null while invited"`
	Email     string     `json:"email" example:"ada@example.com"`
	Name      string     `json:"name" example:"Ada Lovelace" doc:"Empty while invited"`
	Role      string     `json:"role" enum:"owner,admin,developer,viewer"`
	Status    string     `json:"status" enum:"active,invited"`
	InvitedBy *string    `json:"invited_by" format:"uuid" doc:"The account that did; null for none, or one that is gone"`
	ExpiresAt *time.Time `json:"expires_at" doc:"Of an invitation"`
	CreatedAt time.Time  `json:"created_at" example:"2026-01-31T12:00:00Z"`
}

func showMember(m ports.Member) memberBody {
	return memberBody{
		ID: m.ID.String(), OrgID: m.OrganizationID.String(), UserID: textOf(m.AccountID),
		Email: m.Email.String(), Name: m.Name.String(), Role: m.Role.String(), Status: string(m.Status),
		InvitedBy: textOf(m.InvitedBy), ExpiresAt: m.ExpiresAt, CreatedAt: m.CreatedAt,
	}
}

type listMembersInput struct {
	Status string `query:"status" enum:"active,invited" doc:"Only those"`
	Role   string `query:"role" enum:"owner,admin,developer,viewer" doc:"Only those"`
	Text   string `query:"q" doc:"Found anywhere in the address or the name, whatever the case"`
	Paging
}

func (s *server) listMembers(ctx context.Context, by *call, in *listMembersInput) (*listing[memberBody], error) {
	l := listOf("/v1/members", by.organization).narrowed("status", in.Status, "role", in.Role, "q", in.Text)
	p, err := page[membership.Membership](s.cursors, l, in.Paging)
	if err != nil {
		return nil, err
	}
	found, err := s.App.Members.List(ctx, by.actor, app.ListMembers{Status: &in.Status, Role: &in.Role, Text: in.Text}, p)
	if err != nil {
		return nil, err
	}
	position := func(m ports.Member) uuid.UUID { return m.ID.UUID() }
	return answerList(s.cursors, l, in.Paging, found, showMember, position), nil
}

type memberInput struct {
	ID ref[membership.Membership] `path:"id"`
}

type changeMemberInput struct {
	ID   ref[membership.Membership] `path:"id"`
	Body struct {
		Role string `json:"role" example:"developer" doc:"owner, admin, developer or viewer"`
	}
}

func (s *server) changeMember(ctx context.Context, by *call, in *changeMemberInput) (*nothing, error) {
	return nil, s.App.Members.ChangeRole(ctx, by.actor, in.ID.id, in.Body.Role)
}

func (s *server) removeMember(ctx context.Context, by *call, in *memberInput) (*nothing, error) {
	return nil, s.App.Members.Remove(ctx, by.actor, in.ID.id)
}

func (s *server) leaveOrganization(ctx context.Context, by *call, in *organizationInput) (*nothing, error) {
	return nil, s.App.Members.Leave(ctx, by.actor, in.ID.id)
}

type transferInput struct {
	ID   ref[organization.Organization] `path:"id"`
	Body struct {
		MemberID string `json:"member_id" example:"01890a5d-ac96-774b-bcce-b302099a8057" doc:"An active member's"`
	}
}

func (s *server) transferOrganization(ctx context.Context, by *call, in *transferInput) (*nothing, error) {
	to, err := id.Parse[membership.Membership](in.Body.MemberID)
	if err != nil {
		return nil, fault.ErrInvalid.WithField("member_id", err.Error())
	}
	return nil, s.App.Members.Transfer(ctx, by.actor, in.ID.id, to)
}
