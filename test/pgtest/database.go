package pgtest

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	_ "github.com/lib/pq" // the driver by which databases are made and dropped
)

// New returns the address of a fresh, empty database, which is dropped when
// the test ends.
func New(tb testing.TB) string {
	tb.Helper()
	return fresh(tb, func(c *cluster, name string) error { return c.create(name) })
}

// Clone returns the address of a fresh copy of a prepared database, which is
// dropped when the test ends. The first test of the process that asks for a
// name runs prepare, on an empty database; all get copies of what it left.
// Prepare must close its connections.
func Clone(tb testing.TB, name string, prepare func(dsn string) error) string {
	tb.Helper()
	return fresh(tb, func(c *cluster, database string) error {
		template, err := c.template(name, prepare)
		if err != nil {
			return fmt.Errorf("prepare the template %q: %w", name, err)
		}
		return c.exec(fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", database, template))
	})
}

func fresh(tb testing.TB, create func(c *cluster, name string) error) string {
	tb.Helper()
	c, err := shared.open()
	if err != nil {
		tb.Fatal(err)
	}
	name := uniqueName()
	if err := create(c, name); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.drop(name); err != nil {
			tb.Errorf("drop the test's database: %v", err)
		}
	})
	return c.dsn(name)
}

var (
	processName = strings.ToLower(rand.Text())
	counter     atomic.Int64
)

// uniqueName names a database: unique among the processes that share a server
// by TEST_DATABASE_URL, and fit to stand in SQL without quotes.
func uniqueName() string { return fmt.Sprintf("tenantry_test_%s_%d", processName, counter.Add(1)) }

// external is the server that the environment names.
func external(text string) (*cluster, error) {
	address, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("TEST_DATABASE_URL is not a URL") // the cause would repeat the password
	}
	if address.Scheme != "postgres" && address.Scheme != "postgresql" {
		return nil, errors.New("TEST_DATABASE_URL has to begin with postgres://")
	}
	return &cluster{address: *address}, nil
}

// dsn returns the address of one of the cluster's databases.
func (c *cluster) dsn(database string) string {
	address := c.address
	address.Path = "/" + database
	return address.String()
}

// create makes an empty database that orders text by bytes, as the schema
// expects, whatever the server's own habit is.
func (c *cluster) create(database string) error {
	return c.exec(fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'", database))
}

func (c *cluster) drop(database string) error {
	return c.exec(fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", database))
}

// exec runs a statement on a connection of its own: a pool that stayed open
// would look like a leak to the tests' own checks.
func (c *cluster) exec(statement string) error {
	db, err := sql.Open("postgres", c.address.String())
	if err != nil {
		return err
	}
	_, err = db.Exec(statement)
	return errors.Join(err, db.Close())
}
