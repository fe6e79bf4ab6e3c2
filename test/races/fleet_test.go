package races

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/test/harness"
)

// M is a JSON object.
type M = harness.M

// fleet is the program as it runs: replicas of one installation on PostgreSQL,
// one server on SQLite. Its people are registered once, since that is dear.
type fleet struct {
	gate
	servers []*harness.Server
	first   *harness.Server
	engine  harness.Engine
	cast    []harness.Person // the first founds what the others join
}

// onEachFleet runs a test on each engine, one after the other: rounds that run
// beside others meet less well. What is left of them has to be sound.
func onEachFleet(t *testing.T, test func(t *testing.T, f *fleet)) {
	t.Helper()
	for _, engine := range harness.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			servers := harness.Fleet(t, engine)
			c := servers[0].Cast(t)
			var addresses []string
			for _, s := range servers {
				addresses = append(addresses, s.Address())
			}
			test(t, &fleet{gate{addresses}, servers, servers[0], engine, []harness.Person{c.Owner, c.Admin, c.Developer, c.Viewer, c.Outsider}})
			servers[0].Database.Sound(t)
		})
	}
}

// rounds is so many of each race that every commit plays so many of its class, and
// a release three hundred of each. SQLite, where one writes at a time, gets a part.
func (f *fleet) rounds(commit, inClass int) int {
	n := harness.Rounds((commit+inClass-1)/inClass, 300)
	if f.engine == harness.SQLite {
		n = max(n/4, 2)
	}
	return n
}

// tell writes how many rounds were played.
func (f *fleet) tell(t *testing.T, what string, rounds, requests int) {
	t.Helper()
	harness.Figure(t, what, "0 in %d rounds of %d requests, %d server(s) on %s", rounds, requests, len(f.servers), f.engine)
}

// race is one kind of round.
type race struct {
	name string
	// begin returns what plays one round.
	begin func(t *testing.T, f *fleet) func(t *testing.T)
}

// deadlocks is how many PostgreSQL has resolved: each takes a second, so that
// requests which take the same rows in another order starve.
func (f *fleet) deadlocks(t *testing.T) int {
	t.Helper()
	if f.engine != harness.Postgres {
		return 0
	}
	return f.count(t, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
}

// play plays the races of a class, commit rounds of them for each commit.
func (f *fleet) play(t *testing.T, what string, commit int, races []race) {
	t.Helper()
	played := 0
	for _, r := range races {
		t.Run(r.name, func(t *testing.T) {
			before := f.deadlocks(t)
			defer func() {
				if n := f.deadlocks(t) - before; n > 0 {
					t.Errorf("there were %d deadlocks", n)
				}
			}()
			round := r.begin(t, f)
			for range f.rounds(commit, len(races)) {
				round(t)
				played++
				if t.Failed() {
					return
				}
			}
		})
	}
	f.tell(t, what, played, crowd)
}

// founded is an organization of one round.
type founded struct {
	organization, slug, project string
	dev                         string
}

// found makes one; the first of the cast owns it.
func (f *fleet) found(t *testing.T) founded {
	t.Helper()
	made := f.cast[0].For(t).Post("/v1/organizations", M{"name": "Round " + harness.Unique()}).Want(201)
	return founded{made.Text("id"), made.Text("slug"), made.Text("project.id"), made.Text("environments.0.id")}
}

// admit makes somebody a member, and says what the membership is called.
func (f *fleet) admit(t *testing.T, organization, account, role string) (member string) {
	t.Helper()
	member, now := newID(), moment()
	f.exec(t, `INSERT INTO memberships (organization_id, id, account_id, role, status, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'active', 1, $5, $6)`, organization, member, account, role, now, now)
	return member
}

// memberOf is what somebody's membership is called.
func (f *fleet) memberOf(t *testing.T, organization, account string) (member string) {
	t.Helper()
	err := f.first.DB().QueryRow("SELECT id FROM memberships WHERE organization_id = $1 AND account_id = $2", organization, account).Scan(&member)
	if err != nil {
		t.Fatal(err)
	}
	return member
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func moment() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// exec changes what no server remembers.
func (f *fleet) exec(t *testing.T, statement string, arguments ...any) {
	t.Helper()
	if _, err := f.first.DB().Exec(statement, arguments...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (f *fleet) count(t *testing.T, query string, arguments ...any) int {
	t.Helper()
	return f.first.Count(t, query, arguments...)
}

// link puts a link to an account there, as if it had been mailed.
func (f *fleet) link(t *testing.T, purpose, account, email string) (token string) {
	t.Helper()
	token, digest := newToken()
	f.exec(t, "INSERT INTO links (digest, purpose, account_id, email, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
		digest, purpose, account, email, moment().Add(time.Hour), moment())
	return token
}

// invite puts an invitation there, as if its sender had mailed it.
func (f *fleet) invite(t *testing.T, organization, sender, email, role string) (member, token string) {
	t.Helper()
	member, now := newID(), moment()
	token, digest := newToken()
	f.exec(t, `INSERT INTO memberships (organization_id, id, role, status, email, invited_by, expires_at, version, created_at, updated_at)
		VALUES ($1, $2, $3, 'invited', $4, $5, $6, 1, $7, $8)`, organization, member, role, email, sender, now.Add(time.Hour), now, now)
	f.exec(t, `INSERT INTO links (digest, purpose, email, organization_id, membership_id, expires_at, created_at)
		VALUES ($1, 'invitation', $2, $3, $4, $5, $6)`, digest, email, organization, member, now.Add(time.Hour), now)
	return member, token
}

func newToken() (token string, digest []byte) {
	b := make([]byte, 32)
	rand.Read(b)
	token = base64.RawURLEncoding.EncodeToString(b)
	sum := sha256.Sum256([]byte(token))
	return token, sum[:]
}

// spares are accounts with a proven address that rounds may change, registered
// when they are first asked for.
var spares struct {
	mutex sync.Mutex
	of    map[harness.Engine][]harness.Person
}

// spare returns so many of them.
func (f *fleet) spare(t *testing.T, n int) []harness.Person {
	t.Helper()
	spares.mutex.Lock()
	defer spares.mutex.Unlock()
	if spares.of == nil {
		spares.of = map[harness.Engine][]harness.Person{}
	}
	for len(spares.of[f.engine]) < n {
		spares.of[f.engine] = append(spares.of[f.engine], f.person(t))
	}
	all := make([]harness.Person, n)
	for i, p := range spares.of[f.engine][:n] {
		all[i] = p.For(t)
	}
	return all
}

// person registers somebody, whose address counts as proven.
func (f *fleet) person(t *testing.T) harness.Person {
	t.Helper()
	p := f.first.Register(t)
	f.exec(t, "UPDATE accounts SET email_verified = $1 WHERE id = $2", true, p.ID)
	return p
}
