package operate

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

func anotherKey() string {
	key := make([]byte, 32)
	rand.Read(key)
	return base64.StdEncoding.EncodeToString(key)
}

// resealing are the settings of the command.
func resealing(d *harness.Database, more harness.Environment) harness.Environment {
	env := settings(d)
	maps.Copy(env, more)
	return env
}

func TestAnotherMasterKeyGoesOnWhereTheOldOneStopped(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		made := furnish(t, d)
		within(t, func(t testing.TB) {
			s := harness.Start(t, d, harness.Environment{"SMTP_URL": "smtp://127.0.0.1:1", "MAIL_FROM": "a@example.com"})
			s.Client(t).Post("/v1/auth/password/forgot", harness.M{"email": made.ada.Email}).Want(202) // waits
		})
		fresh := anotherKey()
		file := filepath.Join(t.TempDir(), "new")
		if err := os.WriteFile(file, []byte(fresh+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		o := harness.Run(t, resealing(d, harness.Environment{"NEW_MASTER_KEY_FILE": file}), "keys", "reseal")
		if o.Code != 0 || !strings.Contains(o.Stdout, "2 secrets and ") || strings.Contains(o.Stdout, "and 0 mails") || strings.Contains(o.Stdout+o.Stderr, fresh) {
			t.Fatalf("code %d\n%s%s", o.Code, o.Stdout, o.Stderr)
		}
		if o := harness.Run(t, resealing(d, harness.Environment{"PORT": "0", "METRICS_ADDR": ""}), "serve"); o.Code == 0 || !strings.Contains(o.Stderr, "MASTER_KEY") {
			t.Errorf("the old key still opens: code %d\n%s", o.Code, o.Stderr)
		}
		s := harness.Start(t, d, harness.Environment{"MASTER_KEY": fresh})
		s.Client(t).Bearer(made.ada.AccessToken).Get("/v1/auth/me").Want(200)
		s.Client(t).Post("/v1/auth/refresh", harness.M{"refresh_token": made.ada.RefreshToken}).Want(200)
		s.Client(t).Key(made.key).Get("/v1/sdk/environment").Want(200)
		eventually(t, "the mail that waited is opened and sent", func() bool { return s.Count(t, "SELECT count(*) FROM outbox") == 0 })
		if !strings.Contains(s.Logs(), `"to":"`+made.ada.Email) {
			t.Error("the mail that waited was not sent")
		}
		s.Stop()
		d.MasterKey = fresh
		d.Sound(t)
	})
}

func TestAMasterKeyIsNotChangedByHalf(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		made := furnish(t, d)
		write := func(statement string, arguments ...any) {
			within(t, func(t testing.TB) { // since a connection that stays open is in the way
				if _, err := d.Open(t).Exec(statement, arguments...); err != nil {
					t.Fatal(err)
				}
			})
		}
		write("INSERT INTO outbox (id, sealed, attempts, due_at, created_at) SELECT id, $1, 0, created_at, created_at FROM accounts WHERE email = $2",
			[]byte("sealed by nobody"), made.ada.Email)
		o := harness.Run(t, resealing(d, harness.Environment{"NEW_MASTER_KEY": anotherKey()}), "keys", "reseal")
		if o.Code != 1 || !strings.Contains(o.Stderr, "MASTER_KEY does not open the mail") {
			t.Errorf("code %d\n%s", o.Code, o.Stderr)
		}
		write("DELETE FROM outbox WHERE sealed = $1", []byte("sealed by nobody"))
		within(t, func(t testing.TB) {
			s := harness.Start(t, d) // with the old key
			s.Client(t).Bearer(made.ada.AccessToken).Get("/v1/auth/me").Want(200)
			if o := harness.Run(t, resealing(d, harness.Environment{"NEW_MASTER_KEY": anotherKey()}), "keys", "reseal"); o.Code != 1 || !strings.Contains(o.Stderr, "stop") {
				t.Errorf("beside a server: code %d\n%s", o.Code, o.Stderr)
			}
		})
	})
}

func TestAMasterKeyIsChangedForAGoodOneOnly(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	d.MasterKey = anotherKey()
	within(t, func(t testing.TB) { harness.Start(t, d) })
	for name, env := range map[string]harness.Environment{
		"none": {}, "a short one": {"NEW_MASTER_KEY": "c2hvcnQ="}, "the same": {"NEW_MASTER_KEY": d.MasterKey},
		"zeros": {"NEW_MASTER_KEY": base64.StdEncoding.EncodeToString(make([]byte, 32))}, "no file": {"NEW_MASTER_KEY_FILE": "/nonexistent/key"},
	} {
		o := harness.Run(t, resealing(d, env), "keys", "reseal")
		if o.Code != 2 || !strings.Contains(o.Stderr, "NEW_MASTER_KEY") || strings.Contains(o.Stderr, d.MasterKey) {
			t.Errorf("%s: code %d, %s", name, o.Code, o.Stderr)
		}
	}
	if o := harness.Run(t, resealing(d, harness.Environment{"MASTER_KEY": anotherKey(), "NEW_MASTER_KEY": anotherKey()}), "keys", "reseal"); o.Code != 1 {
		t.Errorf("with a wrong old key: code %d, %s", o.Code, o.Stderr)
	}
}
