package tracing

import (
	"strings"
	"testing"
)

func TestAStatementIsNamedAfterWhatItDoesToWhichTable(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		"SELECT a, b FROM sessions s JOIN accounts a ON true":             "SELECT sessions",
		"INSERT INTO outbox (id) VALUES ($1)":                             "INSERT outbox",
		"UPDATE throttles SET count = $1":                                 "UPDATE throttles",
		"DELETE FROM links\n\tWHERE digest IN (SELECT digest FROM links)": "DELETE links",
		"SELECT (SELECT count(*) FROM outbox) AS waiting FROM outbox":     "SELECT outbox",
		"SELECT pg_notify('tenantry', $1)":                                "SELECT",
		"COMMIT":                                                          "COMMIT",
		"UPDATE":                                                          "UPDATE",
		"":                                                                "",
	} {
		operation, table := parse(statement)
		if got := strings.TrimSpace(operation + " " + table); got != want {
			t.Errorf("%s is named %q", statement, got)
		}
	}
}

func TestWhatACollectorAnswersDoesNotFloodTheLog(t *testing.T) {
	t.Parallel()
	if got := shortened(strings.Repeat("é", 10_000)); len(got) > mostOfError+len("…") || strings.ContainsRune(got, '�') {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}
