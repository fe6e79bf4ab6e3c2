package harness

import (
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/lib/pq" // for the tests' own statements
	_ "modernc.org/sqlite"

	"github.com/tenantry/tenantry/test/pgtest"
)

// Engine is a database that the program runs on.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Engines lists every engine; where tests run by round robin, that alone which
// has replicas.
func Engines() []Engine {
	if sided() {
		return []Engine{Postgres}
	}
	return []Engine{SQLite, Postgres}
}

// Database is a database of one installation. Servers come and go on it.
type Database struct {
	Engine    Engine
	URL       string // as in DATABASE_URL
	MasterKey string // empty on SQLite, where the program makes its own
	path      string // of the file, on SQLite
}

// NewDatabase makes an empty database that disappears with the test.
func NewDatabase(tb testing.TB, engine Engine) *Database {
	tb.Helper()
	if engine == SQLite {
		path := filepath.Join(tb.TempDir(), "tenantry.db")
		return &Database{Engine: engine, URL: "sqlite:" + path, path: path}
	}
	key := make([]byte, 32)
	rand.Read(key)
	return &Database{Engine: engine, URL: pgtest.New(tb), MasterKey: base64.StdEncoding.EncodeToString(key)}
}

// File is where SQLite keeps the database; empty on PostgreSQL.
func (d *Database) File() string { return d.path }

// In is an empty SQLite database in that directory, which is the test's own.
func (d *Database) In(directory string) *Database {
	path := filepath.Join(directory, "tenantry.db")
	return &Database{Engine: SQLite, URL: "sqlite:" + path, path: path}
}

// Open connects a test to the database, to put things into states that no
// request brings about and to see what no answer shows.
func (d *Database) Open(tb testing.TB) *sql.DB {
	tb.Helper()
	driver, dsn := d.Driver()
	if d.Engine == Postgres {
		dsn = readable(tb, dsn)
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(4)
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

// readable has PostgreSQL write bytes as they are, as far as they are text, so
// that a search for secrets finds them there, too.
func readable(tb testing.TB, dsn string) string {
	tb.Helper()
	address, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	query := address.Query()
	query.Set("bytea_output", "escape")
	address.RawQuery = query.Encode()
	return address.String()
}

// Driver is by what database/sql reaches the database, and where.
func (d *Database) Driver() (name, dsn string) {
	if d.Engine != SQLite {
		return "postgres", d.URL
	}
	options := url.Values{
		"_pragma":      {"busy_timeout(10000)", "foreign_keys(1)"},
		"_txlock":      {"immediate"},
		"_time_format": {"sqlite"},
		"_timezone":    {"UTC"},
	}
	return "sqlite", "file:" + d.path + "?" + options.Encode()
}

// ForEachEngine runs a test on each engine, against a server that the package's
// tests share: a test must not disturb those that run beside it.
func ForEachEngine(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Helper()
	forEachEngine(t, test, false)
}

// ForEachEngineAlone is ForEachEngine for a test of what one process counts or
// collects in its own memory: the server has no other replica.
func ForEachEngineAlone(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Helper()
	forEachEngine(t, test, true)
}

func forEachEngine(t *testing.T, test func(t *testing.T, s *Server), alone bool) {
	t.Helper()
	t.Parallel()
	for _, engine := range Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, shared(t, engine, alone))
		})
	}
}

// OnOneEngine runs a test of what is decided before any database is asked, such
// as the form of a request. For the rest it is ForEachEngine.
func OnOneEngine(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Helper()
	t.Parallel()
	test(t, shared(t, Engines()[0], false))
}

// ForEachDatabase runs a test on each engine with an empty database of its own.
func ForEachDatabase(t *testing.T, test func(t *testing.T, d *Database)) {
	t.Helper()
	t.Parallel()
	for _, engine := range Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, NewDatabase(t, engine))
		})
	}
}

// Shared are further settings of the servers that ForEachEngine hands out, set
// before the tests run.
var Shared Environment

// common is which of the shared servers is meant.
type common struct {
	engine Engine
	alone  bool // where others have replicas
}

// sharedServers are started by the first test that asks.
var sharedServers struct {
	mutex   sync.Mutex
	started map[common]*Server
}

func shared(t *testing.T, engine Engine, alone bool) *Server {
	t.Helper()
	which, env := common{engine, alone && sided()}, Environment{}
	if which.alone {
		env = Alone
	}
	sharedServers.mutex.Lock()
	defer sharedServers.mutex.Unlock()
	if s := sharedServers.started[which]; s != nil {
		return s
	}
	defer func() {
		if thrown := recover(); thrown != nil {
			t.Fatal(thrown) // the process cannot go on without, but the other engine's tests can
		}
	}()
	s := Start(whole, NewDatabase(whole, engine), Shared, env)
	if sharedServers.started == nil {
		sharedServers.started = map[common]*Server{}
	}
	sharedServers.started[which] = s
	s.Cast(t) // before any test's own people, so that none of those is the operator
	return s
}
