package apikey

import (
	"errors"
	"time"

	"github.com/tenantry/tenantry/domain/fault"
)

// How long a key that was rotated lives on beside its successor.
const (
	DefaultOverlap = 24 * time.Hour
	LongestOverlap = 30 * 24 * time.Hour
)

// Refusals of a rotation.
var (
	ErrRotated = fault.Declare(fault.Conflict, "KEY_ROTATED", "This key was rotated already. Rotate its successor, or make a new key.")
	ErrEnded   = fault.Declare(fault.Conflict, "KEY_ENDED", "This key was revoked or has expired, so that nothing can follow it. Make a new key.")
)

var errOverlap = errors.New("must be from 0 to 2592000 seconds, which are 30 days")

// ParseOverlap reads an overlap that is given in seconds.
func ParseOverlap(seconds int64) (time.Duration, error) {
	if seconds < 0 || seconds > int64(LongestOverlap/time.Second) {
		return 0, errOverlap
	}
	return time.Duration(seconds) * time.Second, nil
}

// Rotate returns the key as it lives on for the overlap, but not past its
// expiry, and a successor with the same rights. Who asks gives the successor
// its id, its secret and its maker. A key is rotated once, while it is good:
// else ErrRotated or ErrEnded.
func (k Key) Rotate(overlap time.Duration, now time.Time) (ending, successor Key, err error) {
	if k.EndsAt != nil {
		return Key{}, Key{}, ErrRotated
	}
	if k.Usable(now) != nil {
		return Key{}, Key{}, ErrEnded
	}
	ends := now.Add(overlap)
	if k.ExpiresAt != nil && k.ExpiresAt.Before(ends) {
		ends = *k.ExpiresAt
	}
	k.EndsAt = &ends
	return k, Key{
		OrganizationID: k.OrganizationID, EnvironmentID: k.EnvironmentID, Name: k.Name, Type: k.Type,
		Scopes: k.Scopes, ExpiresAt: k.ExpiresAt, CreatedAt: now,
	}, nil
}

// Lineage is a key with those before and after it, nil where there is none.
type Lineage struct {
	Key                    Key
	Predecessor, Successor *ID
}

// Silence is how long a key has to be unused before it counts as given up. It
// is far more than uses may take to be written.
const Silence = time.Hour

// SafeToRevoke advises whether a key that was rotated can be revoked before its
// overlap ends. It can when both keys are good, the successor was used, and the
// key itself was used neither since then nor within the last Silence. It is
// advice: a program that calls in once a week is silent, too.
func (k Key) SafeToRevoke(successor Key, now time.Time) bool {
	if k.EndsAt == nil || k.Usable(now) != nil || successor.Usable(now) != nil || successor.LastUsedAt == nil {
		return false
	}
	return k.LastUsedAt == nil ||
		k.LastUsedAt.Before(*successor.LastUsedAt) && !now.Before(k.LastUsedAt.Add(Silence))
}
