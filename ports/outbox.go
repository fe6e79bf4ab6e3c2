package ports

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/mail"
)

// Envelope is a mail as it waits to be sent: sealed, since it carries links
// that let people in.
type Envelope struct {
	ID        mail.ID
	Sealed    []byte
	Attempts  int // that were begun
	DueAt     time.Time
	CreatedAt time.Time
}

// Outbox keeps mail until it was sent. What a unit of work adds is there once
// it commits, and never when it does not.
type Outbox interface {
	Add(ctx context.Context, e Envelope) error
	// Claim returns at most limit envelopes that are due, the longest due of all,
	// and puts their next attempt off by lease: no other replica takes them
	// meanwhile, and one that dies loses none. It is fit for Store.Alone.
	Claim(ctx context.Context, limit int, lease time.Duration) ([]Envelope, error)
	// Postpone sets when an envelope is due again.
	Postpone(ctx context.Context, id mail.ID, due time.Time) error
	// Remove deletes an envelope that was sent, or given up.
	Remove(ctx context.Context, id mail.ID) error
	// List returns what waits, due or not, by its ids.
	List(ctx context.Context, page Page[mail.ID]) ([]Envelope, error)
	// Reseal keeps the envelope as it is sealed under another key.
	Reseal(ctx context.Context, id mail.ID, sealed []byte) error
	// Backlog says how many envelopes wait, due or not, and since when.
	Backlog(ctx context.Context) (Backlog, error)
}

// Backlog is what an outbox has still to send.
type Backlog struct {
	Waiting int
	Since   time.Time // when the oldest was added; zero when none waits
}

// Mailer delivers. An error means that the mail may or may not have arrived: it
// is sent again under the same Message-ID.
type Mailer interface {
	Send(ctx context.Context, m mail.Mail) error
}
