package sqlstore

import (
	"context"
	"slices"
	"strings"
)

// Catalog has an engine's queries for the schema as it is, each without the
// migrations' own tables.
type Catalog struct {
	// Columns returns (name, part, type, required) of every column, in the
	// table's order; Keys returns (name, index, kind, part) of every column of
	// an index, in the index's order, kind being primary, unique or index;
	// References returns (name, reference, part, parent, parent_part, action) of
	// every column of a foreign key, in its order.
	Columns, Keys, References string
}

// Table is one of the schema's tables.
type Table struct {
	Name       string
	Columns    []Column
	PrimaryKey []string
	Keys       []string // the other keys and indexes, in words
	References []Reference
}

// Column is a column with what it holds, whatever the engine calls that.
type Column struct {
	Name     string
	Holds    Holding
	Required bool
}

// Holding says what a column holds.
type Holding string

// What columns hold. Ids are text.
const (
	Text    Holding = "text"
	Number  Holding = "number"
	Truth   Holding = "truth"
	Instant Holding = "instant"
	Bytes   Holding = "bytes"
)

var holdings = map[string]Holding{
	"uuid": Text, "text": Text, "integer": Number, "bigint": Number, "boolean": Truth,
	"timestamp": Instant, "timestamp with time zone": Instant, "blob": Bytes, "bytea": Bytes,
}

// Reference is a foreign key.
type Reference struct {
	Table, Parent          string
	Columns, ParentColumns []string
	Clears                 bool // it is set to null when its parent goes; else the row goes, too
}

// lister reads all rows of a statement.
type lister func(ctx context.Context, dest any, query string, args ...any) error

// readCatalog returns the tables, parents before what refers to them.
func readCatalog(ctx context.Context, list lister, c Catalog) ([]Table, error) {
	var columns []struct {
		Name, Part, Type string
		Required         bool
	}
	if err := list(ctx, &columns, c.Columns); err != nil {
		return nil, err
	}
	var tables []Table
	for _, row := range columns {
		if len(tables) == 0 || tables[len(tables)-1].Name != row.Name {
			tables = append(tables, Table{Name: row.Name})
		}
		t := &tables[len(tables)-1]
		holds, known := holdings[strings.ToLower(row.Type)]
		if !known {
			holds = Holding(row.Type)
		}
		t.Columns = append(t.Columns, Column{row.Part, holds, row.Required})
	}
	if err := readKeys(ctx, list, c, tables); err != nil {
		return nil, err
	}
	if err := readReferences(ctx, list, c, tables); err != nil {
		return nil, err
	}
	return parentsFirst(tables), nil
}

func readKeys(ctx context.Context, list lister, c Catalog, tables []Table) error {
	var rows []struct{ Name, Index, Kind, Part string }
	if err := list(ctx, &rows, c.Keys); err != nil {
		return err
	}
	for len(rows) > 0 {
		first, parts := rows[0], []string(nil)
		for len(rows) > 0 && rows[0].Name == first.Name && rows[0].Index == first.Index {
			parts, rows = append(parts, rows[0].Part), rows[1:]
		}
		t := named(tables, first.Name)
		switch {
		case t == nil:
		case first.Kind == "primary":
			t.PrimaryKey = parts
		default:
			t.Keys = append(t.Keys, first.Kind+" ("+strings.Join(parts, ", ")+")")
		}
	}
	return nil
}

func readReferences(ctx context.Context, list lister, c Catalog, tables []Table) error {
	var rows []struct {
		Name, Reference, Part, Parent, Action string
		ParentPart                            string `db:"parent_part"`
	}
	if err := list(ctx, &rows, c.References); err != nil {
		return err
	}
	for i, row := range rows {
		t := named(tables, row.Name)
		if t == nil {
			continue
		}
		if i == 0 || rows[i-1].Name != row.Name || rows[i-1].Reference != row.Reference {
			t.References = append(t.References, Reference{
				Table: row.Name, Parent: row.Parent, Clears: strings.EqualFold(row.Action, "set null"),
			})
		}
		last := &t.References[len(t.References)-1]
		last.Columns, last.ParentColumns = append(last.Columns, row.Part), append(last.ParentColumns, row.ParentPart)
	}
	return nil
}

