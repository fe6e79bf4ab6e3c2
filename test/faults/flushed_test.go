package faults

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// flushes are the system calls after which what was written survives a power cut.
func flushes(seen string) int {
	n := 0
	for line := range strings.Lines(seen) {
		if strings.Contains(line, "fsync(") || strings.Contains(line, "fdatasync(") {
			n++
		}
	}
	return n
}

const onlyFlushes = "trace=fsync,fdatasync"

// Each write is on the disk before it is acknowledged: SQLite has flushed it.
func TestEveryAcknowledgedWriteWasFlushedToTheDisk(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite))
	owner, c := s.Register(t), newCaller(t, s)
	seeing := attach(t, s.PID(), "-e", onlyFlushes)
	const writes = 100
	for range writes { // one after the other: none can share another's
		c.do(201, "POST", "/v1/projects", byToken(owner.AccessToken), harness.M{"name": "Shop " + harness.Unique()})
	}
	n := flushes(seeing.end(t, s.PID()))
	c.judge(t, true)
	if _, served := c.total(); served != writes || n < writes {
		t.Errorf("%d flushes for %d acknowledged writes", n, served)
	}
	harness.Figure(t, "flushes for each acknowledged write, SQLite", "%.2f", float64(n)/writes)
}

const commitsVariable = "FAULTS_COMMIT_AT"

// TestHelper is no test of its own: the next one runs it as another process, which
// commits a hundred times at the setting that it is told, when it is told to.
func TestHelper(t *testing.T) {
	setting := os.Getenv(commitsVariable)
	if setting == "" {
		return
	}
	db, err := sql.Open("sqlite", "file:"+t.TempDir()+"/test.db?_pragma=journal_mode(WAL)&_pragma=synchronous("+setting+")")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (x integer)"); err != nil {
		t.Fatal(err)
	}
	fmt.Println("ready")
	commands := bufio.NewScanner(os.Stdin)
	commands.Scan()
	for i := range 100 {
		if _, err := db.ExecContext(t.Context(), "INSERT INTO t VALUES ($1)", i); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println("done")
	commands.Scan() // so that closing does not count
}

// The same count tells a database that keeps what it acknowledged from one that
// may not.
func TestTheCountOfFlushesTellsASettingThatLoses(t *testing.T) {
	t.Parallel()
	counts := map[string]int{}
	for _, setting := range []string{"FULL", "NORMAL"} {
		helper := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelper$") //nolint:gosec // ourselves
		helper.Env = append(os.Environ(), commitsVariable+"="+setting)
		input, err := helper.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		output, err := helper.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := helper.Start(); err != nil {
			t.Fatal(err)
		}
		said := bufio.NewScanner(output)
		said.Scan()
		seeing := attach(t, helper.Process.Pid, "-e", onlyFlushes)
		_, _ = input.Write([]byte("go\n")) // who does not hear it says nothing
		for said.Scan() && said.Text() != "done" {
			continue
		}
		counts[setting] = flushes(seeing.end(t, helper.Process.Pid))
		_ = input.Close()
		_ = helper.Wait() // what it did was counted
	}
	if counts["FULL"] < 100 || counts["NORMAL"] >= 50 {
		t.Errorf("flushes for a hundred commits: %v", counts)
	}
	harness.Figure(t, "control: flushes for 100 commits", "%d with synchronous=FULL, %d with NORMAL", counts["FULL"], counts["NORMAL"])
}
