package main

import (
	"errors"
	"net/url"
	"strings"
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

func (d dsn) check() error {
	switch d.engine() {
	case sqliteEngine:
		if d.path() == "" {
			return errors.New("DATABASE_URL names no file; write sqlite:tenantry.db")
		}
		return nil
	case postgresEngine:
		if _, err := url.Parse(d.text); err != nil {
			return errors.New("DATABASE_URL is no valid address; write postgres://user:password@host:5432/database?sslmode=verify-full")
		}
		return nil
	}
	return errors.New("DATABASE_URL must begin with sqlite: or postgres://")
}

func (d dsn) String() string {
	if d.engine() != postgresEngine {
		return d.text
	}
	u, err := url.Parse(d.text)
	if err != nil {
		return masked
	}
	q := u.Query()
	if q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}
