package sqlstore

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A value that became another, moved to the next column or lost its type is
// another digest.
func TestADigestTellsRowsApart(t *testing.T) {
	t.Parallel()
	value := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Int64Range(-2, 2), func(n int64) any { return n }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }), rapid.Map(rapid.StringN(0, 3, -1), func(s string) any { return s }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 2), func(b []byte) any { return string(b) }),
		rapid.Map(rapid.Int64Range(0, 2), func(n int64) any { return time.UnixMicro(n).UTC() }),
	)
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(value, 1, 3).Draw(t, "a"), rapid.SliceOfN(value, 1, 3).Draw(t, "b")
		same := len(a) == len(b)
		for i := range a {
			same = same && a[i] == b[i]
		}
		x, y := newDigest(), newDigest()
		x.add(a)
		y.add(b)
		if (x.text() == y.text()) != same {
			t.Errorf("%v and %v: one digest is %v", a, b, !same)
		}
	})
}
