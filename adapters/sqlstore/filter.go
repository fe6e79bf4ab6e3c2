package sqlstore

import (
	"slices"
	"strconv"
	"strings"
)

// filter gathers conditions with their arguments, each of which is the next
// number. What a caller left out stands in no condition, so that the engines
// need not plan for it.
type filter struct {
	conditions strings.Builder
	args       []any
	taken      int // numbers that other arguments of the statement have
}

// and adds a condition in which ? stands for the value.
func (f *filter) and(condition string, value any) {
	f.conditions.WriteString(" AND " + strings.ReplaceAll(condition, "?", f.next(value)))
}

// next gives the value a number.
func (f *filter) next(value any) string {
	f.args = append(f.args, value)
	return "$" + strconv.Itoa(f.taken+len(f.args))
}

// tuples gathers rows for one INSERT. What they share stands first in each.
type tuples struct {
	shared []string // such as $1
	rows   []string
	args   []any
}

func (t *tuples) add(values ...any) {
	places := slices.Clone(t.shared)
	for _, value := range values {
		t.args = append(t.args, value)
		places = append(places, "$"+strconv.Itoa(len(t.shared)+len(t.args)))
	}
	t.rows = append(t.rows, "("+strings.Join(places, ", ")+")")
}

func (t *tuples) String() string { return strings.Join(t.rows, ", ") }

// contains is a condition that the column has the value in it. LIKE would need
// its wildcards escaped, and the engines name no function for this alike.
func contains(column string) string {
	return "length(replace(" + column + ", ?, '')) < length(" + column + ")"
}

// folded is a text by which names are found, whatever their case. By way of
// upper case, since some letters have two lower ones.
func folded(text string) string { return strings.ToLower(strings.ToUpper(text)) }
