package session

import "time"

// LongestAccess is the longest life that an access token can be given.
const LongestAccess = 24 * time.Hour

// clockSlack is how far the clock of the replica that signed last may have been
// ahead.
const clockSlack = time.Minute

// KeyTerm is when a key is of use that signs access tokens. It is published
// before it signs, and accepted for as long as a token that it signed may live.
type KeyTerm struct {
	RetiredAt time.Time // from then on it signs nothing; zero for a key that is current or next
}

// Signs says whether the key may sign at the time.
func (t KeyTerm) Signs(at time.Time) bool { return t.RetiredAt.IsZero() || at.Before(t.RetiredAt) }

// Verifies says whether a token of the key can still be good at the time.
func (t KeyTerm) Verifies(at time.Time) bool {
	return t.RetiredAt.IsZero() || at.Before(t.End())
}

// End is when the key is of no use any more, zero for one that is not retired.
func (t KeyTerm) End() time.Time {
	if t.RetiredAt.IsZero() {
		return time.Time{}
	}
	return t.RetiredAt.Add(LongestAccess + clockSlack)
}
