package rollout

import (
	"strings"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/migrations"
	"github.com/tenantry/tenantry/test/harness"
)

func TestTenReplicasMayStartAtOnceOnAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	all := make([]*harness.Server, 10)
	var starts sync.WaitGroup
	for i := range all {
		starts.Go(func() { all[i] = harness.Start(t, d, harness.Environment{"DATABASE_MAX_CONNECTIONS": "4"}) })
	}
	starts.Wait()
	steps := 0
	for _, s := range all {
		if s == nil {
			t.Fatal("a replica did not start")
		}
		s.Client(t).Get("/readyz").Want(200)
		steps += strings.Count(s.Logs(), `"msg":"migrated"`)
	}
	if steps != int(migrations.Latest(migrations.PostgreSQL)) {
		t.Errorf("the replicas have applied %d steps", steps)
	}
	p := all[0].Register(t)
	for _, s := range all {
		s.Client(t).Bearer(p.AccessToken).Get("/v1/auth/me").Want(200)
	}
	d.Sound(t) // which compares the schema
}
