package operate

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/pgtest"
)

const (
	nobody = "'0196a000-0000-7000-8000-00000000000f'"
	first  = "(SELECT id FROM organizations ORDER BY id LIMIT 1)"
	last   = "(SELECT id FROM organizations ORDER BY id DESC LIMIT 1)"
	never  = "'2001-01-01 00:00:00+00:00'"
	later  = "'2099-01-01 00:00:00+00:00'"
	digest = "(SELECT digest FROM key_digests LIMIT 1)"

	durability = "the server keeps through a power cut what it acknowledged"
	ownSchema  = "the schema is this program's"
)

// ailment is something that only the doctor can find: no request brings it
// about.
type ailment struct {
	found            string // the doctor's subject
	spoil            []string
	sqlite, postgres []string // after spoil, on that engine
	mended           bool     // by --fix
	note             bool     // and no damage
}

var ailments = []ailment{
	{found: "every organization has an owner", spoil: []string{"UPDATE memberships SET role = 'admin'"}},
	{
		found: "every organization has an owner who is not disabled", note: true,
		spoil: []string{"UPDATE accounts SET disabled = (1 = 1)"},
	},
	{
		found: "a personal organization has one member, and no invitation",
		spoil: []string{"UPDATE organizations SET personal = (1 = 1)"},
	},
	{
		found:    "a member has an account, an invitation an address and an end, and each a role",
		postgres: []string{"ALTER TABLE memberships DROP CONSTRAINT memberships_status_check", "UPDATE memberships SET status = 'asleep'"},
		sqlite:   []string{"UPDATE memberships SET status = 'asleep'"},
	},
	{
		found: "an environment is of its project's organization",
		spoil: []string{"UPDATE environments SET organization_id = " + last + " WHERE organization_id = " + first},
	},
	{
		found: "(organization_id, project_id) of environments leads to (organization_id, id) of projects", mended: true,
		spoil: []string{"UPDATE environments SET project_id = " + nobody},
	},
	{
		found: "a key is of its environment's organization",
		spoil: []string{"UPDATE environment_keys SET organization_id = " + last},
	},
	{
		found: "(organization_id, environment_id) of environment_keys leads to (organization_id, id) of environments", mended: true,
		spoil: []string{"UPDATE environment_keys SET environment_id = " + nobody},
	},
	{
		found: "(created_by) of environment_keys leads to (id) of accounts, or nowhere", mended: true,
		spoil: []string{"UPDATE environment_keys SET created_by = " + nobody},
	},
	{found: "a digest is of its key's organization", spoil: []string{"UPDATE key_digests SET organization_id = " + last}},
	{
		found: "(organization_id, key_id) of key_digests leads to (organization_id, id) of environment_keys", mended: true,
		spoil: []string{"UPDATE key_digests SET key_id = " + nobody + " WHERE digest = " + digest},
	},
	{
		found: "(organization_id, key_id) of key_rotations leads to (organization_id, id) of environment_keys", mended: true,
		spoil: []string{"UPDATE key_rotations SET key_id = " + nobody},
	},
	{
		found: "(organization_id, successor_id) of key_rotations leads to (organization_id, id) of environment_keys", mended: true,
		spoil: []string{"UPDATE key_rotations SET successor_id = " + nobody},
	},
	{
		found: "(organization_id, key_id) of key_callers leads to (organization_id, id) of environment_keys", mended: true,
		spoil: []string{"INSERT INTO key_callers (organization_id, key_id, address, user_agent, uses, last_used_at) VALUES (" +
			first + ", " + nobody + ", '192.0.2.1', 'tests', 1, " + never + ")"},
	},
	{found: "every environment key has one digest", spoil: []string{"DELETE FROM key_digests"}},
	{
		found: "a key has an end if it was rotated, and only then",
		spoil: []string{"UPDATE environment_keys SET ends_at = " + later},
	},
	{
		found: "(organization_id, key_id) of key_rotations leads to (organization_id, id) of environment_keys", mended: true,
		spoil: []string{"INSERT INTO key_rotations (organization_id, key_id, successor_id) SELECT organization_id, " + nobody + ", id FROM environment_keys LIMIT 1"},
	},
	{
		found: "(organization_id, successor_id) of key_rotations leads to (organization_id, id) of environment_keys", mended: true,
		spoil: []string{"INSERT INTO key_rotations (organization_id, key_id, successor_id) SELECT organization_id, id, " + nobody + " FROM environment_keys LIMIT 1"},
	},
	{
		found: "(organization_id, key_id) of key_callers leads to (organization_id, id) of environment_keys", mended: true,
		spoil: []string{"INSERT INTO key_callers (organization_id, key_id, address, user_agent, uses, last_used_at) SELECT organization_id, " + nobody + ", '', '', 1, created_at FROM environment_keys LIMIT 1"},
	},
	{
		found: "the active organization of a session has its account as a member", mended: true,
		spoil: []string{"UPDATE sessions SET organization_id = " + last},
	},
	{
		found: "(account_id) of sessions leads to (id) of accounts", mended: true,
		spoil: []string{"UPDATE sessions SET account_id = " + nobody},
	},
	{
		found: "(organization_id) of sessions leads to (id) of organizations, or nowhere", mended: true,
		spoil: []string{"UPDATE sessions SET organization_id = " + nobody},
	},
	{
		found: "a session was refreshed as often as it counts, and ends after it began",
		spoil: []string{"UPDATE sessions SET counter = 0"},
	},
	{
		found: "no session that ran out days ago is kept", mended: true, note: true,
		spoil: []string{"UPDATE sessions SET expires_at = " + never + ", created_at = " + never},
	},
	{
		found: "(organization_id) of memberships leads to (id) of organizations", mended: true,
		spoil: []string{"UPDATE memberships SET organization_id = " + nobody},
	},
	{
		found: "(account_id) of memberships leads to (id) of accounts", mended: true,
		spoil: []string{"UPDATE memberships SET account_id = " + nobody + " WHERE organization_id = " + first + " AND status = 'active'"},
	},
	{
		found: "(invited_by) of memberships leads to (id) of accounts, or nowhere", mended: true,
		spoil: []string{"UPDATE memberships SET invited_by = " + nobody + " WHERE status = 'invited'"},
	},
	{
		found: "(organization_id) of projects leads to (id) of organizations", mended: true,
		spoil: []string{"UPDATE projects SET organization_id = " + nobody + " WHERE organization_id = " + first},
	},
	{
		found: "(account_id, organization_id) of account_keys leads to (account_id, organization_id) of memberships", mended: true,
		spoil: []string{"UPDATE account_keys SET organization_id = " + nobody},
	},
	{
		found: "(account_id) of account_keys leads to (id) of accounts", mended: true,
		spoil: []string{"UPDATE account_keys SET account_id = " + nobody + ", organization_id = NULL"},
	},
	{
		found: "a link leads to an account, or to an invitation that is open", mended: true,
		spoil: []string{
			"UPDATE memberships SET status = 'active', account_id = (SELECT id FROM accounts ORDER BY id DESC LIMIT 1), email = NULL, expires_at = NULL WHERE status = 'invited'",
		},
	},
	{
		found: "(account_id) of links leads to (id) of accounts", mended: true,
		spoil: []string{"UPDATE links SET account_id = " + nobody + " WHERE account_id IS NOT NULL"},
	},
	{
		found: "(membership_id, organization_id) of links leads to (id, organization_id) of memberships", mended: true,
		spoil: []string{"UPDATE links SET membership_id = " + nobody + " WHERE account_id IS NULL"},
	},
	{
		found: "no link that ran out days ago is kept", mended: true, note: true,
		spoil: []string{"UPDATE links SET expires_at = " + never},
	},
	{
		found: "no answer that ran out days ago is kept", mended: true, note: true,
		spoil: []string{"INSERT INTO idempotent_answers (digest, fingerprint, sealed, expires_at) VALUES (" +
			digest + ", " + digest + ", " + digest + ", " + never + ")"},
	},
	{
		found: "no attempt is counted for longer than any window", mended: true,
		spoil: []string{"UPDATE throttles SET resets_at = " + later},
	},
	{
		found: "no count that was over days ago is kept", mended: true, note: true,
		spoil: []string{"UPDATE throttles SET resets_at = " + never},
	},
	{
		found: "a purpose has one secret that is current",
		spoil: []string{"UPDATE keyring SET retired_at = created_at WHERE purpose = 'signing'"},
	},
	{
		found: "the master key opens the keyring",
		spoil: []string{"UPDATE keyring SET sealed = " + digest + " WHERE purpose = 'derivation'"},
	},
	{
		found: "the master key opens the mail that waits",
		spoil: []string{"INSERT INTO outbox (id, sealed, attempts, due_at, created_at) VALUES (" +
			nobody + ", " + digest + ", 1, " + later + ", '2026-01-01 00:00:00+00:00')"},
	},
	{
		found: "no mail waits for longer than it is tried", note: true,
		spoil: []string{"INSERT INTO outbox (id, sealed, attempts, due_at, created_at) VALUES (" +
			nobody + ", " + digest + ", 1, " + never + ", " + never + ")"},
	},
	{found: "the installation has one row, and is claimed when it has an operator", spoil: []string{"DELETE FROM installation"}},
	{
		found: "(operator_id) of installation leads to (id) of accounts, or nowhere", mended: true,
		spoil: []string{"UPDATE installation SET operator_id = " + nobody},
	},
	{
		found: "(home_id) of installation leads to (id) of organizations, or nowhere", mended: true,
		spoil: []string{"UPDATE installation SET home_id = " + nobody},
	},
	{
		found: "somebody operates the installation", note: true,
		spoil: []string{"UPDATE accounts SET operator = (1 = 0)"},
	},
	{
		found: "nothing was made in the future", note: true,
		spoil: []string{"UPDATE projects SET created_at = " + later},
	},
	{
		found: "every chain of the audit is whole",
		spoil: []string{"UPDATE audit_entries SET actor_id = 'somebody else' WHERE sequence = 2"},
	},
	{found: ownSchema, spoil: []string{"DROP INDEX links_expires_at_idx"}},
	{
		found:  "the file is whole: PRAGMA integrity_check",
		sqlite: []string{"UPDATE accounts SET name = ''"},
	},
	{
		found:  "the file keeps its references: PRAGMA foreign_key_check",
		sqlite: []string{"UPDATE environments SET organization_id = " + last + " WHERE organization_id = " + first},
	},
	{
		found:    "every constraint was checked, and none is switched off",
		postgres: []string{"ALTER TABLE sessions DISABLE TRIGGER ALL"},
	},
	{
		found:    "every index is whole",
		postgres: []string{"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'links_expires_at_idx'::regclass"},
	},
}

