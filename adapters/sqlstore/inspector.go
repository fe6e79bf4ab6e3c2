package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/ports"
)

// Examination is what differs between the engines when a database is looked at
// as a whole.
type Examination struct {
	Catalog Catalog
	Own     []Invariant // the engine's
	Now     string      // the server's time; empty where there is no server
}

// Inspector implements ports.Inspector, for one goroutine.
type Inspector struct {
	db     *sqlx.DB
	engine Examination
	read   []Table // once
}

var _ ports.Inspector = (*Inspector)(nil)

// NewInspector wraps connections that only read, and have no bound on how long
// a statement takes. The inspector owns them.
func NewInspector(db *sql.DB, engine Examination) *Inspector {
	return &Inspector{db: sqlx.NewDb(db, "inspector"), engine: engine}
}

// Close closes the connections.
func (i *Inspector) Close() error { return i.db.Close() }

// Invariants lists everything that can be asked.
func (i *Inspector) Invariants(ctx context.Context) ([]ports.Invariant, error) {
	known, err := i.known(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]ports.Invariant, 0, len(known))
	for _, k := range known {
		list = append(list, ports.Invariant{Sentence: k.Sentence, Mendable: k.Mend != "", Advice: k.Advice})
	}
	return list, nil
}

// known begins with the references: what leads nowhere breaks other invariants,
// too, which are whole again once it is mended.
func (i *Inspector) known(ctx context.Context) ([]Invariant, error) {
	tables, err := i.tables(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Concat(ofReferences(tables), invariants, []Invariant{ofTimes(tables)}, i.engine.Own), nil
}

func (i *Inspector) tables(ctx context.Context) (_ []Table, err error) {
	if i.read == nil {
		i.read, err = readCatalog(ctx, i.db.SelectContext, i.engine.Catalog)
	}
	return i.read, err
}

// ofReferences is one invariant for each foreign key.
func ofReferences(tables []Table) []Invariant {
	var all []Invariant
	for _, t := range tables {
		for _, r := range t.References {
			all = append(all, Invariant{Sentence: r.sentence(), Query: r.violations(t), Mend: r.mend(t)})
		}
	}
	return all
}

// ofTimes looks at every table that says when its rows were made. A clock that
// was wrong is no damage, but what it made lives longer than it should.
func ofTimes(tables []Table) Invariant {
	query := ""
	for _, t := range tables {
		if !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == "created_at" }) {
			continue
		}
		if query != "" {
			query += " UNION ALL "
		}
		query += "SELECT '" + t.Name + " ' || " + label(t) + " AS example FROM " + t.Name + " child WHERE child.created_at > :now+1d"
	}
	return Invariant{Sentence: "nothing was made in the future", Advice: true, Query: query}
}

const examples = 3

// Violations counts in the database: there may be millions.
func (i *Inspector) Violations(ctx context.Context, sentence string, now time.Time) (ports.Violations, error) {
	known, err := i.known(ctx)
	if err != nil {
		return ports.Violations{}, err
	}
	at := slices.IndexFunc(known, func(k Invariant) bool { return k.Sentence == sentence })
	if at < 0 {
		return ports.Violations{}, fault.ErrInternal.With(fmt.Errorf("there is no invariant %q", sentence))
	}
	query, args := timed(known[at].Query, now, 0)
	var rows []struct {
		Example string
		Total   int
	}
	args = append(args, examples)
	most := "$" + strconv.Itoa(len(args))
	err = i.db.SelectContext(ctx, &rows, "SELECT example, total FROM (SELECT example, count(*) OVER () AS total FROM ("+
		query+") AS violations) AS counted ORDER BY example LIMIT "+most+" + 0", args...)
	if err != nil || len(rows) == 0 {
		return ports.Violations{}, err
	}
	found := ports.Violations{Count: rows[0].Total}
	for _, row := range rows {
		found.Examples = append(found.Examples, row.Example)
	}
	return found, nil
}

var moment = regexp.MustCompile(`:now(?:([+-]\d+)d)?`)

// timed puts times into a query that begins with the given number of arguments.
func timed(query string, now time.Time, taken int) (string, []any) {
	var args []any
	query = moment.ReplaceAllStringFunc(query, func(found string) string {
		days, _ := strconv.Atoi(moment.FindStringSubmatch(found)[1]) // the pattern takes numbers, or nothing
		args = append(args, cut(now.Add(time.Duration(days)*24*time.Hour)))
		return "$" + strconv.Itoa(taken+len(args))
	})
	return query, args
}

// Schema describes the schema that is there.
func (i *Inspector) Schema(ctx context.Context) ([]string, error) {
	tables, err := i.tables(ctx)
	return describe(tables), err
}

// Now asks the server.
func (i *Inspector) Now(ctx context.Context) (time.Time, error) {
	if i.engine.Now == "" {
		return time.Time{}, nil
	}
	var now time.Time
	err := i.db.GetContext(ctx, &now, i.engine.Now)
	return now.UTC(), err
}

// Outbox claims nothing.
func (i *Inspector) Outbox(ctx context.Context, page ports.Page[mail.ID]) ([]ports.Envelope, error) {
	var rows []outboxRow
	err := i.db.SelectContext(ctx, &rows, "SELECT "+outboxColumns+" FROM outbox WHERE id > $1 ORDER BY id LIMIT $2 + 0",
		page.After.UUID(), page.Limit)
	if err != nil {
		return nil, err
	}
	list := make([]ports.Envelope, 0, len(rows))
	for _, row := range rows {
		list = append(list, ports.Envelope{
			ID: mail.ID(row.ID), Sealed: row.Sealed, Attempts: row.Attempts, DueAt: row.DueAt.UTC(), CreatedAt: row.CreatedAt.UTC(),
		})
	}
	return list, nil
}

// Latest looks at every entry: no index is worth what it would cost each change.
func (i *Inspector) Latest(ctx context.Context) (time.Time, error) {
	var latest time.Time
	err := i.db.GetContext(ctx, &latest, `SELECT created_at FROM audit_entries ORDER BY created_at DESC LIMIT 1`)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return latest.UTC(), err
}

// repairs mend in a unit of work, so that what was done is recorded with it.
type repairs struct{ *unit }

func (r repairs) Mend(ctx context.Context, sentence string) (int, error) {
	tables, err := readCatalog(ctx, r.list, r.dialect.Catalog)
	if err != nil {
		return 0, err
	}
	known := append(ofReferences(tables), invariants...)
	at := slices.IndexFunc(known, func(k Invariant) bool { return k.Sentence == sentence && k.Mend != "" })
	if at < 0 {
		return 0, fault.ErrInternal.With(fmt.Errorf("%q cannot be mended", sentence))
	}
	r.announceAnything()
	query, times := timed(known[at].Mend, r.now, 1)
	return r.change(ctx, nil, query, append([]any{ports.SweepBatch}, times...)...)
}

func (r repairs) Expel(ctx context.Context) (int, error) {
	r.announceAnything()
	total := 0
	for _, statement := range []string{
		"DELETE FROM sessions WHERE id IN (SELECT id FROM sessions LIMIT $1 + 0)",
		"DELETE FROM links WHERE digest IN (SELECT digest FROM links LIMIT $1 + 0)",
		"DELETE FROM outbox WHERE id IN (SELECT id FROM outbox LIMIT $1 + 0)",
	} {
		n, err := r.change(ctx, nil, statement, ports.SweepBatch)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}
