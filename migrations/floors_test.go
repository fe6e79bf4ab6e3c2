package migrations_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/migrations"
)

// newer puts the database into the state in which a program leaves it that knows
// one step more, with what that step says of older programs.
func (e engine) newer(t *testing.T, oldest int64) {
	t.Helper()
	next := migrations.Latest(e.kind) + 1
	e.exec(t, fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, true)", next))
	if oldest > 0 {
		e.exec(t, fmt.Sprintf("INSERT INTO goose_floors (step, program) VALUES (%d, %d)", next, oldest))
	}
}

func TestAProgramGoesOnAfterANewerOneWhoseStepsLeaveRoomForIt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, e engine) {
		known := migrations.Latest(e.kind)
		for what, test := range map[string]struct {
			oldest int64
			refuse error
		}{
			"a step that only adds":             {0, nil},
			"a step that leaves room for it":    {known, nil},
			"a step that leaves room for older": {known - 1, nil},
			"a step that leaves it no room":     {known + 1, migrations.ErrAhead},
		} {
			e := map[migrations.Engine]func(*testing.T) engine{migrations.PostgreSQL: onPostgreSQL, migrations.SQLite: onSQLite}[e.kind](t)
			e.up(t)
			e.newer(t, test.oldest)
			for name, err := range map[string]error{
				"check": migrations.Check(t.Context(), e.kind, e.db),
				"up": e.with(t, func(m *migrations.Migrator) error {
					applied, err := m.Up(t.Context())
					if len(applied) > 0 {
						t.Errorf("%s: applied %v", what, applied)
					}
					return err
				}),
			} {
				if !errors.Is(err, test.refuse) {
					t.Errorf("%s: %s says %v, want %v", what, name, err, test.refuse)
				}
			}
			for name, err := range map[string]error{
				"same":    migrations.Same(t.Context(), e.kind, e.db),
				"down":    e.with(t, func(m *migrations.Migrator) error { _, err := m.Down(t.Context()); return err }),
				"preview": e.with(t, func(m *migrations.Migrator) error { _, err := m.Preview(t.Context()); return err }),
			} {
				if !errors.Is(err, migrations.ErrAhead) {
					t.Errorf("%s: %s of steps that it does not know says %v", what, name, err)
				}
			}
		}
	})
}

func TestTheWayBackTellsWhatItDrops(t *testing.T) {
	onEachEngine(t, func(t *testing.T, e engine) {
		e.peopled(t)
		e.up(t)
		for migrations.Latest(e.kind) > 2 && e.preview(t).Version > 5 {
			e.down(t)
		}
		e.exec(t, keyed)
		e.exec(t, "UPDATE environment_keys SET ends_at = created_at")
		way := e.preview(t)
		got := map[string]int64{}
		for _, lost := range way.Losses {
			got[lost.What] = lost.Rows
		}
		if len(got) != 3 || got["table key_callers"] != 0 || got["column ends_at of environment_keys"] != 1 {
			t.Errorf("the losses are %v", got)
		}
		if way.Name != "0005_key_rotation" || !strings.HasPrefix(way.SQL, "DROP TABLE key_callers;") {
			t.Errorf("%s: %s", way.Name, way.SQL)
		}
		for range way.Version {
			e.down(t)
		}
		if err := e.with(t, func(m *migrations.Migrator) error { _, err := m.Preview(t.Context()); return err }); err == nil {
			t.Error("there is a way back from nothing")
		}
	})
}

