package session_test

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/domain/session"
)

func TestAKeyVerifiesForAsLongAsItsLastTokenMayLive(t *testing.T) {
	t.Parallel()
	retired := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration][2]bool{
		-time.Second:                         {true, true},
		0:                                    {false, true},
		session.LongestAccess:                {false, true},
		session.LongestAccess + time.Minute:  {false, false},
		session.LongestAccess + 24*time.Hour: {false, false},
	} {
		term := session.KeyTerm{RetiredAt: retired}
		if got := [2]bool{term.Signs(retired.Add(after)), term.Verifies(retired.Add(after))}; got != want {
			t.Errorf("%v after its retirement it signs and verifies: %v, want %v", after, got, want)
		}
		if current := (session.KeyTerm{}); !current.Signs(retired.Add(after)) || !current.Verifies(retired.Add(after)) || !current.End().IsZero() {
			t.Error("a key that is not retired is of no use")
		}
	}
}
