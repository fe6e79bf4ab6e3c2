package faults

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// disk is a small one, for a database. Filling it is real; where nobody lets us
// have one, the kernel is made to say so of a large one.
type disk struct {
	directory string
	small     bool
}

// privileged are the ways to run a program as root.
func privileged(t *testing.T, program string, arguments ...string) error {
	t.Helper()
	if os.Geteuid() != 0 {
		program, arguments = "sudo", append([]string{"-n", program}, arguments...)
	}
	output, err := exec.CommandContext(t.Context(), program, arguments...).CombinedOutput() //nolint:gosec // mount and umount
	if err != nil {
		return errors.Join(err, errors.New(string(output)))
	}
	return nil
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	d := &disk{directory: t.TempDir()}
	if err := privileged(t, "mount", "-t", "tmpfs", "-o", "size=20m,mode=0777", "tmpfs", d.directory); err != nil {
		t.Logf("no disk of a size of its own, so strace stands in for a full one: %v", err)
		return d
	}
	d.small = true
	t.Cleanup(func() {
		unmount := exec.Command("umount", d.directory) //nolint:noctx // the test's own has ended
		if os.Geteuid() != 0 {
			unmount = exec.Command("sudo", "-n", "umount", d.directory) //nolint:noctx,gosec // as above
		}
		if output, err := unmount.CombinedOutput(); err != nil {
			t.Errorf("unmount: %v: %s", err, output)
		}
	})
	return d
}

// fill leaves no space, and returns what frees it again.
func (d *disk) fill(t *testing.T, s *harness.Server) (free func()) {
	t.Helper()
	if !d.small {
		return failing(t, s, "ENOSPC")
	}
	path := filepath.Join(d.directory, "balloon")
	balloon, err := os.Create(path) //nolint:gosec // our own
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1 << 20, 4 << 10} {
		for block := make([]byte, size); err == nil; {
			_, err = balloon.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, io.ErrShortWrite) {
			t.Fatal(err)
		}
		err = nil
	}
	if err := balloon.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// failing has the kernel refuse the server's writes to files by this error, until
// the returned function is called.
func failing(t *testing.T, s *harness.Server, why string) (stop func()) {
	t.Helper()
	const calls = "pwrite64,ftruncate,fallocate"
	tr := attach(t, s.PID(), "-e", "trace="+calls, "-e", "inject="+calls+":error="+why)
	return func() { tr.end(t, s.PID()) }
}

// serve starts a server whose database is on the disk.
func (d *disk) serve(t *testing.T) (*harness.Database, *patient) {
	t.Helper()
	database := harness.NewDatabase(t, harness.SQLite).In(d.directory)
	return database, admit(t, database)
}

// A disk that takes no writes stops writes alone, is named in the log, and is
// forgotten once it takes them again.
func TestADiskThatTakesNoWritesStopsWritesAlone(t *testing.T) {
	t.Parallel()
	faults := map[string]struct {
		named string // what the log says
		begin func(*testing.T, *disk, *harness.Server) (end func())
	}{
		"is full":      {"the disk is full", func(t *testing.T, d *disk, s *harness.Server) func() { t.Helper(); return d.fill(t, s) }},
		"is read-only": {"the disk fails", func(t *testing.T, _ *disk, s *harness.Server) func() { t.Helper(); return failing(t, s, "EROFS") }},
		"is broken":    {"the disk fails", func(t *testing.T, _ *disk, s *harness.Server) func() { t.Helper(); return failing(t, s, "EIO") }},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			small := newDisk(t)
			d, s := small.serve(t)
			people, l, c := muster(t, s.Server, 3), newLedger(), newCaller(t, s.Server)
			secret, _ := people.people[0].NewKey(t, people.people[0].Dev)
			reader := newCaller(t, s.Server)
			read := func(i int) {
				reader.do(200, "GET", "/v1/projects", byToken(people.of(i).AccessToken), nil)
				reader.do(204, "GET", "/v1/sdk/authorize", byKey(secret), nil)
			}
			read(0)
			people.work(c, l)()
			s.rest(t, c)
			c.begin()
			stopReading := repeatedly(4, read)
			stop := people.work(c, l)
			end := fault.begin(t, small, s.Server)
			for before := c.away(); c.away() < before+100; {
				<-time.After(10 * time.Millisecond)
			}
			end()
			took := c.recovered(t, time.Now(), 5*time.Second)
			l.await(50)
			stop()
			stopReading()
			l.holds(t, s.Server)
			c.judge(t, true)
			reader.judge(t, true)
			if all, served := reader.total(); served < all*95/100 { // a machine that is short of time refuses some
				t.Errorf("of %d reads only %d were served: %s", all, served, failures(s.Server, "/v1/projects", "/v1/sdk/authorize"))
			}
			if !strings.Contains(s.Logs(), fault.named) {
				t.Errorf("the log does not say that %s", fault.named)
			}
			s.back(t, c)
			d.Sound(t)
			harness.Figure(t, "first write after a disk that "+name, "%v", took.Round(time.Millisecond))
		})
	}
}

// failures are the lines of the log that say why reads of these routes failed.
func failures(s *harness.Server, routes ...string) (lines string) {
	failed := map[string]string{} // by request id
	for line := range strings.Lines(s.Logs()) {
		var said struct {
			Msg, Method, Route, Error string
			ID                        string `json:"request_id"`
		}
		if json.Unmarshal([]byte(line), &said) != nil {
			continue
		}
		switch {
		case said.Msg == "a request failed":
			failed[said.ID] = said.Error
		case said.Method == "GET" && slices.Contains(routes, said.Route) && failed[said.ID] != "":
			lines += "\n" + said.Route + ": " + failed[said.ID]
		}
	}
	return lines
}
