package operate

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// soon is how long servers have to know of what a command did; much more than
// they need, since the machine is busy.
const soon = 30 * time.Second

// eventually waits until something holds, and looks often.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("it does not come about that %s", what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// published are the ids of the keys that a server publishes.
func published(t *testing.T, s *harness.Server) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for _, key := range s.Client(t).Get("/.well-known/jwks.json").Want(200).Value("keys").([]any) {
		ids[key.(harness.M)["kid"].(string)] = true
	}
	return ids
}

func kid(t *testing.T, token string) string {
	t.Helper()
	id, _ := harness.TokenHeader(t, token)["kid"].(string)
	return id
}

// replicas starts servers on one database.
func replicas(t *testing.T, d *harness.Database, n int, env harness.Environment) []*harness.Server {
	t.Helper()
	all := make([]*harness.Server, n)
	for i := range all {
		all[i] = harness.Start(t, d, env, harness.Environment{"RATE_ORGANIZATION_PER_MINUTE": "0"})
	}
	return all
}

// caller goes from replica to replica with the tokens of one session.
type caller struct {
	t        *testing.T
	servers  []*harness.Server
	access   string
	refresh  string
	requests atomic.Int64
}

func (c *caller) me(server int) *harness.Response {
	c.t.Helper()
	c.requests.Add(1)
	return c.servers[server%len(c.servers)].Client(c.t).Bearer(c.access).Get("/v1/auth/me")
}

func (c *caller) renew(server int) {
	c.t.Helper()
	r := c.servers[server%len(c.servers)].Client(c.t).Post("/v1/auth/refresh", harness.M{"refresh_token": c.refresh}).Want(200)
	c.access, c.refresh = r.Text("access_token"), r.Text("refresh_token")
}

// work renews the session at one replica and presents what it got to the others
// at once, until it has seen as many tokens of another key as it is told to.
func (c *caller) work(first string, after int) {
	c.t.Helper()
	for turn, seen := 0, 0; seen < after; turn++ {
		c.renew(turn)
		if kid(c.t, c.access) != first {
			seen++
		}
		for server := range c.servers {
			c.me(turn + 1 + server).Want(http.StatusOK)
		}
		if c.t.Failed() {
			return
		}
	}
}

func TestARotationRefusesNoValidToken(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		servers := replicas(t, d, 3, nil)
		before := published(t, servers[0])
		people := make([]*caller, 4)
		for i := range people {
			p := servers[0].Register(t)
			people[i] = &caller{t: t, servers: servers, access: p.AccessToken, refresh: p.RefreshToken}
		}
		lasting := servers[0].Register(t) // its token is of the first key throughout
		first := kid(t, lasting.AccessToken)
		var group sync.WaitGroup
		for _, c := range people {
			group.Go(func() { c.work(first, 20) })
		}
		if o := harness.Run(t, settings(d), "keys", "rotate", "--notice", "4s"); o.Code != 0 {
			t.Errorf("code %d: %s%s", o.Code, o.Stdout, o.Stderr)
		}
		group.Wait()
		for _, s := range servers {
			s.Client(t).Bearer(lasting.AccessToken).Get("/v1/auth/me").Want(200)
			now := published(t, s)
			if !now[first] || len(now) != 2 || len(before) != 1 || !before[first] {
				t.Errorf("before the rotation %v are published, after it %v", before, now)
			}
		}
		total := int64(0)
		for _, c := range people {
			total += c.requests.Load()
		}
		t.Logf("%d requests during the rotation, none refused", total)
	})
}

func TestARevokedKeyIsRefusedByEveryReplica(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		servers := replicas(t, d, 2, nil)
		p := servers[0].Register(t)
		c := &caller{t: t, servers: servers, access: p.AccessToken, refresh: p.RefreshToken}
		first := kid(t, c.access)
		c.me(0).Want(200)
		c.me(1).Want(200)
		o := harness.Run(t, settings(d), "keys", "rotate", "--revoke-old")
		if o.Code != 0 || strings.Contains(o.Stdout, first) || !strings.Contains(o.Stdout, " signs\n") {
			t.Errorf("code %d: %s%s", o.Code, o.Stdout, o.Stderr)
		}
		for server := range servers {
			eventually(t, "the old token is refused", func() bool { return c.me(server).Status == http.StatusUnauthorized })
			c.me(server).Refused(401, "INVALID_TOKEN")
			if published(t, servers[server])[first] {
				t.Error("the revoked key is published")
			}
		}
		c.renew(1)
		c.me(0).Want(200)
		c.me(1).Want(200)
		if kid(t, c.access) == first {
			t.Error("the revoked key signs")
		}
	})
}

