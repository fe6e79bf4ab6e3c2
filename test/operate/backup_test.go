package operate

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/pgtest"
)

// restored makes a new place for a database of SQLite, with the key of another.
func restored(t *testing.T, from *harness.Database) *harness.Database {
	t.Helper()
	to := harness.NewDatabase(t, harness.SQLite)
	copyOf(t, from.File()+".key", to.File()+".key")
	return to
}

func copyOf(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func succeeds(t *testing.T, o harness.Outcome) harness.Outcome {
	t.Helper()
	if o.Code != 0 {
		t.Fatalf("code %d:\n%s%s", o.Code, o.Stdout, o.Stderr)
	}
	return o
}

func refuses(t *testing.T, o harness.Outcome, code int, because string) {
	t.Helper()
	if o.Code != code || !strings.Contains(o.Stderr, because) {
		t.Errorf("code %d, want %d because %s:\n%s%s", o.Code, code, because, o.Stdout, o.Stderr)
	}
}

func TestABackupHasEverythingThatWasAcknowledgedBeforeIt(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	s := harness.Start(t, d, harness.Environment{"RATE_ORGANIZATION_PER_MINUTE": "0"})
	p := s.Register(t)
	var acknowledged atomic.Int64
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					p.Post("/v1/projects", harness.M{"name": "Project " + harness.Unique()}).Want(201)
					acknowledged.Add(1)
				}
			}
		})
	}
	file := filepath.Join(t.TempDir(), "backup.db")
	eventually(t, "there is something to lose", func() bool { return acknowledged.Load() >= 50 })
	before := acknowledged.Load()
	succeeds(t, harness.Run(t, settings(d), "backup", file))
	// What people do who know no better: the log has what was written last.
	alone := harness.NewDatabase(t, harness.SQLite)
	copyOf(t, d.File(), alone.File())
	atCopy := acknowledged.Load()
	close(stop)
	writers.Wait()
	copied := &harness.Database{}
	*copied = *restored(t, d)
	succeeds(t, harness.Run(t, settings(copied), "restore", file))
	const projects = "SELECT count(*) FROM projects"
	if got := number(t, copied.Open(t), projects); int64(got) < before+1 {
		t.Errorf("the backup has %d projects, %d were acknowledged before it", got, before+1)
	}
	if _, err := os.Stat(d.File() + "-wal"); err != nil {
		t.Fatalf("the log is not hot: %v", err)
	}
	if got := rows(t, alone, projects); int64(got) >= atCopy {
		t.Errorf("the file alone has %d of %d projects: this test cannot tell a copy from a backup", got, atCopy)
	}
	copied.Sound(t)
}

// rows is number for a file that may not even have the table.
func rows(t *testing.T, d *harness.Database, query string) (n int) {
	t.Helper()
	if err := d.Open(t).QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		return 0
	}
	return n
}

func TestABackupIsPrivateWholeAndNeverOverwritesAnything(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	furnish(t, d)
	directory := t.TempDir()
	file := filepath.Join(directory, "backup.db")
	if o := succeeds(t, harness.Run(t, settings(d), "backup", file)); !strings.Contains(o.Stdout, "master key is not in it") {
		t.Error(o.Stdout)
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, harness.Run(t, settings(d), "backup", file), 1, "is there already")
	if again, err := os.ReadFile(file); err != nil || string(again) != string(kept) {
		t.Error("the file was overwritten")
	}
	other := filepath.Join(directory, "other.db")
	succeeds(t, harness.Run(t, settings(d), "backup", other, "--with-key"))
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
	if len(entries) != 3 {
		t.Errorf("left are %v", entries)
	}
	key, err := os.ReadFile(d.File() + ".key")
	if err != nil || strings.Contains(string(kept), strings.TrimSpace(string(key))) {
		t.Errorf("the backup holds the master key, %v", err)
	}
	refuses(t, harness.Run(t, settings(d), "backup"), 2, "backup [--with-key] FILE")
	refuses(t, harness.Run(t, settings(d), "backup", filepath.Join(directory, "no", "such.db")), 1, "no such file")
	refuses(t, harness.Run(t, settings(harness.NewDatabase(t, harness.SQLite)), "backup", filepath.Join(directory, "none.db")), 1, "there is no database")
}

func TestARestoreEndsWhatMayHaveBeenEndedSince(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	file := filepath.Join(t.TempDir(), "backup.db")
	var p, ended harness.Person
	var revoked, living, later string
	within(t, func(t testing.TB) {
		s := harness.Start(t, d)
		p = s.Register(t)
		ended = p.Login(t)
		var id, laterID string
		revoked, id = p.NewKey(t, p.Dev)
		living, _ = p.NewKey(t, p.Dev)
		later, laterID = p.NewKey(t, p.Dev)
		p.Delete("/v1/api-keys/" + id).Want(204)
		p.Post("/v1/members/invite", harness.M{"email": harness.NewEmail(), "role": "developer"}).Want(201)
		if o := harness.Run(t, settings(d), "backup", file, "--with-key"); o.Code != 0 {
			t.Fatal(o.Stderr)
		}
		ended.Post("/v1/auth/logout", nil).Want(204)
		p.Delete("/v1/api-keys/" + laterID).Want(204)
	})
	for name, keep := range map[string]bool{"by default": false, "unless told to keep them": true} {
		t.Run(name, func(t *testing.T) {
			back := harness.NewDatabase(t, harness.SQLite) // the key comes from beside the backup
			arguments := []string{"restore", file}
			if keep {
				arguments = append(arguments, "--end-sessions=false")
			}
			o := succeeds(t, harness.Run(t, settings(back), arguments...))
			if !strings.Contains(o.Stdout, "keys that were revoked") {
				t.Error(o.Stdout)
			}
			back.Sound(t)
			s := harness.Start(t, back)
			for _, token := range []string{p.AccessToken, ended.AccessToken} {
				status := s.Client(t).Bearer(token).Get("/v1/auth/me").Status
				if want := map[bool]int{false: 401, true: 200}[keep]; status != want {
					t.Errorf("an access token of before: %d, want %d", status, want)
				}
			}
			if keep {
				return
			}
			for _, token := range []string{p.RefreshToken, ended.RefreshToken} {
				s.Client(t).Post("/v1/auth/refresh", harness.M{"refresh_token": token}).Want(401)
			}
			if n := s.Count(t, "SELECT (SELECT count(*) FROM links) + (SELECT count(*) FROM outbox)"); n != 0 {
				t.Errorf("%d links and mails are left", n)
			}
			s.Client(t).Key(revoked).Get("/v1/sdk/environment").Refused(401, "KEY_REVOKED")
			s.Client(t).Key(living).Get("/v1/sdk/environment").Want(200)
			s.Client(t).Key(later).Get("/v1/sdk/environment").Want(200) // as the command says
			s.Client(t).Post("/v1/auth/login", harness.M{"email": p.Email, "password": p.Password}).Want(200)
		})
	}
}

