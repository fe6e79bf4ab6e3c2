package isolation

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

// mirror makes a tenant all of whose ids are those of a, which the schema allows
// and chance does not. A statement that forgets the organization anywhere, in a
// join or a subquery, too, finds two rows where it should find one, and the
// twin's first: its own id is older.
func (w *world) mirror(t *testing.T) {
	t.Helper()
	twin, word := w.twinOf[0], w.twinOf[1]
	now := time.Now().UTC().Truncate(time.Microsecond)
	w.Exec(t, "INSERT INTO organizations (id, name, slug, personal, version, created_at, updated_at) VALUES ($1, $2, $3, false, 1, $4, $5)", twin, word, word, now, now)
	ghost := newID()
	w.Exec(t, `INSERT INTO accounts (id, email, email_verified, name, password_hash, operator, disabled, version, created_at, updated_at)
		VALUES ($1, $2, true, $3, 'none', false, false, 1, $4, $5)`, ghost, word+"@example.com", word, now, now)
	w.double(t, "projects", map[string]string{"name": word})
	w.double(t, "environments", map[string]string{"name": word})
	w.double(t, "environment_keys", map[string]string{"name": word, "scopes": "of-" + word, "created_by": ""})
	w.double(t, "key_rotations", nil)
	w.double(t, "key_callers", map[string]string{"user_agent": word})
	w.double(t, "audit_entries", map[string]string{"request_id": word})
	w.Exec(t, "INSERT INTO audit_heads (organization_id, sequence, hash) SELECT '"+twin+"', sequence, hash FROM audit_heads WHERE organization_id = '"+w.a.things[organization]+"'")
	w.Exec(t, `INSERT INTO memberships (organization_id, id, email, role, status, version, expires_at, created_at, updated_at)
		SELECT '`+twin+`', id, '`+word+`@example.com', 'owner', status, version, expires_at, created_at, updated_at
		FROM memberships WHERE status = 'invited' AND organization_id = '`+w.a.things[organization]+"'")
	w.Exec(t, `INSERT INTO memberships (organization_id, id, account_id, role, status, version, created_at, updated_at)
		SELECT '`+twin+"', id, '"+ghost+`', 'viewer', status, version, created_at, updated_at
		FROM memberships WHERE id = '`+w.a.things[member]+"'")
	for _, k := range w.texts(t, "SELECT id FROM environment_keys WHERE organization_id = '"+twin+"'") {
		w.Exec(t, "INSERT INTO key_digests (digest, organization_id, key_id) VALUES ($1, $2, $3)", digest("twin of "+k), twin, k)
	}
}

// double copies a's rows of a table, as the twin's, with other values in some of
// the columns.
func (w *world) double(t *testing.T, table string, changes map[string]string) {
	t.Helper()
	all := map[string]string{"organization_id": w.twinOf[0]}
	maps.Copy(all, changes)
	w.Exec(t, w.copies(t, table, "organization_id = '"+w.a.things[organization]+"'", all))
}

// copies is the statement that copies rows of a table, with other values in some
// of the columns; the empty text stands for none, $1 for what is bound.
func (w *world) copies(t *testing.T, table, which string, changes map[string]string) string {
	t.Helper()
	columns := w.columns(t, table)
	values := make([]string, len(columns))
	for i, column := range columns {
		values[i] = column
		if change, changed := changes[column]; changed {
			switch change {
			case "":
				values[i] = "NULL"
			case "$1":
				values[i] = change
			default:
				values[i] = "'" + change + "'"
			}
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s WHERE %s", table, strings.Join(columns, ", "), strings.Join(values, ", "), table, which)
}

// columns are a table's.
func (w *world) columns(t *testing.T, table string) []string {
	t.Helper()
	rows, err := w.DB().Query("SELECT * FROM " + table + " WHERE 1 = 0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err := errors.Join(err, rows.Err()); err != nil {
		t.Fatal(err)
	}
	return columns
}

// texts reads a query's only column.
func (w *world) texts(t *testing.T, query string) []string {
	t.Helper()
	rows, err := w.DB().Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
