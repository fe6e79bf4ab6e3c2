package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tenantry/tenantry/adapters/sqlstore"
)

// OpenInspector opens a file that is there, to examine it as a whole.
func OpenInspector(ctx context.Context, path string) (*sqlstore.Inspector, error) {
	if err := Exists(path); err != nil {
		return nil, err
	}
	connector, err := connect(path, reading)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	if err := ping(ctx, db, path); err != nil {
		return nil, err
	}
	return sqlstore.NewInspector(db, sqlstore.Examination{Catalog: catalog, Own: promises}), nil
}

// Exists says whether there is a database of this name, for who must not make
// one.
func Exists(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0:
		return fmt.Errorf("there is no database in %s", path)
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", path)
	}
	return err
}

// catalog reads the main schema. A primary key that is no index of its own is
// told by its columns.
var catalog = sqlstore.Catalog{
	Columns: `SELECT t.name AS name, c.name AS part, c.type AS type, c."notnull" = 1 AS required
		FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE ` + ours + ` ORDER BY t.name, c.cid`,
	Keys: `SELECT name, "index", kind, part FROM (
		SELECT t.name AS name, '' AS "index", 'primary' AS kind, c.name AS part, c.pk AS n
		FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE ` + ours + ` AND c.pk > 0
		UNION ALL
		SELECT t.name, i.name, CASE WHEN i."unique" = 1 THEN 'unique' ELSE 'index' END, k.name, k.seqno
		FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) k
		WHERE ` + ours + ` AND i.origin <> 'pk'
		) ORDER BY name, "index", n`,
	References: `SELECT t.name AS name, CAST(f.id AS text) AS reference, f."from" AS part, f."table" AS parent,
			COALESCE(f."to", (SELECT k.name FROM pragma_table_info(f."table") k WHERE k.pk = f.seq + 1)) AS parent_part,
			lower(f.on_delete) AS action
		FROM sqlite_schema t, pragma_foreign_key_list(t.name) f
		WHERE ` + ours + ` ORDER BY t.name, f.id, f.seq`,
}

const ours = "t.type = 'table' AND substr(t.name, 1, 5) <> 'goose' AND substr(t.name, 1, 7) <> 'sqlite_'"

// promises are those of the file.
var promises = []sqlstore.Invariant{
	{
		Sentence: "the file is whole: PRAGMA integrity_check",
		Query:    `SELECT integrity_check AS example FROM pragma_integrity_check WHERE integrity_check <> 'ok'`,
	},
	{
		Sentence: "the file keeps its references: PRAGMA foreign_key_check",
		Query:    `SELECT "table" || ' to ' || parent AS example FROM pragma_foreign_key_check`,
	},
}
