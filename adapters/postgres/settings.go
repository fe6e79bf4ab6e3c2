package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/lib/pq"
)

// purpose is what a pool's connections are for.
type purpose int

const (
	writing purpose = iota
	reading
	migrating
	inspecting
	listening
	moving
)

// applicationName is what the server's own views call our connections.
const applicationName = "tenantry"

const connectLimit = 3 * time.Second

// Guards in the server itself, in milliseconds: for statements that nobody
// waits for any more, for units whose process stands still, and for migrations:
// whoever needs the table that they wait for queues behind them, so they give up
// soon and try again later.
const (
	statementTimeout = "5000"
	idleInUnit       = "10000"
	lockTimeout      = "300"
)

var errSSLMode = errors.New("the address of PostgreSQL must say its sslmode: verify-full, or disable where the network is your own")

// settings reads the address and adds what a connection of this purpose needs.
// Its errors never show the address, which may hold a password.
func settings(c Config, use purpose) (pq.Config, error) {
	s, err := pq.NewConfig(c.DSN)
	if err != nil {
		if malformed := (*url.Error)(nil); errors.As(err, &malformed) {
			err = malformed.Err
		}
		return pq.Config{}, fmt.Errorf("read the address of PostgreSQL: %w", err)
	}
	if s.SSLMode == "" {
		return pq.Config{}, errSSLMode
	}
	if s.ApplicationName == "" {
		s.ApplicationName = applicationName
	}
	if use == moving {
		s.ApplicationName = applicationName + " move" // not to be taken for a server
	}
	if s.ConnectTimeout == 0 || s.ConnectTimeout > connectLimit {
		s.ConnectTimeout = connectLimit
	}
	// One round trip for what is not prepared, instead of two.
	s.BinaryParameters = true
	s.Runtime["timezone"] = "UTC"
	if (use == reading || use == inspecting) && s.TargetSessionAttrs == pq.TargetSessionAttrsReadWrite {
		// The driver would take our own read-only setting for the server's.
		s.TargetSessionAttrs = pq.TargetSessionAttrsPrimary
	}
	if !c.Pooler {
		guard(s.Runtime, use)
	}
	return s, nil
}

// guard sets what is not set in the address already. A pooler would refuse
// these.
func guard(runtime map[string]string, use purpose) {
	wanted := map[string]string{"statement_timeout": statementTimeout, "idle_in_transaction_session_timeout": idleInUnit}
	switch use {
	case reading:
		wanted["default_transaction_read_only"] = "on"
	case migrating:
		wanted = map[string]string{"lock_timeout": lockTimeout}
	case moving:
		wanted = nil
	case inspecting:
		wanted = map[string]string{"default_transaction_read_only": "on"}
	}
	for name, value := range wanted {
		if _, set := runtime[name]; !set {
			runtime[name] = value
		}
	}
}
