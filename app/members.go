package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// Members is who is in an organization, or asked in, and as what.
type Members struct {
	Dependencies
	policy session.Policy
}

// ListMembers narrows the list of members. What is nil or empty narrows nothing.
type ListMembers struct {
	Status *string
	Role   *string
	Text   string // in the address or the name
}

// List returns the members of the active organization and who is asked in.
func (s *Members) List(ctx context.Context, actor access.Actor, in ListMembers, page ports.Page[membership.ID]) (Listed[ports.Member], error) {
	var v fault.Validation
	filter := ports.MemberFilter{Text: in.Text}
	replace(&filter.Status, optional(&v, "status", in.Status, membership.ParseStatus))
	replace(&filter.Role, optional(&v, "role", in.Role, membership.ParseRole))
	if err := v.Err(); err != nil {
		return Listed[ports.Member]{}, err
	}
	if err := searchable("q", in.Text); err != nil {
		return Listed[ports.Member]{}, err
	}
	return ports.Look(ctx, s.Store, func(tx ports.Tx) (Listed[ports.Member], error) {
		grant, err := reader(actor).may(access.ReadMember)
		if err != nil {
			return Listed[ports.Member]{}, err
		}
		return listed(page, func(page ports.Page[membership.ID]) ([]ports.Member, error) {
			return tx.Members(grant).List(ctx, filter, page)
		})
	})
}

// target is somebody in the caller's organization, and the grant to do something
// about them.
type target struct {
	by    member
	found ports.Member
	grant access.Grant
}

// findMember reads the member first and then asks for the action: 404 before 403. The
// caller must hold every role that is concerned.
func findMember(ctx context.Context, tx ports.Tx, actor access.Actor, id membership.ID, action access.Action, roles ...membership.Role) (target, error) {
	m, err := enter(ctx, tx, actor)
	if err != nil {
		return target{}, err
	}
	reading, err := m.mayFind(access.ReadMember)
	if err != nil {
		return target{}, err
	}
	found, err := tx.Members(reading).Show(ctx, id)
	if err != nil {
		return target{}, err
	}
	grant, err := m.may(action)
	if err != nil {
		return target{}, err
	}
	return target{m, found, grant}, access.Ceiling(m.membership.Role, append(roles, found.Role)...)
}

// hold is findMember, and then once more behind the organization's lock: what decides
// about owners is read after it, on every engine, whatever its isolation.
func (s *Members) hold(ctx context.Context, tx ports.Tx, actor access.Actor, id membership.ID, action access.Action, roles ...membership.Role) (target, error) {
	t, err := findMember(ctx, tx, actor, id, action, roles...)
	if err != nil {
		return target{}, err
	}
	if err := tx.Members(t.grant).Lock(ctx); err != nil {
		return target{}, err
	}
	return findMember(ctx, tx, actor, id, action, roles...)
}

// keepOwned refuses to take the last owner away. It is asked behind the lock.
func keepOwned(ctx context.Context, tx ports.Tx, grant access.Grant, from, to membership.Role) error {
	if from != membership.Owner || to == membership.Owner {
		return nil
	}
	n, err := tx.Members(grant).Owners(ctx)
	if err == nil && n <= 1 {
		return membership.ErrLastOwner
	}
	return err
}

// ChangeRole gives a member another role, or offers another one to who is asked
// in. The role that it is already changes nothing.
func (s *Members) ChangeRole(ctx context.Context, actor access.Actor, id membership.ID, role string) error {
	var v fault.Validation
	to := required(&v, "role", role, membership.ParseRole)
	if err := v.Err(); err != nil {
		return err
	}
	return s.Store.Do(ctx, func(tx ports.Tx) error {
		t, err := s.hold(ctx, tx, actor, id, access.ChangeMember, to)
		if err != nil || t.found.Role == to {
			return err
		}
		if t.found.Status == membership.Invited {
			err = s.offer(ctx, tx, t, to)
		} else {
			err = s.assign(ctx, tx, t, to)
		}
		if err != nil {
			return err
		}
		after := t.found
		after.Role = to
		return s.record(ctx, tx, actor, audit.OfOrganization(t.found.OrganizationID), audit.Event{
			Action: audit.MemberRoleChanged, ResourceType: memberResource, ResourceID: id.String(),
			Before: memberState(t.found), After: memberState(after),
		})
	})
}

func (s *Members) assign(ctx context.Context, tx ports.Tx, t target, to membership.Role) error {
	m, err := tx.Members(t.grant).Get(ctx, t.found.ID)
	if err != nil {
		return err
	}
	if err := keepOwned(ctx, tx, t.grant, m.Role, to); err != nil {
		return err
	}
	m.Role, m.UpdatedAt = to, tx.Now()
	return tx.Members(t.grant).Save(ctx, m)
}

// offer makes who changes an invitation the one who vouches for it.
func (s *Members) offer(ctx context.Context, tx ports.Tx, t target, to membership.Role) error {
	i, err := tx.Invitations(t.grant).Get(ctx, t.found.ID)
	if err != nil {
		return err
	}
	i.Role, i.InvitedBy, i.UpdatedAt = to, &t.by.membership.AccountID, tx.Now()
	return tx.Invitations(t.grant).Save(ctx, i)
}

