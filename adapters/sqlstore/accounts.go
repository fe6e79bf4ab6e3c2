package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/ports"
)

type accounts struct{ *unit }

const accountColumns = "id, email, email_verified, name, username, password_hash, operator, disabled, version, created_at, updated_at, last_login_at"

type accountRow struct {
	ID            uuid.UUID  `db:"id"`
	Email         string     `db:"email"`
	EmailVerified bool       `db:"email_verified"`
	Name          string     `db:"name"`
	Username      *string    `db:"username"`
	PasswordHash  string     `db:"password_hash"`
	Operator      bool       `db:"operator"`
	Disabled      bool       `db:"disabled"`
	Version       int64      `db:"version"`
	CreatedAt     time.Time  `db:"created_at"`
	UpdatedAt     time.Time  `db:"updated_at"`
	LastLoginAt   *time.Time `db:"last_login_at"`
}

func (r accountRow) domain() account.Account {
	a := account.Account{
		ID:            account.ID(r.ID),
		Email:         account.StoredEmail(r.Email),
		EmailVerified: r.EmailVerified,
		Name:          naming.StoredName(r.Name),
		PasswordHash:  account.StoredPasswordHash(r.PasswordHash),
		Operator:      r.Operator,
		Disabled:      r.Disabled,
		Version:       r.Version,
		CreatedAt:     r.CreatedAt.UTC(),
		UpdatedAt:     r.UpdatedAt.UTC(),
		LastLoginAt:   utc(r.LastLoginAt),
	}
	if r.Username != nil {
		name := account.StoredUsername(*r.Username)
		a.Username = &name
	}
	return a
}

func username(a account.Account) *string {
	if a.Username == nil {
		return nil
	}
	text := a.Username.String()
	return &text
}

var accountTaken = taken{
	"accounts_email_key":    account.ErrEmailTaken,
	"accounts_username_key": account.ErrUsernameTaken,
}

func (r accounts) Add(ctx context.Context, a account.Account) error {
	return r.changeOne(ctx, accountTaken, fault.ErrInternal,
		`INSERT INTO accounts (`+accountColumns+`, search_name)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		a.ID.UUID(), a.Email.String(), a.EmailVerified, a.Name.String(), username(a), a.PasswordHash.Reveal(),
		a.Operator, a.Disabled, a.Version, a.CreatedAt, a.UpdatedAt, a.LastLoginAt, folded(a.Name.String()))
}

func (r accounts) Get(ctx context.Context, id account.ID) (account.Account, error) {
	found, err := r.by(ctx, "id = $1", id.UUID())
	if err != nil {
		return account.Account{}, err
	}
	if found == nil {
		return account.Account{}, fault.ErrNotFound
	}
	return *found, nil
}

func (r accounts) FindByEmail(ctx context.Context, email account.Email) (*account.Account, error) {
	return r.by(ctx, "email = $1", email.String())
}

func (r accounts) FindByUsername(ctx context.Context, name account.Username) (*account.Account, error) {
	return r.by(ctx, "username = $1", name.String())
}

func (r accounts) by(ctx context.Context, condition string, value any) (*account.Account, error) {
	var row accountRow
	found, err := r.find(ctx, &row, "SELECT "+accountColumns+" FROM accounts WHERE "+condition, value)
	if err != nil || !found {
		return nil, err
	}
	a := row.domain()
	return &a, nil
}

func (r accounts) Save(ctx context.Context, a account.Account) error {
	for _, unique := range []struct {
		rule   *fault.Error
		column string
		value  any
	}{{account.ErrEmailTaken, "email", a.Email.String()}, {account.ErrUsernameTaken, "username", username(a)}} {
		err := r.others(ctx, unique.rule, "SELECT count(*) FROM accounts WHERE "+unique.column+" = $2 AND id <> $1", a.ID.UUID(), unique.value)
		if err != nil {
			return err
		}
	}
	r.announce(ports.Subject(a.ID))
	return r.changeOne(ctx, accountTaken, fault.ErrStale,
		`UPDATE accounts
		SET email = $3, email_verified = $4, name = $5, username = $6, password_hash = $7, operator = $8,
			disabled = $9, updated_at = $10, last_login_at = $11, search_name = $12, version = version + 1
		WHERE id = $1 AND version = $2`,
		a.ID.UUID(), a.Version, a.Email.String(), a.EmailVerified, a.Name.String(), username(a),
		a.PasswordHash.Reveal(), a.Operator, a.Disabled, a.UpdatedAt, a.LastLoginAt, folded(a.Name.String()))
}

func (r accounts) LoggedIn(ctx context.Context, id account.ID, judged account.PasswordHash, fresh *account.PasswordHash) (*account.Account, error) {
	hash := judged
	if fresh != nil {
		hash = *fresh
	}
	var row accountRow
	found, err := r.changeFound(ctx, &row,
		"UPDATE accounts SET last_login_at = $2, password_hash = $4 WHERE id = $1 AND password_hash = $3 RETURNING "+accountColumns,
		id.UUID(), r.now, judged.Reveal(), hash.Reveal())
	if err != nil || !found {
		return nil, err
	}
	a := row.domain()
	return &a, nil
}

// Remove also moves the version of every organization that loses a member: that
// row is the lock of who owns it.
func (r accounts) Remove(ctx context.Context, id account.ID) error {
	r.announce(ports.Subject(id))
	_, err := r.change(ctx, nil,
		`UPDATE organizations SET version = version + 1
		WHERE id IN (SELECT organization_id FROM memberships WHERE account_id = $1)`, id.UUID())
	if err != nil {
		return err
	}
	return r.changeOne(ctx, nil, fault.ErrNotFound, "DELETE FROM accounts WHERE id = $1", id.UUID())
}

func (r accounts) ClaimInstallation(ctx context.Context, id account.ID) (bool, error) {
	n, err := r.change(ctx, nil,
		"UPDATE installation SET operator_id = $1, claimed_at = $2 WHERE id = 1 AND claimed_at IS NULL", id.UUID(), r.now)
	if err != nil || n == 0 {
		return false, err
	}
	r.announce(ports.Subject(id))
	return true, r.changeOne(ctx, nil, fault.ErrNotFound,
		"UPDATE accounts SET operator = $2, version = version + 1 WHERE id = $1", id.UUID(), true)
}