func named(tables []Table, name string) *Table {
	i := slices.IndexFunc(tables, func(t Table) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &tables[i]
}

// parentsFirst puts tables behind those that they refer to. What is left of a
// circle, of which the schema has none, comes last.
func parentsFirst(tables []Table) []Table {
	var ordered []Table
	for len(tables) > 0 {
		ready := slices.IndexFunc(tables, func(t Table) bool {
			return !slices.ContainsFunc(t.References, func(r Reference) bool {
				return r.Parent != t.Name && named(tables, r.Parent) != nil
			})
		})
		ready = max(ready, 0)
		ordered = append(ordered, tables[ready])
		tables = slices.Delete(tables, ready, ready+1)
	}
	return ordered
}

// describe says in sorted sentences what a schema is made of.
func describe(tables []Table) []string {
	var all []string
	for _, t := range tables {
		for _, c := range t.Columns {
			need := ""
			if c.Required {
				need = ", required"
			}
			all = append(all, t.Name+" has "+c.Name+", "+string(c.Holds)+need)
		}
		all = append(all, t.Name+" has the primary key ("+strings.Join(t.PrimaryKey, ", ")+")")
		for _, key := range t.Keys {
			all = append(all, t.Name+" has "+key)
		}
		for _, r := range t.References {
			all = append(all, t.Name+": "+r.sentence())
		}
	}
	slices.Sort(all)
	return all
}

// sentence names the invariant that the reference stands for.
func (r Reference) sentence() string {
	end := ""
	if r.Clears {
		end = ", or nowhere"
	}
	return "(" + strings.Join(r.Columns, ", ") + ") of " + r.Table + " leads to (" + strings.Join(r.ParentColumns, ", ") + ") of " + r.Parent + end
}

func (r Reference) orphans() string {
	given, same := make([]string, len(r.Columns)), make([]string, len(r.Columns))
	for i, column := range r.Columns {
		given[i] = "child." + column + " IS NOT NULL"
		same[i] = "parent." + r.ParentColumns[i] + " = child." + column
	}
	return strings.Join(given, " AND ") + " AND NOT EXISTS (SELECT 1 FROM " + r.Parent + " parent WHERE " + strings.Join(same, " AND ") + ")"
}

// violations finds the rows that lead nowhere.
func (r Reference) violations(of Table) string {
	return "SELECT " + label(of) + " AS example FROM " + r.Table + " child WHERE " + r.orphans()
}

// mend does what the schema says is done when a parent goes. It spares rows
// whose parent is there, but in another organization: which of the two is wrong
// nobody knows.
func (r Reference) mend(of Table) string {
	wrong := r.orphans()
	if i := slices.Index(r.ParentColumns, "id"); i >= 0 && len(r.Columns) > 1 {
		wrong += " AND NOT EXISTS (SELECT 1 FROM " + r.Parent + " elsewhere WHERE elsewhere.id = child." + r.Columns[i] + ")"
	}
	key := strings.Join(of.PrimaryKey, ", ")
	chosen := " WHERE (" + key + ") IN (SELECT " + key + " FROM " + r.Table + " child WHERE " + wrong + " LIMIT $1 + 0)"
	if r.Clears {
		return "UPDATE " + r.Table + " SET " + strings.Join(r.Columns, " = NULL, ") + " = NULL" + chosen
	}
	return "DELETE FROM " + r.Table + chosen
}

// label names a row by its primary key. Digests are no names.
func label(of Table) string {
	var parts []string
	for _, name := range of.PrimaryKey {
		i := slices.IndexFunc(of.Columns, func(c Column) bool { return c.Name == name })
		if i >= 0 && of.Columns[i].Holds != Bytes {
			parts = append(parts, "CAST(child."+name+" AS text)")
		}
	}
	if len(parts) == 0 {
		return "'a row of " + of.Name + "'"
	}
	return strings.Join(parts, " || '/' || ")
}
