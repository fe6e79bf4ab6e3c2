package api

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

func TestWrongSettingsAreAllToldAtOnceAndNothingBegins(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	empty := filepath.Join(directory, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := harness.Environment{
		"PORT": "70000", "DATABASE_URL": "mysql://root:Zq7-marker-dsn@db/x", "JWT_SECRET": "Zq7-marker-short", "ADMIN_API_TOKEN_FILE": empty,
		"MASTER_KEY_FILE": filepath.Join(directory, "missing"), "TRUSTED_PROXIES": "10.0.0.0/99", "CORS_ORIGINS": "https://a.example/Zq7-marker-path,*", "LOG_LEVEL": "LOUD",
		"COMPAT": "phy,Zq7-marker-dialect", "MAIL_FROM": "Zq7-marker-sender", "JWT_AUDIENCE": " ", "JWT_ISSUER": "a\nb", "HOST": "a\tb",
		"PASSWORD_MIN_LENGTH": "4", "TOKEN_TTL_MINUTES": "0", "DRAIN_SECONDS": "soon", "PUBLIC_URL": "ftp://x", "METRICS_ADDR": "nowhere", "LOGIN_FAILURES": "-1",
	}
	for _, arguments := range [][]string{{"serve"}, {"config"}, {}} {
		outcome := harness.Run(t, wrong, arguments...)
		if outcome.Code != 2 || outcome.Stdout != "" {
			t.Errorf("%v: code %d, %q", arguments, outcome.Code, outcome.Stdout)
		}
		for name := range wrong {
			if !strings.Contains(outcome.Stderr, strings.TrimSuffix(name, "_FILE")) {
				t.Errorf("%v does not tell of %s:\n%s", arguments, name, outcome.Stderr)
			}
		}
		if strings.Contains(outcome.Stderr, harness.Marker) || strings.Contains(outcome.Stderr, "panic") {
			t.Errorf("%v tells too much:\n%s", arguments, outcome.Stderr)
		}
	}
}

func TestWeakSecretsRefuseToStart(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]harness.Environment{
		"a short JWT_SECRET":       {"JWT_SECRET": repeat("ab", 15)},
		"a sample JWT_SECRET":      {"JWT_SECRET": "dev-secret-change-in-production"},
		"a longer sample":          {"JWT_SECRET": "dev-secret-change-in-production-dev-secret"},
		"one repeated character":   {"JWT_SECRET": repeat("x", 64)},
		"a short ADMIN_API_TOKEN":  {"ADMIN_API_TOKEN": "admin"},
		"a sample ADMIN_API_TOKEN": {"ADMIN_API_TOKEN": "changeme-changeme-changeme-changeme"},
		"a short MASTER_KEY":       {"MASTER_KEY": "c2hvcnQ="},
		"a MASTER_KEY of zeros":    {"MASTER_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
		"a MASTER_KEY in words":    {"MASTER_KEY": "not base64 at all, and long enough for it"},
	} {
		setting, _, _ := strings.Cut(name[strings.LastIndex(name, " ")+1:], " ")
		env["PORT"], env["METRICS_ADDR"] = "0", ""
		outcome := harness.Run(t, env, "config")
		if outcome.Code != 2 {
			t.Errorf("%s: code %d\n%s", name, outcome.Code, outcome.Stderr)
		}
		if strings.Contains(setting, "_") && !strings.Contains(outcome.Stderr, setting) {
			t.Errorf("%s is not named:\n%s", name, outcome.Stderr)
		}
		for _, value := range env {
			if value != "" && value != "0" && strings.Contains(outcome.Stderr, value) {
				t.Errorf("%s: its value is told:\n%s", name, outcome.Stderr)
			}
		}
	}
	outcome := harness.Run(t, harness.Environment{"DATABASE_URL": "postgres://localhost/x?sslmode=disable"}, "config")
	if outcome.Code != 2 || !strings.Contains(outcome.Stderr, "MASTER_KEY") {
		t.Errorf("PostgreSQL without MASTER_KEY: code %d\n%s", outcome.Code, outcome.Stderr)
	}
}

func TestTheEffectiveSettingsAreShownWithoutSecrets(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("Zq7-marker-0123456789-0123456789-0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	outcome := harness.Run(t, harness.Environment{
		"DATABASE_URL": "postgres://tenantry:Zq7-marker-db@db.example/x?sslmode=verify-full&password=Zq7-marker-query", "MASTER_KEY": "rm0SF9zFWbMmsq7EXKLw5LDq4E2lIpRPVGv8r6wLXrw=",
		"JWT_SECRET": "Zq7-marker-jwt-0123456789-0123456789-0123456789", "ADMIN_API_TOKEN_FILE": file, "PORT": "9999",
	}, "config")
	if outcome.Code != 0 || outcome.Stderr != "" {
		t.Fatalf("code %d\n%s", outcome.Code, outcome.Stderr)
	}
	if strings.Contains(outcome.Stdout, harness.Marker) || strings.Contains(outcome.Stdout, "rm0SF9z") {
		t.Errorf("a secret is shown:\n%s", outcome.Stdout)
	}
	for _, name := range []string{
		"HOST", "PORT", "PUBLIC_URL", "DATABASE_URL", "DATABASE_POOLER", "MASTER_KEY", "JWT_SECRET", "JWT_ISSUER", "JWT_AUDIENCE", "TOKEN_TTL_MINUTES", "REFRESH_TTL_HOURS",
		"SESSION_MAX_DAYS", "REAUTH_MINUTES", "ADMIN_API_TOKEN", "COMPAT", "CORS_ORIGINS", "TRUSTED_PROXIES", "PASSWORD_MIN_LENGTH", "PASSWORD_MIN_SCORE", "LOGIN_FAILURES",
		"LOGIN_WINDOW_MINUTES", "DRAIN_SECONDS", "METRICS_ADDR", "LOG_LEVEL",
	} {
		if !strings.Contains(outcome.Stdout, name+" ") {
			t.Errorf("%s is not shown:\n%s", name, outcome.Stdout)
		}
	}
	if !strings.Contains(outcome.Stdout, "9999") || !strings.Contains(outcome.Stdout, "db.example") {
		t.Errorf("the settings are\n%s", outcome.Stdout)
	}
}

