package sqlstore

import "github.com/tenantry/tenantry/ports"

// Invariant is a question to the whole database. Query returns one text a
// violation, as example; Mend, where there is one way to mend, changes at most
// as many rows as its only argument says. :now stands for the time.
type Invariant struct {
	Sentence    string
	Advice      bool
	Query, Mend string
}

// invariants hold on every engine. What references and checks of the schema say
// is asked too, in case that somebody switched them off or a disk forgot them.
var invariants = []Invariant{
	{
		Sentence: "every organization has an owner",
		Query: `SELECT CAST(o.id AS text) AS example FROM organizations o WHERE NOT EXISTS (
			SELECT 1 FROM memberships m JOIN accounts a ON a.id = m.account_id
			WHERE m.organization_id = o.id AND m.status = 'active' AND m.role = 'owner')`,
	},
	{
		Sentence: "every organization has an owner who is not disabled", Advice: true,
		Query: `SELECT CAST(m.organization_id AS text) AS example FROM memberships m JOIN accounts a ON a.id = m.account_id
			WHERE m.status = 'active' AND m.role = 'owner'
			GROUP BY m.organization_id HAVING min(CASE WHEN a.disabled THEN 1 ELSE 0 END) = 1`,
	},
	{
		Sentence: "a personal organization has one member, and no invitation",
		Query: `SELECT CAST(o.id AS text) AS example FROM organizations o
			WHERE o.personal AND (SELECT count(*) FROM memberships m WHERE m.organization_id = o.id) > 1`,
	},
	{
		Sentence: "a member has an account, an invitation an address and an end, and each a role",
		Query: `SELECT CAST(organization_id AS text) || '/' || CAST(id AS text) AS example FROM memberships
			WHERE role NOT IN ('viewer', 'developer', 'admin', 'owner') OR NOT (
				status = 'active' AND account_id IS NOT NULL AND email IS NULL AND expires_at IS NULL OR
				status = 'invited' AND account_id IS NULL AND email IS NOT NULL AND expires_at IS NOT NULL)`,
	},
	{
		Sentence: "an environment is of its project's organization",
		Query: `SELECT CAST(e.id AS text) AS example FROM environments e JOIN projects p ON p.id = e.project_id
			WHERE p.organization_id <> e.organization_id`,
	},
	{
		Sentence: "a key is of its environment's organization",
		Query: `SELECT CAST(k.id AS text) AS example FROM environment_keys k JOIN environments e ON e.id = k.environment_id
			WHERE e.organization_id <> k.organization_id`,
	},
	{
		Sentence: "a digest is of its key's organization",
		Query: `SELECT CAST(k.id AS text) AS example FROM key_digests d JOIN environment_keys k ON k.id = d.key_id
			WHERE k.organization_id <> d.organization_id`,
	},
	{
		Sentence: "every environment key has one digest",
		Query: `SELECT CAST(k.id AS text) AS example FROM environment_keys k
			WHERE (SELECT count(*) FROM key_digests d
				WHERE d.organization_id = k.organization_id AND d.key_id = k.id) <> 1`,
	},
	{
		Sentence: "a key has an end if it was rotated, and only then",
		Query: `SELECT CAST(k.id AS text) AS example FROM environment_keys k
			WHERE (k.ends_at IS NOT NULL) <> EXISTS (
				SELECT 1 FROM key_rotations r WHERE r.organization_id = k.organization_id AND r.key_id = k.id)`,
	},
	{
		Sentence: ports.ActiveOrganizations,
		Query:    "SELECT CAST(s.id AS text) AS example FROM sessions s WHERE " + strayed,
		Mend:     "UPDATE sessions SET organization_id = NULL WHERE id IN (SELECT s.id FROM sessions s WHERE " + strayed + " LIMIT $1 + 0)",
	},
	{
		Sentence: "a session was refreshed as often as it counts, and ends after it began",
		Query:    "SELECT CAST(id AS text) AS example FROM sessions WHERE counter < 1 OR expires_at < created_at",
	},
	{
		Sentence: "a link leads to an account, or to an invitation that is open",
		Query:    "SELECT 'made at ' || CAST(l.created_at AS text) AS example FROM links l WHERE " + aimless,
		Mend:     "DELETE FROM links WHERE digest IN (SELECT l.digest FROM links l WHERE " + aimless + " LIMIT $1 + 0)",
	},
	{
		Sentence: "no attempt is counted for longer than any window",
		Query:    "SELECT key AS example FROM throttles WHERE count < 1 OR resets_at > :now+40d",
		Mend:     "DELETE FROM throttles WHERE key IN (SELECT key FROM throttles WHERE count < 1 OR resets_at > :now+40d LIMIT $1 + 0)",
	},
	{
		Sentence: "a purpose has one secret that is current",
		Query: `SELECT purpose AS example FROM keyring GROUP BY purpose
			HAVING sum(CASE WHEN retired_at IS NULL THEN 1 ELSE 0 END) <> 1 AND purpose IN ('signing', 'derivation')`,
	},
	{
		Sentence: "the installation has one row, and is claimed when it has an operator",
		Query: `SELECT CAST(count(*) AS text) || ' rows' AS example FROM installation HAVING count(*) <> 1
			UNION ALL SELECT 'not claimed' FROM installation WHERE operator_id IS NOT NULL AND claimed_at IS NULL`,
	},
	{
		Sentence: "somebody operates the installation", Advice: true,
		Query: `SELECT 'no operator who is not disabled' AS example FROM installation
			WHERE claimed_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM accounts WHERE operator AND NOT disabled)`,
	},
	{
		Sentence: "no mail waits for longer than it is tried", Advice: true,
		Query: "SELECT CAST(id AS text) AS example FROM outbox WHERE created_at < :now-8d",
	},
	{
		Sentence: "no session that ran out days ago is kept", Advice: true,
		Query: "SELECT CAST(id AS text) AS example FROM sessions WHERE expires_at < :now-2d",
		Mend:  "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < :now-2d LIMIT $1 + 0)",
	},
	{
		Sentence: "no link that ran out days ago is kept", Advice: true,
		Query: "SELECT 'made at ' || CAST(created_at AS text) AS example FROM links WHERE expires_at < :now-2d",
		Mend:  "DELETE FROM links WHERE digest IN (SELECT digest FROM links WHERE expires_at < :now-2d LIMIT $1 + 0)",
	},
	{
		Sentence: "no answer that ran out days ago is kept", Advice: true,
		Query: "SELECT 'ran out at ' || CAST(expires_at AS text) AS example FROM idempotent_answers WHERE expires_at < :now-2d",
		Mend:  "DELETE FROM idempotent_answers WHERE digest IN (SELECT digest FROM idempotent_answers WHERE expires_at < :now-2d LIMIT $1 + 0)",
	},
	{
		Sentence: "no count that was over days ago is kept", Advice: true,
		Query: "SELECT key AS example FROM throttles WHERE resets_at < :now-2d",
		Mend:  "DELETE FROM throttles WHERE key IN (SELECT key FROM throttles WHERE resets_at < :now-2d LIMIT $1 + 0)",
	},
}

const (
	strayed = `s.organization_id IS NOT NULL AND NOT EXISTS (
		SELECT 1 FROM memberships m WHERE m.organization_id = s.organization_id AND m.account_id = s.account_id)`
	aimless = `(l.account_id IS NULL) = (l.membership_id IS NULL) OR l.membership_id IS NOT NULL AND NOT EXISTS (
		SELECT 1 FROM memberships m
		WHERE m.organization_id = l.organization_id AND m.id = l.membership_id AND m.status = 'invited')`
)
