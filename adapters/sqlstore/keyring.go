package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

type keyring struct{ *unit }

const keyringColumns = "id, purpose, sealed, created_at, retired_at"

type keyringRow struct {
	ID        uuid.UUID  `db:"id"`
	Purpose   string     `db:"purpose"`
	Sealed    []byte     `db:"sealed"`
	CreatedAt time.Time  `db:"created_at"`
	RetiredAt *time.Time `db:"retired_at"`
}

func (r keyring) Add(ctx context.Context, s ports.SealedSecret) error {
	return r.changeOne(ctx, taken{"keyring_purpose_key": fault.ErrStale}, fault.ErrInternal,
		"INSERT INTO keyring ("+keyringColumns+") VALUES ($1, $2, $3, $4, $5)",
		s.ID, string(s.Purpose), s.Sealed, s.CreatedAt, s.RetiredAt)
}

func (r keyring) List(ctx context.Context, p ports.Purpose) ([]ports.SealedSecret, error) {
	var rows []keyringRow
	err := r.list(ctx, &rows, "SELECT "+keyringColumns+" FROM keyring WHERE purpose = $1 ORDER BY created_at, id", string(p))
	if err != nil {
		return nil, err
	}
	list := make([]ports.SealedSecret, 0, len(rows))
	for _, row := range rows {
		list = append(list, ports.SealedSecret{
			ID: row.ID, Purpose: ports.Purpose(row.Purpose), Sealed: row.Sealed,
			CreatedAt: row.CreatedAt.UTC(), RetiredAt: utc(row.RetiredAt),
		})
	}
	return list, nil
}

func (r keyring) Retire(ctx context.Context, id uuid.UUID, at time.Time) error {
	return r.changeOne(ctx, nil, fault.ErrNotFound, "UPDATE keyring SET retired_at = $2 WHERE id = $1", id, at)
}

func (r keyring) Reseal(ctx context.Context, id uuid.UUID, sealed []byte) error {
	return r.changeOne(ctx, nil, fault.ErrNotFound, "UPDATE keyring SET sealed = $2 WHERE id = $1", id, sealed)
}

func (r keyring) Remove(ctx context.Context, id uuid.UUID) error {
	return r.changeOne(ctx, nil, fault.ErrNotFound, "DELETE FROM keyring WHERE id = $1", id)
}
