package sqlstore

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/idempotency"
	"github.com/tenantry/tenantry/ports"
)

type answers struct{ *unit }

type answerRow struct {
	Fingerprint []byte    `db:"fingerprint"`
	Sealed      []byte    `db:"sealed"`
	ExpiresAt   time.Time `db:"expires_at"`
}

// addAnswer reads nothing that another unit of work writes, so that units for
// different digests do not fail to be serialized.
const addAnswer = `INSERT INTO idempotent_answers (digest, fingerprint, sealed, expires_at) VALUES ($1, $2, $3, $4)
	ON CONFLICT (digest) DO UPDATE SET fingerprint = $2, sealed = $3, expires_at = $4
	WHERE idempotent_answers.expires_at <= $5`

func (r answers) Add(ctx context.Context, a ports.Answer) error {
	return r.changeOne(ctx, nil, idempotency.ErrInProgress, addAnswer, a.Digest[:], a.Fingerprint[:], a.Sealed, a.ExpiresAt, r.now)
}

func (r answers) Find(ctx context.Context, digest idempotency.Digest) (*ports.Answer, error) {
	var row answerRow
	found, err := r.find(ctx, &row,
		"SELECT fingerprint, sealed, expires_at FROM idempotent_answers WHERE digest = $1 AND expires_at > $2", digest[:], r.now)
	if err != nil || !found {
		return nil, err
	}
	a := ports.Answer{Digest: digest, Sealed: row.Sealed, ExpiresAt: row.ExpiresAt.UTC()}
	copy(a.Fingerprint[:], row.Fingerprint)
	return &a, nil
}

func (r answers) Sweep(ctx context.Context) (int, error) {
	return r.change(ctx, nil, `DELETE FROM idempotent_answers WHERE digest IN
		(SELECT digest FROM idempotent_answers WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 + 0)`, r.now, ports.SweepBatch)
}
