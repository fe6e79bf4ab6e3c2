// Package idempotency is about creating requests that a client may repeat, such
// as after an answer that was lost, without creating twice.
package idempotency

import (
	"errors"
	"log/slog"
	"time"

	"github.com/tenantry/tenantry/domain/fault"
)

const (
	// Retention is how long an answer can be had again.
	Retention = 24 * time.Hour
	// Lease is how long a request that is being worked on keeps repetitions of
	// itself waiting, should it end without a word. It is longer than a use case
	// may take; what takes longer after all keeps nothing.
	Lease = 7 * time.Second

	maxKey   = 255
	redacted = "[redacted]"
)

// The refusals of a repeated request.
var (
	ErrInProgress = fault.Declare(fault.Conflict, "IDEMPOTENCY_KEY_IN_PROGRESS", "The first request with this Idempotency-Key is not answered yet. Try again shortly.")
	ErrReused     = fault.Declare(fault.Invalid, "IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key came with another body before. Another request takes another key.")
)

var errKey = errors.New("must be one text of 1 to 255 printable ASCII characters")

// Key is what a client names a request by. Answers are sealed under what is
// derived from it, so it shows itself to nobody.
type Key struct{ text string }

// ParseKey accepts 1 to 255 printable ASCII characters, as they are.
func ParseKey(text string) (Key, error) {
	if text == "" || len(text) > maxKey {
		return Key{}, errKey
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return Key{}, errKey
		}
	}
	return Key{text}, nil
}

func (Key) String() string               { return redacted }
func (Key) GoString() string             { return redacted }
func (Key) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Key) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