// untried is what a test cannot bring about in a server that others share.
var untried = map[harness.Engine][]string{
	harness.SQLite: {"the clocks of database and program agree"},
	harness.Postgres: {
		"the clocks of database and program agree", "the database is in UTF-8", "the server is of a version that is tested: 15 or later",
		durability, // rightly not so, of the tests' server
	},
}

func (a ailment) statements(e harness.Engine) []string {
	if e == harness.SQLite {
		return slices.Concat(a.spoil, a.sqlite)
	}
	return slices.Concat(a.spoil, a.postgres)
}

func TestTheDoctorFindsEachAilment(t *testing.T) {
	t.Parallel()
	for _, engine := range harness.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			_, copied := copies(t, engine)
			well := copied(t)
			well.Sound(t)
			asked, _ := well.Examine(t, nil)
			for _, a := range ailments {
				statements := a.statements(engine)
				if len(statements) == 0 {
					continue
				}
				delete(asked, a.found)
				t.Run(a.found, func(t *testing.T) {
					t.Parallel()
					d := copied(t)
					spoil(t, d, statements...)
					a.examine(t, d)
				})
			}
			for _, subject := range untried[engine] {
				delete(asked, subject)
			}
			for _, subject := range slices.Sorted(maps.Keys(asked)) {
				t.Errorf("nothing shows that the doctor finds the opposite of: %s", subject)
			}
		})
	}
}