func TestAKeyThatWasRetiredLongAgoIsRefused(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d, harness.Environment{"TOKEN_TTL_MINUTES": "1440", "REFRESH_TTL_HOURS": "8760"})
		p := s.Register(t)
		first := kid(t, p.AccessToken)
		if o := harness.Run(t, settings(d), "keys", "rotate"); o.Code != 0 || !strings.Contains(o.Stdout, first+", made at ") ||
			!strings.Contains(o.Stdout, "signs until ") || !strings.Contains(o.Stdout, "is published, and signs from ") {
			t.Errorf("code %d: %s%s", o.Code, o.Stdout, o.Stderr)
		}
		retire := func(ago time.Duration) {
			s.Exec(t, "UPDATE keyring SET retired_at = $1 WHERE retired_at IS NOT NULL", time.Now().UTC().Add(-ago).Truncate(time.Microsecond))
		}
		retire(24 * time.Hour) // a token of the longest life may still be good
		eventually(t, "the next key signs", func() bool { return kid(t, p.Login(t).AccessToken) != first })
		p.Get("/v1/auth/me").Want(200)
		retire(24*time.Hour + 2*time.Minute)
		eventually(t, "the token is refused", func() bool { return p.Get("/v1/auth/me").Status == http.StatusUnauthorized })
		p.Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
		if now := published(t, s); now[first] || len(now) != 1 {
			t.Errorf("published are %v", now)
		}
		if o := harness.Run(t, settings(d), "keys", "list"); o.Code != 0 || !strings.Contains(o.Stdout, "is of no use any more") {
			t.Errorf("code %d: %s%s", o.Code, o.Stdout, o.Stderr)
		}
		d.Sound(t)
	})
}

func TestKeysCannotBeRotatedWhereTheyAreASecretOfTheSettings(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	furnish(t, d)
	env := maps.Clone(settings(d))
	env["JWT_SECRET"] = "2vJ0o8mBz5kq1Xh7Yt4Rw9Ns6Pd3Lf0G"
	for _, command := range [][]string{{"keys", "rotate"}, {"keys", "list"}, {"keys", "rotate", "--revoke-old"}} {
		if o := harness.Run(t, env, command...); o.Code != 2 || !strings.Contains(o.Stderr, "JWT_SECRET") || o.Stdout != "" {
			t.Errorf("%v: code %d, %s%s", command, o.Code, o.Stdout, o.Stderr)
		}
	}
	for _, mistake := range [][]string{{"keys"}, {"keys", "turn"}, {"keys", "rotate", "--notice", "1s"}, {"keys", "rotate", "now"}} {
		if o := harness.Run(t, settings(d), mistake...); o.Code != 2 || !strings.Contains(o.Stderr, "keys list") {
			t.Errorf("%v: code %d, %s%s", mistake, o.Code, o.Stdout, o.Stderr)
		}
	}
}

func TestAnotherMasterKeyNeitherRotatesNorRestores(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		furnish(t, d)
		before := succeeds(t, harness.Run(t, settings(d), "keys", "list")).Stdout
		env := settings(d)
		env["MASTER_KEY"] = "rm0SF9zFWbMmsq7EXKLw5LDq4E2lIpRPVGv8r6wLXrw="
		for _, command := range []string{"keys rotate", "keys rotate --revoke-old", "restore"} {
			refuses(t, harness.Run(t, env, strings.Fields(command)...), 1, "MASTER_KEY does not open")
			if after := succeeds(t, harness.Run(t, settings(d), "keys", "list")).Stdout; after != before {
				t.Errorf("%s has made of\n%s\n%s", command, before, after)
			}
		}
		if number(t, d.Open(t), "SELECT count(*) FROM sessions") == 0 {
			t.Error("the sessions have ended")
		}
		d.Sound(t)
	})
}
