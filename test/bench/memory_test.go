package bench

import (
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// showMemory prints how much the program holds: when it is idle, and when it
// knows a hundred thousand keys.
func showMemory(b *testing.B) {
	b.Helper()
	for _, engine := range harness.Engines() {
		s := begin(b, engine)
		<-time.After(2 * time.Second)
		idle := s.Resident(b)
		owner := s.Register(b)
		keys := addKeys(b, s, owner, manyKeys)
		c, next := client(manyWorkers), &atomic.Int64{}
		for next.Load() < manyKeys {
			measure(b, manyWorkers, func(int) error {
				n := next.Add(1)
				_, err := send(c, http.MethodGet, s.URL+"/v1/sdk/authorize", "", http.StatusNoContent, "X-API-Key", keys[(n-1)%manyKeys])
				return err
			})
		}
		busy := s.Resident(b)
		for limit := time.Now().Add(2 * time.Minute); len(s.Helpers(b)) > 0; <-time.After(time.Second) {
			if time.Now().After(limit) {
				b.Fatal("the helper that hashes has nothing to do, and runs")
			}
		}
		_, _ = fmt.Fprintf(os.Stdout, "memory, %s: idle %d MB, with %d warm keys %d MB, and %d MB a minute after the last password\n",
			engine, idle>>20, manyKeys, busy>>20, s.Resident(b)>>20)
	}
}
