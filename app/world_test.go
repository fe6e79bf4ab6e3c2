package app_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tenantry/tenantry/adapters/guess"
	"github.com/tenantry/tenantry/adapters/idn"
	"github.com/tenantry/tenantry/adapters/jwt"
	"github.com/tenantry/tenantry/adapters/seal"
	"github.com/tenantry/tenantry/adapters/sqlite"
	"github.com/tenantry/tenantry/adapters/system"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/idempotency"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
	"github.com/tenantry/tenantry/ports/portstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password = "a quiet evening by the harbor"
	another  = "seven grey herons in the reeds"
)

// client is where every request of these tests comes from.
var client = app.Client{Address: "192.0.2.7", UserAgent: "tests", RequestID: "request-1"}

// world is an installation with a real store, a clock that stands still and a
// mailbox.
type world struct {
	*app.App
	t     testing.TB
	store ports.Store
	path  string
	clock *portstest.Clock
	box   *mailbox
	log   *lines
}

func newWorld(t testing.TB) *world { return newWorldWith(t, func(*app.Settings) {}) }

func newWorldWith(t testing.TB, change func(*app.Settings)) *world {
	t.Helper()
	clock := portstest.NewClock(time.Date(2026, 3, 29, 12, 30, 0, 0, time.UTC))
	w := &world{t: t, clock: clock, path: filepath.Join(t.TempDir(), "tenantry.db"), box: &mailbox{}, log: &lines{}}
	w.store = openStore(t, w.path, clock)
	sealer, err := seal.New(make([]byte, 32))
	must(t, err)
	tokens, err := jwt.New(jwt.Settings{Issuer: "http://localhost", Audience: "http://localhost"},
		jwt.Keys{Secret: []byte("thirty-two bytes that nobody has to guess")})
	must(t, err)
	settings := app.Settings{
		Sessions: session.Policy{
			AccessTTL: time.Hour, RefreshTTL: 7 * 24 * time.Hour, MaxAge: 30 * 24 * time.Hour,
			Grace: 10 * time.Second, FreshFor: 10 * time.Minute,
		},
		Passwords:     account.PasswordPolicy{MinLength: 8, MinScore: 1},
		LoginFailures: 3, LoginWindow: 15 * time.Minute,
	}
	change(&settings)
	w.App = app.New(app.Dependencies{
		Idempotency: idempotency.NewDeriver([]byte("only the tests derive from this")),
		SealerOf:    func(key []byte) (ports.Sealer, error) { return seal.New(key) },
		Store:       w.store, Credentials: portstest.Live{Store: w.store}, Clock: clock, Random: system.NewRandom(), Passwords: quickPasswords{},
		AccessTokens: tokens, RefreshTokens: session.NewDeriver(make([]byte, 32)),
		Guess: guess.Score, ToASCII: idn.ToASCII, Sealer: sealer, Mailer: w.box,
		Logger: slog.New(slog.NewTextHandler(w.log, nil)),
	}, settings)
	return w
}

func openStore(t testing.TB, path string, clock ports.Clock) ports.Store {
	t.Helper()
	migrator, err := sqlite.OpenMigrator(t.Context(), path)
	must(t, err)
	_, err = migrator.Up(t.Context())
	must(t, errors.Join(err, migrator.Close()))
	store, err := sqlite.Open(t.Context(), path, clock)
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	return store
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused demands one fault and no other.
func refused(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("the answer is %v, want %v", err, want)
	}
}

// quickPasswords is the hash lane without the work.
type quickPasswords struct{}

func (quickPasswords) Hash(_ context.Context, p account.Password) (account.PasswordHash, error) {
	digest := sha256.Sum256([]byte(p.Reveal()))
	return account.StoredPasswordHash("$quick$" + hex.EncodeToString(digest[:])), nil
}

func (q quickPasswords) Verify(ctx context.Context, hash *account.PasswordHash, p account.Password, before func() error) (bool, *account.PasswordHash, error) {
	if err := before(); err != nil {
		return false, nil, err
	}
	own, err := q.Hash(ctx, p)
	return hash != nil && *hash == own, nil, err
}

// mailbox takes all mail, or fails as it is told to.
type mailbox struct {
	mu   sync.Mutex
	sent []mail.Mail
	fail func(mail.Mail) error
}

func (b *mailbox) Send(_ context.Context, m mail.Mail) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		if err := b.fail(m); err != nil {
			return err
		}
	}
	b.sent = append(b.sent, m)
	return nil
}

func (b *mailbox) all() []mail.Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.sent)
}

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// deliver brings out all mail that is due.
func (w *world) deliver() {
	w.t.Helper()
	for {
		n, err := w.Relay.Deliver(w.t.Context())
		must(w.t, err)
		if n == 0 {
			return
		}
	}
}

