package pgtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
)

// cluster is the server in which tests get their databases.
type cluster struct {
	address url.URL // of the database from which others are made
	server  *Server // nil when the server is not ours

	mutex     sync.Mutex
	templates map[string]*template
}

type template struct {
	once     sync.Once
	database string
	err      error
}

// template returns the prepared database of that name. Tests that need the
// same one wait for each other; others do not.
func (c *cluster) template(name string, prepare func(dsn string) error) (string, error) {
	c.mutex.Lock()
	if c.templates == nil {
		c.templates = map[string]*template{}
	}
	wanted := c.templates[name]
	if wanted == nil {
		wanted = &template{err: errors.New("its preparation panicked")}
		c.templates[name] = wanted
	}
	c.mutex.Unlock()

	wanted.once.Do(func() {
		wanted.database = uniqueName()
		wanted.err = c.prepare(wanted.database, prepare)
	})
	return wanted.database, wanted.err
}

func (c *cluster) prepare(database string, prepare func(dsn string) error) error {
	if err := c.create(database); err != nil {
		return err
	}
	if err := prepare(c.dsn(database)); err != nil {
		return err
	}
	// PostgreSQL copies a database only while nobody is connected to it.
	return c.exec(fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS false", database))
}

// close ends our own server, or tidies up in somebody else's.
func (c *cluster) close() error {
	if c.server != nil {
		return c.server.remove()
	}
	var failures []error
	for _, made := range c.templates {
		failures = append(failures, c.drop(made.database))
	}
	return errors.Join(failures...)
}

// shared is the process's cluster, opened by the first test that needs it.
var shared lazyCluster

type lazyCluster struct {
	mutex   sync.Mutex
	cluster *cluster
	err     error
}

func (l *lazyCluster) open() (*cluster, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.cluster == nil && l.err == nil {
		// A failure stays: each further attempt would take as long.
		l.cluster, l.err = connect()
	}
	return l.cluster, l.err
}

func connect() (*cluster, error) {
	if address := os.Getenv("TEST_DATABASE_URL"); address != "" {
		return external(address)
	}
	server, err := create(Options{})
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(server.DSN("postgres"))
	if err != nil {
		return nil, errors.Join(err, server.remove())
	}
	return &cluster{address: *address, server: server}, nil
}

func (l *lazyCluster) close() error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.cluster == nil {
		return nil
	}
	err := l.cluster.close()
	l.cluster, l.err = nil, errors.New("the tests' PostgreSQL is already stopped")
	return err
}

// Main runs a package's tests, then stops the server if one was started. It
// returns the exit code. (Without it the server ends with the process, on
// Linux, and its files are removed by a later run.)
func Main(m Runner) int { return With(m).Run() }

// Runner runs a package's tests and returns the exit code: *testing.M, or what
// wraps it to tidy up while the server is still there.
type Runner interface{ Run() int }

// Tests are a package's tests, after which the server stops.
type Tests struct{ tests Runner }

// With wraps a package's tests for runners that want to call them themselves.
func With(m Runner) Tests { return Tests{tests: m} }

// Run runs the tests, stops the server and returns the exit code.
func (t Tests) Run() int {
	code := t.tests.Run()
	if err := shared.close(); err != nil {
		fmt.Fprintf(os.Stderr, "stop the tests' PostgreSQL: %v\n", err)
		return max(code, 1)
	}
	return code
}