func (a ailment) examine(t *testing.T, d *harness.Database) {
	t.Helper()
	found, outcome := d.Examine(t, nil)
	verdict := "FOUND"
	if a.note {
		verdict = "note"
	}
	if found[a.found].Verdict != verdict {
		t.Errorf("the doctor overlooks it, code %d:\n%s%s", outcome.Code, outcome.Stdout, outcome.Stderr)
	}
	if !a.note && outcome.Code != 1 {
		t.Errorf("the exit code is %d", outcome.Code)
	}
	mended, outcome := d.Examine(t, nil, "--fix")
	want := verdict
	if a.mended {
		want = "mended"
	}
	if mended[a.found].Verdict != want {
		t.Errorf("--fix says %q, want it %s\n%s", mended[a.found].Line, want, outcome.Stderr)
	}
	if !a.mended {
		return
	}
	if last, _ := d.Examine(t, nil); last[a.found].Verdict != "ok" {
		t.Errorf("after --fix: %s", last[a.found].Line)
	}
	recorded := number(t, d.Open(t), "SELECT count(*) FROM audit_entries WHERE action = 'installation.mended'") > 0
	if !recorded {
		t.Error("what was mended is on no record")
	}
}

func TestWithoutTheRightMasterKeyTheDoctorSaysSoAndChangesNothing(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		furnish(t, d)
		found, outcome := d.Examine(t, harness.Environment{"MASTER_KEY": "rm0SF9zFWbMmsq7EXKLw5LDq4E2lIpRPVGv8r6wLXrw="}, "--fix")
		if f := found["the master key opens the keyring"]; f.Verdict != "FOUND" || outcome.Code != 1 {
			t.Errorf("code %d, %s", outcome.Code, f.Line)
		}
		d.Sound(t)
	})
}

