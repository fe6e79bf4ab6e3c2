package races

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/adapters/idn"
	"github.com/tenantry/tenantry/adapters/jwt"
	"github.com/tenantry/tenantry/adapters/postgres"
	"github.com/tenantry/tenantry/adapters/seal"
	"github.com/tenantry/tenantry/adapters/sqlite"
	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/adapters/system"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/migrations"
	"github.com/tenantry/tenantry/ports"
	"github.com/tenantry/tenantry/ports/portstest"
	"github.com/tenantry/tenantry/test/pgtest"
)

// password is everybody's.
const password = "correct horse battery staple"

// house is the use cases over one database.
type house struct {
	*app.App
	plain  *sqlstore.Store // as it serves
	pacer  *pacer          // stands before the store that the use cases use
	engine migrations.Engine
	db     *sql.DB // the tests' own
	posted *posted
}

// posted is a mailer that keeps what it is given.
type posted struct {
	mutex sync.Mutex
	mails []mail.Mail
}

// Send implements ports.Mailer.
func (p *posted) Send(_ context.Context, m mail.Mail) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.mails = append(p.mails, m)
	return nil
}

// quick hashes passwords at no cost: these rounds are not about them.
type quick struct{}

func (quick) Hash(_ context.Context, p account.Password) (account.PasswordHash, error) {
	return account.StoredPasswordHash(fmt.Sprintf("%x", sha256.Sum256([]byte(p.Reveal())))), nil
}

func (q quick) Verify(ctx context.Context, hash *account.PasswordHash, p account.Password, before func() error) (bool, *account.PasswordHash, error) {
	if err := before(); err != nil || hash == nil {
		return false, nil, err
	}
	made, err := q.Hash(ctx, p)
	return err == nil && made.Reveal() == hash.Reveal(), nil, err
}

// onEachEngine runs a test in a house of its own.
func onEachEngine(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	for _, engine := range []migrations.Engine{migrations.SQLite, migrations.PostgreSQL} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, newHouse(t, engine))
		})
	}
}

