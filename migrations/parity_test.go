package migrations_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/migrations"
)

// table is what both engines must agree on, as sorted lists.
type table struct {
	Columns     []string // with " not null" where it applies
	PrimaryKey  string
	Uniques     []string // columns of unique constraints and unique indexes
	Indexes     []string // columns of every other index
	ForeignKeys []string // columns -> table, on delete
}

func TestBothEnginesHaveTheSameSchema(t *testing.T) {
	p, s := onPostgreSQL(t), onSQLite(t)
	p.up(t)
	s.up(t)
	found := tables(t, p)
	if len(found) < 10 {
		t.Fatalf("only %d tables were found", len(found))
	}
	if diff := cmp.Diff(found, tables(t, s)); diff != "" {
		t.Errorf("PostgreSQL (-) and SQLite (+) differ:\n%s", diff)
	}
}

func TestEveryForeignKeyThatActsHasAnIndex(t *testing.T) {
	e := onPostgreSQL(t)
	e.up(t)
	for name, of := range tables(t, e) {
		indexes := append(append([]string{of.PrimaryKey}, of.Uniques...), of.Indexes...)
		for _, key := range of.ForeignKeys {
			columns, _, _ := strings.Cut(key, " ->")
			if !slices.ContainsFunc(indexes, func(index string) bool { return strings.HasPrefix(index+",", columns+",") }) {
				t.Errorf("%s: no index begins with %s", name, columns)
			}
		}
	}
}

func TestEveryTableOfATenantLeadsWithTheOrganization(t *testing.T) {
	e := onPostgreSQL(t)
	e.up(t)
	// An account's own: asked for before any organization is known.
	excepted := []string{"account_id,id", "created_by", "invited_by"}
	for name, of := range tables(t, e) {
		if !slices.Contains(of.Columns, "organization_id not null") || name == "key_digests" {
			continue
		}
		for _, index := range append(append([]string{of.PrimaryKey}, of.Uniques...), of.Indexes...) {
			if !strings.HasPrefix(index+",", "organization_id,") && !slices.Contains(excepted, index) {
				t.Errorf("%s: the index on %s does not lead with the organization", name, index)
			}
		}
		for _, key := range of.ForeignKeys {
			if !strings.HasPrefix(key, "organization_id") && !strings.Contains(key, "-> accounts ") {
				t.Errorf("%s: the reference %s leaves the organization out", name, key)
			}
		}
	}
}

func tables(t *testing.T, e engine) map[string]table {
	t.Helper()
	catalog := catalogs[e.kind]
	found := map[string]table{}
	for _, row := range rows(t, e.db, catalog.columns) {
		name, column := row[0], row[1]
		if row[2] == "true" {
			column += " not null"
		}
		of := found[name]
		of.Columns = append(of.Columns, column)
		found[name] = of
	}
	for _, row := range rows(t, e.db, catalog.indexes) {
		of := found[row[0]]
		switch row[1] {
		case "primary":
			of.PrimaryKey = row[2]
		case "unique":
			of.Uniques = append(of.Uniques, row[2])
		default:
			of.Indexes = append(of.Indexes, row[2])
		}
		found[row[0]] = of
	}
	for _, row := range rows(t, e.db, catalog.foreign) {
		of := found[row[0]]
		of.ForeignKeys = append(of.ForeignKeys, fmt.Sprintf("%s -> %s on delete %s", row[1], row[2], strings.ToLower(row[3])))
		found[row[0]] = of
	}
	for name, of := range found {
		slices.Sort(of.Columns)
		slices.Sort(of.Uniques)
		slices.Sort(of.Indexes)
		slices.Sort(of.ForeignKeys)
		found[name] = of
	}
	return found
}

// catalogs has, for each engine, queries for (table, column, not null), (table,
// kind, columns) and (table, columns, referred table, action).
var catalogs = map[migrations.Engine]struct{ columns, indexes, foreign string }{
	migrations.PostgreSQL: {
		columns: `SELECT c.relname, a.attname, CAST(a.attnotnull AS text)
			FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
			WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
				AND c.relname NOT LIKE 'goose%'`,
		indexes: `SELECT c.relname, CASE WHEN i.indisprimary THEN 'primary' WHEN i.indisunique THEN 'unique' ELSE 'index' END,
				(SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(i.indkey::int[]) WITH ORDINALITY AS k (attnum, n)
					JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)
			FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
			WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'goose%'`,
		foreign: `SELECT c.relname,
				(SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(f.conkey::int[]) WITH ORDINALITY AS k (attnum, n)
					JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum),
				p.relname, CASE f.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' ELSE f.confdeltype::text END
			FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid
			WHERE f.contype = 'f'`,
	},
	migrations.SQLite: {
		columns: `SELECT t.name, c.name, CASE WHEN c."notnull" = 1 THEN 'true' ELSE 'false' END
			FROM sqlite_schema t, pragma_table_info(t.name) c
			WHERE t.type = 'table' AND t.name NOT LIKE 'goose%' AND t.name NOT LIKE 'sqlite%'`,
		indexes: `SELECT t.name, CASE WHEN i.origin = 'pk' THEN 'primary' WHEN i."unique" = 1 THEN 'unique' ELSE 'index' END,
				(SELECT group_concat(k.name, ',') FROM pragma_index_info(i.name) k)
			FROM sqlite_schema t, pragma_index_list(t.name) i
			WHERE t.type = 'table' AND t.name NOT LIKE 'goose%'
			UNION ALL
			SELECT t.name, 'primary', c.name FROM sqlite_schema t, pragma_table_info(t.name) c
			WHERE t.type = 'table' AND t.name = 'installation' AND c.pk = 1`,
		foreign: `SELECT t.name, (SELECT group_concat(k."from", ',') FROM pragma_foreign_key_list(t.name) k WHERE k.id = f.id),
				f."table", f.on_delete
			FROM sqlite_schema t, pragma_foreign_key_list(t.name) f
			WHERE t.type = 'table' AND f.seq = 0`,
	},
}

func rows(t *testing.T, db *sql.DB, query string) [][4]string {
	t.Helper()
	result, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = result.Close() }()
	columns, err := result.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all [][4]string
	for result.Next() {
		var row [4]string
		if err := result.Scan([]any{&row[0], &row[1], &row[2], &row[3]}[:len(columns)]...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := result.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
