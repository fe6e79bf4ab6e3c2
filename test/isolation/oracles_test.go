package isolation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// tellsNothing looks for b, and for the twin, in the whole of an answer.
func (w *world) tellsNothing(t *testing.T, c caller, answer *harness.Response) {
	t.Helper()
	if c.operates {
		return // everything is the operator's
	}
	var text bytes.Buffer
	_ = answer.Header.Write(&text) // a buffer takes everything
	text.Write(answer.Body)
	told := slices.Concat(w.inner, w.b.secrets, w.twinOf)
	if !c.also {
		told = append(told, w.outer...)
	}
	for _, word := range told {
		if bytes.Contains(text.Bytes(), []byte(word)) {
			t.Errorf("%s %s tells %s of another organization: %q\n%.2000s", answer.Method, answer.Path, c.name, word, text.String())
		}
	}
}

// silent looks for b in what was mailed, logged and measured meanwhile.
func (w *world) silent(t *testing.T) {
	t.Helper()
	inner := slices.Concat(w.inner, w.b.secrets, w.twinOf)
	for _, m := range w.sink.Messages()[w.mailed:] {
		for _, word := range append(w.outer, inner...) {
			if strings.Contains(m.Text+m.HTML+m.Subject, word) {
				t.Errorf("the mail %v tells of another organization: %q", m, word)
			}
		}
	}
	for line := range strings.Lines(w.Logs()[w.logged:]) {
		for _, word := range inner {
			if strings.Contains(line, word) && !strings.Contains(line, `"account_id":"`+w.owner.ID) {
				t.Errorf("the log tells of another organization: %q in\n%s", word, line)
			}
		}
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+w.metrics+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	measured, err := io.ReadAll(response.Body)
	if err != nil || !bytes.Contains(measured, []byte("tenantry_")) {
		t.Fatalf("there are no metrics: %v", err)
	}
	for _, word := range slices.Concat(w.outer, inner, []string{w.a.things[organization], w.a.slug}) {
		if bytes.Contains(measured, []byte(word)) {
			t.Errorf("the metrics tell of an organization: %q", word)
		}
	}
}

// unkept are columns that any use of a credential may move, passing are tables of
// what comes and goes, and counted one of how often keys are used, which is
// written now and then.
var (
	unkept  = []string{"last_used_at"}
	passing = []string{"outbox", "throttles"}
)

const counted = "key_callers"

// everything is every row of every table, by its table.
func (w *world) everything(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range w.Tables(t) {
		if !slices.Contains(passing, table) {
			all[table] = w.rows(t, table)
			slices.Sort(all[table])
		}
	}
	return all
}

func (w *world) rows(t *testing.T, table string) []string {
	t.Helper()
	rows, err := w.DB().Query("SELECT * FROM " + table)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	values := make([]any, len(columns))
	for rows.Next() {
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		var row strings.Builder
		for i, value := range values {
			if !slices.Contains(unkept, columns[i]) {
				_, _ = fmt.Fprintf(&row, "%s=%s ", columns[i], *value.(*any))
			}
		}
		all = append(all, row.String())
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// still is everything but what the use of keys counts up.
func (w *world) still(t *testing.T) map[string][]string {
	t.Helper()
	all := w.everything(t)
	delete(all, counted)
	return all
}

// kept are the rows that are b's, or the twin's.
func (w *world) kept(t *testing.T) []string {
	t.Helper()
	var all []string
	for table, rows := range w.everything(t) {
		for _, row := range rows {
			if slices.ContainsFunc(slices.Concat(w.inner, w.outer, w.twinOf), func(word string) bool { return strings.Contains(row, word) }) {
				all = append(all, table+": "+row)
			}
		}
	}
	slices.Sort(all)
	return all
}

// untouched fails the test unless b is as it was.
func (w *world) untouched(t *testing.T, by string, before []string) {
	t.Helper()
	if len(before) < 20 {
		t.Errorf("only %d rows are b's", len(before))
	}
	if diff := cmp.Diff(before, w.kept(t)); diff != "" {
		t.Errorf("%s changed another organization (-before +after):\n%s", by, diff)
	}
}
