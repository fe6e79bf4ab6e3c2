package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/tenantry/tenantry/adapters/sqlstore"
)

func TestFailuresAreTakenForWhatTheyAre(t *testing.T) {
	db, err := openPool(t.Context(), filepath.Join(t.TempDir(), "test.db"), writing, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	run := func(query string) error {
		_, err := db.ExecContext(t.Context(), query)
		return err
	}
	for _, statement := range []string{
		"CREATE TABLE parents (id text NOT NULL PRIMARY KEY, name text UNIQUE CHECK (name <> '')) WITHOUT ROWID",
		"CREATE TABLE children (a text, b text, retired text, parent text REFERENCES parents, UNIQUE (a, b))",
		"CREATE UNIQUE INDEX current ON children (a) WHERE retired IS NULL",
		"INSERT INTO parents VALUES ('1', 'one')",
		"INSERT INTO children VALUES ('x', 'y', NULL, NULL)",
	} {
		if err := run(statement); err != nil {
			t.Fatal(err)
		}
	}
	unique := func(name string) sqlstore.Failure {
		return sqlstore.Failure{Kind: sqlstore.Unique, Constraint: name}
	}
	for name, c := range map[string]struct {
		err  error
		want sqlstore.Failure
	}{
		"a taken value":           {run("INSERT INTO parents VALUES ('2', 'one')"), unique("parents_name_key")},
		"a taken key":             {run("INSERT INTO parents VALUES ('1', 'two')"), unique("parents_pkey")},
		"two columns":             {run("INSERT INTO children VALUES ('x', 'y', 'r', NULL)"), unique("children_a_b_key")},
		"an index with condition": {run("INSERT INTO children VALUES ('x', 'z', NULL, NULL)"), unique("children_a_key")},
		"a missing parent":        {run("INSERT INTO children VALUES ('q', 'q', 'r', '9')"), sqlstore.Failure{Kind: sqlstore.ForeignKey}},
		"a broken rule":           {run("INSERT INTO parents VALUES ('3', '')"), sqlstore.Failure{}},
		"a mistake in SQL":        {run("SELEC"), sqlstore.Failure{}},
		"an ended context":        {fmt.Errorf("x: %w", context.DeadlineExceeded), sqlstore.Failure{Kind: sqlstore.Lost}},
		"a dead connection":       {driver.ErrBadConn, sqlstore.Failure{Kind: sqlstore.Lost}},
		"a finished transaction":  {sql.ErrTxDone, sqlstore.Failure{Kind: sqlstore.Lost}},
		"anything else":           {errors.New("x"), sqlstore.Failure{}},
	} {
		if got := classify(c.err); c.err == nil || got != c.want {
			t.Errorf("%s (%v): got %+v, want %+v", name, c.err, got, c.want)
		}
	}
}

func TestALockedFileIsAConflict(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	holder, err := openPool(t.Context(), path, writing, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	tx, err := holder.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	other, err := openPool(t.Context(), path, "_pragma=busy_timeout(1)&_txlock=immediate", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	_, err = other.BeginTx(t.Context(), nil)
	if err == nil || classify(err).Kind != sqlstore.Conflict {
		t.Errorf("got %v", err)
	}
}

func TestAFullDiskIsNoMistakeOfOurs(t *testing.T) {
	db, err := openPool(t.Context(), filepath.Join(t.TempDir(), "test.db"), writing+"&_pragma=max_page_count(1)", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(t.Context(), "CREATE TABLE t (x text)")
	if want := (sqlstore.Failure{Kind: sqlstore.Lost, Reason: "the disk is full"}); err == nil || classify(err) != want {
		t.Errorf("got %v, which is %+v", err, classify(err))
	}
}