func newHouse(t *testing.T, engine migrations.Engine) *house {
	t.Helper()
	h := &house{engine: engine, posted: &posted{}}
	weak := h.open(t)
	t.Cleanup(func() {
		for _, err := range []error{h.db.Close(), weak.Close(), h.plain.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	h.pacer = &pacer{strong: h.plain, weak: weak}
	sealer, err := seal.New(random(32))
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := jwt.New(jwt.Settings{Issuer: "http://127.0.0.1", Audience: "http://127.0.0.1"}, jwt.Keys{Secret: random(32)})
	if err != nil {
		t.Fatal(err)
	}
	h.App = app.New(app.Dependencies{
		Store: h.pacer, Credentials: portstest.Live{Store: h.pacer}, Clock: system.Clock{}, Random: system.NewRandom(), Passwords: quick{}, AccessTokens: tokens,
		RefreshTokens: session.NewDeriver(random(32)), Guess: func(string, []string) int { return 4 }, ToASCII: idn.ToASCII,
		Sealer: sealer, Mailer: h.posted, Logger: slog.New(slog.DiscardHandler),
	}, app.Settings{
		Sessions: session.Policy{
			AccessTTL: time.Hour, RefreshTTL: time.Hour, MaxAge: time.Hour, Grace: time.Second, FreshFor: time.Hour,
		},
		Passwords:     account.PasswordPolicy{MinLength: 8},
		LoginFailures: 100, LoginWindow: time.Minute,
	})
	h.register(t) // the operator, who is never the last one of a round
	return h
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// open opens the store as it serves, the tests' own connection, and the store
// of the controls.
func (h *house) open(t *testing.T) (weak *sqlstore.Store) {
	t.Helper()
	if h.engine == migrations.SQLite {
		return h.openSQLite(t)
	}
	return h.openPostgres(t)
}

func (h *house) openSQLite(t *testing.T) *sqlstore.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tenantry.db")
	migrator, err := sqlite.OpenMigrator(t.Context(), path)
	if err := bringUp(migrator, err); err != nil {
		t.Fatal(err)
	}
	if h.plain, err = sqlite.Open(t.Context(), path, system.Clock{}); err != nil {
		t.Fatal(err)
	}
	weak, err := sqlite.Open(t.Context(), path, system.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	options := url.Values{"_pragma": {"busy_timeout(10000)", "foreign_keys(1)"}, "_txlock": {"immediate"}, "_time_format": {"sqlite"}}
	if h.db, err = sql.Open("sqlite", "file:"+path+"?"+options.Encode()); err != nil {
		t.Fatal(err)
	}
	return weak
}

// openPostgres makes the weaker store at READ COMMITTED.
func (h *house) openPostgres(t *testing.T) *sqlstore.Store {
	t.Helper()
	config := postgres.Config{DSN: pgtest.Clone(t, "schema", func(dsn string) error {
		migrator, err := postgres.OpenMigrator(context.Background(), postgres.Config{DSN: dsn})
		return bringUp(migrator, err)
	})}
	var err error
	if h.plain, err = postgres.Open(t.Context(), config, system.Clock{}); err != nil {
		t.Fatal(err)
	}
	var pools [3]*sql.DB
	for i := range pools {
		if pools[i], err = sql.Open("postgres", config.DSN); err != nil {
			t.Fatal(err)
		}
		pools[i].SetMaxOpenConns(8)
	}
	h.db = pools[2]
	return sqlstore.New(pools[0], pools[1], sqlstore.Dialect{
		Engine: migrations.PostgreSQL, Begin: sql.TxOptions{Isolation: sql.LevelReadCommitted}, Classify: conflicts,
	}, system.Clock{})
}

// conflicts knows only of what is worth another attempt.
func conflicts(err error) sqlstore.Failure {
	for _, state := range []string{"40001", "40P01"} {
		if strings.Contains(err.Error(), state) {
			return sqlstore.Failure{Kind: sqlstore.Conflict}
		}
	}
	return sqlstore.Failure{}
}

func bringUp(m *migrations.Migrator, err error) error {
	if err != nil {
		return err
	}
	_, err = m.Up(context.Background())
	return errors.Join(err, m.Close())
}

// count reads one number.
func (h *house) count(t *testing.T, query string, arguments ...any) int {
	t.Helper()
	var n int
	if err := h.db.QueryRow(query, arguments...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// person is an account that is freshly logged in.
type person struct {
	account account.Account
	org     organization.Organization // its own
	member  membership.ID             // in the organization of the round
	role    membership.Role
}

// actor is the person as a request authenticates it, in an organization.
func (h *house) actor(p person, org organization.ID) access.Actor {
	now := system.Clock{}.Now()
	return access.Actor{
		Account:    p.account,
		Session:    session.Session{AccountID: p.account.ID, AuthenticatedAt: now, CreatedAt: now, ExpiresAt: now.Add(time.Hour)},
		Membership: &membership.Membership{ID: p.member, OrganizationID: org, AccountID: p.account.ID, Role: p.role},
	}
}

// newEmail is an address that nobody has.
func newEmail() string { return strings.ToLower(rand.Text()) + "@example.com" }

func (h *house) register(t *testing.T) person {
	t.Helper()
	made, err := h.Accounts.Register(t.Context(), app.Register{
		Email: newEmail(), Password: password, Name: "Ada Lovelace", Organization: "Engines " + rand.Text(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return person{made.Account, made.Organization, made.Membership.ID, membership.Owner}
}

// join makes somebody a member of the organization.
func (h *house) join(t *testing.T, org organization.ID, p person, role membership.Role) person {
	t.Helper()
	p.member, p.role = membership.ID(system.NewRandom().ID()), role
	err := h.plain.Do(t.Context(), func(tx ports.Tx) error {
		return tx.Members(access.Found(org, p.account.ID)).Add(t.Context(), membership.Membership{
			ID: p.member, OrganizationID: org, AccountID: p.account.ID, Role: role,
			Version: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tokenOf brings out what is in the outbox, and returns the token of the latest
// mail of a kind to an address.
func (h *house) tokenOf(t *testing.T, kind mail.Kind, to account.Email) string {
	t.Helper()
	for {
		n, err := h.Relay.Deliver(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	h.posted.mutex.Lock()
	defer h.posted.mutex.Unlock()
	for _, m := range slices.Backward(h.posted.mails) {
		if m.Kind == kind && m.To == to && m.Token != "" {
			return m.Token
		}
	}
	t.Fatalf("there is no mail of the kind %s", kind)
	return ""
}

func storedEmail(text string) account.Email { return account.StoredEmail(text) }

// session logs the person in for real, and acts in it.
func (h *house) session(t *testing.T, p person) access.Actor {
	t.Helper()
	in, err := h.Sessions.Login(t.Context(), app.Login{Identifier: p.account.Email.String(), Password: password})
	if err != nil {
		t.Fatal(err)
	}
	actor, err := h.Sessions.Authenticate(t.Context(), in.Tokens.Access, nil, app.Client{})
	if err != nil {
		t.Fatal(err)
	}
	return actor
}

// forgetCounts lets as many mails go to one address as a test wants.
func (h *house) forgetCounts(t *testing.T) {
	t.Helper()
	if _, err := h.db.Exec("DELETE FROM throttles"); err != nil {
		t.Fatal(err)
	}
}