func TestTheProgramExplainsItself(t *testing.T) {
	t.Parallel()
	if o := harness.Run(t, nil, "version"); o.Code != 0 || !strings.Contains(o.Stdout, harness.Version) || o.Stderr != "" {
		t.Errorf("version: %+v", o)
	}
	for _, help := range []string{"help", "-h", "--help", "keys rotate --help", "audit verify -h", "move --help --from x"} {
		if o := harness.Run(t, nil, strings.Fields(help)...); o.Code != 0 || !strings.Contains(o.Stdout, "migrate") || o.Stderr != "" {
			t.Errorf("%s: %+v", help, o)
		}
	}
	if o := harness.Run(t, nil, "no-such"); o.Code != 2 || !strings.Contains(o.Stderr, "no-such") || o.Stdout != "" {
		t.Errorf("an unknown command: %+v", o)
	}
}

func TestMigrationsAreShownAppliedAndTakenBack(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		env := harness.Environment{"DATABASE_URL": d.URL, "MASTER_KEY": d.MasterKey}
		if d.MasterKey == "" {
			delete(env, "MASTER_KEY")
		}
		for _, step := range []struct{ arguments, tells string }{
			{"migrate status", "pending"}, {"migrate up", "0001"}, {"migrate status", "applied"}, {"migrate up", ""}, {"migrate down --yes", "0007"}, {"migrate status", "pending"}, {"migrate up", "0007"},
		} {
			o := harness.Run(t, env, strings.Fields(step.arguments)...)
			if o.Code != 0 || !strings.Contains(strings.ToLower(o.Stdout), step.tells) {
				t.Errorf("%s: code %d, does not tell %q:\n%s%s", step.arguments, o.Code, step.tells, o.Stdout, o.Stderr)
			}
		}
		for _, mistake := range []string{"migrate", "migrate sideways", "migrate up down", "migrate up --yes", "migrate down"} {
			if o := harness.Run(t, env, strings.Fields(mistake)...); o.Code != 2 {
				t.Errorf("%s: code %d\n%s", mistake, o.Code, o.Stderr)
			}
		}
		harness.Start(t, d).Register(t)
	})
}

func TestTheMasterKeyOfSQLiteIsMadeOnceAndKeptPrivate(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	s := harness.Start(t, d)
	ada := s.Register(t)
	private := 0
	files, err := os.ReadDir(filepath.Dir(d.File()))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(file.Name(), "key") {
			private++
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %o", file.Name(), info.Mode().Perm())
		}
	}
	if private != 1 {
		t.Errorf("%d key files among %v", private, files)
	}
	s = s.Restart(t)
	s.Client(t).Bearer(ada.AccessToken).Get("/v1/auth/me").Want(200)
	refresh(t, s, ada.RefreshToken).Want(200)
}

func TestAnotherMasterKeyOpensNothing(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	harness.Start(t, d).Stop()
	o := harness.Run(t, harness.Environment{"DATABASE_URL": d.URL, "PORT": "0", "METRICS_ADDR": "", "MASTER_KEY": "rm0SF9zFWbMmsq7EXKLw5LDq4E2lIpRPVGv8r6wLXrw="}, "serve")
	if o.Code == 0 || !strings.Contains(o.Stderr, "MASTER_KEY") {
		t.Errorf("code %d:\n%s", o.Code, o.Stderr)
	}
}

