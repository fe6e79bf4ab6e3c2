package isolation

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

// unbound are columns of tenants' tables that name something, and that no key
// holds to their organization, with the reason.
var unbound = map[string]string{
	"memberships.account_id":      "an account is in many organizations",
	"sessions.account_id":         "a session is its account's",
	"links.account_id":            "a link of an account's has no organization",
	"audit_entries.actor_id":      "the audit outlives what it tells of",
	"audit_entries.resource_id":   "the audit outlives what it tells of",
	"audit_entries.request_id":    "names no row",
	"account_keys.account_id":     "is held to the membership, by the organization's column",
	"sessions.organization_id":    "is held to memberships when it is read: a session outlives a membership",
	"audit_heads.organization_id": "the audit outlives what it tells of",
}

// schema shows that the database itself refuses what would mix tenants: every
// column that names a tenant's thing takes one of the same organization, or none
// at all. Statements past the program try it.
func (w *world) schema(t *testing.T) {
	tried := w.refusedBySchema(t)
	for _, table := range w.Tables(t) {
		columns := w.columns(t, table)
		if !slices.Contains(columns, "organization_id") {
			continue
		}
		for _, column := range columns {
			name := table + "." + column
			if strings.HasSuffix(column, "_id") && column != "organization_id" && unbound[name] == "" && !tried[name] {
				t.Errorf("%s names something, and no statement tries to name another organization's by it", name)
			}
		}
	}
}

// refusedBy runs a statement and undoes it. It has to be refused by a key of the
// schema, and not for want of rows.
func (w *world) refusedBy(t *testing.T, what, statement string, arguments ...any) {
	t.Helper()
	tx, err := w.DB().BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	result, err := tx.Exec(statement, arguments...)
	switch {
	case err == nil:
		n, _ := result.RowsAffected()
		t.Errorf("%s: the schema takes it (%d rows): %s", what, n, statement)
	case !strings.Contains(strings.ToLower(err.Error()), "foreign key") && !strings.Contains(strings.ToLower(err.Error()), "unique"):
		t.Errorf("%s: %v: %s", what, err, statement)
	}
}

func (w *world) refusedBySchema(t *testing.T) map[string]bool {
	t.Helper()
	a, b, tried := w.a.things, w.b.things, map[string]bool{}
	row := func(k kind) string { return "organization_id = '" + a[organization] + "' AND id = '" + a[k] + "'" }
	byKey := "organization_id = '" + a[organization] + "' AND key_id = '" + a[key] + "'"
	fresh := func(changes ...string) map[string]string {
		all := map[string]string{"id": newID(), "slug": "slug-" + newID()[24:]}
		for i := 0; i < len(changes); i += 2 {
			all[changes[i]] = changes[i+1]
		}
		return all
	}
	for _, try := range []struct {
		column, which string
		changes       map[string]string
	}{
		{"environments.project_id", row(environment), fresh("project_id", b[project])},
		{"environments.organization_id", row(environment), fresh("organization_id", b[organization])},
		{"environment_keys.environment_id", row(key), fresh("environment_id", b[environment])},
		{"environment_keys.organization_id", row(key), fresh("organization_id", b[organization])},
		{"key_rotations.key_id", byKey, fresh("key_id", b[key], "successor_id", w.a.sibling[key])},
		{"key_rotations.successor_id", byKey, fresh("key_id", w.a.next, "successor_id", b[key])},
		{"key_rotations.organization_id", byKey, fresh("organization_id", b[organization])},
		{"links.membership_id", "membership_id = '" + a[invitation] + "'", fresh("membership_id", b[invitation])},
		{"links.organization_id", "membership_id = '" + a[invitation] + "'", fresh("organization_id", b[organization])},
		{"account_keys.organization_id", "id = '" + w.colleagues + "'", fresh("organization_id", b[organization])},
		{"projects.organization_id", row(project), fresh("organization_id", newID())},
		{"memberships.organization_id", row(member), fresh("organization_id", newID())},
		// What is one of its kind in an organization.
		{"projects.slug", row(project), fresh("slug", "default")},
		{"environments.slug", row(environment), fresh("slug", "main")},
		{"memberships.account", row(member), fresh()},
		{"memberships.email", row(invitation), fresh()},
		{"key_rotations.key", byKey, fresh("successor_id", w.a.sibling[key])},
		{"key_rotations.successor", byKey, fresh("key_id", w.a.sibling[key])},
	} {
		tried[try.column] = true
		table, _, _ := strings.Cut(try.column, ".")
		if slices.Contains(w.columns(t, table), "digest") {
			try.changes["digest"] = "$1"
			w.refusedBy(t, try.column, w.copies(t, table, try.which, try.changes), digest(newID()))
			continue
		}
		w.refusedBy(t, try.column, w.copies(t, table, try.which, try.changes))
	}
	w.refusedBy(t, "key_digests.key_id", "INSERT INTO key_digests (digest, organization_id, key_id) VALUES ($1, $2, $3)", digest(newID()), a[organization], b[key])
	w.refusedBy(t, "key_digests.key", "INSERT INTO key_digests (digest, organization_id, key_id) VALUES ($1, $2, $3)", digest(newID()), a[organization], a[key])
	w.refusedBy(t, "key_callers.key_id", `INSERT INTO key_callers (organization_id, key_id, address, user_agent, uses, last_used_at)
		VALUES ($1, $2, '', '', 1, $3)`, a[organization], b[key], time.Now().UTC())
	tried["key_digests.key_id"], tried["key_callers.key_id"] = true, true
	return tried
}
