package sqlstore

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/ports"
)

type throttles struct{ *unit }

type throttleRow struct {
	Count    int64     `db:"count"`
	ResetsAt time.Time `db:"resets_at"`
}

// takeAttempt counts up to one past the limit. That last one stands for every
// attempt that was refused: it moves neither the count nor the time any
// further, and so tells the limit's own attempt from those after it.
const takeAttempt = `INSERT INTO throttles (key, count, resets_at) VALUES ($1, 1, $3)
	ON CONFLICT (key) DO UPDATE SET
		count = CASE
			WHEN throttles.resets_at <= $2 THEN 1
			WHEN throttles.count > $4 THEN throttles.count
			ELSE throttles.count + 1 END,
		resets_at = CASE
			WHEN throttles.resets_at > $2 AND throttles.count >= $4 THEN throttles.resets_at
			ELSE $3 END
	RETURNING count, resets_at`

func (r throttles) Take(ctx context.Context, key string, limit int, window time.Duration) (time.Duration, error) {
	var row throttleRow
	if err := r.changeReturning(ctx, &row, takeAttempt, key, r.now, r.now.Add(window), int64(limit)); err != nil {
		return 0, err
	}
	if row.Count > int64(limit) {
		return row.ResetsAt.Sub(r.now), nil
	}
	return 0, nil
}

func (r throttles) Wait(ctx context.Context, key string, limit int) (time.Duration, error) {
	var row throttleRow
	found, err := r.find(ctx, &row, "SELECT count, resets_at FROM throttles WHERE key = $1 AND resets_at > $2", key, r.now)
	if err != nil || !found || row.Count < int64(limit) {
		return 0, err
	}
	return row.ResetsAt.Sub(r.now), nil
}

func (r throttles) Forget(ctx context.Context, key string) error {
	_, err := r.change(ctx, nil, "DELETE FROM throttles WHERE key = $1", key)
	return err
}

func (r throttles) Sweep(ctx context.Context) (int, error) {
	return r.change(ctx, nil, `DELETE FROM throttles WHERE key IN
		(SELECT key FROM throttles WHERE resets_at <= $1 ORDER BY resets_at LIMIT $2 + 0)`, r.now, ports.SweepBatch)
}
