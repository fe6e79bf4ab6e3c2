package sqlstore

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

var _ ports.Tx = (*unit)(nil)

func (u *unit) Now() time.Time { return u.now }

func (u *unit) Accounts() ports.Accounts           { return accounts{u} }
func (u *unit) Organizations() ports.Organizations { return organizations{u} }
func (u *unit) Memberships() ports.Memberships     { return memberships{u} }
func (u *unit) KeyIndex() ports.KeyIndex           { return keyIndex{u} }
func (u *unit) Sessions() ports.Sessions           { return sessions{u} }
func (u *unit) Throttles() ports.Throttles         { return throttles{u} }
func (u *unit) Keyring() ports.Keyring             { return keyring{u} }
func (u *unit) Links() ports.Links                 { return links{u} }
func (u *unit) Outbox() ports.Outbox               { return outbox{u} }
func (u *unit) AccountKeys() ports.AccountKeys     { return accountKeys{u} }
func (u *unit) Audit() ports.Audit                 { return chains{u} }
func (u *unit) Directory() ports.Directory         { return directory{u} }
func (u *unit) Repairs() ports.Repairs             { return repairs{u} }
func (u *unit) Answers() ports.Answers             { return answers{u} }

func (u *unit) Organization(g access.Grant) ports.Organization { return granted{tenant{u, g}} }
func (u *unit) Members(g access.Grant) ports.Members           { return members{tenant{u, g}} }
func (u *unit) Invitations(g access.Grant) ports.Invitations   { return invitations{tenant{u, g}} }
func (u *unit) Projects(g access.Grant) ports.Projects         { return projects{tenant{u, g}} }
func (u *unit) Environments(g access.Grant) ports.Environments { return environments{tenant{u, g}} }
func (u *unit) APIKeys(g access.Grant) ports.APIKeys           { return apikeys{tenant{u, g}} }
func (u *unit) AuditLog(g access.Grant) ports.AuditLog         { return auditLog{tenant{u, g}} }

// tenant runs statements for one organization: the one that was granted is the
// first argument of each, so that a repository cannot reach past it. Without a
// grant nothing runs, and without leave to change nothing that writes.
type tenant struct {
	unit  *unit
	grant access.Grant
}

func (t tenant) find(ctx context.Context, dest any, query string, args ...any) (bool, error) {
	if t.grant.IsZero() {
		return false, fault.ErrInternal.With(errNoGrant)
	}
	return t.unit.find(ctx, dest, query, t.own(args)...)
}

// get is find with a not-found fault where there is no row.
func (t tenant) get(ctx context.Context, dest any, query string, args ...any) error {
	found, err := t.find(ctx, dest, query, args...)
	if err == nil && !found {
		return fault.ErrNotFound
	}
	return err
}

// others is unit.others for rows of the organization.
func (t tenant) others(ctx context.Context, rule *fault.Error, query string, args ...any) error {
	if err := t.mayChange(); err != nil {
		return err
	}
	return t.unit.others(ctx, rule, query, t.own(args)...)
}

func (t tenant) list(ctx context.Context, dest any, query string, args ...any) error {
	if t.grant.IsZero() {
		return fault.ErrInternal.With(errNoGrant)
	}
	return t.unit.list(ctx, dest, query, t.own(args)...)
}

// rowLister is a unit of work, or what a tenant may read of it.
type rowLister interface {
	list(ctx context.Context, dest any, query string, args ...any) error
}

// listed reads rows and gives what they stand for.
func listed[R interface{ domain() M }, M any](ctx context.Context, from rowLister, query string, args ...any) ([]M, error) {
	var rows []R
	if err := from.list(ctx, &rows, query, args...); err != nil {
		return nil, err
	}
	models := make([]M, 0, len(rows))
	for _, row := range rows {
		models = append(models, row.domain())
	}
	return models, nil
}

func (t tenant) change(ctx context.Context, query string, args ...any) (int, error) {
	if err := t.mayChange(); err != nil {
		return 0, err
	}
	return t.unit.change(ctx, nil, query, t.own(args)...)
}

func (t tenant) changeOne(ctx context.Context, rules taken, none *fault.Error, query string, args ...any) error {
	if err := t.mayChange(); err != nil {
		return err
	}
	return t.unit.changeOne(ctx, rules, none, query, t.own(args)...)
}

// add is changeOne for a new row, which must name the granted organization.
func (t tenant) add(ctx context.Context, org organization.ID, rules taken, query string, args ...any) error {
	if err := t.owns(org); err != nil {
		return err
	}
	return t.changeOne(ctx, rules, fault.ErrInternal, query, args...)
}

// changeAll is changeOne for n new rows.
func (t tenant) changeAll(ctx context.Context, n int, rules taken, query string, args ...any) error {
	if err := t.mayChange(); err != nil {
		return err
	}
	return t.unit.changeAll(ctx, n, rules, query, t.own(args)...)
}

// owns refuses a row that names another organization than the granted one.
func (t tenant) owns(org organization.ID) error {
	if org != t.grant.Organization() {
		return fault.ErrInternal.With(errForeign)
	}
	return nil
}

// count reads one number.
func (t tenant) count(ctx context.Context, query string, args ...any) (int, error) {
	var n int
	_, err := t.find(ctx, &n, query, args...)
	return n, err
}

func (t tenant) mayChange() error {
	switch {
	case t.grant.IsZero():
		return fault.ErrInternal.With(errNoGrant)
	case !t.grant.Writes():
		return fault.ErrInternal.With(errMayNot)
	}
	t.unit.in = t.grant.Organization()
	return nil
}

func (t tenant) own(args []any) []any {
	return append([]any{t.grant.Organization().UUID()}, args...)
}

// nested lists columns of a joined table under names by which sqlx fills the
// struct of that name inside the row's.
func nested(table, name, columns string) string {
	var b strings.Builder
	for column := range strings.SplitSeq(columns, ", ") {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(table + "." + column + ` AS "` + name + "." + column + `"`)
	}
	return b.String()
}

// optional turns a typed id that may be absent into a column.
func optional[ID interface{ UUID() uuid.UUID }](id *ID) *uuid.UUID {
	if id == nil {
		return nil
	}
	u := (*id).UUID()
	return &u
}

// typed is the way back of optional.
func typed[ID ~[16]byte](u *uuid.UUID) *ID {
	if u == nil {
		return nil
	}
	id := ID(*u)
	return &id
}
