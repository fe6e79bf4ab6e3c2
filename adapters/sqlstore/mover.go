package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// Endpoint is a database that everything is moved out of, or into.
type Endpoint struct {
	DB      *sql.DB
	Catalog Catalog
	// Snapshot begins a transaction that sees one moment; Filling one that writes.
	Snapshot, Filling sql.TxOptions
}

// Moved is one table that was moved.
type Moved struct {
	Table  string
	Rows   int
	Digest string // of every value of every row, in the order of the primary key
}

var (
	errOtherSchema = errors.New("the two databases do not have the same schema")
	errNotEmpty    = errors.New("the target is not empty")
	errDiffers     = errors.New("what arrived is not what was sent")
)

// moveRows is how many rows one statement inserts: far below the engines' bounds
// on arguments, whatever the table.
const moveRows = 100

// born are rows that the migrations make: the target's are replaced.
var born = []string{"installation"}

// Move copies every table, as of one moment, in one transaction of the target;
// it reads what arrived, and commits only when that is the same. Tables come from
// the catalog, so that none can be forgotten.
func Move(ctx context.Context, from, to Endpoint, tell func(Moved)) (err error) {
	source, err := sqlx.NewDb(from.DB, "source").BeginTxx(ctx, &from.Snapshot)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ended(source.Rollback())) }()
	target, err := sqlx.NewDb(to.DB, "target").BeginTxx(ctx, &to.Filling)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ended(target.Rollback())) }()
	tables, err := sameTables(ctx, source, target, from.Catalog, to.Catalog)
	if err != nil {
		return err
	}
	if err := empty(ctx, target, tables); err != nil {
		return err
	}
	for _, t := range tables {
		moved, err := moveTable(ctx, source, target, t)
		if err != nil {
			return fmt.Errorf("move %s: %w", t.Name, err)
		}
		tell(moved)
	}
	return target.Commit()
}

// ended lets pass that a transaction was committed already.
func ended(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

func sameTables(ctx context.Context, source, target *sqlx.Tx, theirs, ours Catalog) ([]Table, error) {
	there, err := readCatalog(ctx, source.SelectContext, theirs)
	if err != nil {
		return nil, err
	}
	here, err := readCatalog(ctx, target.SelectContext, ours)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(describe(there), describe(here)) {
		return nil, errOtherSchema
	}
	return there, nil
}

// empty makes sure that there is nothing to lose, but for what the migrations
// made.
func empty(ctx context.Context, target *sqlx.Tx, tables []Table) error {
	for _, t := range tables {
		if slices.Contains(born, t.Name) {
			if _, err := target.ExecContext(ctx, "DELETE FROM "+t.Name); err != nil {
				return err
			}
			continue
		}
		var n int
		if err := target.GetContext(ctx, &n, "SELECT count(*) FROM "+t.Name); err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%w: %s has %d rows", errNotEmpty, t.Name, n)
		}
	}
	return nil
}

func moveTable(ctx context.Context, source, target *sqlx.Tx, t Table) (Moved, error) {
	sent, insert := newDigest(), inserter{target: target, table: t}
	err := each(ctx, source, t, func(row []any) error {
		sent.add(row)
		return insert.add(ctx, row)
	})
	if err == nil {
		err = insert.flush(ctx)
	}
	if err != nil {
		return Moved{}, err
	}
	arrived := newDigest()
	if err := each(ctx, target, t, func(row []any) error { arrived.add(row); return nil }); err != nil {
		return Moved{}, err
	}
	if sent.rows != arrived.rows || sent.text() != arrived.text() {
		return Moved{}, fmt.Errorf("%w: %d rows of %d", errDiffers, arrived.rows, sent.rows)
	}
	return Moved{t.Name, sent.rows, sent.text()}, nil
}

// each gives every row in the order of the primary key, which is that of bytes
// on both engines, its values in the types that all engines have.
func each(ctx context.Context, tx *sqlx.Tx, t Table, do func([]any) error) (err error) {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	rows, err := tx.QueryContext(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+t.Name+" ORDER BY "+strings.Join(t.PrimaryKey, ", "))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		places := make([]any, len(t.Columns))
		for i, c := range t.Columns {
			places[i] = c.Holds.place()
		}
		if err := rows.Scan(places...); err != nil {
			return err
		}
		for i, p := range places {
			places[i] = value(p)
		}
		if err := do(places); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (h Holding) place() any {
	switch h {
	case Number:
		return new(sql.NullInt64)
	case Truth:
		return new(sql.NullBool)
	case Instant:
		return new(sql.NullTime)
	case Bytes:
		return new([]byte)
	}
	return new(sql.NullString)
}

// value is nil for NULL.
func value(place any) any {
	switch p := place.(type) {
	case *sql.NullInt64:
		if p.Valid {
			return p.Int64
		}
	case *sql.NullBool:
		if p.Valid {
			return p.Bool
		}
	case *sql.NullTime:
		if p.Valid {
			return cut(p.Time)
		}
	case *sql.NullString:
		if p.Valid {
			return p.String
		}
	case *[]byte:
		if *p != nil {
			return *p
		}
	}
	return nil
}

// inserter gathers rows for one statement.
type inserter struct {
	target *sqlx.Tx
	table  Table
	args   []any
	rows   int
}

func (i *inserter) add(ctx context.Context, row []any) error {
	i.args = append(i.args, row...)
	if i.rows++; i.rows < moveRows {
		return nil
	}
	return i.flush(ctx)
}

func (i *inserter) flush(ctx context.Context) error {
	if i.rows == 0 {
		return nil
	}
	width := len(i.table.Columns)
	names := make([]string, width)
	for n, c := range i.table.Columns {
		names[n] = c.Name
	}
	var b strings.Builder
	b.WriteString("INSERT INTO " + i.table.Name + " (" + strings.Join(names, ", ") + ") VALUES ")
	for n := range i.args {
		switch {
		case n == 0:
			b.WriteString("(")
		case n%width == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(n+1))
	}
	b.WriteString(")")
	_, err := i.target.ExecContext(ctx, b.String(), i.args...)
	i.args, i.rows = nil, 0
	return err
}

// digest covers every value with its type and length before it.
type digest struct {
	hash hash.Hash
	rows int
}

func newDigest() *digest { return &digest{hash: sha256.New()} }

func (d *digest) add(row []any) {
	d.rows++
	for _, v := range row {
		kind, text := byte('-'), ""
		switch v := v.(type) {
		case int64:
			kind, text = 'n', strconv.FormatInt(v, 10)
		case bool:
			kind, text = 'b', strconv.FormatBool(v)
		case time.Time:
			kind, text = 't', v.Format(time.RFC3339Nano)
		case string:
			kind, text = 's', v
		case []byte:
			kind, text = 'x', string(v)
		}
		d.hash.Write(binary.BigEndian.AppendUint64([]byte{kind}, uint64(len(text))))
		d.hash.Write([]byte(text))
	}
}

func (d *digest) text() string { return hex.EncodeToString(d.hash.Sum(nil)[:8]) }
