package overload

import (
	"net/http"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// starve has others want all cores all the time, at the usual priority, as a
// build or a backup on the same machine does.
func starve(t *testing.T) {
	t.Helper()
	for range 2 * runtime.NumCPU() {
		c := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Wait() }) // it has been killed
	}
}

// Who yields as much as it can does not come to compute a hash within a second
// here, which the log must show: the test has no power else.
func TestPeopleLogInWhereSomethingElseWantsAllCores(t *testing.T) {
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"PASSWORD_HASH_NICE": "19"})
	people := make([]harness.Person, 12)
	for i := range people {
		people[i] = s.Register(t)
	}
	starve(t)
	for range 2 {
		var all sync.WaitGroup
		for _, p := range people {
			all.Go(func() {
				c := s.Client(t)
				asked := c.NewRequest(http.MethodPost, "/v1/auth/login", strings.NewReader(`{"email":"`+p.Email+`","password":"`+p.Password+`"}`))
				asked.Header.Set("Content-Type", "application/json")
				if r := c.Send(asked); r.Status != 200 { // once, where Post asks again after a 503
					t.Errorf("a login gets %d: %s", r.Status, r.Body)
				}
			})
		}
		all.Wait()
	}
	if !strings.Contains(s.Logs(), "gets too little of the cores") {
		t.Error("nothing was late: the test shows nothing")
	}
}
