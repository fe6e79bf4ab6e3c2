package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// pace is how often each of the SDKs asks while somebody floods the logins: as
// often as a product's backends do, and not as often as they can.
const pace = 10 * time.Millisecond

// floods measures the SDK plane at rest, and while as many clients log in as
// there are connections.
func floods(b *testing.B) []row {
	b.Helper()
	var rows []row
	for _, engine := range harness.Engines() {
		s := begin(b, engine)
		key := createKey(b, s.Register(b))
		c := client(fewWorkers)
		ask := func(int) error {
			_, err := send(c, http.MethodGet, s.URL+"/v1/sdk/authorize", "", http.StatusNoContent, "X-API-Key", key)
			return err
		}
		logins := loggingIn(b, s)
		quiet := measurePaced(b, fewWorkers, pace, ask)
		ctx, stop := context.WithCancel(b.Context())
		var flood sync.WaitGroup
		for range manyWorkers {
			flood.Go(func() { logins(ctx) })
		}
		<-time.After(time.Second)
		before := s.Resident(b)
		flooded := measurePaced(b, fewWorkers, pace, ask)
		grown := s.Resident(b) - before
		stop()
		flood.Wait()
		c.CloseIdleConnections()
		rows = append(rows, row{fmt.Sprintf("sdk/authorize while %d clients log in (%+d MB), %s", manyWorkers, grown>>20, engine), "the same at rest", flooded, quiet})
	}
	return rows
}

// loggingIn logs in again and again. That the lane is full, and says so, is what
// it is for.
func loggingIn(b *testing.B, s *harness.Server) func(context.Context) {
	b.Helper()
	var bodies []string
	for range fewWorkers {
		p := s.Register(b)
		bodies = append(bodies, fmt.Sprintf(`{"email":%q,"password":%q}`, p.Email, p.Password))
	}
	return func(ctx context.Context) {
		c := client(1)
		defer c.CloseIdleConnections()
		for i := 0; ctx.Err() == nil; i++ {
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/v1/auth/login", strings.NewReader(bodies[i%len(bodies)]))
			if err != nil {
				return
			}
			request.Header.Set("Content-Type", "application/json")
			if response, err := c.Do(request); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		}
	}
}
