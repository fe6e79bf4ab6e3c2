package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
	"github.com/tenantry/tenantry/ports/portstest"
)

var (
	noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	home = organization.ID(uuid.MustParse("01890a5d-ac96-774b-bcce-000000000001"))
	away = organization.ID(uuid.MustParse("01890a5d-ac96-774b-bcce-000000000002"))
	ada  = account.ID(uuid.MustParse("01890a5d-ac96-774b-bcce-000000000003"))
)

const (
	goodToken  = "good"
	adminToken = "an operator's token of 32 bytes!"
)

// world is the store and everything else that the use cases reach, with just
// what the machinery's tests need: one account in one organization with some
// projects, one key of each sort, and what was recorded.
type world struct {
	ports.Store
	ports.Tx
	projects   []project.Project
	key        apikey.Secret
	accountKey apikey.Secret
	role       membership.Role
	operator   bool
	entries    []audit.Entry // the newest first
	broken     error         // what the store answers instead

	credentials ports.Credentials // nil: live ones
	tally       ports.Tally       // nil: nobody
}

func newWorld() *world {
	seven := func(int) int { return 7 }
	w := &world{
		key:        apikey.NewSecret(environment.Development, apikey.Client, seven),
		accountKey: apikey.NewAccountSecret(seven), role: membership.Viewer,
	}
	for i := range 5 {
		w.projects = append(w.projects, project.Project{
			ID: project.ID(uuid.UUID{15: byte(i + 1)}), OrganizationID: home, Name: naming.StoredName("Project"),
			Slug: naming.StoredSlug("project"), CreatedAt: noon, UpdatedAt: noon,
		})
	}
	return w
}

func (w *world) View(_ context.Context, fn func(ports.Tx) error) error {
	if w.broken != nil {
		return w.broken
	}
	return fn(w)
}

func (w *world) Do(ctx context.Context, fn func(ports.Tx) error) error { return w.View(ctx, fn) }

func (w *world) Now() time.Time                               { return noon }
func (w *world) Sessions() ports.Sessions                     { return worldSessions{world: w} }
func (w *world) AccountKeys() ports.AccountKeys               { return worldAccountKeys{world: w} }
func (w *world) Accounts() ports.Accounts                     { return worldAccounts{world: w} }
func (w *world) Links() ports.Links                           { return worldLinks{} }
func (w *world) Directory() ports.Directory                   { return worldDirectory{} }
func (w *world) AuditLog(access.Grant) ports.AuditLog         { return worldAuditLog{world: w} }
func (w *world) Members(access.Grant) ports.Members           { return worldMembers{} }
func (w *world) Projects(access.Grant) ports.Projects         { return worldProjects{all: w.projects} }
func (w *world) KeyIndex() ports.KeyIndex                     { return worldKeys{key: w.key} }
func (w *world) Sign(session.Claims) (string, error)          { return goodToken, nil }
func (w *world) ID() uuid.UUID                                { return uuid.UUID{1} }
func (w *world) Uniform(int) int                              { return 0 }
func (w *world) Bytes(n int) []byte                           { return make([]byte, n) }
func (w *world) Ping(context.Context) error                   { return w.broken }
func (w *world) Memberships() ports.Memberships               { return worldMemberships{world: w} }
func (w *world) Organization(access.Grant) ports.Organization { return worldOrganization{} }

func (w *world) Verify(token string, _ time.Time) (session.Claims, error) {
	if token != goodToken {
		return session.Claims{}, session.ErrInvalidToken
	}
	return session.Claims{AccountID: ada, OrganizationID: &home}, nil
}

// actor is the one account, in the organization if that is its own.
func (w *world) actor(org *organization.ID) *access.Actor {
	actor := &access.Actor{Account: account.Account{ID: ada, Operator: w.operator}}
	if org != nil && *org == home {
		actor.Membership = &membership.Membership{OrganizationID: home, AccountID: ada, Role: w.role}
	}
	return actor
}

type worldSessions struct {
	ports.Sessions
	world *world
}

func (s worldSessions) Find(_ context.Context, _ session.ID, org *organization.ID) (*access.Actor, error) {
	actor := s.world.actor(org)
	actor.Session = session.Session{ExpiresAt: noon.Add(time.Hour)}
	return actor, nil
}

type worldAccountKeys struct {
	ports.AccountKeys
	world *world
}

func (k worldAccountKeys) Find(_ context.Context, digest apikey.Digest, org *organization.ID) (*access.Actor, error) {
	if digest != k.world.accountKey.Digest() {
		return nil, nil
	}
	if org == nil {
		org = &home
	}
	actor := k.world.actor(org)
	actor.Key = &accountkey.Key{AccountID: ada, Scopes: accountkey.DefaultScopes()}
	return actor, nil
}

type worldMemberships struct {
	ports.Memberships
	world *world
}

func (m worldMemberships) Find(_ context.Context, org organization.ID, _ account.ID) (*membership.Membership, error) {
	return m.world.actor(&org).Membership, nil
}

func (worldMemberships) List(context.Context, account.ID, ports.Page[membership.ID]) ([]ports.Affiliation, error) {
	return []ports.Affiliation{}, nil
}

type worldAccounts struct {
	ports.Accounts
	world *world
}

