package faults

import (
	"database/sql"
	"maps"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// tenantry prepares a run of the program that the test may kill.
func tenantry(t *testing.T, d *harness.Database, arguments ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), harness.Binary(t), arguments...) //nolint:gosec // the program
	command.Dir = t.TempDir()
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "DATABASE_URL=" + d.URL, "MASTER_KEY=" + d.MasterKey}
	return command
}

// reached says which step the schema is at, 0 before the first.
func reached(db *sql.DB) (step int) {
	_ = db.QueryRow("SELECT max(version_id) FROM goose_db_version").Scan(&step) //nolint:noctx // there is no such table at first
	return step
}

// Wherever a migration is killed, the next start goes on from there, and the
// schema is the program's.
func TestAMigrationThatIsKilledIsFinishedByTheNextStart(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, whole *harness.Database) {
		if out, err := tenantry(t, whole, "migrate", "up").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		latest := reached(whole.Open(t))
		if latest < 5 {
			t.Fatalf("a whole migration reaches step %d", latest)
		}
		// Each commit stops at one step of each engine, chosen by the day.
		stops := slices.Collect(maps.Keys(map[int]bool{0: true, 1: true, 2 + time.Now().YearDay()%(latest-2): true}))
		if harness.Rounds(1, 2) > 1 {
			stops = nil
			for step := range latest {
				stops = append(stops, step)
			}
		}
		cut := make(chan bool, len(stops))
		t.Run("stops", func(t *testing.T) {
			for _, stop := range stops {
				t.Run("at step", func(t *testing.T) {
					t.Parallel()
					cut <- cutAt(t, harness.NewDatabase(t, whole.Engine), stop, latest)
				})
			}
		})
		close(cut)
		partly := 0
		for halfway := range cut {
			if halfway {
				partly++
			}
		}
		if partly == 0 {
			t.Error("no migration was killed before its end")
		}
		harness.Figure(t, "migrations killed halfway and finished by the next start ("+string(whole.Engine)+")", "%d of %d", partly, len(stops))
	})
}

// cutAt kills a migration once it has reached the step, and says whether that was
// before its end.
func cutAt(t *testing.T, d *harness.Database, step, latest int) (halfway bool) {
	t.Helper()
	db := d.Open(t)
	command := tenantry(t, d, "migrate", "up")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); reached(db) < step && time.Since(begin) < 30*time.Second; {
		<-time.After(time.Millisecond)
	}
	_ = command.Process.Kill() // one that has ended already is seen below
	_ = command.Wait()
	at := reached(db)
	s := harness.Start(t, d) // which waits for what the dead one has locked
	if now := reached(db); now != latest {
		t.Errorf("killed at step %d, the schema is at step %d of %d after the next start", at, now, latest)
	}
	s.Client(t).Get("/readyz").Want(200)
	s.Register(t)
	d.Sound(t)
	return at < latest
}

// A migration that waits for a long read does not make everybody wait behind it.
func TestAMigrationBehindALongReadHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	if out, err := tenantry(t, d, "migrate", "up").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	db := d.Open(t)
	latest := reached(db)
	for reached(db) > 4 { // the fifth step changes a table that every check of a key reads
		if out, err := tenantry(t, d, "migrate", "down", "--yes").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	report, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	const read = "SELECT count(*) FROM environment_keys"
	if _, err := report.ExecContext(t.Context(), read); err != nil {
		t.Fatal(err)
	}
	migration := tenantry(t, d, "migrate", "up")
	if err := migration.Start(); err != nil {
		t.Fatal(err)
	}
	var times []time.Duration
	for begin := time.Now(); time.Since(begin) < shortly(); <-time.After(5 * time.Millisecond) {
		asked := time.Now()
		var n int
		if err := db.QueryRowContext(t.Context(), read).Scan(&n); err != nil {
			t.Fatal(err)
		}
		times = append(times, time.Since(asked))
	}
	slices.Sort(times)
	p99, worst := times[len(times)*99/100], times[len(times)-1]
	if worst < 100*time.Millisecond {
		t.Error("the migration did not wait for the table")
	}
	if p99 > time.Second {
		t.Errorf("reads behind the migration: p99 %v", p99)
	}
	if at := reached(db); at != 4 {
		t.Errorf("the migration is at step %d, while the read goes on", at)
	}
	if err := report.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := migration.Wait(); err != nil {
		t.Errorf("after the read the migration ended with %v", err)
	}
	if at := reached(db); at != latest {
		t.Errorf("after the read the schema is at step %d of %d", at, latest)
	}
	harness.Figure(t, "reads behind a migration that waits for another", "p99 %v, slowest %v", p99.Round(time.Millisecond), worst.Round(time.Millisecond))
}
