package main

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

// fence is a comparison that holds a statement to one organization, or to one
// account.
var fence = regexp.MustCompile(`\b(?:\w+\.)?(?:organization_id|account_id) = (?:\$\d+|COALESCE\([^()]*\)|\w+\.\w+)|\b(?:o\.id = \w+\.organization_id|a\.id = \w+\.account_id)`)

// itself is the comparison in statements about the granted organization's own
// row.
var itself = regexp.MustCompile(`\bid = \$1`)

// clause is the word that says what a comparison is for.
var clause = regexp.MustCompile(`\b(?:SET|WHERE|ON|VALUES|SELECT)\b`)

// predicates are the comparisons in SQL. A mutant's always holds, and still
// binds the same values.
func predicates(f source) []mutant {
	var all []mutant
	f.each(func(within string, n ast.Node) {
		text, is := n.(*ast.BasicLit)
		if !is || text.Kind != token.STRING {
			return
		}
		begin := f.offset(text.Pos())
		form := fence
		if strings.HasPrefix(within, "granted.") || within == "lockOrganization" {
			form = itself
		}
		for _, span := range form.FindAllStringIndex(text.Value, -1) {
			old := text.Value[span[0]:span[1]]
			if assigns(text.Value[:span[0]]) {
				continue
			}
			all = append(all, mutant{
				file: f.name, within: within, class: "predicate", old: old, at: begin + span[0], new: "(" + old + " OR 1 = 1)",
				literal: [2]int{begin, f.offset(text.End())},
			})
		}
	})
	return all
}

// assigns says whether what follows the text sets a column.
func assigns(before string) bool {
	words := clause.FindAllString(before, -1)
	return len(words) > 0 && words[len(words)-1] == "SET"
}

// constraint is what the schema refuses by itself.
var constraint = []struct {
	form  *regexp.Regexp
	class string
	new   string
}{
	{regexp.MustCompile(`,\n    FOREIGN KEY \([a-z_, ]+\) REFERENCES \w+ \([a-z_, ]+\) ON DELETE CASCADE`), "foreign key", ""},
	{regexp.MustCompile(`,\n    UNIQUE \(organization_id, [a-z_, ]+\)`), "unique", ""},
	{regexp.MustCompile(`UNIQUE \(organization_id, ([a-z_, ]+)\)`), "composite unique", "UNIQUE ($1)"},
	{regexp.MustCompile(`PRIMARY KEY \(organization_id, ([a-z_, ]+)\)`), "composite key", "PRIMARY KEY ($1), UNIQUE (organization_id, $1)"},
	{regexp.MustCompile(`CREATE UNIQUE INDEX (\w+) ON (\w+) \(organization_id, (\w+)\)`), "composite unique", "CREATE UNIQUE INDEX $1 ON $2 ($3)"},
	{regexp.MustCompile(`CREATE UNIQUE INDEX (\w+) ON (\w+) \(organization_id`), "unique", "CREATE INDEX $1 ON $2 (organization_id"},
	{regexp.MustCompile(`organization_id text NOT NULL REFERENCES organizations ON DELETE CASCADE`), "foreign key", "organization_id text NOT NULL"},
}

var table = regexp.MustCompile(`CREATE (?:TABLE|UNIQUE INDEX) (\w+)`)

// constraints are those of the schema as it is in the end: a table that a later
// step makes anew is looked for there.
func constraints(f source) []mutant {
	up, _, _ := strings.Cut(f.text, "-- +goose Down")
	if first, second, remade := strings.Cut(up, "CREATE TABLE memberships ("); remade {
		_, rest, _ := strings.Cut(second, ") WITHOUT ROWID")
		up = first + strings.Repeat(" ", len(up)-len(first)-len(rest)) + rest
	}
	var all []mutant
	for _, c := range constraint {
		for _, span := range c.form.FindAllStringSubmatchIndex(up, -1) {
			tables := table.FindAllStringSubmatch(up[:span[1]], -1)
			old := f.text[span[0]:span[1]]
			all = append(all, mutant{
				file: f.name, within: tables[len(tables)-1][1], class: c.class, old: old, at: span[0],
				new: string(c.form.ExpandString(nil, c.new, up, span)),
			})
		}
	}
	return all
}
