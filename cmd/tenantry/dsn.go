package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/tenantry/tenantry/adapters/postgres"
	"github.com/tenantry/tenantry/adapters/sqlite"
)

type engine string

const (
	sqliteEngine   engine = "sqlite"
	postgresEngine engine = "postgres"
)

// dsn names the database: sqlite:PATH or postgres://… It shows itself without
// its password.
type dsn struct{ text string }

// Decode implements envconfig.Decoder.
func (d *dsn) Decode(text string) error {
	d.text = text
	return nil
}

func (d dsn) engine() engine {
	switch scheme, _, _ := strings.Cut(d.text, ":"); scheme {
	case "sqlite":
		return sqliteEngine
	case "postgres", "postgresql":
		return postgresEngine
	}
	return ""
}

// path is the file of an SQLite database.
func (d dsn) path() string {
	return strings.TrimPrefix(strings.TrimPrefix(d.text, "sqlite:"), "//")
}

// check names the address by where it was given.
func (d dsn) check(name string) error {
	var err error
	switch d.engine() {
	case sqliteEngine:
		err = sqlite.Check(d.path())
	case postgresEngine:
		err = postgres.Config{DSN: d.text}.Check()
	default:
		err = errors.New("must begin with sqlite: or postgres://")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// checkListenURL wants an address of the same kind of database.
func (c *config) checkListenURL() error {
	switch {
	case c.ListenURL.text == "":
		return nil
	case c.DatabaseURL.engine() != postgresEngine:
		return errors.New("DATABASE_LISTEN_URL is for PostgreSQL: on SQLite there is nothing to listen to")
	case c.ListenURL.engine() != postgresEngine:
		return errors.New("DATABASE_LISTEN_URL must begin with postgres://")
	}
	if err := (postgres.Config{DSN: c.ListenURL.text}).Check(); err != nil {
		return fmt.Errorf("DATABASE_LISTEN_URL: %w", err)
	}
	return nil
}

// listenAddress is where changes of other replicas are heard, empty for nowhere.
// Through a pooler they cannot be.
func (c *config) listenAddress() string {
	switch {
	case c.ListenURL.text != "":
		return c.ListenURL.text
	case c.DatabaseURL.engine() == postgresEngine && !c.DatabasePooler:
		return c.DatabaseURL.text
	}
	return ""
}

// String leaves out every part that can hold a password.
func (d dsn) String() string {
	if d.engine() != postgresEngine {
		return d.text
	}
	u, err := url.Parse(d.text)
	if err != nil {
		return masked
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(strings.ToLower(name), "password") {
			q.Set(name, "xxxxx")
			u.RawQuery = q.Encode()
		}
	}
	return u.Redacted()
}