func (a worldAccounts) Get(_ context.Context, id account.ID) (account.Account, error) {
	if only := a.world.actor(nil).Account; only.ID == id {
		return only, nil
	}
	return account.Account{}, fault.ErrNotFound
}

type worldLinks struct{ ports.Links }

func (worldLinks) Find(context.Context, link.Digest) (*link.Link, error) { return nil, nil }

type worldDirectory struct{ ports.Directory }

func (worldDirectory) Organizations(context.Context, string, ports.Page[organization.ID]) ([]organization.Organization, error) {
	return []organization.Organization{}, nil
}

type worldMembers struct{ ports.Members }

func (worldMembers) List(_ context.Context, _ ports.MemberFilter, page ports.Page[membership.ID]) ([]ports.Member, error) {
	return make([]ports.Member, page.Limit), nil
}

type worldAuditLog struct {
	ports.AuditLog
	world *world
}

func (l worldAuditLog) List(_ context.Context, filter ports.AuditFilter, page ports.AuditPage) ([]audit.Entry, error) {
	found := []audit.Entry{}
	for _, e := range l.world.entries {
		older := page.Before == 0 || e.Sequence < page.Before
		if older && (filter.Action == "" || e.Action == filter.Action) {
			found = append(found, e)
		}
	}
	found = found[min(page.Offset, len(found)):]
	return found[:min(page.Limit, len(found))], nil
}

type worldOrganization struct{ ports.Organization }

func (worldOrganization) Get(context.Context) (organization.Organization, error) {
	return organization.Organization{ID: home, Name: naming.StoredName("Home"), Slug: naming.StoredSlug("home")}, nil
}

type worldProjects struct {
	ports.Projects
	all []project.Project
}

func (p worldProjects) Get(_ context.Context, id project.ID) (project.Project, error) {
	for _, one := range p.all {
		if one.ID == id {
			return one, nil
		}
	}
	return project.Project{}, fault.ErrNotFound
}

func (p worldProjects) List(_ context.Context, page ports.Page[project.ID]) ([]project.Project, error) {
	found := []project.Project{}
	for _, one := range p.all {
		if one.ID.String() > page.After.String() && len(found) < page.Limit {
			found = append(found, one)
		}
	}
	return found, nil
}

type worldKeys struct {
	ports.KeyIndex
	key apikey.Secret
}

func (k worldKeys) Find(_ context.Context, digest apikey.Digest) (*ports.Opened, error) {
	if digest != k.key.Digest() {
		return nil, nil
	}
	return &ports.Opened{
		Key: apikey.Key{OrganizationID: home, Name: naming.StoredName("Key"), Type: apikey.Client, Scopes: apikey.Scopes{"a", "b:read"}},
		Place: &ports.Place{
			Environment:  environment.Environment{OrganizationID: home, Slug: naming.StoredSlug("dev")},
			Organization: organization.Organization{ID: home},
		},
	}, nil
}

type fixedClock struct{}

func (fixedClock) Now() time.Time { return noon }

// logs collects what a server writes.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (w *world) options(out io.Writer) Options {
	return w.optionsOver(func(w *world) ports.Store { return w }, out)
}

// optionsOver is options with the world behind another store.
func (w *world) optionsOver(store func(*world) ports.Store, out io.Writer) Options {
	logger := slog.New(slog.NewJSONHandler(out, nil))
	kept := store(w)
	if w.credentials == nil {
		w.credentials = portstest.Live{Store: kept}
	}
	return Options{
		App: app.New(app.Dependencies{
			Store: kept, Credentials: w.credentials, Clock: fixedClock{}, Random: w, AccessTokens: w, Logger: logger, Tally: w.tally,
			RefreshTokens: session.NewDeriver(make([]byte, 32)),
			Guess:         func(string, []string) int { return 4 },
			ToASCII: func(domain string) (string, error) {
				if !strings.Contains(domain, ".") {
					return "", errors.New("no domain")
				}
				return domain, nil
			},
		}, app.Settings{LoginFailures: 10}),
		Logger: logger, PublicURL: "https://tenantry.example", CursorKey: make([]byte, 32),
		AdminToken: NewAdminToken(adminToken), JWKS: func() []byte { return []byte(`{"keys":[]}`) }, Ping: w.Ping, Ready: &Readiness{},
	}
}

func newTestHandler(t testing.TB, w *world) http.Handler {
	t.Helper()
	h, err := New(w.options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends a request. Each header is "Name: value"; a body comes as JSON
// unless a header says otherwise.
func ask(t testing.TB, h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if name == "Content-Type" {
			r.Header.Del(name)
		}
		if value != "" {
			r.Header.Add(name, value)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const authorized = "Authorization: Bearer " + goodToken

// refused reads the problem that an answer has to be.
func refused(t testing.TB, w *httptest.ResponseRecorder, status int, code string) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("no problem: %d %q: %v", w.Code, w.Body.String(), err)
	}
	if w.Code != status || p.Status != status || p.Code != code || w.Header().Get("Content-Type") != problemType {
		t.Errorf("got %d %s, want %d %s: %s", w.Code, p.Code, status, code, w.Body.String())
	}
	if p.Type == "" || p.Title == "" || p.Detail == "" || p.Sentence == "" || p.RequestID == "" {
		t.Errorf("a member is missing: %s", w.Body.String())
	}
	return p
}
