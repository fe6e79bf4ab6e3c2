package sqlstore

import (
	"database/sql"
	"fmt"

	"github.com/tenantry/tenantry/migrations"
)

// Dialect is all that differs between the engines once a connection is open.
type Dialect struct {
	Engine migrations.Engine
	// Begin are the options of a unit of work that writes.
	Begin sql.TxOptions
	// Announce is the statement that tells every process that listens, at the
	// commit of the unit that it runs in: $1 is an Announcement's text. Empty on
	// an engine that cannot.
	Announce string
	// Now is the statement that asks the server for its time; empty on an engine
	// that has no clock but this machine's.
	Now string
	// Tend is a statement to be run every few minutes; empty on an engine that
	// looks after itself.
	Tend string
	// Classify is the only function that understands the driver's errors.
	Classify func(error) Failure
	// Catalog reads the schema that is there.
	Catalog Catalog
}

// Failure is what a driver's error comes to.
type Failure struct {
	Kind       Kind
	Constraint string // of a Unique failure, by PostgreSQL's default naming
	// Reason is what is wrong outside of the program, in words that whoever
	// operates it looks for; empty where the driver's own are as good.
	Reason string
}

// named puts the reason before the driver's words.
func (f Failure) named(err error) error {
	if f.Reason == "" {
		return err
	}
	return fmt.Errorf("%s: %w", f.Reason, err)
}

// Kind says what can be done about a failure.
type Kind int

// The kinds of failures.
const (
	Other      Kind = iota // our mistake, or a broken database
	Unique                 // another row has the value
	ForeignKey             // the parent does not exist
	Conflict               // another unit of work was in the way: try again
	Lost                   // no connection, no answer in time, or no way to write
)