func (e engine) preview(t *testing.T) (way migrations.Downward) {
	t.Helper()
	err := e.with(t, func(m *migrations.Migrator) (err error) {
		way, err = m.Preview(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return way
}

// Statements that leave room for programs that do not know of them: they read
// and write the columns that they name, and delete what they know.
var adding = []*regexp.Regexp{
	regexp.MustCompile(`^CREATE TABLE \w+ \(`),
	regexp.MustCompile(`^CREATE INDEX `),
	regexp.MustCompile(`^ALTER TABLE \w+ ADD COLUMN \w+ `),
}

// What would refuse the writes of programs that do not know of it.
var (
	demanding = regexp.MustCompile(`^ALTER TABLE .*\bNOT NULL\b`)
	defaulted = regexp.MustCompile(`\bDEFAULT\b`)
	clinging  = regexp.MustCompile(`\bREFERENCES \w+(?: \([^)]*\))?(?: ON DELETE (?:CASCADE|SET NULL))?`)
	unique    = regexp.MustCompile(`^ALTER TABLE .*\bUNIQUE\b`)
)

// onlyAdds judges one statement of a way up.
func onlyAdds(statement string) bool {
	known := false
	for _, form := range adding {
		known = known || form.MatchString(statement)
	}
	for _, reference := range clinging.FindAllString(statement, -1) {
		known = known && strings.Contains(reference, "ON DELETE")
	}
	return known && !unique.MatchString(statement) && (!demanding.MatchString(statement) || defaulted.MatchString(statement))
}

var (
	comment = regexp.MustCompile(`(?m)^\s*--.*$`)
	spaces  = regexp.MustCompile(`\s+`)
)

func statements(part string) []string {
	var all []string
	for statement := range strings.SplitSeq(comment.ReplaceAllString(part, ""), ";") {
		if statement = strings.TrimSpace(spaces.ReplaceAllString(statement, " ")); statement != "" {
			all = append(all, statement)
		}
	}
	return all
}

// silent says of a step whether it does more than add and keeps it to itself.
func silent(text string, number int) bool {
	up, down, _ := strings.Cut(text, "-- +goose Down")
	says := regexp.MustCompile(fmt.Sprintf(`INSERT INTO goose_floors \(step, program\) VALUES \(%d, \d+\)`, number)).MatchString(up)
	takesBack := strings.Contains(down, fmt.Sprintf("DELETE FROM goose_floors WHERE step = %d", number))
	if says || takesBack {
		return says != takesBack
	}
	for _, statement := range statements(up) {
		if !onlyAdds(statement) {
			return true
		}
	}
	return false
}

// From this step on programs know of floors.
const firstFloor = 7

func TestAStepThatDoesMoreThanAddSaysWhichProgramsCanGoOn(t *testing.T) {
	for _, engine := range []string{"postgres", "sqlite"} {
		files, err := fs.Glob(os.DirFS(engine), "*.sql")
		if err != nil || len(files) < firstFloor {
			t.Fatalf("%v, %v", files, err)
		}
		for _, file := range files[firstFloor-1:] {
			text, err := os.ReadFile(engine + "/" + file)
			if err != nil {
				t.Fatal(err)
			}
			var number int
			if _, err := fmt.Sscanf(file, "%04d_", &number); err != nil {
				t.Fatal(err)
			}
			if silent(string(text), number) {
				t.Errorf("%s/%s does more than add: let it say by a row of goose_floors, which its way back deletes, the oldest program that can go on", engine, file)
			}
		}
	}
}

func TestWhatProgramsBeforeItCannotWorkWithIsNotTakenForAnAddition(t *testing.T) {
	const reference = "CREATE TABLE notes (id text PRIMARY KEY, account_id text REFERENCES accounts"
	for up, want := range map[string]bool{
		"ALTER TABLE projects ADD COLUMN note text;":                                                         false,
		"ALTER TABLE projects ADD COLUMN note text NOT NULL DEFAULT '';":                                     false,
		"-- a table\nCREATE TABLE notes (\n  id text PRIMARY KEY\n);\nCREATE INDEX notes_idx ON notes (id);": false,
		reference + " ON DELETE CASCADE);":                                                                   false,
		"ALTER TABLE projects DROP COLUMN name;\nINSERT INTO goose_floors (step, program) VALUES (9, 8);":    true, // the way back forgets it
		reference + ");": true,
		"ALTER TABLE projects ADD COLUMN note text NOT NULL;":                                             true,
		"ALTER TABLE projects ADD COLUMN note text UNIQUE;":                                               true,
		"ALTER TABLE projects DROP COLUMN name;":                                                          true,
		"ALTER TABLE projects RENAME COLUMN name TO title;":                                               true,
		"CREATE UNIQUE INDEX projects_name_idx ON projects (organization_id, name);":                      true,
		"UPDATE projects SET name = 'x';":                                                                 true,
		"DROP TABLE projects;":                                                                            true,
		"ALTER TABLE projects DROP COLUMN name;\nINSERT INTO goose_floors (step, program) VALUES (8, 8);": true, // of another step
	} {
		if got := silent("-- +goose Up\n"+up+"\n-- +goose Down\n", 9); got != want {
			t.Errorf("%s: says too little %t, want %t", up, got, want)
		}
	}
	whole := "-- +goose Up\nDROP TABLE x;\nINSERT INTO goose_floors (step, program) VALUES (9, 8);\n-- +goose Down\nDELETE FROM goose_floors WHERE step = 9;\n"
	if silent(whole, 9) {
		t.Error("a step that says which programs can go on says too little")
	}
}
