// Package audit has the record of what was done: by whom, to what, and how it
// was before and after. The entries of an organization, and of an account, form
// a chain in which each seals the one before, so that a changed, missing or
// swapped entry shows.
package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/tenantry/tenantry/domain/id"
)

// ID identifies an entry.
type ID = id.Of[Entry]

// ActorType says what kind of credential acted.
type ActorType string

// The types of actors.
const (
	Account  ActorType = "account"
	Key      ActorType = "key"      // an account key; the metadata names it
	Operator ActorType = "operator" // ADMIN_API_TOKEN, or the operator's session
	System   ActorType = "system"
	Stranger ActorType = "stranger" // nobody who was known
)

// Origin is where an act came from.
type Origin struct {
	ActorType ActorType
	ActorID   string // empty for who has none
	Address   string
	RequestID string
	Dialect   string // the compatibility dialect, empty for our own
}

// State is what is shown of a thing, by member names. It never holds a secret.
type State map[string]string

// Event is one act, as the use case tells it.
type Event struct {
	Action       Action
	ResourceType string
	ResourceID   string
	Before       State // nil for what was made
	After        State // nil for what was removed
	Metadata     State
}

// Hash seals an entry and, through the entry before, all before it.
type Hash [sha256.Size]byte

// Head is the end of a chain. The zero Head is a chain that has not begun.
type Head struct {
	Sequence int64
	Hash     Hash
}

// Entry is an event as it is kept. Before, After and Metadata are the exact
// text that is stored: JSON, or empty for none.
type Entry struct {
	ID           ID
	Chain        ChainID
	Sequence     int64 // from 1, without gaps
	Origin       Origin
	Action       Action
	ResourceType string
	ResourceID   string
	Before       string
	After        string
	Metadata     string
	CreatedAt    time.Time
	Hash         Hash
}

// Seal links the entry to the head: it sets the sequence and the hash.
func (e Entry) Seal(head Head) (Entry, Head) {
	e.Sequence = head.Sequence + 1
	e.Hash = e.digest(head.Hash)
	return e, Head{e.Sequence, e.Hash}
}

// Follows says whether the entry is the one that was appended to the head, to
// the last byte.
func (e Entry) Follows(head Head) bool {
	return e.Sequence == head.Sequence+1 && e.Hash == e.digest(head.Hash)
}

// digest covers everything that is stored, each member with its length before
// it, so that no two entries have one encoding.
func (e Entry) digest(previous Hash) Hash {
	h := sha256.New()
	h.Write(previous[:])
	var number [8]byte
	write := func(text string) {
		binary.BigEndian.PutUint64(number[:], uint64(len(text)))
		h.Write(number[:])
		h.Write([]byte(text))
	}
	for _, text := range []string{
		e.ID.String(), e.Chain.String(), string(e.Origin.ActorType), e.Origin.ActorID, e.Origin.Address,
		e.Origin.RequestID, e.Origin.Dialect, string(e.Action), e.ResourceType, e.ResourceID,
		e.Before, e.After, e.Metadata, e.CreatedAt.UTC().Format(time.RFC3339Nano),
	} {
		write(text)
	}
	binary.BigEndian.PutUint64(number[:], uint64(e.Sequence)) //nolint:gosec // from 1 upwards
	h.Write(number[:])
	return Hash(h.Sum(nil))
}
