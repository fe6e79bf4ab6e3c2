package faults

import (
	"database/sql"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// ledger is what was acknowledged, and must be there whatever happened since.
type ledger struct {
	mutex    sync.Mutex
	accounts map[string]string // organization, by account
	projects []string
	keys     []string            // ids of those that nobody revoked
	revoked  map[string]string   // secrets, by id
	ended    []string            // access tokens of sessions that were logged out
	roles    map[string][]string // by member: the last that was acknowledged, and what was asked for since
	acks     int
	signal   chan struct{} // closed and replaced with each acknowledgement
}

func newLedger() *ledger {
	return &ledger{accounts: map[string]string{}, revoked: map[string]string{}, roles: map[string][]string{}, signal: make(chan struct{})}
}

// acknowledged enters what a server has promised.
func (l *ledger) acknowledged(enter func()) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	enter()
	l.acks++
	close(l.signal)
	l.signal = make(chan struct{})
}

// tried enters what a server may have done.
func (l *ledger) tried(enter func()) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	enter()
}

func (l *ledger) entries() (int, <-chan struct{}) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.acks, l.signal
}

// await waits until so many more writes are acknowledged.
func (l *ledger) await(more int) {
	begin, _ := l.entries()
	for {
		n, next := l.entries()
		if n >= begin+more {
			return
		}
		<-next
	}
}

// lost compares the ledger with the database and returns what is not there.
func (l *ledger) lost(t *testing.T, db *sql.DB) (missing []string) {
	t.Helper()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	members := pairs(t, db, "SELECT account_id, organization_id FROM memberships WHERE status = 'active' AND role = 'owner'")
	for account, organization := range l.accounts {
		if members[account] != organization {
			missing = append(missing, "account "+account)
		}
	}
	projects := pairs(t, db, "SELECT id, name FROM projects")
	for _, id := range l.projects {
		if _, there := projects[id]; !there {
			missing = append(missing, "project "+id)
		}
	}
	keys := pairs(t, db, "SELECT id, CASE WHEN revoked_at IS NULL THEN 'good' ELSE 'revoked' END FROM environment_keys")
	for _, id := range l.keys {
		if keys[id] != "good" {
			missing = append(missing, "key "+id)
		}
	}
	for id := range l.revoked {
		if keys[id] != "revoked" {
			missing = append(missing, "revocation of key "+id)
		}
	}
	roles := pairs(t, db, "SELECT id, role FROM memberships")
	for id, possible := range l.roles {
		if !slices.Contains(possible, roles[id]) {
			missing = append(missing, "role of "+id+": it is "+roles[id])
		}
	}
	return missing
}

// opens asks the server whether what was revoked and ended opens anything, and
// forgets what it has asked about.
func (l *ledger) opens(t *testing.T, s *harness.Server) (open []string) {
	t.Helper()
	l.mutex.Lock()
	revoked, ended := slices.Sorted(maps.Values(l.revoked)), l.ended
	l.ended = nil
	l.mutex.Unlock()
	c := newCaller(t, s)
	const enough = 100 // of those that the database was asked about, too
	for _, secret := range revoked[:min(enough, len(revoked))] {
		if a := c.do(401, "GET", "/v1/sdk/authorize", byKey(secret), nil); a.status != 401 {
			open = append(open, "a revoked key")
		}
	}
	for _, token := range ended {
		if a := c.do(401, "GET", "/v1/auth/me", byToken(token), nil); a.status != 401 {
			open = append(open, "a session that was ended")
		}
	}
	return open
}

// holds fails the test where anything that was acknowledged is lost.
func (l *ledger) holds(t *testing.T, s *harness.Server) {
	t.Helper()
	if missing := l.lost(t, s.DB()); len(missing) > 0 {
		t.Errorf("%d acknowledged writes are lost: %v", len(missing), missing[:min(10, len(missing))])
	}
	if open := l.opens(t, s); len(open) > 0 {
		t.Errorf("%d revocations are lost: %v", len(open), open[:min(10, len(open))])
	}
	whole(t, s)
}

// halves are what a registration that was half written would leave. Nobody
// leaves or deletes anything here.
var halves = map[string]string{
	"an account without an organization":           "SELECT count(*) FROM accounts a WHERE NOT EXISTS (SELECT 1 FROM memberships m WHERE m.account_id = a.id)",
	"an organization without a project":            "SELECT count(*) FROM memberships m WHERE m.role = 'owner' AND NOT EXISTS (SELECT 1 FROM projects p WHERE p.organization_id = m.organization_id)",
	"a project with fewer than three environments": "SELECT count(*) FROM projects p WHERE (SELECT count(*) FROM environments e WHERE e.organization_id = p.organization_id AND e.project_id = p.id) < 3",
	"a key that nothing is known by":               "SELECT count(*) FROM environment_keys k WHERE NOT EXISTS (SELECT 1 FROM key_digests d WHERE d.organization_id = k.organization_id AND d.key_id = k.id)",
	"a project whose making is in no audit": `SELECT count(*) FROM projects p WHERE NOT EXISTS (SELECT 1 FROM audit_entries a
		WHERE a.organization_id = p.organization_id AND (a.resource_id = CAST(p.id AS text) AND a.action = 'project.created' OR a.action = 'organization.created'))`,
}

func whole(t *testing.T, s *harness.Server) {
	t.Helper()
	for what, query := range halves {
		if n := s.Count(t, query); n > 0 {
			t.Errorf("there is %s, %d times", what, n)
		}
	}
}

// pairs reads two columns of text.
func pairs(t *testing.T, db *sql.DB, query string) map[string]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	all := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			t.Fatal(err)
		}
		all[name] = value
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
