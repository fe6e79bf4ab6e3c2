package harness

import (
	"sync"
	"testing"
)

// Replicas is how many servers a fleet on PostgreSQL has. On SQLite it is one.
const Replicas = 3

// sharedFleets are those servers beside the shared ones that stand on the same
// database.
var sharedFleets struct {
	mutex sync.Mutex
	rest  map[Engine][]*Server
}

// Fleet returns servers of one installation, which the package's tests share: the
// first is that of ForEachEngine.
func Fleet(t *testing.T, engine Engine) []*Server {
	t.Helper()
	first := shared(t, engine, true)
	sharedFleets.mutex.Lock()
	defer sharedFleets.mutex.Unlock()
	if engine == Postgres && sharedFleets.rest[engine] == nil {
		defer func() {
			if thrown := recover(); thrown != nil {
				t.Fatal(thrown) // as in shared
			}
		}()
		if sharedFleets.rest == nil {
			sharedFleets.rest = map[Engine][]*Server{}
		}
		var rest []*Server
		for len(rest) < Replicas-1 {
			rest = append(rest, Start(whole, first.Database, Shared, Alone))
		}
		sharedFleets.rest[engine] = rest
	}
	return append([]*Server{first}, sharedFleets.rest[engine]...)
}
