package pgtest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func do(t *testing.T, what string, act func() error) {
	t.Helper()
	if err := act(); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func TestADurableServerKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	server := NewServer(t, Options{Durable: true, Settings: map[string]string{"max_connections": "40"}})
	db := connectTo(t, server.DSN("postgres"))
	if n := number(t, db, "SELECT current_setting('max_connections')::int"); n != 40 {
		t.Errorf("max_connections is %d, want the test's own 40", n)
	}
	execute(t, db, "CREATE TABLE kept (id int)")
	for i, act := range []func() error{server.Kill, server.Stop} {
		execute(t, db, fmt.Sprintf("INSERT INTO kept VALUES (%d)", i))
		do(t, "down", act)
		if err := db.Ping(); err == nil {
			t.Error("a server that is down answers")
		}
		do(t, "start", server.Start)
		if n := number(t, db, "SELECT count(*) FROM kept"); n != i+1 {
			t.Errorf("%d rows after the start, want %d", n, i+1)
		}
	}
	do(t, "restart", server.Restart)
	if n := number(t, db, "SELECT count(*) FROM kept"); n != 2 {
		t.Errorf("%d rows after the restart, want 2", n)
	}
}

func TestAStandbyHasWhatWasCommittedAndTakesWritesOncePromoted(t *testing.T) {
	t.Parallel()
	server := NewServer(t, Options{Durable: true})
	db := connectTo(t, server.DSN("postgres"))
	execute(t, db, "CREATE TABLE kept (id int)")
	standby := server.Standby(t)
	other := connectTo(t, standby.DSN("postgres"))
	execute(t, db, "INSERT INTO kept VALUES (1)")
	if _, err := other.ExecContext(t.Context(), "INSERT INTO kept VALUES (2)"); err == nil {
		t.Error("a standby takes writes")
	}
	do(t, "kill", server.Kill)
	do(t, "promote", standby.Promote)
	execute(t, other, "INSERT INTO kept VALUES (3)")
	if n := number(t, other, "SELECT count(*) FROM kept"); n != 2 {
		t.Errorf("%d rows, want the one that was there and the new one", n)
	}
	do(t, "follow", func() error { return server.Follow(standby) })
	if n := number(t, db, "SELECT count(*) FROM kept"); n != 2 {
		t.Errorf("%d rows where the old server follows the new one, want 2", n)
	}
	if _, err := NewServer(t, Options{}).standby(); err == nil {
		t.Error("a server that keeps nothing is followed")
	}
}

func TestStoppingTwiceIsFineStartingTwiceIsNot(t *testing.T) {
	t.Parallel()
	server := NewServer(t, Options{})
	if err := server.Start(); err == nil {
		t.Error("started twice")
	}
	do(t, "stop", server.Stop)
	do(t, "stop again", server.Stop)
	do(t, "kill", server.Kill)
	if err := server.Pause(); err == nil {
		t.Error("paused a server that is down")
	}
}

// answers tells whether the server replies, within the limit, to the first
// question of the protocol: may this connection be encrypted?
func answers(t *testing.T, server *Server, limit time.Duration) bool {
	t.Helper()
	connection, err := net.DialTimeout("tcp", server.Address(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := connection.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil {
		t.Fatal(err)
	}
	if err := connection.SetReadDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	n, _ := connection.Read(make([]byte, 1))
	return n == 1
}

func TestAPausedServerIsSilentUntilItResumes(t *testing.T) {
	t.Parallel()
	server := NewServer(t, Options{})
	do(t, "pause", server.Pause)
	if answers(t, server, 300*time.Millisecond) {
		t.Error("a paused server answers")
	}
	do(t, "resume", server.Resume)
	if !answers(t, server, 10*time.Second) {
		t.Error("a resumed server is silent")
	}
	do(t, "pause", server.Pause) // the end of the test has to cope with it
}

func TestALargeNumberOfConnectionsIsServed(t *testing.T) {
	t.Parallel()
	dsn := New(t)
	if os.Getenv("TEST_DATABASE_URL") != "" {
		t.Log("the server that the environment names has limits of its own")
		return
	}
	if n := number(t, connectTo(t, dsn), "SELECT current_setting('max_connections')::int"); n != 300 {
		t.Errorf("max_connections is %d, want 300", n)
	}
}

func TestOnlyAbandonedDirectoriesAreSwept(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	before := time.Now().Add(-time.Hour)
	directory := func(name string, modified time.Time) (string, *os.File) {
		path := filepath.Join(parent, name)
		do(t, "mkdir", func() error { return os.Mkdir(path, 0o700) })
		file, err := lockDirectory(path)
		if err != nil {
			t.Fatal(err)
		}
		do(t, "age", func() error { return os.Chtimes(path, modified, modified) })
		return path, file
	}
	abandoned, file := directory(directoryPrefix+"abandoned", before)
	do(t, "unlock", file.Close)
	young, file := directory(directoryPrefix+"young", time.Now())
	do(t, "unlock", file.Close)
	foreign, file := directory("somebody-else", before)
	do(t, "unlock", file.Close)
	used, file := directory(directoryPrefix+"used", before)
	defer func() { _ = file.Close() }()

	sweep(parent)
	for path, expected := range map[string]bool{abandoned: false, young: true, foreign: true, used: true} {
		if _, err := os.Stat(path); (err == nil) != expected {
			t.Errorf("%s is there: %t, want %t", filepath.Base(path), err == nil, expected)
		}
	}
}

const helperVariable = "PGTEST_HELPER"

// TestHelper is no test of its own: the next one runs it as another process.
func TestHelper(t *testing.T) {
	if os.Getenv(helperVariable) == "" {
		return
	}
	server, err := create(Options{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("server %d\n", server.process.command.Process.Pid)
	select {} // until killed
}

func TestAServerEndsWithAKilledTestProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Log("only Linux tells a process that its parent died")
		return
	}
	directory := t.TempDir()
	do(t, "open the directory to the server's user", func() error { return os.Chmod(filepath.Dir(directory), 0o711) })
	helper := exec.Command(os.Args[0], "-test.run=^TestHelper$")
	helper.Env = append(os.Environ(), helperVariable+"=1", "TMPDIR="+directory, "TEST_DATABASE_URL=")
	output, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	do(t, "start the helper", helper.Start)
	id := 0
	for lines := bufio.NewScanner(output); id == 0 && lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "server "); found {
			id, _ = strconv.Atoi(text)
		}
	}
	do(t, "kill the helper", func() error { return helper.Process.Signal(syscall.SIGKILL) })
	_ = helper.Wait() // it was killed
	if id == 0 {
		t.Fatal("the helper started no server")
	}
	for deadline := time.Now().Add(10 * time.Second); alive(id); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the server, process %d, outlived its tests", id)
		}
	}
}