// Remove takes a member out, or withdraws an invitation. With the membership
// goes all that hung on it.
func (s *Members) Remove(ctx context.Context, actor access.Actor, id membership.ID) error {
	return s.Store.Do(ctx, func(tx ports.Tx) error {
		t, err := s.hold(ctx, tx, actor, id, access.RemoveMember)
		if err != nil {
			return err
		}
		action := audit.MemberRemoved
		if t.found.Status == membership.Invited {
			action = audit.InvitationRevoked
			err = tx.Invitations(t.grant).Remove(ctx, id)
		} else {
			err = s.takeOut(ctx, tx, t)
		}
		if err != nil {
			return err
		}
		return s.record(ctx, tx, actor, audit.OfOrganization(t.found.OrganizationID), audit.Event{
			Action: action, ResourceType: memberResource, ResourceID: id.String(), Before: memberState(t.found),
		})
	})
}

func (s *Members) takeOut(ctx context.Context, tx ports.Tx, t target) error {
	if t.found.ID == t.by.membership.ID {
		return membership.ErrUseLeave
	}
	m, err := tx.Members(t.grant).Get(ctx, t.found.ID)
	if err != nil {
		return err
	}
	if err := keepOwned(ctx, tx, t.grant, m.Role, membership.None); err != nil {
		return err
	}
	return tx.Members(t.grant).Remove(ctx, m)
}

// Leave ends the caller's own membership of an organization.
func (s *Members) Leave(ctx context.Context, actor access.Actor, org organization.ID) error {
	return s.Store.Do(ctx, func(tx ports.Tx) error {
		m, grant, err := s.enterLocked(ctx, tx, actor, org, access.LeaveOrganization)
		if err != nil {
			return err
		}
		own := *m.membership
		if err := keepOwned(ctx, tx, grant, own.Role, membership.None); err != nil {
			return err
		}
		if err := tx.Members(grant).Remove(ctx, own); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, audit.OfOrganization(org), audit.Event{
			Action: audit.MemberLeft, ResourceType: memberResource, ResourceID: own.ID.String(), Before: membershipState(own),
		})
	})
}

// enterLocked becomes a member of an organization that is not personal, behind
// its lock.
func (s *Members) enterLocked(ctx context.Context, tx ports.Tx, actor access.Actor, org organization.ID, action access.Action) (member, access.Grant, error) {
	m, err := enterOrganization(ctx, tx, actor, org)
	if err != nil {
		return member{}, access.Grant{}, err
	}
	grant, err := m.may(action)
	if err != nil {
		return member{}, access.Grant{}, err
	}
	if err := refusePersonal(ctx, tx, grant); err != nil {
		return member{}, access.Grant{}, err
	}
	if err := tx.Members(grant).Lock(ctx); err != nil {
		return member{}, access.Grant{}, err
	}
	if m, err = enterOrganization(ctx, tx, actor, org); err != nil {
		return member{}, access.Grant{}, err
	}
	grant, err = m.may(action)
	return m, grant, err
}

// refusePersonal keeps a personal organization its account's own.
func refusePersonal(ctx context.Context, tx ports.Tx, grant access.Grant) error {
	o, err := tx.Organization(grant).Get(ctx)
	if err == nil && o.Personal {
		return organization.ErrPersonal
	}
	return err
}

// Transfer makes an active member the owner, and the caller an admin. It asks
// for a fresh login.
func (s *Members) Transfer(ctx context.Context, actor access.Actor, org organization.ID, to membership.ID) error {
	return s.Store.Do(ctx, func(tx ports.Tx) error {
		if err := s.mayTransfer(ctx, tx, actor, org, to); err != nil {
			return err
		}
		m, grant, err := s.enterLocked(ctx, tx, actor, org, access.TransferOwnership)
		if err != nil {
			return err
		}
		heir, err := tx.Members(grant).Get(ctx, to)
		if err != nil {
			return err
		}
		if heir.Role == membership.Owner {
			return membership.ErrSelfTransfer
		}
		return s.handOver(ctx, tx, actor, grant, *m.membership, heir)
	})
}

// mayTransfer puts the refusals in their order: no such member, no such right,
// and only then what the organization is.
func (s *Members) mayTransfer(ctx context.Context, tx ports.Tx, actor access.Actor, org organization.ID, to membership.ID) error {
	m, err := enterOrganization(ctx, tx, actor, org)
	if err != nil {
		return err
	}
	reading, err := m.mayFind(access.ReadMember)
	if err != nil {
		return err
	}
	if _, err := tx.Members(reading).Get(ctx, to); err != nil {
		return err
	}
	if _, err := m.may(access.TransferOwnership); err != nil {
		return err
	}
	return inFreshPerson(ctx, tx, actor, s.policy)
}

func (s *Members) handOver(ctx context.Context, tx ports.Tx, actor access.Actor, grant access.Grant, own, heir membership.Membership) error {
	event := audit.Event{
		Action: audit.OwnershipTransferred, ResourceType: memberResource, ResourceID: heir.ID.String(), Before: membershipState(heir),
		Metadata: audit.State{"from_member_id": own.ID.String(), "from_role": membership.Admin.String()},
	}
	heir.Role, heir.UpdatedAt = membership.Owner, tx.Now()
	own.Role, own.UpdatedAt = membership.Admin, tx.Now()
	for _, m := range []membership.Membership{heir, own} {
		if err := tx.Members(grant).Save(ctx, m); err != nil {
			return err
		}
	}
	event.After = membershipState(heir)
	return s.record(ctx, tx, actor, audit.OfOrganization(heir.OrganizationID), event)
}
