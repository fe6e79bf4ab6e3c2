package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

// chains are the audit's, of organizations and of accounts. The column that
// holds a chain's id is called organization_id, from when there were no others.
type chains struct{ *unit }

const auditColumns = "organization_id, sequence, id, actor_type, actor_id, address, request_id, dialect, action, " +
	"resource_type, resource_id, before_state, after_state, metadata, created_at, hash"

type auditRow struct {
	Chain        uuid.UUID `db:"organization_id"`
	Sequence     int64     `db:"sequence"`
	ID           uuid.UUID `db:"id"`
	ActorType    string    `db:"actor_type"`
	ActorID      string    `db:"actor_id"`
	Address      string    `db:"address"`
	RequestID    string    `db:"request_id"`
	Dialect      string    `db:"dialect"`
	Action       string    `db:"action"`
	ResourceType string    `db:"resource_type"`
	ResourceID   string    `db:"resource_id"`
	BeforeState  string    `db:"before_state"`
	AfterState   string    `db:"after_state"`
	Metadata     string    `db:"metadata"`
	CreatedAt    time.Time `db:"created_at"`
	Hash         []byte    `db:"hash"`
}

func (r auditRow) domain() audit.Entry {
	e := audit.Entry{
		ID:       audit.ID(r.ID),
		Chain:    audit.ChainID(r.Chain),
		Sequence: r.Sequence,
		Origin: audit.Origin{
			ActorType: audit.ActorType(r.ActorType), ActorID: r.ActorID,
			Address: r.Address, RequestID: r.RequestID, Dialect: r.Dialect,
		},
		Action:       audit.Action(r.Action),
		ResourceType: r.ResourceType,
		ResourceID:   r.ResourceID,
		Before:       r.BeforeState,
		After:        r.AfterState,
		Metadata:     r.Metadata,
		CreatedAt:    r.CreatedAt.UTC(),
	}
	copy(e.Hash[:], r.Hash)
	return e
}

type headRow struct {
	Sequence int64  `db:"sequence"`
	Hash     []byte `db:"hash"`
}

func (r headRow) domain() audit.Head {
	h := audit.Head{Sequence: r.Sequence}
	copy(h.Hash[:], r.Hash)
	return h
}

// lockHead changes nothing that is there: it takes the row's lock, and reads
// what the unit before left.
const lockHead = `INSERT INTO audit_heads (organization_id, sequence, hash) VALUES ($1, 0, $2)
	ON CONFLICT (organization_id) DO UPDATE SET sequence = audit_heads.sequence
	RETURNING sequence, hash`

// Append cuts the time before it seals: the hash covers what is stored.
func (r chains) Append(ctx context.Context, e audit.Entry) error {
	var row headRow
	if err := r.changeReturning(ctx, &row, lockHead, e.Chain.UUID(), make([]byte, len(audit.Hash{}))); err != nil {
		return err
	}
	e.CreatedAt = cut(e.CreatedAt)
	e, head := e.Seal(row.domain())
	if err := r.keep(ctx, e); err != nil {
		return err
	}
	return r.changeOne(ctx, nil, fault.ErrInternal,
		"UPDATE audit_heads SET sequence = $2, hash = $3 WHERE organization_id = $1",
		e.Chain.UUID(), head.Sequence, head.Hash[:])
}

// Begin writes heads that nobody else can know of.
func (r chains) Begin(ctx context.Context, entries ...audit.Entry) error {
	var heads tuples
	sealed := make([]audit.Entry, len(entries))
	for i, e := range entries {
		var head audit.Head
		e.CreatedAt = cut(e.CreatedAt)
		sealed[i], head = e.Seal(audit.Head{})
		heads.add(e.Chain.UUID(), head.Sequence, head.Hash[:])
	}
	err := r.changeAll(ctx, len(entries), nil,
		"INSERT INTO audit_heads (organization_id, sequence, hash) VALUES "+heads.String(), heads.args...)
	if err != nil {
		return err
	}
	return r.keep(ctx, sealed...)
}

// keep writes entries that are sealed.
func (r chains) keep(ctx context.Context, entries ...audit.Entry) error {
	var rows tuples
	for _, e := range entries {
		rows.add(e.Chain.UUID(), e.Sequence, e.ID.UUID(), string(e.Origin.ActorType), e.Origin.ActorID, e.Origin.Address,
			e.Origin.RequestID, e.Origin.Dialect, string(e.Action), e.ResourceType, e.ResourceID,
			e.Before, e.After, e.Metadata, e.CreatedAt, e.Hash[:])
	}
	return r.changeAll(ctx, len(entries), nil,
		"INSERT INTO audit_entries ("+auditColumns+") VALUES "+rows.String(), rows.args...)
}

func (r chains) Head(ctx context.Context, chain audit.ChainID) (audit.Head, error) {
	var row headRow
	_, err := r.find(ctx, &row, "SELECT sequence, hash FROM audit_heads WHERE organization_id = $1", chain.UUID())
	return row.domain(), err
}

func (r chains) Walk(ctx context.Context, chain audit.ChainID, after int64, limit int) ([]audit.Entry, error) {
	return listed[auditRow](ctx, r,
		"SELECT "+auditColumns+" FROM audit_entries WHERE organization_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3 + 0",
		chain.UUID(), after, limit)
}

// nextChains looks at the entries, too: a chain must not hide by losing its
// head. Each side stops at a page's length, so that it reads no more than the
// page's own chains.
const nextChains = `SELECT organization_id FROM (
		SELECT * FROM (SELECT organization_id FROM audit_heads
			WHERE organization_id > $1 ORDER BY organization_id LIMIT $2 + 0) AS heads
		UNION
		SELECT * FROM (SELECT DISTINCT organization_id FROM audit_entries
			WHERE organization_id > $1 ORDER BY organization_id LIMIT $2 + 0) AS entries
	) AS chains
	ORDER BY organization_id LIMIT $2 + 0`

func (r chains) Chains(ctx context.Context, page ports.Page[audit.ChainID]) ([]audit.ChainID, error) {
	var rows []uuid.UUID
	if err := r.list(ctx, &rows, nextChains, page.After.UUID(), page.Limit); err != nil {
		return nil, err
	}
	list := make([]audit.ChainID, 0, len(rows))
	for _, row := range rows {
		list = append(list, audit.ChainID(row))
	}
	return list, nil
}

// auditLog is the chain of the granted organization.
type auditLog struct{ tenant }

func (r auditLog) List(ctx context.Context, only ports.AuditFilter, page ports.AuditPage) ([]audit.Entry, error) {
	f := filter{taken: 1}
	for _, equal := range []struct{ column, value string }{
		{"actor_id", only.ActorID}, {"action", string(only.Action)},
		{"resource_type", only.ResourceType}, {"resource_id", only.ResourceID},
	} {
		if equal.value != "" {
			f.and(equal.column+" = ?", equal.value)
		}
	}
	if page.Before > 0 {
		f.and("sequence < ?", page.Before)
	}
	if !only.From.IsZero() {
		f.and("created_at >= ?", only.From)
	}
	if !only.To.IsZero() {
		f.and("created_at < ?", only.To)
	}
	return r.page(ctx, f, page)
}

func (r auditLog) page(ctx context.Context, f filter, page ports.AuditPage) ([]audit.Entry, error) {
	limit, offset := f.next(page.Limit), f.next(page.Offset)
	return listed[auditRow](ctx, r,
		"SELECT "+auditColumns+" FROM audit_entries WHERE organization_id = $1"+f.conditions.String()+
			" ORDER BY sequence DESC LIMIT "+limit+" + 0 OFFSET "+offset, f.args...)
}
