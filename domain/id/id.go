// Package id has the typed identifier that every noun uses.
package id

import (
	"errors"

	"github.com/google/uuid"
)

// Of is the identifier of a K: a UUIDv7, so ids sort by the time they were
// made. The type parameter keeps a project's id out of an environment's slot.
type Of[K any] uuid.UUID

var errMalformed = errors.New("is not an id: 36 characters, lower-case, such as 01890a5d-ac96-774b-bcce-b302099a8057")

// Parse reads the canonical, lower-case, dashed form and no other: the braced,
// undashed and urn: forms of RFC 9562 would give one thing several names.
func Parse[K any](s string) (Of[K], error) {
	u, err := uuid.Parse(s)
	if err != nil || u.String() != s {
		return Of[K]{}, errMalformed
	}
	return Of[K](u), nil
}

func (i Of[K]) String() string { return uuid.UUID(i).String() }

// UUID returns the untyped identifier, for a store's columns.
func (i Of[K]) UUID() uuid.UUID { return uuid.UUID(i) }

// IsZero says that no id was given.
func (i Of[K]) IsZero() bool { return i == Of[K]{} }
