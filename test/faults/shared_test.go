package faults

import (
	"slices"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// Two servers on one SQLite file are as good as one: neither loses what it
// acknowledged, nor lets the other break a rule.
func TestTwoServersOnOneSQLiteFileKeepEveryRule(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	both := []*patient{admit(t, d), admit(t, d)}
	people, l := muster(t, both[0].Server, 6), newLedger()
	var callers []*caller
	var stops []func()
	for _, s := range both {
		c := newCaller(t, s.Server)
		callers = append(callers, c)
		people.members = slices.Clone(people.members)
	}
	// The same organizations are written to through both.
	for i, c := range callers {
		crowd := *people
		if i > 0 {
			crowd.members = nil // one of them appoints
		}
		stops = append(stops, crowd.work(c, l))
	}
	l.await(harness.Rounds(300, 5000))
	for i, stop := range stops {
		stop()
		callers[i].judge(t, true)
		if n := callers[i].away(); n > 0 {
			t.Logf("%d requests were told to come back", n)
		}
		if _, served := callers[i].total(); served < 50 {
			t.Errorf("through one of the servers only %d requests were served", served)
		}
	}
	for _, s := range both {
		l.holds(t, s.Server)
	}
	d.Sound(t)
}

// Of many who want one address, through both servers at once, one gets it.
func TestTwoServersOnOneSQLiteFileGiveAnAddressOnce(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	both := []*harness.Server{harness.Start(t, d), harness.Start(t, d)}
	for range harness.Rounds(3, 50) {
		body := harness.NewRegistration()
		made := make(chan int, 8)
		for i := range cap(made) {
			client := both[i%2].Client(t)
			go func() { made <- client.Post("/v1/auth/register", body).Status }()
		}
		count := map[int]int{}
		for range cap(made) {
			count[<-made]++
		}
		if count[201] != 1 || count[409] != cap(made)-1 {
			t.Errorf("one address, registered %d times at once: %v", cap(made), count)
		}
	}
}
