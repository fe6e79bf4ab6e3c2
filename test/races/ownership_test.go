package races

import (
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// kept is one kind of round about who owns an organization.
var kept = []race{
	{"owners leave, remove, demote and transfer", departed},
	{"owners demote each other", demoted},
	{"an organization is deleted while its owners go", abolished},
}

func TestAnOrganizationKeepsAnOwnerHoweverManyGoAtOnce(t *testing.T) {
	onEachFleet(t, func(t *testing.T, f *fleet) { f.play(t, "organizations without an owner", 100, kept) })
}

// estate is the organization of a round with four owners and a viewer.
type estate struct {
	founded
	owners  []harness.Person
	members []string // what the owners' memberships are called, and the viewer's
}

const owners = 4

func (f *fleet) estate(t *testing.T) estate {
	t.Helper()
	e := estate{founded: f.found(t), owners: f.cast[:owners]}
	for i, p := range f.cast {
		switch {
		case i == 0:
			e.members = append(e.members, f.memberOf(t, e.organization, p.ID))
		case i < owners:
			e.members = append(e.members, f.admit(t, e.organization, p.ID, "owner"))
		default:
			e.members = append(e.members, f.admit(t, e.organization, p.ID, "viewer"))
		}
	}
	return e
}

// depart is one of the ways by which an organization loses an owner.
func (e estate) depart(owner, way int) ask {
	another, heir := e.members[(owner+1+way%3)%owners], e.members[owners]
	who, place := e.owners[owner], e.organization
	switch way % 5 {
	case 0:
		return by(who, place, http.MethodPost, "/v1/organizations/"+place+"/leave", nil)
	case 1:
		return by(who, place, http.MethodDelete, "/v1/members/"+another, nil)
	case 2:
		return by(who, place, http.MethodPut, "/v1/members/"+another, M{"role": "admin"})
	case 3:
		return by(who, place, http.MethodPatch, "/v1/members/"+e.members[owner], M{"role": "developer"})
	}
	return by(who, place, http.MethodPost, "/v1/organizations/"+place+"/transfer", M{"member_id": heir})
}

// fairToOwners are the answers to who comes too late.
var fairToOwners = []string{"204", "409 LAST_OWNER", "404 NOT_FOUND", "403 FORBIDDEN", "409 ALREADY_OWNER"}

func (f *fleet) owned(t *testing.T, organization string) int {
	t.Helper()
	return f.count(t, "SELECT count(*) FROM memberships WHERE organization_id = $1 AND role = 'owner' AND status = 'active'", organization)
}

func departed(_ *testing.T, f *fleet) func(*testing.T) {
	return func(t *testing.T) {
		e := f.estate(t)
		answers := f.meet(t, each(crowd, func(i int) ask { return e.depart(i%owners, rand.N(15)) }))
		only(t, answers, fairToOwners...)
		if f.owned(t, e.organization) == 0 || len(winners(answers, 204)) == 0 {
			t.Errorf("%d owners are left, and %v", f.owned(t, e.organization), outcomes(answers))
		}
	}
}

func demoted(_ *testing.T, f *fleet) func(*testing.T) {
	return func(t *testing.T) {
		e := f.estate(t)
		answers := f.meet(t, each(crowd, func(i int) ask {
			who := i % owners
			return by(e.owners[who], e.organization, http.MethodPut, "/v1/members/"+e.members[(who+1+i/owners%3)%owners], M{"role": "viewer"})
		}))
		only(t, answers, fairToOwners...)
		if f.owned(t, e.organization) == 0 || len(winners(answers, 204)) == 0 {
			t.Errorf("%d owners are left, and %v", f.owned(t, e.organization), outcomes(answers))
		}
	}
}

func abolished(_ *testing.T, f *fleet) func(*testing.T) {
	return func(t *testing.T) {
		e := f.estate(t)
		answers := f.meet(t, each(crowd, func(i int) ask {
			if i%5 == 4 {
				return by(e.owners[i%owners], e.organization, http.MethodDelete, "/v1/organizations/"+e.organization, M{"confirm": e.slug})
			}
			return e.depart(i%owners, rand.N(15))
		}))
		only(t, answers, append([]string{"404 ORGANIZATION_NOT_FOUND"}, fairToOwners...)...)
		there := f.count(t, "SELECT count(*) FROM organizations WHERE id = $1", e.organization)
		if all := f.count(t, "SELECT count(*) FROM memberships WHERE organization_id = $1", e.organization); there == 0 && all > 0 || there == 1 && f.owned(t, e.organization) == 0 {
			t.Errorf("organizations %d, memberships %d, owners %d", there, all, f.owned(t, e.organization))
		}
	}
}

// Who deletes an account has to prove its password, and cannot be used again: so
// these rounds are few.
func TestAnOrganizationKeepsAnOwnerWhileAccountsAreDeleted(t *testing.T) {
	onEachFleet(t, func(t *testing.T, f *fleet) {
		rounds := harness.Rounds(3, 50)
		for range rounds {
			e := estate{founded: f.found(t)}
			for range 2 {
				p := f.person(t)
				e.owners, e.members = append(e.owners, p), append(e.members, f.admit(t, e.organization, p.ID, "owner"))
			}
			f.exec(t, "DELETE FROM memberships WHERE organization_id = $1 AND account_id = $2", e.organization, f.cast[0].ID)
			deleted := func(i int) ask {
				return by(e.owners[i], "", http.MethodDelete, "/v1/auth/me", M{"password": e.owners[i].Password})
			}
			answers := f.meet(t, []ask{
				deleted(0), deleted(1), deleted(0), deleted(1),
				by(e.owners[0], e.organization, http.MethodPut, "/v1/members/"+e.members[1], M{"role": "admin"}),
				by(e.owners[1], e.organization, http.MethodPost, "/v1/organizations/"+e.organization+"/leave", nil),
			})
			only(t, answers, append([]string{"401 INVALID_TOKEN", "503 BUSY"}, fairToOwners...)...)
			there := f.count(t, "SELECT count(*) FROM organizations WHERE id = $1", e.organization)
			if there == 1 && f.owned(t, e.organization) == 0 {
				t.Errorf("nobody owns the organization: %v", outcomes(answers))
			}
		}
		f.tell(t, "organizations without an owner after accounts were deleted", rounds, 6)
	})
}
