package harness

import (
	"maps"
	"regexp"
	"strings"
	"testing"
)

// Finding is one line of tenantry doctor.
type Finding struct{ Verdict, Line string }

// finding is a line's verdict and subject.
var finding = regexp.MustCompile(`^(\S+) +(?:not so: )?(.*?)(?:: \d+ \(.*)?\n$`)

// undurable is what the doctor rightly says of the tests' PostgreSQL, which is
// made to be quick.
const undurable = "the server keeps through a power cut what it acknowledged"

// Examine runs the doctor on the database and returns what it said, by its
// subjects.
func (d *Database) Examine(tb testing.TB, env Environment, arguments ...string) (findings map[string]Finding, outcome Outcome) {
	tb.Helper()
	all := Environment{"DATABASE_URL": d.URL}
	if d.MasterKey != "" {
		all["MASTER_KEY"] = d.MasterKey
	}
	maps.Copy(all, env)
	outcome = Run(tb, all, append([]string{"doctor"}, arguments...)...)
	findings = map[string]Finding{}
	for line := range strings.Lines(outcome.Stdout) {
		if parts := finding.FindStringSubmatch(line); parts != nil {
			findings[parts[2]] = Finding{parts[1], line}
		}
	}
	return findings, outcome
}

// Sound fails the test where the doctor finds anything. Of a server that was
// made quick it may say that it loses what it acknowledged.
func (d *Database) Sound(tb testing.TB) {
	tb.Helper()
	findings, outcome := d.Examine(tb, nil)
	if len(findings) < 10 {
		tb.Fatalf("the doctor said little:\n%s%s", outcome.Stdout, outcome.Stderr)
	}
	for subject, f := range findings {
		if f.Verdict != "ok" && f.Verdict != "note" && (d.Engine != Postgres || subject != undurable) {
			tb.Errorf("the doctor says: %s", f.Line)
		}
	}
}
