package operate

import (
	"os"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

func TestEverythingMovesToTheOtherEngineAndBack(t *testing.T) {
	t.Parallel()
	first := harness.NewDatabase(t, harness.SQLite)
	made := furnish(t, first)
	key, err := os.ReadFile(first.File() + ".key")
	if err != nil {
		t.Fatal(err)
	}
	second := harness.NewDatabase(t, harness.Postgres)
	second.MasterKey = strings.TrimSpace(string(key))
	third := harness.NewDatabase(t, harness.SQLite)
	third.MasterKey = second.MasterKey
	for _, leg := range []struct{ from, to *harness.Database }{{first, second}, {second, third}} {
		env := harness.Environment{}
		if leg.from.MasterKey != "" {
			env["MASTER_KEY"] = leg.from.MasterKey
		}
		o := harness.Run(t, env, "move", "--from", leg.from.URL, "--to", leg.to.URL)
		if !strings.Contains(o.Stdout, "\nok      every chain of the audit is whole\n") {
			t.Fatalf("code %d:\n%s%s", o.Code, o.Stdout, o.Stderr)
		}
		leg.to.Sound(t)
		there, here := leg.from.Open(t), leg.to.Open(t)
		tables := leg.from.Tables(t, there)
		for _, table := range tables {
			want, got := number(t, there, "SELECT count(*) FROM "+table), number(t, here, "SELECT count(*) FROM "+table)
			if want != got || !strings.Contains(o.Stdout, "\n"+table+" ") && !strings.HasPrefix(o.Stdout, table+" ") {
				t.Errorf("%s: %d rows became %d, or were not told:\n%s", table, want, got, o.Stdout)
			}
		}
		if len(tables) < 10 {
			t.Errorf("only %v moved", tables)
		}
		within(t, func(t testing.TB) {
			s := harness.Start(t, leg.to)
			s.Client(t).Bearer(made.ada.AccessToken).Get("/v1/auth/me").Want(200)
			s.Client(t).Key(made.key).Get("/v1/sdk/environment").Want(200)
			s.Client(t).Post("/v1/auth/login", harness.M{"email": made.bob.Email, "password": made.bob.Password}).Want(200)
		})
	}
}

func TestAMoveRefusesWhatItCouldSpoil(t *testing.T) {
	t.Parallel()
	from, full := harness.NewDatabase(t, harness.SQLite), harness.NewDatabase(t, harness.Postgres)
	furnish(t, from)
	furnish(t, full)
	move := func(env harness.Environment, from, to string) harness.Outcome {
		return harness.Run(t, env, "move", "--from", from, "--to", to)
	}
	accounts := number(t, full.Open(t), "SELECT count(*) FROM accounts")
	refuses(t, move(nil, from.URL, full.URL), 1, "the target is not empty")
	if number(t, full.Open(t), "SELECT count(*) FROM accounts") != accounts {
		t.Error("the target was touched")
	}
	refuses(t, move(nil, from.URL, harness.NewDatabase(t, harness.SQLite).URL), 2, "both are sqlite")
	refuses(t, move(nil, from.URL, ""), 2, "--to: must begin with")
	refuses(t, move(nil, "", full.URL), 2, "--from: must begin with")
	refuses(t, move(nil, harness.NewDatabase(t, harness.SQLite).URL, full.URL), 1, "there is no database")
	empty := harness.NewDatabase(t, harness.Postgres)
	refuses(t, move(harness.Environment{"MASTER_KEY": "rm0SF9zFWbMmsq7EXKLw5LDq4E2lIpRPVGv8r6wLXrw="}, from.URL, empty.URL), 1, "MASTER_KEY does not open")
}

func TestAMoveRefusesADatabaseThatIsInUse(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		s.Register(t)
		other := harness.NewDatabase(t, harness.SQLite)
		if d.Engine == harness.SQLite {
			other = harness.NewDatabase(t, harness.Postgres)
		}
		refuses(t, harness.Run(t, settings(d), "move", "--from", d.URL, "--to", other.URL), 1, "in use")
		s.Client(t).Get("/readyz").Want(200)
	})
}
