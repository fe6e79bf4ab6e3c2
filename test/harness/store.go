package harness

import (
	"database/sql"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"
)

// DB is a connection of the tests' own to the server's database.
func (s *Server) DB() *sql.DB { return s.db }

// verified are the changes of what servers answer from memory.
var verified = regexp.MustCompile(`(?:UPDATE|DELETE FROM) (accounts|organizations|memberships|projects|environments|environment_keys|sessions|account_keys)\b`)

// Exec changes the database behind the server's back. Where the server may
// remember what was changed, it is told that anything may have, and then given
// the second that it has to believe it.
func (s *Server) Exec(tb testing.TB, statement string, arguments ...any) {
	tb.Helper()
	s.ExecUnheard(tb, statement, arguments...)
	if !verified.MatchString(statement) {
		return
	}
	if s.Database.Engine == Postgres {
		if _, err := s.DB().Exec("SELECT pg_notify('tenantry', '*')"); err != nil {
			tb.Fatal(err)
		}
	}
	time.Sleep(time.Second)
}

// ExecUnheard changes the database behind the server's back and tells nobody:
// for what no server has had a reason to remember yet.
func (s *Server) ExecUnheard(tb testing.TB, statement string, arguments ...any) {
	tb.Helper()
	if _, err := s.DB().Exec(statement, arguments...); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}

// Count returns the number that a query answers with.
func (s *Server) Count(tb testing.TB, query string, arguments ...any) int {
	tb.Helper()
	var n int
	if err := s.DB().QueryRow(query, arguments...).Scan(&n); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return n
}

var catalog = map[Engine]string{
	SQLite:   "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'",
	Postgres: "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'goose_%'",
}

// Tables are the names of the program's tables, in order.
func (d *Database) Tables(tb testing.TB, db *sql.DB) []string {
	tb.Helper()
	return texts(tb, db, catalog[d.Engine], slices.Sort[[]string])
}

// Tables are the names of the program's tables, in order.
func (s *Server) Tables(tb testing.TB) []string {
	tb.Helper()
	return s.Database.Tables(tb, s.DB())
}

// texts reads a query's only column.
func texts(tb testing.TB, db *sql.DB, query string, order func([]string)) []string {
	tb.Helper()
	rows, err := db.Query(query)
	if err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			tb.Error(err)
		}
	}()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			tb.Fatalf("%s: %v", query, err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	order(all)
	return all
}

// judgeStore looks for secrets in what the server has kept: a copy of the
// database alone opens nothing.
func (s *Server) judgeStore() {
	s.tb.Helper()
	for what, form := range Secrets {
		for _, kept := range s.Dump() {
			if found := form.FindString(kept); found != "" {
				s.tb.Errorf("the database holds %s: %.12s…", what, found)
			}
		}
	}
}

// Dump is the whole database: SQLite's files as they are, or every row of
// PostgreSQL's tables.
func (s *Server) Dump() []string {
	s.tb.Helper()
	var all []string
	if s.Database.Engine == SQLite {
		for _, file := range []string{s.Database.path, s.Database.path + "-wal"} {
			if content, err := os.ReadFile(file); err == nil { //nolint:gosec // our own temporary file
				all = append(all, string(content))
			}
		}
		return all
	}
	for _, table := range s.Tables(s.tb) {
		all = append(all, texts(s.tb, s.DB(), "SELECT t::text FROM "+table+" t", func([]string) {})...)
	}
	return all
}