func TestARestoreTouchesNothingThatIsThere(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	furnish(t, d)
	file := filepath.Join(t.TempDir(), "backup.db")
	succeeds(t, harness.Run(t, settings(d), "backup", file))
	accounts := number(t, d.Open(t), "SELECT count(*) FROM accounts")
	refuses(t, harness.Run(t, settings(d), "restore", file), 1, "is there already")
	if number(t, d.Open(t), "SELECT count(*) FROM accounts") != accounts || number(t, d.Open(t), "SELECT count(*) FROM sessions") == 0 {
		t.Error("the database was touched")
	}

	half := restored(t, d)
	copyOf(t, file, half.File()+"-wal")
	refuses(t, harness.Run(t, settings(half), "restore", file), 1, "is there already")

	keyless := harness.NewDatabase(t, harness.SQLite)
	refuses(t, harness.Run(t, settings(keyless), "restore", file), 1, "the master key is missing")
	env := settings(keyless)
	env["MASTER_KEY"] = "rm0SF9zFWbMmsq7EXKLw5LDq4E2lIpRPVGv8r6wLXrw="
	refuses(t, harness.Run(t, env, "restore", file, "--end-sessions=false"), 1, "MASTER_KEY does not open")

	damaged := filepath.Join(t.TempDir(), "damaged.db")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(text) / 2; i < len(text)/2+8192; i++ {
		text[i] ^= 0x55
	}
	if err := os.WriteFile(damaged, text, 0o600); err != nil {
		t.Fatal(err)
	}
	back := restored(t, d)
	refuses(t, harness.Run(t, settings(back), "restore", damaged), 1, "damaged.db is")
	copyOf(t, d.File()+".key", damaged+".key")
	bare := harness.NewDatabase(t, harness.SQLite)
	refuses(t, harness.Run(t, settings(bare), "restore", damaged), 1, "damaged.db is")
	if _, err := os.Stat(bare.File() + ".key"); err == nil {
		t.Error("a refused restore left the key of what it did not restore")
	}
	copyOf(t, file, file+"-wal")
	refuses(t, harness.Run(t, settings(back), "restore", file), 1, "write-ahead log beside it")
	for _, at := range []*harness.Database{back, keyless} {
		entries, err := os.ReadDir(filepath.Dir(at.File()))
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".key") || err != nil {
				t.Errorf("a refused restore left %s, %v", e.Name(), err)
			}
		}
	}
}

func TestADumpOfPostgreSQLIsRestoredAndFinished(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	made := furnish(t, d)
	file := filepath.Join(t.TempDir(), "tenantry.dump")
	refuses(t, harness.Run(t, settings(d), "backup", file), 2, "pg_dump")
	refuses(t, harness.Run(t, settings(d), "restore", file), 2, "pg_dump")
	runs(t, pgtest.Program(t, "pg_dump"), "--format=custom", "--file="+file, d.URL)

	back := &harness.Database{Engine: harness.Postgres, URL: pgtest.New(t), MasterKey: d.MasterKey}
	runs(t, pgtest.Program(t, "pg_restore"), "--exit-on-error", "--dbname="+back.URL, file)
	back.Sound(t)
	if o := harness.Run(t, settings(back), "restore"); !strings.Contains(o.Stdout, "ended: every session") {
		t.Errorf("code %d:\n%s%s", o.Code, o.Stdout, o.Stderr)
	}
	back.Sound(t)
	s := harness.Start(t, back)
	s.Client(t).Bearer(made.ada.AccessToken).Get("/v1/auth/me").Want(401)
	s.Client(t).Post("/v1/auth/refresh", harness.M{"refresh_token": made.ada.RefreshToken}).Want(401)
	s.Client(t).Key(made.key).Get("/v1/sdk/environment").Want(200)
	s.Client(t).Post("/v1/auth/login", harness.M{"email": made.ada.Email, "password": made.ada.Password}).Want(200)
}

func runs(t *testing.T, program string, arguments ...string) {
	t.Helper()
	if output, err := exec.CommandContext(t.Context(), program, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(program), err, output)
	}
}

func TestARestoreEndsNothingOfAServerThatRuns(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		p := s.Register(t)
		refuses(t, harness.Run(t, settings(d), "restore"), 1, "in use")
		p.Get("/v1/auth/me").Want(200)
		if number(t, d.Open(t), "SELECT count(*) FROM sessions") == 0 {
			t.Error("the sessions have ended")
		}
	})
}
