package postgres

import (
	"context"
	"database/sql"

	"github.com/lib/pq"

	"github.com/tenantry/tenantry/adapters/sqlstore"
)

// OpenInspector opens the database to examine it as a whole: read-only, and as
// long as that takes.
func OpenInspector(ctx context.Context, c Config) (*sqlstore.Inspector, error) {
	db, err := openPatient(ctx, c, inspecting)
	if err != nil {
		return nil, err
	}
	return sqlstore.NewInspector(db, sqlstore.Examination{Catalog: catalog, Own: promises, Now: now}), nil
}

// openPatient opens connections whose statements may take as long as they need.
func openPatient(ctx context.Context, c Config, use purpose) (*sql.DB, error) {
	settings, err := settings(c, use)
	if err != nil {
		return nil, err
	}
	connector, err := pq.NewConnectorConfig(settings)
	if err != nil {
		return nil, err
	}
	connector.Dialer(newLine(0))
	db := sql.OpenDB(connector)
	return db, ping(ctx, db)
}

// catalog reads the tables of the schema that comes first in the search path.
var catalog = sqlstore.Catalog{
	Columns: `SELECT c.relname AS name, a.attname AS part, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
			AND NOT starts_with(c.relname, 'goose')
		ORDER BY c.relname, a.attnum`,
	Keys: `SELECT c.relname AS name, x.relname AS index,
			CASE WHEN i.indisprimary THEN 'primary' WHEN i.indisunique THEN 'unique' ELSE 'index' END AS kind, a.attname AS part
		FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
		CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY AS k (attnum, n)
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
		WHERE c.relnamespace = current_schema()::regnamespace
		ORDER BY c.relname, x.relname, k.n`,
	References: `SELECT c.relname AS name, f.conname AS reference, a.attname AS part, p.relname AS parent, b.attname AS parent_part,
			CASE f.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' ELSE f.confdeltype::text END AS action
		FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid
		CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS k (own, other, n)
		JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.own
		JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.other
		WHERE f.contype = 'f' AND c.relnamespace = current_schema()::regnamespace
		ORDER BY c.relname, f.conname, k.n`,
}

// promises are those of the server, without which ours are worth nothing.
var promises = []sqlstore.Invariant{
	{
		Sentence: "the server keeps through a power cut what it acknowledged",
		Query: `SELECT name || ' is ' || setting AS example FROM pg_settings
			WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'`,
	},
	{
		Sentence: "the server is of a version that is tested: 15 or later", Advice: true,
		Query: `SELECT version() AS example WHERE current_setting('server_version_num')::int < 150000`,
	},
	{
		Sentence: "the database is in UTF-8",
		Query:    `SELECT current_setting('server_encoding') AS example WHERE current_setting('server_encoding') <> 'UTF8'`,
	},
	{
		Sentence: "every constraint was checked, and none is switched off",
		Query: `SELECT f.conname AS example FROM pg_constraint f
			WHERE f.connamespace = current_schema()::regnamespace AND NOT f.convalidated
			UNION ALL SELECT t.tgname || ' of ' || c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
			WHERE c.relnamespace = current_schema()::regnamespace AND t.tgenabled = 'D'`,
	},
	{
		Sentence: "every index is whole",
		Query: `SELECT x.relname AS example FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
			WHERE x.relnamespace = current_schema()::regnamespace AND NOT (i.indisvalid AND i.indisready)`,
	},
}
