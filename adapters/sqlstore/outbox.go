package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/ports"
)

type outbox struct{ *unit }

const outboxColumns = "id, sealed, attempts, due_at, created_at"

type outboxRow struct {
	ID        uuid.UUID `db:"id"`
	Sealed    []byte    `db:"sealed"`
	Attempts  int       `db:"attempts"`
	DueAt     time.Time `db:"due_at"`
	CreatedAt time.Time `db:"created_at"`
}

func (r outbox) Add(ctx context.Context, e ports.Envelope) error {
	return r.changeOne(ctx, nil, fault.ErrInternal, "INSERT INTO outbox ("+outboxColumns+") VALUES ($1, $2, $3, $4, $5)",
		e.ID.UUID(), e.Sealed, e.Attempts, e.DueAt, e.CreatedAt)
}

// claim asks of each row twice whether it is due. Who waited for another's claim
// on PostgreSQL looks at the row again, and only at that, and finds it put off.
const claim = `UPDATE outbox SET attempts = attempts + 1, due_at = $3
	WHERE due_at <= $1 AND id IN (SELECT id FROM outbox WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2 + 0)
	RETURNING ` + outboxColumns

func (r outbox) Claim(ctx context.Context, limit int, lease time.Duration) ([]ports.Envelope, error) {
	var rows []outboxRow
	if err := r.changeList(ctx, &rows, claim, r.now, limit, r.now.Add(lease)); err != nil {
		return nil, err
	}
	list := envelopes(rows)
	slices.SortFunc(list, func(a, b ports.Envelope) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return list, nil
}

func envelopes(rows []outboxRow) []ports.Envelope {
	list := make([]ports.Envelope, 0, len(rows))
	for _, row := range rows {
		list = append(list, ports.Envelope{
			ID: mail.ID(row.ID), Sealed: row.Sealed, Attempts: row.Attempts, DueAt: row.DueAt.UTC(), CreatedAt: row.CreatedAt.UTC(),
		})
	}
	return list
}

func (r outbox) List(ctx context.Context, page ports.Page[mail.ID]) ([]ports.Envelope, error) {
	var rows []outboxRow
	err := r.list(ctx, &rows, "SELECT "+outboxColumns+" FROM outbox WHERE id > $1 ORDER BY id LIMIT $2 + 0", page.After.UUID(), page.Limit)
	return envelopes(rows), err
}

func (r outbox) Reseal(ctx context.Context, id mail.ID, sealed []byte) error {
	return r.changeOne(ctx, nil, fault.ErrNotFound, "UPDATE outbox SET sealed = $2 WHERE id = $1", id.UUID(), sealed)
}

// Backlog takes the lowest id for the oldest: ids tell when they were made.
func (r outbox) Backlog(ctx context.Context) (ports.Backlog, error) {
	var row struct {
		Waiting   int       `db:"waiting"`
		CreatedAt time.Time `db:"created_at"`
	}
	found, err := r.find(ctx, &row, "SELECT (SELECT count(*) FROM outbox) AS waiting, created_at FROM outbox ORDER BY id LIMIT $1 + 0", 1)
	if err != nil || !found {
		return ports.Backlog{}, err
	}
	return ports.Backlog{Waiting: row.Waiting, Since: row.CreatedAt.UTC()}, nil
}

func (r outbox) Postpone(ctx context.Context, id mail.ID, due time.Time) error {
	return r.changeOne(ctx, nil, fault.ErrNotFound, "UPDATE outbox SET due_at = $2 WHERE id = $1", id.UUID(), due)
}

func (r outbox) Remove(ctx context.Context, id mail.ID) error {
	return r.changeOne(ctx, nil, fault.ErrNotFound, "DELETE FROM outbox WHERE id = $1", id.UUID())
}
