package ports

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/mail"
)

// Invariant is what holds in every sound database.
type Invariant struct {
	Sentence string // says what holds, and names the invariant
	Mendable bool   // there is one way to mend it, and nothing to guess
	Advice   bool   // a violation is worth knowing, and no damage
}

// ActiveOrganizations is the invariant of what a removal takes from sessions.
const ActiveOrganizations = "the active organization of a session has its account as a member"

// Violations are what an invariant does not hold for.
type Violations struct {
	Count    int
	Examples []string // the first few, by id
}

// Inspector examines a whole database, beside whoever works on it, and changes
// nothing. Its statements may take as long as they need.
type Inspector interface {
	// Invariants lists one for each reference in the schema, those of every
	// installation, and those of the engine, in the order in which to mend them.
	Invariants(ctx context.Context) ([]Invariant, error)
	// Violations looks for what breaks an invariant, as of now.
	Violations(ctx context.Context, sentence string, now time.Time) (Violations, error)
	// Schema describes tables, columns, keys, indexes and references in sorted
	// sentences, which are the same on every engine.
	Schema(ctx context.Context) ([]string, error)
	// Now is the time of the database server, zero where there is none but this
	// machine's.
	Now(ctx context.Context) (time.Time, error)
	// Latest is the time of the latest entry of the audit, zero when there is none.
	Latest(ctx context.Context) (time.Time, error)
	// Outbox returns envelopes without claiming them, by their ids.
	Outbox(ctx context.Context, page Page[mail.ID]) ([]Envelope, error)
}

// Repairs mends what an Inspector found, and what a restored database cannot
// know.
type Repairs interface {
	// Mend mends violations of an invariant that is Mendable, at most SweepBatch
	// of them, and says how many. What leads nowhere goes the way that it would
	// have gone with what it led to.
	Mend(ctx context.Context, sentence string) (int, error)
	// Expel deletes sessions, links and mail that waits, at most SweepBatch of
	// each, whoever's they are, and says how many. In an older state of a database
	// there are some that were ended, used and sent since.
	Expel(ctx context.Context) (int, error)
}
