package postgres

import (
	"database/sql"
	"errors"
	"maps"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/ports"
	"github.com/tenantry/tenantry/ports/portstest"
	"github.com/tenantry/tenantry/test/pgtest"
)

func TestConformance(t *testing.T) {
	databases := lender{owner: t}
	for name, pooler := range map[string]bool{"postgres": false, "postgres as behind a pooler": true} {
		portstest.Run(t, portstest.Engine{Name: name, Open: func(tb testing.TB, clock ports.Clock) ports.Store {
			return opened(tb, Config{DSN: databases.lend(tb), Pooler: pooler}, clock)
		}})
	}
}

// lender lends databases to one test after the other, which leave nothing but
// rows: to empty one takes much less than to copy one.
type lender struct {
	owner *testing.T // at whose end they are dropped
	mutex sync.Mutex
	idle  []string
}

func (l *lender) lend(tb testing.TB) string {
	tb.Helper()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	var dsn string
	if last := len(l.idle) - 1; last >= 0 {
		dsn, l.idle = l.idle[last], l.idle[:last]
	} else {
		dsn = pgtest.Clone(l.owner, "schema", migrate)
	}
	tb.Cleanup(func() { l.takeBack(tb, dsn) })
	return dsn
}

func (l *lender) takeBack(tb testing.TB, dsn string) {
	tb.Helper()
	if err := empty(dsn); err != nil {
		tb.Errorf("empty the test's database: %v", err)
		return // nobody gets it any more
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.idle = append(l.idle, dsn)
}

// empty leaves what the migrations left.
func empty(dsn string) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	_, err = db.Exec(`DO $$ BEGIN
		EXECUTE (SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ') || ' RESTART IDENTITY'
			FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%');
		INSERT INTO installation (id, created_at) VALUES (1, CURRENT_TIMESTAMP);
	END $$`)
	return errors.Join(err, db.Close())
}

func TestAnEmptiedDatabaseIsAsTheMigrationsLeftIt(t *testing.T) {
	dsn := pgtest.Clone(t, "schema", migrate)
	rows := func() map[string]int {
		db, err := sql.Open("postgres", dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		tables, err := db.Query(`SELECT tablename, (xpath('/row/n/text()',
				query_to_xml(format('SELECT count(*) AS n FROM %I', tablename), false, true, '')))[1]::text::int
			FROM pg_tables WHERE schemaname = 'public'`)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tables.Close() }()
		found := map[string]int{}
		for tables.Next() {
			var name string
			var n int
			if err := tables.Scan(&name, &n); err != nil {
				t.Fatal(err)
			}
			found[name] = n
		}
		if err := tables.Err(); err != nil || len(found) < 15 {
			t.Fatalf("%d tables: %v", len(found), err)
		}
		return found
	}
	fresh := rows()
	if err := empty(dsn); err != nil {
		t.Fatal(err)
	}
	if emptied := rows(); !maps.Equal(fresh, emptied) {
		t.Errorf("rows, fresh: %v; emptied: %v", fresh, emptied)
	}
}
