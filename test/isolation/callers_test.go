package isolation

import (
	"slices"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/tenantry/tenantry/test/harness"
)

// caller is somebody with a credential, or without.
type caller struct {
	name    string
	client  *harness.Client
	role    string   // in the organization in which it acts; empty for none
	within  bool     // it acts in a
	key     bool     // a program, by an account key
	scopes  []string // of that key
	bound   bool     // that key reaches a alone
	also    bool     // a member of b besides
	account string
	bad     bool   // the credential opens nothing of the API of accounts
	plane   bool   // it opens the SDK plane
	session string // the caller's
	// operates says that the caller is an operator of the installation.
	operates bool
}

var ranks = []string{"viewer", "developer", "admin", "owner"}

// holds says whether the caller has at least the role.
func (c caller) holds(least string) bool {
	return slices.Index(ranks, c.role) >= max(0, slices.Index(ranks, least))
}

// reaches says whether the caller's key, if it calls by one, has the scope.
func (c caller) reaches(scope string) bool { return !c.key || slices.Contains(c.scopes, scope) }

// For returns the caller for another test.
func (c caller) For(t *testing.T) caller {
	c.client = c.client.For(t)
	return c
}

// acting is the person with an access token for the organization.
func acting(p harness.Person, organizationID string) harness.Person {
	return p.Holding(p.Post("/v1/auth/switch-organization", M{"organization_id": organizationID}).Want(200))
}

// gather collects every kind of caller.
func (w *world) gather(t *testing.T) {
	t.Helper()
	org := w.a.things[organization]
	person := func(name string, p harness.Person, role string, in bool) {
		if in {
			p = acting(p, org)
		}
		w.callers = append(w.callers, caller{
			name: name, client: p.Client, role: role, within: in, account: p.ID, session: p.Session(), also: p.ID == w.both.ID,
		})
	}
	person("the owner", w.beings.Owner, "owner", true)
	person("an admin", w.beings.Admin, "admin", true)
	person("a developer", w.beings.Developer, "developer", true)
	person("a viewer", w.beings.Viewer, "viewer", true)
	person("a member of both", w.both, "owner", true)
	person("an outsider", w.beings.Outsider, "owner", false)
	person("a former member", w.expelled(t), "", false)
	w.gatherPrograms(t)
	w.gatherNobodies(t)
	w.gatherKeys(t)
	w.callers = append(w.callers, caller{
		name: "the operator", client: w.beings.Operator.Client, role: "owner", account: w.beings.Operator.ID, operates: true,
	})
}

// expelled was a member with a token for the organization, until just now.
func (w *world) expelled(t *testing.T) harness.Person {
	t.Helper()
	org := w.a.things[organization]
	p := w.Register(t)
	w.Join(t, org, p.ID, "admin")
	p = acting(p, org)
	found := p.Get("/v1/members?q=" + p.Email).Want(200).List()
	w.beings.Owner.In(org).Delete("/v1/members/" + found[0]["id"].(string)).Want(204)
	return p
}

// gatherPrograms are account keys that work, of each set of scopes.
func (w *world) gatherPrograms(t *testing.T) {
	t.Helper()
	org := w.a.things[organization]
	program := func(name string, p harness.Person, role string, bound bool, scopes ...string) {
		body := M{"name": "Program", "scopes": scopes}
		if bound {
			body["organization_id"] = org
		}
		c := w.Client(t).Bearer(p.Post("/v1/auth/keys", body).Want(201).Text("key"))
		if !bound {
			c = c.In(org)
		}
		w.callers = append(w.callers, caller{
			name: name, client: c, role: role, within: true, key: true, scopes: scopes, bound: bound, account: p.ID, also: p.ID == w.both.ID,
		})
	}
	program("a key to read", w.beings.Owner, "owner", false, "read")
	program("a key to write", w.beings.Owner, "owner", true, "write")
	program("a key to make keys", w.beings.Owner, "owner", false, "keys")
	program("a viewer's key to all", w.beings.Viewer, "viewer", true, "read", "write", "keys")
	program("a key to all of a member of both", w.both, "owner", false, "read", "write", "keys")
	program("a key to a of a member of both", w.both, "owner", true, "read", "write", "keys")
}