// mails returns the mails of a kind to an address, the oldest first.
func (w *world) mails(kind mail.Kind, to string) []mail.Mail {
	w.t.Helper()
	w.deliver()
	return slices.DeleteFunc(w.box.all(), func(m mail.Mail) bool { return m.Kind != kind || m.To.String() != to })
}

// mail returns the last of them, which there must be.
func (w *world) mail(kind mail.Kind, to string) mail.Mail {
	w.t.Helper()
	found := w.mails(kind, to)
	if len(found) == 0 {
		w.t.Fatalf("no %s went to %s; sent were %+v", kind, to, w.box.all())
	}
	return found[len(found)-1]
}

// person is somebody with an account and a session in an organization.
type person struct {
	access.Actor
	tokens session.Tokens
}

func (p person) org() organization.ID  { return p.Membership.OrganizationID }
func (p person) chain() audit.ChainID  { return audit.OfOrganization(p.org()) }
func (p person) member() membership.ID { return p.Membership.ID }
func (p person) email() string         { return p.Account.Email.String() }

func address(name string) string { return name + "@example.com" }

// register makes a person with an organization of their own.
func (w *world) register(name string) person {
	w.t.Helper()
	made, err := w.Accounts.Register(w.t.Context(), app.Register{
		Email: address(name), Password: password, Name: name, Organization: name + " ltd", Client: client,
	})
	must(w.t, err)
	return w.arrive(made.Tokens)
}

// verified is register with a proven address.
func (w *world) verified(name string) person {
	w.t.Helper()
	p := w.register(name)
	must(w.t, w.Emails.Verify(w.t.Context(), w.mail(mail.VerifyEmail, address(name)).Token, &p.Actor, client))
	return w.again(p)
}

func (w *world) arrive(tokens session.Tokens) person {
	w.t.Helper()
	actor, err := w.Sessions.Authenticate(w.t.Context(), tokens.Access, nil, client)
	must(w.t, err)
	return person{actor, tokens}
}

// again authenticates anew by the same session.
func (w *world) again(p person) person {
	w.t.Helper()
	return w.arrive(p.tokens)
}

// in is the person acting in another organization.
func (w *world) in(p person, org organization.ID) person {
	w.t.Helper()
	actor, err := w.Sessions.Authenticate(w.t.Context(), p.tokens.Access, &org, client)
	must(w.t, err)
	return person{actor, p.tokens}
}

func (w *world) login(name, pw string) (person, error) {
	w.t.Helper()
	in, err := w.Sessions.Login(w.t.Context(), app.Login{Identifier: address(name), Password: pw, Client: client})
	if err != nil {
		return person{}, err
	}
	return w.arrive(in.Tokens), nil
}

// join brings somebody with a proven address into an organization.
func (w *world) join(by, who person, role membership.Role) person {
	w.t.Helper()
	text := role.String()
	_, err := w.Invitations.Invite(w.t.Context(), by.Actor, app.Invite{Email: who.email(), Role: &text})
	must(w.t, err)
	_, err = w.Invitations.Accept(w.t.Context(), who.Actor, app.Accept{Token: w.mail(mail.Invitation, who.email()).Token})
	must(w.t, err)
	return w.in(who, by.org())
}

func (w *world) chain(chain audit.ChainID) []audit.Entry {
	w.t.Helper()
	entries, err := ports.Look(w.t.Context(), w.store, func(tx ports.Tx) ([]audit.Entry, error) {
		return tx.Audit().Walk(w.t.Context(), chain, 0, 10_000)
	})
	must(w.t, err)
	return entries
}

// recorded returns the actions that fn had recorded, in whatever chains, in the
// order of their ids.
func (w *world) recorded(fn func()) []audit.Action {
	w.t.Helper()
	before := map[audit.ChainID]int{}
	w.eachChain(func(chain audit.ChainID) { before[chain] = len(w.chain(chain)) })
	fn()
	var entries []audit.Entry
	w.eachChain(func(chain audit.ChainID) { entries = append(entries, w.chain(chain)[before[chain]:]...) })
	slices.SortFunc(entries, func(a, b audit.Entry) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	actions := []audit.Action{}
	for _, e := range entries {
		actions = append(actions, e.Action)
	}
	return actions
}

func (w *world) eachChain(fn func(audit.ChainID)) {
	w.t.Helper()
	must(w.t, w.Audit.Chains(w.t.Context(), func(chain audit.ChainID) error { fn(chain); return nil }))
}

func ptr[T any](v T) *T { return &v }

// tamper does to the database what nobody may.
func (w *world) tamper(statements string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.path)
	must(w.t, err)
	_, err = db.ExecContext(w.t.Context(), statements)
	must(w.t, errors.Join(err, db.Close()))
}
