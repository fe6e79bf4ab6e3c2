package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// alike are mutants that nothing can tell from the program, each with the
// barrier that stands behind. One that is told after all has no place here.
var alike = map[string]string{
	"app/accountkeys.go, AccountKeys.Create: err != nil (2)":                                           "the store keeps no key for an organization that its account is no member of",
	"app/members.go, Members.enterLocked: err != nil":                                                  "who is no member has no membership, and the policy grants that nothing",
	"migrations/sqlite/0005_key_rotation.sql, key_rotations: , UNIQUE (organization_id, successor_id)": "a successor is made in its rotation, and its id is no other key's",
}

const heading = "## Mutants"

// report is the section of docs/security-testing.md, and how many mutants are not
// as they should be.
func report(ctx context.Context, root string, results []result, found int) (text string, wrong int) {
	killed, behind := 0, 0
	var lines strings.Builder
	for _, r := range results {
		reason, expected := alike[r.name()]
		by := r.Killer
		switch {
		case r.Killer != "" && !expected:
			killed++
		case r.Killer != "":
			by, wrong = by+", though it is said that nothing tells it", wrong+1
		case expected:
			by, behind = "alike: "+reason, behind+1
		default:
			by, wrong = "**survived**", wrong+1
		}
		_, _ = fmt.Fprintf(&lines, "| %s | %s | `%s` | %s |\n", r.class, r.file+", "+r.within, cell(r.mutant), by)
	}
	commit, err := exec.CommandContext(ctx, "git", "-C", root, "rev-parse", "--short", "HEAD").Output() //nolint:gosec // this repository
	if err != nil {
		commit = []byte("an unknown commit")
	}
	return fmt.Sprintf(`%s

`+"`make mutants`"+` takes one barrier between tenants at a time out of the program, builds it, and runs test/isolation, then the random
walk, the stores' conformance, the unit tests, parts of test/api and test/compat, on SQLite, until one of them is red. It finds the
barriers by itself: every comparison with organization_id or account_id in the SQL of the repositories, every composite key, unique
and foreign key, every condition behind which something is refused, every line of the table of permissions. With -results a run goes
on where another ended, and what was killed in that one, maybe at an earlier commit, is not tried again.

%s, commit %s: %d found, %d tried, %d killed, %d alike (another barrier holds, as said in their row), %d wrong.

| barrier | where | what was taken out | killed by |
| --- | --- | --- | --- |
%s`, heading, time.Now().UTC().Format(time.DateOnly), strings.TrimSpace(string(commit)), found, len(results), killed, behind, wrong, lines.String()), wrong
}

// cell is the text of a mutant, as a table can show it.
func cell(m mutant) string {
	text := oneLine(m.old)
	if m.number > 1 {
		text += fmt.Sprintf(" (%d)", m.number)
	}
	return strings.ReplaceAll(text, "|", `\|`)
}

var section = regexp.MustCompile(`(?s)` + heading + `\n.*?(\n## |$)`)

// replaceSection puts the report where the last one stood, or at the end.
func replaceSection(page, text string) error {
	old, err := os.ReadFile(page) //nolint:gosec // the page that was named
	if err != nil {
		return err
	}
	kept := strings.TrimRight(string(old), "\n") + "\n"
	if section.MatchString(kept) {
		kept = section.ReplaceAllStringFunc(kept, func(found string) string {
			if strings.HasSuffix(found, "\n## ") {
				return text + "\n## "
			}
			return text
		})
	} else {
		kept += "\n" + text
	}
	return os.WriteFile(page, []byte(kept), 0o600)
}
