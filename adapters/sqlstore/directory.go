package sqlstore

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

type directory struct{ *unit }

func (r directory) Accounts(ctx context.Context, text string, page ports.Page[account.ID]) ([]account.Account, error) {
	query, args := search("accounts", accountColumns, text, []string{"email", "search_name", "username"}, page.After.UUID(), page.Limit)
	return listed[accountRow](ctx, r, query, args...)
}

func (r directory) Organizations(ctx context.Context, text string, page ports.Page[organization.ID]) ([]organization.Organization, error) {
	query, args := search("organizations", organizationColumns, text, []string{"search_name", "slug"}, page.After.UUID(), page.Limit)
	return listed[organizationRow](ctx, r, query, args...)
}

func (r directory) Operators(ctx context.Context) (int, error) {
	var n int
	_, err := r.find(ctx, &n, "SELECT count(*) FROM accounts WHERE operator AND NOT disabled")
	return n, err
}

func (r directory) Home(ctx context.Context) (*organization.ID, error) {
	var home *uuid.UUID
	_, err := r.find(ctx, &home, "SELECT home_id FROM installation WHERE id = 1")
	return typed[organization.ID](home), err
}

func (r directory) Settle(ctx context.Context, home organization.ID) error {
	return r.changeOne(ctx, nil, fault.ErrInternal, "UPDATE installation SET home_id = $1 WHERE id = 1", home.UUID())
}

// search lists a table by id, cut down to the rows that have the text in one of
// the columns.
func search(table, columns, text string, within []string, after uuid.UUID, limit int) (query string, args []any) {
	f := filter{}
	query = "SELECT " + columns + " FROM " + table + " WHERE id > " + f.next(after)
	if text != "" {
		anywhere := make([]string, len(within))
		for i, column := range within {
			anywhere[i] = contains(column)
		}
		f.and("("+strings.Join(anywhere, " OR ")+")", folded(text))
	}
	query += f.conditions.String() + " ORDER BY id LIMIT " + f.next(limit) + " + 0"
	return query, f.args
}
