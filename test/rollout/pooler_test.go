package rollout

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// poolSize is how many connections PgBouncer may open here: far fewer than the
// replicas open to it, so that each is used by all.
const poolSize = 4

// bouncer starts PgBouncer before the database and returns the address by which
// replicas come.
func bouncer(t *testing.T, d *harness.Database) (dsn string) {
	t.Helper()
	direct, err := url.Parse(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	directory, address := harness.OpenDirectory(t), harness.FreeAddress(t)
	password := harness.NewPassword()
	users := filepath.Join(directory, "userlist.txt")
	if err := os.WriteFile(users, fmt.Appendf(nil, "%q %q\n", direct.User.Username(), password), 0o644); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	config := published(t, directory, "pgbouncer.ini",
		"host=127.0.0.1 port=5432 dbname=tenantry", fmt.Sprintf("host=%s port=%s dbname=%s", direct.Hostname(), direct.Port(), strings.TrimPrefix(direct.Path, "/")),
		"listen_port = 6432", "listen_port = "+port,
		"/etc/pgbouncer/userlist.txt", users,
		"default_pool_size = 20", fmt.Sprintf("default_pool_size = %d", poolSize))
	harness.StartNeighbor(t, address, directory, nil, harness.Find(t, "pgbouncer"), config)
	through := *direct
	through.User, through.Host, through.Path = url.UserPassword(direct.User.Username(), password), address, "/tenantry"
	return through.String()
}

// behind starts replicas that come through PgBouncer.
func behind(t *testing.T, d *harness.Database, n int) (replicas []*harness.Server) {
	t.Helper()
	env := harness.Environment{"DATABASE_URL": bouncer(t, d), "DATABASE_POOLER": "true", "DATABASE_LISTEN_URL": d.URL}
	for range n {
		replicas = append(replicas, harness.Start(t, d, env))
	}
	return replicas
}

// journey is a good part of what the API is for, by one organization; now at the
// one replica, now at the other.
func journey(t *testing.T, replicas []*harness.Server) {
	t.Helper()
	one, other := replicas[0], replicas[1]
	p := one.Register(t)
	there := other.Client(t).Bearer(p.AccessToken)
	there.Get("/v1/auth/me").Want(200)
	p.Login(t).Get("/v1/auth/sessions").Want(200)
	fresh := other.Client(t).Post("/v1/auth/refresh", harness.M{"refresh_token": p.RefreshToken}).Want(200)
	again := one.Client(t).Post("/v1/auth/refresh", harness.M{"refresh_token": p.RefreshToken}).Want(200)
	if fresh.Text("refresh_token") != again.Text("refresh_token") {
		t.Error("two replicas gave two successors")
	}
	project := there.Post("/v1/projects", harness.M{"name": "Shop " + harness.Unique()}).Want(201).Text("id")
	p.Patch("/v1/projects/"+project, harness.M{"name": "Store"}).Want(200)
	if name := there.Get("/v1/projects/" + project).Want(200).Text("name"); name != "Store" {
		t.Errorf("the project is called %s", name)
	}
	key, id := p.NewKey(t, p.Dev)
	other.Client(t).Key(key).Get("/v1/sdk/environment").Want(200)
	there.Post("/v1/api-keys/"+id+"/rotate", harness.M{}).Want(201)
	p.Post("/v1/members/invite", harness.M{"email": harness.NewEmail(), "role": "developer"}).Want(201)
	there.Post("/v1/auth/keys", harness.M{"name": "machine"}).Want(201)
	there.Get("/v1/audit").Want(200)
	p.Post("/v1/auth/logout", nil).Want(204)
}

func TestReplicasBehindPgBouncerServeEverythingByFewConnections(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	replicas := behind(t, d, 2)
	var people sync.WaitGroup
	for range harness.Rounds(12, 200) {
		people.Go(func() { journey(t, replicas) })
	}
	people.Wait()
	// Besides PgBouncer's there are those by which the replicas listen, and this
	// test's own.
	connections := replicas[0].Count(t, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tenantry'")
	if connections == 0 || connections > poolSize {
		t.Errorf("the replicas use %d connections", connections)
	}
	d.Sound(t)
}

func TestWhatIsRevokedBehindPgBouncerIsRefusedWithinASecond(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	replicas := behind(t, d, 2)
	p := replicas[0].Register(t)
	var worst time.Duration
	rounds := harness.Rounds(8, 100)
	for range rounds {
		key, id := p.NewKey(t, p.Dev)
		asks := func() int { return replicas[1].Client(t).Key(key).Get("/v1/sdk/authorize").Status }
		for range 3 { // until the second replica knows it by heart
			if status := asks(); status != http.StatusNoContent {
				t.Fatalf("a good key is answered %d", status)
			}
		}
		p.Delete("/v1/api-keys/" + id).Want(204)
		revoked := time.Now()
		for {
			sent := time.Since(revoked)
			status := asks()
			if status == http.StatusUnauthorized {
				break
			}
			if worst = max(worst, sent); sent > time.Second {
				t.Fatalf("%s after it was revoked, a key is answered %d", sent, status)
			}
		}
	}
	for _, s := range replicas {
		if strings.Contains(s.Logs(), "the change feed was lost") {
			t.Error("the feed was lost")
		}
	}
	harness.Figure(t, "revocation behind PgBouncer", "%d keys, seen by the other replica after at most %s", rounds, worst.Round(time.Millisecond))
}