// gatherNobodies are credentials that open nothing.
func (w *world) gatherNobodies(t *testing.T) {
	t.Helper()
	owner := w.beings.Owner
	over, out := owner.Login(t), owner.Login(t)
	out.Post("/v1/auth/logout", nil).Want(204)
	disabled := w.Register(t)
	w.Join(t, w.a.things[organization], disabled.ID, "owner")
	disabled = acting(disabled, w.a.things[organization])
	disabledKey := disabled.Post("/v1/auth/keys", M{"name": "Disabled"}).Want(201).Text("key")
	w.Client(t).Bearer(harness.AdminToken).Patch("/v1/admin/accounts/"+disabled.ID, M{"disabled": true}).Want(200)
	ended := owner.Post("/v1/auth/keys", M{"name": "Ended"}).Want(201)
	owner.Delete("/v1/auth/keys/" + ended.Text("id")).Want(204)
	old := owner.Post("/v1/auth/keys", M{"name": "Old"}).Want(201)
	past := time.Now().UTC().Add(-time.Hour).Truncate(time.Microsecond)
	w.Exec(t, "UPDATE account_keys SET expires_at = $1 WHERE id = $2", past, old.Text("id"))
	w.Exec(t, "UPDATE sessions SET expires_at = $1 WHERE id = $2", past, over.Session())
	for name, c := range map[string]*harness.Client{
		"nobody":                   w.Client(t),
		"garbage":                  w.Client(t).Bearer("eyJhbGciOiJub25lIn0.e30."),
		"a token that has run out": w.Client(t).Bearer(resigned(t, owner.AccessToken, jwtSecret, -time.Minute)),
		"a token of another's key": w.Client(t).Bearer(resigned(t, owner.AccessToken, jwtSecret+"!", time.Hour)),
		"a session that is over":   over.Client,
		"who has logged out":       out.Client,
		"a disabled account":       disabled.Client,
		"a disabled account's key": w.Client(t).Bearer(disabledKey),
		"a deleted account key":    w.Client(t).Bearer(ended.Text("key")),
		"an old account key":       w.Client(t).Bearer(old.Text("key")),
	} {
		w.callers = append(w.callers, caller{name: name, client: c, bad: true})
	}
}

// resigned is the access token with another end and signature.
func resigned(t *testing.T, token, with string, lives time.Duration) string {
	t.Helper()
	claims := jwt.MapClaims(harness.Claims(t, token))
	claims["iat"], claims["exp"] = time.Now().Add(lives-time.Hour).Unix(), time.Now().Add(lives).Unix()
	claims["jti"] = uuid.NewString()
	made := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	made.Header["typ"] = "at+jwt"
	signed, err := made.SignedString([]byte(with))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// gatherKeys are environment keys, which open the SDK plane and nothing else.
func (w *world) gatherKeys(t *testing.T) {
	t.Helper()
	owner := w.beings.Owner.In(w.a.things[organization])
	made := func(kind string) *harness.Response {
		return owner.Post("/v1/environments/"+w.a.things[environment]+"/api-keys", M{"name": "Caller", "type": kind, "scopes": []string{"flags"}}).Want(201)
	}
	revoked, old := made("server"), made("server")
	owner.Delete("/v1/api-keys/" + revoked.Text("id")).Want(204)
	w.Exec(t, "UPDATE environment_keys SET expires_at = created_at WHERE id = $1", old.Text("id"))
	for name, k := range map[string]*harness.Response{
		"a server key": made("server"), "a client key": made("client"), "a revoked environment key": revoked, "an old environment key": old,
	} {
		w.callers = append(w.callers, caller{name: name, client: w.Client(t).Key(k.Text("key")), bad: true, plane: k != revoked && k != old})
	}
}
