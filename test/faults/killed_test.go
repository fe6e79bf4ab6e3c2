package faults

import (
	"math/rand/v2"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// However the server is killed under fifty writers, what it acknowledged is
// there, what it revoked stays revoked, and nothing is half written.
func TestAServerKilledUnderFiftyWritersLosesNothingThatItAcknowledged(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		people, l, c := muster(t, s, 6), newLedger(), newCaller(t, s)
		stop := people.work(c, l)
		defer func() { stop() }()
		rounds := harness.Rounds(10, 150)
		for range rounds {
			l.await(20 + rand.N(60)) //nolint:gosec // any moment will do
			s.Kill()
			s = s.Restart(t)
			c.at(s)
			if missing := l.lost(t, s.DB()); len(missing) > 0 {
				t.Fatalf("%d acknowledged writes are lost: %v", len(missing), missing[:min(10, len(missing))])
			}
		}
		stop()
		l.holds(t, s)
		d.Sound(t)
		c.judge(t, false)
		acks, _ := l.entries()
		harness.Figure(t, "acknowledged writes lost, server killed under 50 writers ("+string(d.Engine)+")", "0 of %d in %d rounds", acks, rounds)
	})
}
