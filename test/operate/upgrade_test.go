package operate

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// kept is what testdata has of a release: its schema with everything that furnish
// brings about, as it was then, and what only those who made it know. A release
// adds its own by pg_dump --inserts and by sqlite3's .dump, and takes no other
// away that can still be upgraded from.
type kept struct {
	Email, Password, Key, Organization string
	MasterKey                          string `json:"master_key"`
}

// loaded makes a database as the release of that schema has left it.
func loaded(t *testing.T, engine harness.Engine, version string) (*harness.Database, kept) {
	t.Helper()
	name := filepath.Join("testdata", version+"."+string(engine))
	script, err := os.ReadFile(name + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var known kept
	if err := json.Unmarshal(text, &known); err != nil {
		t.Fatal(err)
	}
	d := harness.NewDatabase(t, engine)
	d.MasterKey = known.MasterKey
	conn, err := d.Open(t).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, statement := range []string{"PRAGMA foreign_keys = OFF", string(script), "PRAGMA foreign_keys = ON"} {
		if strings.HasPrefix(statement, "PRAGMA") && engine == harness.Postgres {
			continue
		}
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if engine == harness.Postgres { // what pg_dump sets for itself
		if _, err := conn.ExecContext(t.Context(), "RESET ALL"); err != nil {
			t.Fatal(err)
		}
	}
	return d, known
}

// columns lists a table's.
var columns = map[harness.Engine]string{
	harness.SQLite:   "SELECT name FROM pragma_table_info($1) ORDER BY name",
	harness.Postgres: "SELECT attname FROM pg_attribute WHERE attrelid = CAST($1 AS regclass) AND attnum > 0 AND NOT attisdropped ORDER BY attname",
}

// read is every row of a query.
func read(t *testing.T, db *sql.DB, query string, arguments ...any) (all [][]any) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, arguments...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([]any, len(names)), make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// shape is the columns of every table.
func shape(t *testing.T, d *harness.Database) map[string][]string {
	t.Helper()
	db := d.Open(t)
	all := map[string][]string{}
	for _, table := range d.Tables(t, db) {
		for _, row := range read(t, db, columns[d.Engine], table) {
			all[table] = append(all[table], fmt.Sprintf("%s", row[0]))
		}
	}
	return all
}

// content is every row of the tables, as text, of those columns.
func content(t *testing.T, d *harness.Database, of map[string][]string) map[string][]string {
	t.Helper()
	db := d.Open(t)
	all := map[string][]string{}
	for table, names := range of {
		for _, row := range read(t, db, "SELECT "+strings.Join(names, ", ")+" FROM "+table) {
			text, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			all[table] = append(all[table], string(text))
		}
		slices.Sort(all[table])
	}
	return all
}

func TestTheSchemaOfTheReleaseBeforeIsBroughtForwardWithAllItsData(t *testing.T) {
	t.Parallel()
	for _, engine := range harness.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			d, known := loaded(t, engine, "0006")
			of := shape(t, d)
			before := content(t, d, of)
			if len(of) < 15 || len(before["accounts"]) < 2 || len(before["audit_entries"]) < 5 || len(before["environment_keys"]) < 3 {
				t.Fatalf("the fixture has little: %d tables, %v", len(of), before["accounts"])
			}
			if o := harness.Run(t, settings(d), "doctor"); o.Code != 1 || !strings.Contains(o.Stdout, "older than this program needs") {
				t.Fatalf("the fixture is no older schema: code %d\n%s", o.Code, o.Stdout)
			}
			begun := time.Now()
			succeeds(t, harness.Run(t, settings(d), "migrate", "up"))
			took := time.Since(begun)
			if diff := cmp.Diff(before, content(t, d, of)); diff != "" {
				t.Errorf("the data (-before +after):\n%s", diff)
			}
			d.Sound(t)

			s := harness.Start(t, d)
			s.Client(t).Key(known.Key).Get("/v1/sdk/environment").Want(200)
			in := s.Client(t).Post("/v1/auth/login", harness.M{"email": known.Email, "password": known.Password}).Want(200)
			who := s.Client(t).Bearer(in.Text("tokens.access_token"))
			who.Get("/v1/organizations/" + known.Organization).Want(200)
			who.Post("/v1/projects", harness.M{"name": "After"}).Want(201)
			d.Sound(t)
			harness.Figure(t, "upgrade from the schema of 0006 on "+string(engine), "%d tables, all rows as before; %s", len(of), took.Round(time.Millisecond))
		})
	}
}
