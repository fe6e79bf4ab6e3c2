package isolation

import (
	"crypto/rand"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/test/harness"
)

// kind is what an id names.
type kind string

// The kinds.
const (
	organization kind = "organization"
	project      kind = "project"
	environment  kind = "environment"
	key          kind = "key"
	member       kind = "member"
	account      kind = "account"
	session      kind = "session"
	accountKey   kind = "account key"
	secret       kind = "secret" // of an environment key, which names one as an id does
	invitation   kind = "invitation"
)

// things are one tenant's, one of each kind.
type things map[kind]string

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// canary is text that stands nowhere else.
func canary() string { return "canary" + strings.ToLower(rand.Text()) }

// random names nothing at all, in the right form.
func random() things {
	all := things{}
	for _, k := range []kind{organization, project, environment, key, member, account, session, accountKey, invitation} {
		all[k] = newID()
	}
	all[secret] = invented()
	return all
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// invented is an environment key that was never made, with a checksum that is
// right: only the store can tell.
func invented() string {
	text := "sdk-dev-" + (rand.Text() + rand.Text())[:32]
	sum, digits := crc32.ChecksumIEEE([]byte(text)), make([]byte, 6)
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = base62[sum%62]
		sum /= 62
	}
	return text + string(digits)
}

// tenant is an organization with one of everything.
type tenant struct {
	things
	slug    string
	sibling things // another project's, in the same organization
	secrets []string
	next    string // the successor of the last key
}

// furnish puts one of everything into an organization that somebody has founded,
// all of it named by name. What a change is aimed at is such that the change is
// refused once everything is permitted: it can be aimed at again.
func furnish(t *testing.T, by harness.Person, organizationID, projectID, name, email string) tenant {
	t.Helper()
	in := by.In(organizationID)
	made := tenant{things: things{organization: organizationID, project: projectID, account: by.ID, session: by.Session()}}
	made.slug = in.Get("/v1/organizations/" + organizationID).Want(200).Text("slug")
	in.Patch("/v1/projects/"+projectID, M{"name": name}).Want(200)
	made.fill(t, in, name, "main")
	made.things[accountKey] = by.Post("/v1/auth/keys", M{"name": name}).Want(201).Text("id")
	made.things[invitation] = in.Post("/v1/members/invite", M{"email": email}).Want(201).Text("id")
	for _, m := range in.Get("/v1/members").Want(200).List() {
		if m["user_id"] == by.ID {
			made.things[member], _ = m["id"].(string)
		}
	}
	other := tenant{things: things{project: in.Post("/v1/projects", M{"name": name + " 2"}).Want(201).Text("id")}}
	other.fill(t, in, name, "second")
	made.sibling = other.things
	made.secrets = append(made.secrets, other.secrets...)
	return made
}

// fill puts a protected environment with a key into the tenant's project. The
// key was rotated, so that it cannot be again.
func (n *tenant) fill(t *testing.T, in *harness.Client, name, slug string) {
	t.Helper()
	path := "/v1/projects/" + n.things[project] + "/environments"
	n.things[environment] = in.Post(path, M{"name": name, "slug": slug, "kind": "production"}).Want(201).Text("id")
	made := in.Post("/v1/environments/"+n.things[environment]+"/api-keys", M{"name": name, "scopes": []string{"of-" + strings.ToLower(strings.ReplaceAll(name, " ", "-"))}}).Want(201)
	n.things[key], n.things[secret] = made.Text("id"), made.Text("key")
	successor := in.Post("/v1/api-keys/"+n.things[key]+"/rotate", M{"overlap_seconds": 2592000}).Want(201)
	n.secrets = append(n.secrets, made.Text("key"), successor.Text("key"))
	n.next = successor.Text("id")
}