func TestReplicasThatStartAtOnceOnAnEmptyDatabaseAgree(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	harness.Binary(t)
	replicas := make([]*harness.Server, harness.Rounds(4, 10))
	var tasks sync.WaitGroup
	for i := range replicas {
		tasks.Go(func() { replicas[i] = harness.Start(t, d) })
	}
	tasks.Wait()
	ada := replicas[0].Register(t)
	credentials := M{"email": ada.Email, "password": ada.Password}
	for _, s := range replicas {
		s.Client(t).Get("/readyz").Want(200)
		s.Client(t).Bearer(ada.AccessToken).Get("/v1/auth/me").Want(200)
		s.Client(t).Post("/v1/auth/login", credentials).Want(200)
		if got, want := string(s.Client(t).Get("/.well-known/jwks.json").Body), string(replicas[0].Client(t).Get("/.well-known/jwks.json").Body); got != want {
			t.Errorf("two replicas sign by different keys: %s and %s", got, want)
		}
	}
	successors := map[string]bool{}
	for _, answer := range simultaneously(crowd, func(i int) *harness.Response { return refresh(t, replicas[i%len(replicas)], ada.RefreshToken) }) {
		successors[answer.Want(200).Text("refresh_token")] = true
	}
	if len(successors) != 1 {
		t.Errorf("%d successors of one refresh token", len(successors))
	}
	ada.Post("/v1/auth/logout", nil).Want(204)
	for _, s := range replicas {
		if r := s.Client(t).Bearer(ada.AccessToken).Get("/v1/auth/me"); r.Status != 401 {
			t.Errorf("a replica takes a token after the logout: %d", r.Status)
		}
	}
}

func TestAStopDrainsFirst(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d, harness.Environment{"DRAIN_SECONDS": "2"})
		ada := s.Register(t)
		s.Signal(syscall.SIGTERM)
		for limit := time.Now().Add(2 * time.Second); s.Client(t).Get("/readyz").Status == 200; {
			if time.Now().After(limit) {
				t.Fatal("it is ready for ever")
			}
		}
		s.Client(t).Get("/readyz").Refused(503, "UNAVAILABLE")
		s.Client(t).Get("/healthz").Want(200)
		ada.Get("/v1/auth/me").Want(200)
		ada.Post("/v1/projects", M{"name": "In the drain"}).Want(201)
		if code, ended := s.Ended(20 * time.Second); !ended || code != 0 {
			t.Errorf("ended %v with code %d:\n%s", ended, code, s.Logs())
		}
	})
}

func TestARequestInFlightIsFinished(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d, harness.Environment{"DRAIN_SECONDS": "1"})
		ada := s.Register(t)
		body := `{"name":"In flight"}`
		c := s.Dial(t, 25*time.Second)
		c.Say("POST /v1/projects HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer " + ada.AccessToken +
			"\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body[:5])
		ada.Get("/v1/auth/me").Want(200) // sent later, so the other has arrived
		s.Signal(syscall.SIGTERM)
		for limit := time.Now().Add(20 * time.Second); s.Listens(); {
			if time.Now().After(limit) {
				t.Fatal("it listens for ever")
			}
		}
		c.Say(body[5:])
		if answer := c.Answer(); answer == nil || answer.StatusCode != 201 {
			t.Errorf("the request in flight is answered %+v", answer)
		}
		if code, ended := s.Ended(20 * time.Second); !ended || code != 0 {
			t.Errorf("ended %v with code %d", ended, code)
		}
	})
}

func TestASecondSignalEndsTheProgramAtOnce(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"DRAIN_SECONDS": "60"})
	s.Signal(syscall.SIGTERM)
	for limit := time.Now().Add(10 * time.Second); s.Client(t).Get("/readyz").Status == 200; {
		if time.Now().After(limit) {
			t.Fatal("the first signal is not heard")
		}
	}
	s.Signal(syscall.SIGTERM)
	if _, ended := s.Ended(5 * time.Second); !ended {
		t.Error("the second signal is not heard")
	}
}

func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		ada := s.Register(t)
		secret, key := ada.NewKey(t, ada.Dev)
		other := ada.Login(t)
		project := ada.Post("/v1/projects", M{"name": "Kept"}).Want(201).Text("id")
		ada.Delete("/v1/api-keys/" + key).Want(204)
		other.Post("/v1/auth/logout", nil).Want(204)
		last := ada.Patch("/v1/auth/me", M{"name": "Last words"}).Want(200)
		s.Kill()
		s = s.Restart(t)
		again := s.Client(t).Bearer(ada.AccessToken)
		again.Get("/v1/projects/" + project).Want(200)
		if name := again.Get("/v1/auth/me").Want(200).Text("name"); name != last.Text("name") {
			t.Errorf("the name is %q", name)
		}
		s.Client(t).Key(secret).Get("/v1/sdk/environment").Refused(401, "KEY_REVOKED")
		s.Client(t).Bearer(other.AccessToken).Get("/v1/auth/me").Refused(401, "INVALID_TOKEN")
	})
}

func TestTheGreetingIsForPeopleAndTheLogForMachines(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.Postgres))
	greeting := s.Greeting()
	if !strings.Contains(greeting, s.URL+"/docs") || strings.Contains(greeting, "[GIN") || strings.Contains(s.Logs(), "[GIN") {
		t.Errorf("the greeting is\n%s", greeting)
	}
	s.Client(t).Get("/nothing").Refused(404, "NOT_FOUND")
	s.Stop()
	if strings.Count(s.Greeting(), "\n") != strings.Count(greeting, "\n") {
		t.Errorf("more than the greeting is on standard output:\n%s", s.Greeting())
	}
}