func TestThereIsNothingToExamineWhereNoDatabaseIs(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	for _, command := range []string{"doctor", "audit verify", "audit head", "migrate down --yes", "keys list", "restore", "doctor"} {
		o := harness.Run(t, settings(d), strings.Fields(command)...) // none may make one
		if o.Code != 1 || !strings.Contains(o.Stderr, "there is no database in") || o.Stdout != "" {
			t.Errorf("%s: code %d: %s%s", command, o.Code, o.Stdout, o.Stderr)
		}
	}
	refuses(t, harness.Run(t, settings(d), "audit", "verify", "nothing"), 2, "is not an id")
	for _, mistake := range [][]string{{"doctor", "--mend"}, {"doctor", "now"}} {
		if o := harness.Run(t, settings(d), mistake...); o.Code != 2 || !strings.Contains(o.Stderr, "doctor [--fix]") {
			t.Errorf("%v: code %d, %s", mistake, o.Code, o.Stderr)
		}
	}
}

func TestADatabaseThatKeepsItsPromisesIsSound(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, pgtest.Options{Durable: true})
	d := &harness.Database{Engine: harness.Postgres, URL: server.DSN("postgres"), MasterKey: harness.NewDatabase(t, harness.Postgres).MasterKey}
	furnish(t, d)
	if _, o := d.Examine(t, nil); o.Code != 0 || strings.Contains(o.Stdout, "not so") || o.Stderr != "" {
		t.Errorf("code %d:\n%s%s", o.Code, o.Stdout, o.Stderr)
	}
	if _, err := d.Open(t).ExecContext(t.Context(), "ALTER DATABASE postgres SET synchronous_commit = off"); err != nil {
		t.Fatal(err)
	}
	if found, o := d.Examine(t, nil); o.Code != 1 || !strings.Contains(found[durability].Line, "synchronous_commit is off") {
		t.Errorf("code %d: %s", o.Code, found[durability].Line)
	}
}

func TestASchemaOfAnotherVersionIsTold(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		furnish(t, d)
		if o := harness.Run(t, settings(d), "migrate", "down", "--yes"); o.Code != 0 {
			t.Fatal(o.Stderr)
		}
		found, o := d.Examine(t, nil)
		if len(found) != 1 || found[ownSchema].Verdict != "FOUND" || o.Code != 1 || !strings.Contains(o.Stdout, "older than this program needs") {
			t.Errorf("code %d: %s%s", o.Code, o.Stdout, o.Stderr)
		}
	})
}
