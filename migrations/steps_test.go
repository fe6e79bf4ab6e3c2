package migrations_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/migrations"
)

// peopled is what the first step's schema holds of one organization with an
// owner who is logged in and has made a key.
const peopled = `
	INSERT INTO accounts (id, email, email_verified, name, password_hash, operator, disabled, version, created_at, updated_at)
		VALUES ('00000000-0000-7000-8000-000000000001', 'ada@example.com', true, 'Ada LOVELACE', 'hash', false, false, 1,
			'2026-01-02 03:04:05+00:00', '2026-01-02 03:04:05+00:00');
	INSERT INTO organizations (id, name, slug, personal, version, created_at, updated_at)
		VALUES ('00000000-0000-7000-8000-000000000002', 'ACME', 'acme', false, 1, '2026-01-02 03:04:05+00:00', '2026-01-02 03:04:05+00:00');
	INSERT INTO memberships (organization_id, id, account_id, role, version, created_at, updated_at)
		VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000003',
			'00000000-0000-7000-8000-000000000001', 'owner', 7, '2026-01-02 03:04:05+00:00', '2026-01-02 03:04:06+00:00');
	INSERT INTO sessions (id, account_id, organization_id, counter, rotated_at, authenticated_at, address, user_agent, created_at, last_used_at, expires_at)
		VALUES ('00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002', 1,
			'2026-01-02 03:04:05+00:00', '2026-01-02 03:04:05+00:00', '', '', '2026-01-02 03:04:05+00:00', '2026-01-02 03:04:05+00:00', '2026-01-02 03:04:05+00:00');`

const invited = `
	INSERT INTO memberships (organization_id, id, role, version, created_at, updated_at, status, email, invited_by, expires_at)
		VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000005', 'viewer', 1,
			'2026-01-02 03:04:05+00:00', '2026-01-02 03:04:05+00:00', 'invited', 'grace@example.com',
			'00000000-0000-7000-8000-000000000001', '2026-01-09 03:04:05+00:00');`

// Texts of the same form on both engines, whatever theirs for times.
const (
	membershipsBefore = "SELECT CAST(organization_id AS text), CAST(id AS text), CAST(account_id AS text), role || ' ' || CAST(version AS text) FROM memberships ORDER BY id"
	membershipsAfter  = "SELECT COALESCE(CAST(account_id AS text), email), status, role, CAST(version AS text) FROM memberships ORDER BY id"
	searchNames       = "SELECT a.search_name, o.search_name FROM accounts a, organizations o"
	sessionCount      = "SELECT CAST(count(*) AS text) FROM sessions"
)

func (e engine) exec(t *testing.T, statements string) {
	t.Helper()
	if _, err := e.db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}

func (e engine) down(t *testing.T) {
	t.Helper()
	err := e.with(t, func(m *migrations.Migrator) error {
		_, err := m.Down(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// peopled brings the database to the first step, with data.
func (e engine) peopled(t *testing.T) {
	t.Helper()
	e.up(t)
	for range migrations.Latest(e.kind) - 1 {
		e.down(t)
	}
	e.exec(t, peopled)
}

func (e engine) holds(t *testing.T, what, query string, want ...[4]string) {
	t.Helper()
	if diff := cmp.Diff(want, rows(t, e.db, query)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestMembersSurviveTheStepToInvitationsAndBack(t *testing.T) {
	onEachEngine(t, func(t *testing.T, e engine) {
		e.peopled(t)
		first := tables(t, e)
		before := [4]string{
			"00000000-0000-7000-8000-000000000002", "00000000-0000-7000-8000-000000000003",
			"00000000-0000-7000-8000-000000000001", "owner 7",
		}
		e.holds(t, "the member", membershipsBefore, before)

		e.up(t)
		e.exec(t, invited)
		e.holds(t, "the member and the invitation", membershipsAfter,
			[4]string{"00000000-0000-7000-8000-000000000001", "active", "owner", "7"}, [4]string{"grace@example.com", "invited", "viewer", "1"})
		e.holds(t, "the names to search", searchNames, [4]string{"ada lovelace", "acme"})
		e.holds(t, "the sessions", sessionCount, [4]string{"1"})

		for range migrations.Latest(e.kind) - 1 {
			e.down(t)
		}
		e.holds(t, "the member after all", membershipsBefore, before)
		e.holds(t, "the sessions after all", sessionCount, [4]string{"1"})
		if diff := cmp.Diff(first, tables(t, e)); diff != "" {
			t.Errorf("the way back ends elsewhere (-first +now):\n%s", diff)
		}
	})
}

func TestAMembershipIsEitherActiveOrInvited(t *testing.T) {
	onEachEngine(t, func(t *testing.T, e engine) {
		e.peopled(t)
		e.up(t)
		for what, change := range map[string]string{
			"active without an account":           "UPDATE memberships SET account_id = NULL",
			"active with an address":              "UPDATE memberships SET email = 'ada@example.com'",
			"active with an end":                  "UPDATE memberships SET expires_at = created_at",
			"invited with an account":             "UPDATE memberships SET status = 'invited', email = 'ada@example.com', expires_at = created_at",
			"invited without an address":          "UPDATE memberships SET status = 'invited', account_id = NULL, expires_at = created_at",
			"invited without an end":              "UPDATE memberships SET status = 'invited', account_id = NULL, email = 'ada@example.com'",
			"of another status":                   "UPDATE memberships SET status = 'gone'",
			"of an address that is not lowercase": "UPDATE memberships SET status = 'invited', account_id = NULL, expires_at = created_at, email = 'Ada@example.com'",
		} {
			if _, err := e.db.ExecContext(t.Context(), change); err == nil {
				t.Errorf("a membership is %s", what)
			}
		}
		e.exec(t, "UPDATE memberships SET status = 'invited', account_id = NULL, email = 'ada@example.com', expires_at = created_at")
	})
}

// keyed is a key beside what peopled has, as the first step's schema holds it.
const keyed = `
	INSERT INTO projects (organization_id, id, name, slug, version, created_at, updated_at)
		VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000006', 'Shop', 'shop', 1,
			'2026-01-02 03:04:05+00:00', '2026-01-02 03:04:05+00:00');
	INSERT INTO environments (organization_id, id, project_id, name, slug, kind, color, protected, version, created_at, updated_at)
		VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000007', '00000000-0000-7000-8000-000000000006',
			'Live', 'live', 'production', '#000000', true, 1, '2026-01-02 03:04:05+00:00', '2026-01-02 03:04:05+00:00');
	INSERT INTO environment_keys (organization_id, id, environment_id, name, type, prefix, scopes, created_at)
		VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000008', '00000000-0000-7000-8000-000000000007',
			'Backend', 'server', 'sdk-prod-', '', '2026-01-02 03:04:05+00:00');`

func TestKeysSurviveTheStepToRotationsAndBack(t *testing.T) {
	onEachEngine(t, func(t *testing.T, e engine) {
		e.peopled(t)
		e.exec(t, keyed)
		e.up(t)
		e.holds(t, "the key", "SELECT name, COALESCE(CAST(ends_at AS text), 'lives on') FROM environment_keys", [4]string{"Backend", "lives on"})
		e.exec(t, `INSERT INTO key_rotations (organization_id, key_id, successor_id)
			SELECT organization_id, id, id FROM environment_keys; UPDATE environment_keys SET ends_at = created_at`)
		for range migrations.Latest(e.kind) - 1 {
			e.down(t)
		}
		e.holds(t, "the key after all", "SELECT name, type FROM environment_keys", [4]string{"Backend", "server"})
	})
}
